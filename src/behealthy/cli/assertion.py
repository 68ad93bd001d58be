"""``behealthy assert``: whose a disease is and whether it is there, for spans that somebody else found."""

from __future__ import annotations

from typing import Annotated

import typer

from behealthy.cli import terminal
from behealthy.cli.options import JsonOption


def assert_(
    text: Annotated[str, typer.Option("--text", metavar="TEXT", help="The note.")],
    start: Annotated[list[int], typer.Option("--start", help="First code point of a span; once for each span.")],
    end: Annotated[list[int], typer.Option("--end", help="The code point behind its last; once for each span.")],
    json: JsonOption = False,
) -> None:
    """Say of each span one of present, negated, possible, hypothetical, historical, family; a line each."""
    from behealthy.extract.understanding import assertions

    if len(start) != len(end):
        raise typer.BadParameter("--start and --end must be given as many times each", param_hint="--end")
    try:
        judged = assertions(text, list(zip(start, end, strict=True)))
    except ValueError as exc:
        raise typer.BadParameter(str(exc), param_hint="--start") from exc
    for first, behind, said in zip(start, end, judged, strict=True):
        line = terminal.json_line({"start": first, "end": behind, "assertion": said}) if json else said
        terminal.write(f"{line}\n")

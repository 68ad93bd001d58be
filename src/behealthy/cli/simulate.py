"""``behealthy simulate``: the whole loop, played through in minutes."""

from __future__ import annotations

import tempfile
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from behealthy.cli import terminal
from behealthy.settings import Settings

if TYPE_CHECKING:
    from behealthy.simulate.claims import Story

_PAGE = Path("out/simulation.html")
_EXAMPLES = Path("examples/notes")
_DAYS = 14  # a story is over before


def simulate(
    examples: Annotated[
        bool, typer.Option("--examples", help="Play with the example notes, also where the corpora are at hand.")
    ] = False,
    notes: Annotated[Path, typer.Option(metavar="FOLDER", help="The example notes, as brat standoff.")] = _EXAMPLES,
    window: Annotated[int, typer.Option(min=200, help="Notes in a window.")] = 200,
    seed: Annotated[int, typer.Option(help="Of everything that chance decides.")] = 0,
    page: Annotated[Path, typer.Option(metavar="FILE", help="Where the timeline is drawn.")] = _PAGE,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Write everything as JSON as well.")] = None,
    home: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Keep the system, in an empty folder; behealthy up --home FOLDER opens it."
        ),
    ] = None,
) -> None:
    """Play the story of the loop through the real system, with a clock that runs fast.

    A first model reads the usual notes; another source begins; drift is seen, notes are labelled, a new model is
    trained, judged and served; a worse one is refused; a broken feed is held. Ends with 1 when any of it did not come
    out. Nothing of the system that serves is touched: the story has a folder of its own.
    """
    if home is not None and home.exists() and any(home.iterdir()):
        raise typer.BadParameter(f"{home} is not empty", param_hint="--home")
    with _folder(home) as folder:
        kept = home is not None
        story = _played(Path(folder), examples=examples, notes=notes, window=window, seed=seed, kept=kept)
    _show(story)
    _write(page, _page(story))
    terminal.say(f"The timeline is drawn in {page}")
    if json is not None:
        _write(json, terminal.json_line(story.to_json()) + "\n")
    if home is not None:
        terminal.say(f"behealthy up --home {home} shows it in the pages")
    if not story.came_out:
        raise typer.Exit(terminal.FAILED)


def _folder(home: Path | None) -> AbstractContextManager[str]:
    return tempfile.TemporaryDirectory(prefix="behealthy-story-") if home is None else nullcontext(str(home))


def _played(folder: Path, *, examples: bool, notes: Path, window: int, seed: int, kept: bool) -> Story:
    from behealthy.flows.system import utc_now
    from behealthy.simulate import claims, sources, story
    from behealthy.simulate.clinic import Clinic
    from behealthy.simulate.clock import START, days_ago

    corpora = Settings.from_environment().corpora
    if sources.has_corpora(corpora) and not examples:
        cast = sources.from_corpora(corpora, window, seed)
    else:
        cast = sources.from_examples(notes, window, seed)
    terminal.say(f"{cast.says}; takes a few minutes")
    # Pages and KPIs show the last weeks: a story that is kept happened in them.
    start = days_ago(utc_now(), _DAYS) if kept else START
    with Clinic.open(folder, window, cast.gold, seed, start) as clinic:

        def progress(says: str) -> None:
            terminal.say(f"{clinic.clock():%-d %B, %H:%M}  {says}")

        return claims.told(clinic, cast, story.play(clinic, cast, progress), seed)


def _page(story: Story) -> str:
    from behealthy.simulate.page import to_html

    return to_html(story)


def _show(story: Story) -> None:
    numbers = ("true F1", "estimated", "audited")
    table = terminal.table("until", "source", "state", *numbers, "version", "then", numbers=numbers)
    for m in story.moments:
        estimated = _f1(m.estimated) + ("" if m.trusted else " ?")
        cells = (
            f"{m.ends_at:%-d %b %H:%M}",
            m.source,
            m.state,
            _f1(m.true),
            estimated,
            _f1(m.audited) if m.audit_tells or m.audited is None else "too few",
            m.version,
            m.done,
        )
        table.add_row(*map(terminal.printable, cells))
    terminal.show(table)
    for claim in story.claims:
        terminal.write(f"act {claim.act}  {'so    ' if claim.holds else 'NOT SO'}  {claim.says}\n")
    terminal.write("; ".join(f"{name} {_plain(value)}" for name, value in story.figures.items()) + "\n")


def _plain(value: Any) -> str:
    value = value["value"] if isinstance(value, dict) else value
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _f1(figure: dict[str, Any] | None) -> str:
    return "-" if figure is None else f"{figure['value']:.3f}"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")

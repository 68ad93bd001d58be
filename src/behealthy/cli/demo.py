"""``behealthy demo-feed``: notes of another kind for a demo that runs, so that drift can be seen."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Annotated

import typer

from behealthy.cli import terminal
from behealthy.cli.up import HomeOption
from behealthy.settings import Settings, for_child


def demo_feed(
    count: Annotated[int, typer.Option(min=1, max=10_000, help="Notes; a window of the demo has 200.")] = 400,
    seed: Annotated[int | None, typer.Option(help="Of what is in them; by default they are new each time.")] = None,
    home: HomeOption = None,
) -> None:
    """Put invented notes of a night shift, in telegram style, into the inbox of a demo.

    The demo's model knows letters. Two windows of these notes are a drift: within two minutes the page Watch shows it,
    with an alert and notes drawn for labels. A home that is no demo is refused.
    """
    from behealthy.simulate import origin, past
    from behealthy.up.run import Wish

    settings = Settings.from_environment(for_child(Wish(demo=True, home=home).changes(Path.cwd())))
    if origin.origin_of(settings.home) is None:
        raise typer.BadParameter(
            f"{settings.home} is no demo: invented notes never go among others", param_hint="--home"
        )
    seed = secrets.randbelow(2**31) if seed is None else seed
    name = f"night-shift-{seed}.jsonl"
    settings.inbox.mkdir(parents=True, exist_ok=True)
    fresh = settings.inbox / f".{name}"  # the inbox leaves hidden files alone
    fresh.write_bytes(past.another_kind(count, seed))
    fresh.replace(settings.inbox / name)
    terminal.say(f"{count} notes of a night shift are in {settings.inbox}; the worker takes them in within seconds")

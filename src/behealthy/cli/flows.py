"""``behealthy flows``: durable work, seen and asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from behealthy.cli import terminal
from behealthy.cli.options import JsonOption
from behealthy.settings import Settings

if TYPE_CHECKING:
    from behealthy.flows.durable import Work
    from behealthy.flows.runs import Flow

app = typer.Typer(no_args_is_help=True, help="Durable work: runs of trainings, of the watch and the like.")

RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="A run's id, as the list shows it.")]


@app.command("list", epilog="Example: behealthy flows list --name training")
def list_(
    name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="Only runs of this name.")] = None,
    state: Annotated[
        str | None, typer.Option("--state", metavar="STATE", help="waiting, running, done, failed or cancelled.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many at most.")] = 20,
    every: Annotated[bool, typer.Option("--all", help="Also those that the clock asked for.")] = False,
    json: JsonOption = False,
) -> None:
    """List the runs, the newest first."""
    from behealthy.flows.runs import STATES

    if state is not None and state not in STATES:
        raise typer.BadParameter(f"{state!r} is none of {', '.join(STATES)}", param_hint="--state")
    with _work() as work:
        flows = work.list(name=name, state=state, limit=limit, schedules=every)
    if json:
        terminal.write_json({"items": [flow.to_json() for flow in flows]})
        return
    table = terminal.table("run", "name", "state", "asked for", "seconds", "says", numbers=("seconds",))
    for flow in flows:
        cells = (flow.id, flow.name, flow.state, _time(flow.created_at), _seconds(flow), flow.failure or "")
        table.add_row(*map(terminal.printable, cells))
    terminal.show(table)


@app.command(epilog="Example: behealthy flows show t_01jz...")
def show(run: RunArgument, json: JsonOption = False) -> None:
    """Show one run and the steps that have ended."""
    with _work() as work:
        flow = work.get(run)
    if json:
        terminal.write_json(flow.to_json())
        return
    facts = terminal.table("what", "value", title=f"{flow.name} {flow.id}")
    facts.show_header = False
    rows = {
        "state": flow.state,
        **{f"asked: {name}": value for name, value in flow.arguments.items()},
        "asked for": _time(flow.created_at),
        "worker": flow.worker,
        "started": f"{flow.starts} times" if flow.starts > 1 else None,
        "says": flow.failure,
    }
    for what, value in rows.items():
        if value not in (None, ""):
            facts.add_row(what, terminal.printable(str(value)))
    terminal.show(facts)
    steps = terminal.table("step", "ended", "seconds", "says", numbers=("seconds",))
    for step in flow.steps:
        took = (step.ended_at - step.started_at).total_seconds() if step.ended_at and step.started_at else None
        cells = (step.name, _time(step.ended_at), "" if took is None else f"{took:.1f}", step.failure or "")
        steps.add_row(*map(terminal.printable, cells))
    terminal.show(steps)


@app.command(epilog="Example: behealthy flows run training --reason 'new guideline'")
def run(
    name: Annotated[str, typer.Argument(metavar="NAME", help="training, watch, consider_gold, inbox, outbox, kpi ...")],
    id: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="The run's id; the same id twice is one run.")
    ] = None,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why, for those who look later.")] = "",
) -> None:
    """Ask for a run; a worker does it. Its id is the result."""
    from behealthy.flows.system import utc_now
    from behealthy.store.session import new_id

    id = id or new_id("t" if name == "training" else "f", utc_now())
    asked = {"trigger": "person", "by": "command line", "reason": reason} if name == "training" else {}
    with _work() as work:
        if not work.enqueue(name, id, **asked):
            terminal.say(f"run {id} was asked for before")
    terminal.write(f"{id}\n")


@app.command(epilog="Example: behealthy flows cancel t_01jz...")
def cancel(run: RunArgument) -> None:
    """Stop a run that waits or runs."""
    with _work() as work:
        work.cancel(run)
    terminal.say(f"run {run} is cancelled")


@contextmanager
def _work() -> Iterator[Work]:
    from behealthy.flows.durable import Work

    settings = Settings.from_environment()
    settings.home.mkdir(parents=True, exist_ok=True)
    work = Work(settings)
    try:
        yield work
    finally:
        work.close()


def _time(at: datetime | None) -> str:
    return "" if at is None else f"{at.astimezone():%Y-%m-%d %H:%M:%S}"


def _seconds(flow: Flow) -> str:
    if flow.started_at is None or flow.ended_at is None:
        return ""
    return f"{(flow.ended_at - flow.started_at).total_seconds():.1f}"

"""``behealthy kpi``: what the system is worth, and what the business says of the work before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from behealthy.cli import terminal
from behealthy.cli.intake import opened, who
from behealthy.cli.options import JsonOption

if TYPE_CHECKING:
    from behealthy.monitor.kpi import Kpi

app = typer.Typer(no_args_is_help=True, help="The eight KPIs.")


@app.command(epilog="Example: behealthy kpi report --days 7")
def report(
    days: Annotated[float, typer.Option("--days", min=0.01, max=3660, help="Of how many days until now.")] = 30,
    json: JsonOption = False,
) -> None:
    """Show the eight KPIs, each with what it was computed from."""
    from behealthy.monitor.kpi import report as computed

    with opened() as system, system.database.read() as session:
        kpis = computed(session, now=system.now(), days=days)
    if json:
        terminal.write_json({"kpis": [kpi.to_json() for kpi in kpis]})
        return
    table = terminal.table("KPI", "value", "interval", "held against", "facts", "how", numbers=("facts",))
    for kpi in kpis:
        table.add_row(*_cells(kpi))
    terminal.show(table)


@app.command(epilog="Example: behealthy kpi baseline seconds_per_note 420")
def baseline(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Which; without it all are shown.")] = None,
    value: Annotated[float | None, typer.Argument(metavar="VALUE", help="What it was before.")] = None,
) -> None:
    """Say what the work took before the system was there."""
    from behealthy.monitor.facts import baselines
    from behealthy.monitor.kpi import BASELINES, set_baseline

    if name is not None and value is None:
        raise typer.BadParameter("give a value too", param_hint="VALUE")
    with opened() as system:
        if name is not None and value is not None:
            with system.database.write() as session:
                set_baseline(session, name, value, by=who(), now=system.now())
        with system.database.read() as session:
            said = baselines(session, system.now())
    table = terminal.table("baseline", "value", "what it is", numbers=("value",))
    for known, (text, _, _) in BASELINES.items():
        table.add_row(known, f"{said[known]:g}" if known in said else "not said", text)
    terminal.show(table)


@app.command(epilog="Example: behealthy kpi rate 4")
def rate(stars: Annotated[int, typer.Argument(metavar="STARS", help="1 to 5.")]) -> None:
    """Say how content you are."""
    from behealthy.monitor.kpi import rate as rated

    with opened() as system, system.database.write() as session:
        rated(session, stars, by=who(), now=system.now())
    terminal.say("Thank you.")


def _cells(kpi: Kpi) -> list[str]:
    of, got = kpi.definition, kpi.value
    if got.value is None:
        return [of.title, "not enough data", "", "", f"{got.n:,}", f"needs {got.needs}"]
    interval = "" if got.interval is None else f"{got.interval[0]:,.3g} to {got.interval[1]:,.3g}"
    against = "" if got.baseline is None else f"{got.baseline:,.3g}"
    return [of.title, f"{got.value:,.3g} {of.unit}", interval, against, f"{got.n:,}", of.formula]

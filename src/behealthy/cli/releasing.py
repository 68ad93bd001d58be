"""``behealthy models``, the part that works on the registry: versions held against each other, served, taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from behealthy.cli import terminal
from behealthy.cli.intake import opened, who
from behealthy.cli.options import JsonOption

if TYPE_CHECKING:
    from behealthy.flows.rollout import Change
    from behealthy.registry.catalogue import Entry
    from behealthy.settings import Settings

Version = Annotated[str, typer.Argument(metavar="VERSION", help="As `behealthy models list` shows it.")]
ReasonOption = Annotated[str, typer.Option("--reason", "-r", help="Why; kept with what is served.")]

_REMOTE = ("http", "https", "databricks", "postgresql", "mysql", "mssql")


def compare(left: Version, right: Version, json: JsonOption = False) -> None:
    """Let two versions read the newest snapshot's test notes, and say what the gate would of the second."""
    from behealthy.flows import contests

    with opened() as system:
        told = contests.compare(system, left, right)
    if json:
        terminal.write_json(told)
        return
    numbers = ("entities", left, right, "difference")
    table = terminal.table("group", *numbers, "bounds", numbers=numbers, title=f"{told['notes']} notes, strict F1")
    for row in told["differences"]:
        if row["entities"]:
            cells = (
                f"{row['entities']:,}",
                f"{row['champion']:.3f}",
                f"{row['candidate']:.3f}",
                f"{row['value']:+.3f}",
            )
            bounds = f"{row['low']:+.3f} to {row['high']:+.3f}"
            table.add_row(terminal.printable(row["name"]), *cells, bounds)
    terminal.show(table)
    rules = terminal.table("rule", "", "in words")
    for rule in told["verdict"]["rules"]:
        rules.add_row(*map(terminal.printable, (rule["name"], rule["outcome"], rule["says"])))
    terminal.show(rules)
    terminal.write(f"The gate would say of {right}: {told['verdict']['decision']}\n")
    if told["left_out"]:
        terminal.say(f"notice: {told['left_out']:,} notes were left out, since one of them has learned from them")


def promote(version: Version, reason: ReasonOption, json: JsonOption = False) -> None:
    """Serve a version from now on, whatever the gate said of it; one that waits for approval is approved by this."""
    from behealthy.flows import approval

    with opened() as system:
        _tell(approval.promote(system, version, by=who(), reason=reason), json)


def refuse(version: Version, reason: ReasonOption, json: JsonOption = False) -> None:
    """Refuse a candidate that waits for approval."""
    from behealthy.flows import approval

    with opened() as system:
        told = approval.refuse(system, version, by=who(), reason=reason)
    if json:
        terminal.write_json(told.to_json())
    else:
        terminal.write(f"Refused: {version}\n")


def rollback(reason: ReasonOption, json: JsonOption = False) -> None:
    """Serve again what was served before the current version."""
    from behealthy.flows import rollout

    with opened() as system:
        _tell(rollout.rollback(system, by=who(), reason=reason), json)


def history(json: JsonOption = False) -> None:
    """List what was served from when on, the newest first."""
    from behealthy.registry import releases

    with opened() as system, system.database.read() as session:
        rows = releases.history(session)
    if json:
        terminal.write_json({"releases": [row.to_json() for row in rows]})
        return
    table = terminal.table("at", "action", "version", "by", "reason")
    for row in rows:
        cells = (f"{row.at:%Y-%m-%d %H:%M}", row.action, row.version, row.by, row.reason)
        table.add_row(*map(terminal.printable, cells))
    terminal.show(table)


def _tell(change: Change, json: bool) -> None:
    release = change.release
    if json:
        terminal.write_json(change.to_json())
    else:
        before = f"; before it: {release.previous}" if release.previous else ""
        terminal.write(f"Served: {release.version}{before}\n")
    if change.not_mirrored is not None:
        terminal.say(f"notice: the registry does not show it yet: {change.not_mirrored}")
        raise typer.Exit(terminal.REJECTS)


def registered(settings: Settings) -> list[Entry]:
    """When called, it will give what the registry holds, nothing where there is none; one that is away is told of."""
    from behealthy.errors import TrackingError

    scheme, _, rest = settings.tracking_uri.partition(":")
    if scheme.split("+")[0] not in _REMOTE and not settings.home.joinpath(rest.removeprefix("///")).is_file():
        return []
    from behealthy.registry.catalogue import Catalogue

    try:
        return Catalogue.of(settings).versions()
    except TrackingError as exc:
        terminal.say(f"notice: {exc}")
        return []


def serving(settings: Settings) -> str | None:
    """When called, it will give the version that is served, None where nothing was ever released."""
    scheme, _, rest = settings.database_url.partition(":")
    if scheme == "sqlite" and not settings.home.joinpath(rest.removeprefix("///")).is_file():
        return None
    from behealthy.registry import releases

    with opened() as system, system.database.read() as session:
        release = releases.current(session)
    return None if release is None else release.version


def standing(version: str, entries: list[Entry], served: str | None) -> str:
    """Give in words what a version is at present."""
    aliases = next((entry.aliases for entry in entries if entry.version == version), ())
    return ", ".join((["served"] if version == served else []) + [a for a in aliases if a != "champion" or not served])


def add_to(app: typer.Typer) -> None:
    """When called, it will add these commands to ``behealthy models``."""
    app.command(epilog="Example: behealthy models compare starter-1a2b3c4d learned-5e6f7a8b")(compare)
    app.command(epilog="Example: behealthy models promote learned-5e6f7a8b --reason 'better on clinic B'")(promote)
    app.command(epilog="Example: behealthy models refuse learned-5e6f7a8b --reason 'misses statins'")(refuse)
    app.command(epilog="Example: behealthy models rollback --reason 'misses statins'")(rollback)
    app.command(epilog="Example: behealthy models history --json")(history)

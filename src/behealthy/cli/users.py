"""``behealthy users``, ``keys`` and ``audit``: who may call, and who did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from behealthy.cli import terminal
from behealthy.cli.intake import opened, who
from behealthy.cli.options import JsonOption
from behealthy.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from behealthy.flows.system import System

users = typer.Typer(no_args_is_help=True, help="People who may log in.")
keys = typer.Typer(no_args_is_help=True, help="Keys for programs.")
audit = typer.Typer(no_args_is_help=True, help="Who did what to which patient data.")


@users.command("add", epilog="Example: behealthy users add ann --role reviewer")
def add(
    name: Annotated[str, typer.Argument(help="The name that they log in with.")],
    role: Annotated[str, typer.Option("--role", "-r", help="reviewer, data_scientist, operator or admin.")],
) -> None:
    """Invite a person: prints the one-time link that sets their password."""
    from behealthy.serve import auth

    with opened() as system, system.database.write() as session:
        token = auth.invite(session, name, role, system.now())
        _record(system, session, "invite", f"user:{name}")
    terminal.write(link(system.settings, token) + "\n")
    terminal.say("The link works once, within a week.")


@users.command("list", epilog="Example: behealthy users list --json")
def list_users(json: JsonOption = False) -> None:
    """List the people, by name."""
    from sqlalchemy import select

    from behealthy.store.tables import UserRow

    with opened() as system, system.database.read() as session:
        rows = session.scalars(select(UserRow).order_by(UserRow.name)).all()
    if json:
        shown = ("id", "name", "role", "active")
        terminal.write_json({"users": [{field: getattr(row, field) for field in shown} for row in rows]})
        return
    table = terminal.table("name", "role", "state", "id")
    for row in rows:
        state = "may log in" if row.active and row.password_hash else "invited" if row.active else "deactivated"
        table.add_row(*map(terminal.printable, (row.name, row.role, state, row.id)))
    terminal.show(table)


@users.command(epilog="Example: behealthy users deactivate u_01...")
def deactivate(user_id: Annotated[str, typer.Argument(metavar="ID", help="As `users list` shows it.")]) -> None:
    """Let a person in no more; their sessions and the keys that they made end now."""
    from behealthy.serve import auth

    with opened() as system, system.database.write() as session:
        row = auth.deactivate(session, user_id, system.now())
        _record(system, session, "deactivate", f"user:{user_id}")
    terminal.say(f"{row.name} may log in no more")


@keys.command("create", epilog="Example: behealthy keys create ward-7 --scope extract --days 365")
def create(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    scopes: Annotated[list[str], typer.Option("--scope", "-s", help="May be repeated, as extract, notes:write.")],
    days: Annotated[int | None, typer.Option("--days", min=1, help="After which it ends.")] = None,
    rate: Annotated[int | None, typer.Option("--rate", min=1, help="Requests a minute.")] = None,
) -> None:
    """Make a key for a program; it is printed once and kept as a hash."""
    from behealthy.serve import auth
    from behealthy.serve.rights import SCOPES

    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]!r} is none of {', '.join(SCOPES)}", param_hint="--scope")
    with opened() as system, system.database.write() as session:
        per_minute = rate or system.settings.requests_a_minute
        row, key = auth.make_key(
            session, name, scopes, by=who(), requests_per_minute=per_minute, days=days, now=system.now()
        )
        _record(system, session, "make key", f"key:{row.id}")
    terminal.write(key + "\n")


@keys.command("list", epilog="Example: behealthy keys list --json")
def list_keys(json: JsonOption = False) -> None:
    """List the keys, the newest first."""
    from sqlalchemy import select

    from behealthy.store.tables import KeyRow

    with opened() as system, system.database.read() as session:
        rows = session.scalars(select(KeyRow).order_by(KeyRow.id.desc())).all()
        now = system.now()
    facts = [
        {
            "id": row.id,
            "name": row.name,
            "prefix": row.prefix,
            "scopes": row.scopes,
            "state": "revoked" if row.revoked_at else "over" if row.ends_at and row.ends_at <= now else "good",
        }
        for row in rows
    ]
    if json:
        terminal.write_json({"keys": facts})
        return
    table = terminal.table("name", "begins", "scopes", "state", "id")
    for fact in facts:
        cells = (fact["name"], fact["prefix"], ", ".join(fact["scopes"]), fact["state"], fact["id"])
        table.add_row(*(terminal.printable(str(cell)) for cell in cells))
    terminal.show(table)


@keys.command(epilog="Example: behealthy keys revoke k_01...")
def revoke(key_id: Annotated[str, typer.Argument(metavar="ID", help="As `keys list` shows it.")]) -> None:
    """End a key now."""
    from behealthy.serve import auth

    with opened() as system, system.database.write() as session:
        row = auth.revoke_key(session, key_id, system.now())
        _record(system, session, "revoke key", f"key:{key_id}")
    terminal.say(f"key {row.name} works no more")


@audit.command(epilog="Example: behealthy audit verify")
def verify() -> None:
    """Check that no row of the audit trail was changed or taken out; the last row's hash is printed, to keep elsewhere.

    Exits with 1 where the chain is broken.
    """
    from behealthy.store.audit import broken_at, newest

    with opened() as system, system.database.read() as session:
        broken = broken_at(session, system.vault)
        number, hash_ = newest(session)
    if broken is not None:
        terminal.error(f"the audit trail is broken at row {broken}")
        raise typer.Exit(terminal.FAILED)
    terminal.write(f"{number} rows, whole; the last is {hash_}\n")


@audit.command("list", epilog="Example: behealthy audit list --limit 20")
def list_audit(
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many, the newest first.")] = 50,
) -> None:
    """List who did what."""
    from sqlalchemy import select

    from behealthy.store.tables import AuditRow

    with opened() as system, system.database.read() as session:
        rows = session.scalars(select(AuditRow).order_by(AuditRow.number.desc()).limit(limit)).all()
    table = terminal.table("number", "at", "who", "what", "to", "outcome", numbers=("number",))
    for row in rows:
        at = f"{row.at:%Y-%m-%d %H:%M:%S}"
        cells = (str(row.number), at, row.actor, row.action, row.object, row.outcome)
        table.add_row(*map(terminal.printable, cells))
    terminal.show(table)


def link(settings: Settings, token: str) -> str:
    """When called, it will give the address at which a one-time token is used."""
    return f"http://{settings.host}:{settings.port}/start#token={token}"


def _record(system: System, session: Session, action: str, object: str) -> None:
    from behealthy.store.audit import Act, record

    record(session, system.vault, Act(who(), action, object), now=system.now())

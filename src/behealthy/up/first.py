"""The first start: somebody must be able to get in, and nobody by a password that others know.

An admin is made with a one-time link; as long as none has set a password, each start gives a new link. The demo's users
get passwords that are made at random once and kept in a file of the home that only its owner reads.
"""

from __future__ import annotations

import secrets
from pathlib import Path

from sqlalchemy import select

from behealthy.errors import StartError
from behealthy.flows.system import System
from behealthy.serve import auth
from behealthy.store.tables import UserRow
from behealthy.up import private
from behealthy.up.run import DEMO_FILE

ADMIN = "admin"

_DEMO = {"rita": "reviewer", "dario": "data_scientist", "olga": "operator"}
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


def admin_link(system: System) -> str | None:
    """When called, it will give the path of a link by which the admin sets a password, None where one has."""
    now = system.now()
    with system.database.write() as session:
        admins = session.scalars(select(UserRow).where(UserRow.role == "admin", UserRow.active)).all()
        if any(row.password_hash is not None for row in admins):
            return None
        token = auth.invite_again(session, admins[0].id, now) if admins else auth.invite(session, ADMIN, "admin", now)
    return f"/start#token={token}"  # what follows # stays in the browser, out of every log


def demo_users(system: System) -> list[dict[str, str]]:
    """When called, it will see to the demo's users and give each with role and password.

    Raises
    ------
    StartError
        When the file of the passwords is away or not to be read while the users are there.
    """
    path = system.settings.home / DEMO_FILE
    known = _read(path)
    with system.database.read() as session:
        there = set(session.scalars(select(UserRow.name).where(UserRow.password_hash.is_not(None))))
    lost = sorted((there & _DEMO.keys()) - known.keys())
    if lost:
        raise StartError(f"{path}: has no password of {', '.join(lost)}; an admin can invite them again")
    passwords = {name: known.get(name) or _password() for name in _DEMO}
    _write(path, passwords)  # first, so that no user can be there whose password is nowhere
    for name, role in _DEMO.items():
        if name not in there:
            _make(system, name, role, passwords[name])
    return [{"name": name, "role": role, "password": passwords[name]} for name, role in _DEMO.items()]


def _make(system: System, name: str, role: str, password: str) -> None:
    now = system.now()
    with system.database.write() as session:
        row = session.scalar(select(UserRow).where(UserRow.name == name))
        token = auth.invite(session, name, role, now) if row is None else auth.invite_again(session, row.id, now)
    caller, _ = auth.accept_invitation(system, token, password, "demo")
    auth.log_out(system, caller, "demo")


def _password() -> str:
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))


def _read(path: Path) -> dict[str, str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    return {parts[0]: parts[2] for line in lines if len(parts := line.split("\t")) == 3}


def _write(path: Path, passwords: dict[str, str]) -> None:
    private.write(path, "".join(f"{name}\t{_DEMO[name]}\t{password}\n" for name, password in passwords.items()))

"""People and keys: invite, deactivate, make, revoke; and the audit trail."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from sqlalchemy import select

from behealthy.serve import auth
from behealthy.serve.desk import Called, Cursor, Limit, number_of
from behealthy.serve.paging import newest
from behealthy.serve.wire.people import AuditEntry, AuditVerdict, Invited, Key, MadeKey, NewKey, NewUser, User
from behealthy.serve.wire.terms import Id, Page
from behealthy.store import audit
from behealthy.store.tables import AuditRow, KeyRow, UserRow

router = APIRouter(tags=["admin"])


@router.get("/users")
def list_users(desk: Called) -> Page[User]:
    """List the people, by name."""
    with desk.system.database.read() as session:
        rows = session.scalars(select(UserRow).order_by(UserRow.name)).all()
        return Page(items=[_user(row) for row in rows], next=None)


@router.post("/users", status_code=201)
def invite_user(desk: Called, given: NewUser) -> Invited:
    """Invite a person: gives the one-time link that sets their password."""
    with desk.audited("invite", f"user:{given.name}") as session:
        token = auth.invite(session, given.name, given.role, desk.now())
        return _invited(auth.named(session, given.name), token)


@router.post("/users/{user_id}:deactivate")
def deactivate_user(desk: Called, user_id: Id) -> User:
    """Let a person in no more; their sessions and the keys that they made end now."""
    with desk.audited("deactivate", f"user:{user_id}") as session:
        user = _user(auth.deactivate(session, user_id, desk.now()))
    desk.parts.callers.forget()
    return user


@router.post("/users/{user_id}:invite")
def invite_again(desk: Called, user_id: Id) -> Invited:
    """Give a new one-time link, for a person who lost theirs or forgot the password."""
    with desk.audited("invite", f"user:{user_id}") as session:
        token = auth.invite_again(session, user_id, desk.now())
        return _invited(auth.user(session, user_id), token)


@router.get("/keys")
def list_keys(desk: Called, cursor: Cursor = None, limit: Limit = 200) -> Page[Key]:
    """List the keys, the newest first."""
    with desk.system.database.read() as session:
        rows, following = newest(session, KeyRow, KeyRow.id, cursor, limit)
        return Page(items=[Key.model_validate(row) for row in rows], next=following)


@router.post("/keys", status_code=201)
def make_key(desk: Called, given: NewKey) -> MadeKey:
    """Make a key for a program; it is shown once."""
    rate = given.requests_per_minute or desk.system.settings.requests_a_minute
    with desk.audited("make key", f"key:{given.name}") as session:
        row, key = auth.make_key(
            session,
            given.name,
            list(given.scopes),
            by=desk.caller.name,
            requests_per_minute=rate,
            days=given.days,
            now=desk.now(),
        )
        return MadeKey(**Key.model_validate(row).model_dump(), key=key)


@router.post("/keys/{key_id}:revoke")
def revoke_key(desk: Called, key_id: Id) -> Key:
    """End a key now."""
    with desk.audited("revoke key", f"key:{key_id}") as session:
        key = Key.model_validate(auth.revoke_key(session, key_id, desk.now()))
    desk.parts.callers.forget()
    return key


@router.get("/audit")
def list_audit(desk: Called, cursor: Cursor = None, limit: Limit = 50) -> Page[AuditEntry]:
    """List who did what to which patient data, the newest first."""
    with desk.system.database.read() as session:
        rows, following = newest(session, AuditRow, AuditRow.number, number_of(cursor), limit)
        return Page(items=[AuditEntry.model_validate(row) for row in rows], next=following)


@router.get("/audit/verify")
def verify_audit(desk: Called) -> AuditVerdict:
    """Check that no row of the audit trail was changed or taken out."""
    with desk.system.database.read() as session:
        broken = audit.broken_at(session, desk.system.vault)
        number, newest_hash = audit.newest(session)
    return AuditVerdict(whole=broken is None, broken_at=broken, rows=number, newest=newest_hash)


def _user(row: UserRow) -> User:
    facts: dict[str, Any] = {name: getattr(row, name) for name in ("id", "name", "role", "active", "created_at")}
    return User(**facts, invited=row.invite_hash is not None)


def _invited(row: UserRow, token: str) -> Invited:
    assert row.invite_ends_at is not None
    return Invited(user=_user(row), link=f"/start#token={token}", ends_at=row.invite_ends_at)

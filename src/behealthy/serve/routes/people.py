"""People and keys: invite, deactivate, make, revoke; and the audit trail."""

from __future__ import annotations

from fastapi import APIRouter

from behealthy.serve.desk import Called, Cursor, Limit
from behealthy.serve.wire.people import AuditEntry, AuditVerdict, Invited, Key, MadeKey, NewKey, NewUser, User
from behealthy.serve.wire.terms import Id, Page

router = APIRouter(tags=["admin"])


@router.get("/users")
def list_users(desk: Called) -> Page[User]:
    """List the people, by name."""
    raise NotImplementedError


@router.post("/users", status_code=201)
def invite_user(desk: Called, given: NewUser) -> Invited:
    """Invite a person: gives the one-time link that sets their password."""
    raise NotImplementedError


@router.post("/users/{user_id}:deactivate")
def deactivate_user(desk: Called, user_id: Id) -> User:
    """Let a person in no more; their sessions end now."""
    raise NotImplementedError


@router.post("/users/{user_id}:invite")
def invite_again(desk: Called, user_id: Id) -> Invited:
    """Give a new one-time link, for a person who lost theirs or forgot the password."""
    raise NotImplementedError


@router.get("/keys")
def list_keys(desk: Called) -> Page[Key]:
    """List the keys, the newest first."""
    raise NotImplementedError


@router.post("/keys", status_code=201)
def make_key(desk: Called, given: NewKey) -> MadeKey:
    """Make a key for a program; it is shown once."""
    raise NotImplementedError


@router.post("/keys/{key_id}:revoke")
def revoke_key(desk: Called, key_id: Id) -> Key:
    """End a key now."""
    raise NotImplementedError


@router.get("/audit")
def list_audit(desk: Called, cursor: Cursor = None, limit: Limit = 50) -> Page[AuditEntry]:
    """List who did what to which patient data, the newest first."""
    raise NotImplementedError


@router.get("/audit/verify")
def verify_audit(desk: Called) -> AuditVerdict:
    """Check that no row of the audit trail was changed or taken out."""
    raise NotImplementedError

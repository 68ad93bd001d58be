"""Who calls: people by password and session, programs by key, and both as hashes only.

Passwords are kept as Argon2id (RFC 9106); tokens of sessions, links and keys are 256 random bits, of which the SHA-256
is enough. A wrong name takes as long as a wrong password. Every log-in, done or refused, is in the audit trail; a name
that nobody has is not written down there, since it is often a password.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from threading import Semaphore
from typing import Literal

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from behealthy.errors import BadInput, Conflict, NotThere, Unrecognised
from behealthy.flows.system import System
from behealthy.serve.limits import Places
from behealthy.serve.rights import ROLES, of_scopes
from behealthy.store import audit
from behealthy.store.session import new_id
from behealthy.store.tables import KeyRow, LoginRow, UserRow

COOKIE = "behealthy_session"
KEY_PREFIX = "bh_"
INVITED_FOR = timedelta(days=7)
_REMEMBERED_FOR = timedelta(seconds=1)
_MOST_REMEMBERED = 10_000
_SEEN_EVERY = timedelta(minutes=1)  # how exact `seen_at` and `used_at` are

_NAME = re.compile(r"\w(?:[\w .@'-]{0,98}[\w.@'-])?")  # no colon: keys act under names with one
_NOBODY = "unknown"  # as the audit trail names whoever has no name
# Under these names parts of ours act: what a person did must not pass for what the gate or a schedule did.
_RESERVED = frozenset(
    "anybody api archive behealthy clock cli demo drift extract gate gold importer inbox installer key known nobody"
    " other review root schedule setup simulation starter story system trainer tracker unknown up upload watch"
    " worker".split()
)

_hasher = PasswordHasher()
_hashing = Semaphore(2)  # each takes 64 MiB
_waiting = Places(8, retry_after_s=1)  # who waits for that holds a thread, and anybody may; a third is for others


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who was recognised.

    Attributes
    ----------
    name : str
        A person's name, ``key:`` and the id of a program's key: what the audit trail and locks say.
    role : str
        Of a person; ``key`` for programs.
    hash : str
        Of the session or key it came by.
    """

    name: str
    role: str
    rights: frozenset[str]
    requests_per_minute: int
    hash: str
    by: Literal["session", "key"]


class Callers:
    """Who was recognised within the last second; safe to share between threads.

    Whatever ends a session or a key in this process must `forget`; what another process ends, ends here a second later.
    """

    def __init__(self) -> None:
        self._seen: dict[str, tuple[datetime, Caller]] = {}

    def get(self, token: str, now: datetime) -> Caller | None:
        """When called, it will give who has a token, None where that must be looked up."""
        seen = self._seen.get(token)
        if seen is None or abs(now - seen[0]) >= _REMEMBERED_FOR:  # a clock that was set back is no reason to go on
            return None
        return seen[1]

    def put(self, token: str, caller: Caller, now: datetime) -> None:
        """When called, it will remember who has a token."""
        if len(self._seen) >= _MOST_REMEMBERED:
            self._seen = {}
        self._seen[token] = now, caller

    def forget(self) -> None:
        """When called, it will have everybody looked up anew."""
        self._seen = {}


# People --------------------------------------------------------------------------------------------------------------


def invite(session: Session, name: str, role: str, now: datetime) -> str:
    """When called, it will add a person and give the token of the one-time link that sets their password.

    Raises
    ------
    BadInput
        When there is no such role, or nobody can have this name.
    Conflict
        When somebody has it.
    """
    if role not in ROLES:
        raise BadInput(f"there is no such role; there are {', '.join(ROLES)}")
    if not _NAME.fullmatch(name) or name != unicodedata.normalize("NFKC", name):
        raise BadInput("a name has letters, digits, blanks and . _ - ' @, up to 100, and begins with a letter or digit")
    if name.casefold() in _RESERVED:
        raise BadInput("parts of the system act under this name; take another")
    if name.casefold() in map(str.casefold, session.scalars(select(UserRow.name))):
        raise Conflict(f"somebody is named {name} already")
    row = UserRow(id=new_id("u", now), name=name, role=role, active=True, created_at=now, version=1)
    session.add(row)
    return _new_link(row, now)


def invite_again(session: Session, user_id: str, now: datetime) -> str:
    """When called, it will give a new one-time link; the ones before it no longer work.

    Raises
    ------
    NotThere
    Conflict
        When the person was deactivated.
    """
    row = user(session, user_id)
    if not row.active:
        raise Conflict(f"{row.name} was deactivated")
    return _new_link(row, now)


def user(session: Session, user_id: str) -> UserRow:
    """When called, it will give a person's row.

    Raises
    ------
    NotThere
    """
    row = session.get(UserRow, user_id)
    if row is None:
        raise NotThere(f"there is no user {user_id}")
    return row


def named(session: Session, name: str) -> UserRow:
    """When called, it will give the row of the person with a name.

    Raises
    ------
    NotThere
    """
    row = session.scalar(select(UserRow).where(UserRow.name == name))
    if row is None:
        raise NotThere(f"nobody is named {name}")
    return row


def deactivate(session: Session, user_id: str, now: datetime) -> UserRow:
    """When called, it will end a person's sessions and the keys that they made, and let them in no more.

    Raises
    ------
    NotThere
    Conflict
        When nobody would be left who may invite people.
    """
    # All admins are locked, in one order: two who deactivate each other at once would leave nobody.
    admins = select(UserRow.id).where(UserRow.role == "admin", UserRow.active, UserRow.password_hash.is_not(None))
    left = set(session.scalars(admins.order_by(UserRow.id).with_for_update()))
    row = session.get(UserRow, user_id, with_for_update=True, populate_existing=True) or user(session, user_id)
    if row.active and left == {row.id}:
        raise Conflict(f"{row.name} is the last admin")
    row.active, row.invite_hash, row.invite_ends_at = False, None, None
    row.version += 1
    session.execute(delete(LoginRow).where(LoginRow.user_id == row.id))
    _end_keys_of(session, row.name, now)
    return row


def accept_invitation(system: System, token: str, password: str, request_id: str) -> tuple[Caller, str]:
    """When called, it will set the password of whom a one-time link was made for, and log them in.

    Raises
    ------
    Unrecognised
        When the link is none of ours, was used, or is over.
    """
    now = system.now()
    with system.database.read() as session:
        _invited(session, token, now)  # to hash is dear, and anybody can send a token that is none
    with _waiting.one(), _hashing:
        hashed = _hasher.hash(password)
    with system.database.write() as session:
        row = _invited(session, token, now)
        row.password_hash, row.invite_hash, row.invite_ends_at = hashed, None, None
        row.version += 1
        session.execute(delete(LoginRow).where(LoginRow.user_id == row.id))
        _record(session, system, row.name, "set password", "done", request_id)
        return begin(session, system, row, request_id)


def _invited(session: Session, token: str, now: datetime) -> UserRow:
    row = session.scalar(select(UserRow).where(UserRow.invite_hash == _hash(token)))
    if row is None or not row.active or row.invite_ends_at is None or row.invite_ends_at <= now:
        raise Unrecognised("this link was used or is over; ask for a new one")
    return row


def log_in(system: System, name: str, password: str, request_id: str) -> tuple[Caller, str]:
    """When called, it will give who has this name and password, and the token of a new session.

    Raises
    ------
    Unrecognised
        When nobody has; which of the two is wrong is not said.
    TooMany
    """
    with system.database.read() as session:
        row = session.scalar(select(UserRow).where(UserRow.name == name))
    there = row is not None and row.active and row.password_hash is not None
    right = _verify(row.password_hash if row is not None and row.password_hash else _nobodys_hash(), password)
    with system.database.write() as session:
        if row is not None and there and right:
            same = (UserRow.name == name, UserRow.active, UserRow.password_hash == row.password_hash)  # still
            row = session.scalar(select(UserRow).where(*same))
            if row is not None:
                return begin(session, system, row, request_id)
        _record(session, system, _NOBODY if row is None else row.name, "login", "refused", request_id)
    raise Unrecognised("name or password is wrong")


def log_out(system: System, caller: Caller, request_id: str) -> None:
    """When called, it will end the caller's session; for a key it does nothing."""
    if caller.by == "session":
        with system.database.write() as session:
            session.execute(delete(LoginRow).where(LoginRow.token_hash == caller.hash))
            _record(session, system, caller.name, "logout", "done", request_id)


# Keys ----------------------------------------------------------------------------------------------------------------


def make_key(
    session: Session,
    name: str,
    scopes: list[str],
    *,
    by: str,
    requests_per_minute: int,
    now: datetime,
    days: int | None = None,
) -> tuple[KeyRow, str]:
    """When called, it will make a key for a program, and give its row and the key itself, which is kept nowhere."""
    key = KEY_PREFIX + secrets.token_urlsafe(32)
    row = KeyRow(
        id=new_id("k", now),
        name=name,
        prefix=key[:9],
        key_hash=_hash(key),
        scopes=list(dict.fromkeys(scopes)),
        requests_per_minute=requests_per_minute,
        created_by=by,
        created_at=now,
        ends_at=None if days is None else now + timedelta(days=days),
    )
    session.add(row)
    session.flush()
    return row, key


def revoke_key(session: Session, key_id: str, now: datetime) -> KeyRow:
    """When called, it will end a key now, with the keys that were made by it; one that has ended stays as it is.

    Raises
    ------
    NotThere
    """
    row = session.get(KeyRow, key_id)
    if row is None:
        raise NotThere(f"there is no key {key_id}")
    row.revoked_at = row.revoked_at or now
    _end_keys_of(session, _acts_as(row), now)
    return row


def _end_keys_of(session: Session, maker: str, now: datetime) -> None:
    """End the keys that a person or a key made, and those that these made."""
    for row in session.scalars(select(KeyRow).where(KeyRow.created_by == maker, KeyRow.revoked_at.is_(None))).all():
        row.revoked_at = now
        _end_keys_of(session, _acts_as(row), now)


def _acts_as(row: KeyRow) -> str:
    return f"key:{row.id}"


# Recognition ---------------------------------------------------------------------------------------------------------


def of_key(system: System, key: str) -> Caller:
    """When called, it will say which program has this key.

    Raises
    ------
    Unrecognised
        When none has, or the key was revoked or is over; which of these is not said.
    """
    now = system.now()
    with system.database.read() as session:
        row = session.scalar(select(KeyRow).where(KeyRow.key_hash == _hash(key)))
        # Of keys that a person made who was let go before keys ended with their makers.
        gone = select(UserRow.id).where(UserRow.name == row.created_by, UserRow.active.is_(False)) if row else None
        orphan = gone is not None and session.scalar(gone) is not None
    if row is None or orphan or row.revoked_at is not None or (row.ends_at is not None and row.ends_at <= now):
        raise Unrecognised("this key is none of ours, was revoked, or is over")
    if row.used_at is None or now - row.used_at >= _SEEN_EVERY:
        with system.database.write() as session:
            used = session.get(KeyRow, row.id)
            if used is not None:
                used.used_at = now
    return Caller(_acts_as(row), "key", of_scopes(row.scopes), row.requests_per_minute, row.key_hash, "key")


def of_session(system: System, token: str) -> Caller:
    """When called, it will say whose session this is.

    Raises
    ------
    Unrecognised
        When it is nobody's or is over.
    """
    now = system.now()
    found = select(LoginRow, UserRow).join(UserRow, UserRow.id == LoginRow.user_id)
    with system.database.read() as session:
        pair = session.execute(found.where(LoginRow.token_hash == _hash(token))).first()
    if pair is None or pair.LoginRow.ends_at <= now or not pair.UserRow.active:
        raise Unrecognised("this session is over; log in again")
    if now - pair.LoginRow.seen_at >= _SEEN_EVERY:
        with system.database.write() as session:
            seen = session.get(LoginRow, pair.LoginRow.token_hash)
            if seen is not None:
                seen.seen_at = now
    return _person(system, pair.UserRow, pair.LoginRow.token_hash)


def begin(session: Session, system: System, row: UserRow, request_id: str) -> tuple[Caller, str]:
    """When called, it will begin a session of a person who was recognised, and give its token."""
    now, token = system.now(), secrets.token_urlsafe(32)
    session.execute(delete(LoginRow).where(LoginRow.ends_at <= now))
    ends = now + timedelta(hours=system.settings.session_h)
    session.add(LoginRow(token_hash=_hash(token), user_id=row.id, at=now, seen_at=now, ends_at=ends))
    _record(session, system, row.name, "login", "done", request_id)
    return _person(system, row, _hash(token)), token


def _person(system: System, row: UserRow, token_hash: str) -> Caller:
    rights = ROLES.get(row.role, frozenset())
    return Caller(row.name, row.role, rights, system.settings.requests_a_minute, token_hash, "session")


def _new_link(row: UserRow, now: datetime) -> str:
    token = secrets.token_urlsafe(32)
    row.invite_hash, row.invite_ends_at = _hash(token), now + INVITED_FOR
    return token


def _record(session: Session, system: System, who: str, action: str, outcome: str, request_id: str) -> None:
    act = audit.Act(who, action, "session", outcome, request_id)
    audit.record(session, system.vault, act, now=system.now())


def _verify(hashed: str, password: str) -> bool:
    try:
        with _waiting.one(), _hashing:
            return _hasher.verify(hashed, password)
    except VerifyMismatchError:
        return False


@cache
def _nobodys_hash() -> str:
    return _hasher.hash(secrets.token_urlsafe(32))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()

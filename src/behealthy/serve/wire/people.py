"""People, keys, the audit trail, and what the system says of itself."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from behealthy.serve.wire.terms import Given, Name, Told

Role = Literal["reviewer", "data_scientist", "operator", "admin"]
Scope = Literal[
    "extract", "notes:write", "notes:read", "reviews", "models:read", "models:write", "monitor:read", "admin"
]
Password = Annotated[str, StringConstraints(min_length=12, max_length=1000)]


# In ------------------------------------------------------------------------------------------------------------------


def _printable(name: str) -> str:
    if not name.isprintable():  # nobody has such a name, and PostgreSQL refuses to look for one with a NUL
        raise ValueError("nobody has such a name")
    return name


class LoginRequest(Given):
    """A name and a password."""

    name: Annotated[str, AfterValidator(_printable)] = Field(max_length=200)
    password: str = Field(max_length=1000)


class FirstStartRequest(Given):
    """The token of a one-time link, and the password that is to be set."""

    token: str = Field(max_length=200)
    password: Password


class NewUser(Given):
    """A person to invite."""

    name: Name
    role: Role


class NewKey(Given):
    """A key to make; without ``days`` it does not end."""

    name: Name
    scopes: list[Scope] = Field(min_length=1, max_length=8)
    days: int | None = Field(default=None, ge=1, le=3650)
    requests_per_minute: int | None = Field(default=None, ge=1, le=10**6)


# Out -----------------------------------------------------------------------------------------------------------------


class Me(Told):
    """Who I am and what I may do."""

    name: str
    role: str
    rights: list[str]
    requests_per_minute: int


class FirstSteps(Told):
    """What is done of what must be done once: notes come from somewhere, somebody reviews, alerts go out, and what the
    work took before is known. ``inbox`` is the folder that takes files; ``channels`` are the kinds of addresses that
    alerts go to.
    """

    source: bool
    reviewer: bool
    alerts: bool
    baseline: bool
    inbox: str
    channels: list[str]


class User(Told):
    """A person who may log in; ``invited`` until the one-time link is used."""

    id: str
    name: str
    role: Role
    active: bool
    invited: bool
    created_at: datetime


class Invited(Told):
    """A one-time link; it is shown once and kept as a hash."""

    user: User
    link: str
    ends_at: datetime


class Key(Told):
    """A key for programs, without the key."""

    id: str
    name: str
    prefix: str
    scopes: list[str]
    requests_per_minute: int
    created_by: str
    created_at: datetime
    ends_at: datetime | None
    revoked_at: datetime | None
    used_at: datetime | None


class MadeKey(Key):
    """A fresh key; it is shown once and kept as a hash."""

    key: str


class AuditEntry(Told):
    """Who did what to which patient data."""

    number: int
    at: datetime
    actor: str
    action: str
    object: str
    outcome: str
    request_id: str
    hash: str


class AuditVerdict(Told):
    """Whether the chain is whole, and how far it reaches."""

    whole: bool
    broken_at: int | None
    rows: int
    newest: str


class Health(Told):
    """Whether a part works, by part."""

    status: Literal["ok", "failing"]
    checks: dict[str, str]


class Info(Told):
    """What runs here."""

    name: str
    version: str
    model_version: str | None
    api: str

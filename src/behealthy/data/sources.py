"""Whose notes these are: a name of a strict form, and only so many of them.

Senders choose the name of their source, and it stands in the clear wherever notes are counted: in lists, alerts and
metrics. So it cannot be a sentence, and nobody can make one for every note. This module refuses to forget a source.
"""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from behealthy.errors import BadInput, ContractError
from behealthy.store.session import add_once
from behealthy.store.tables import SourceRow

PATTERN = r"^[a-z0-9][a-z0-9._-]{0,39}$"
TOO_MANY = "too_many_sources"  # the reason for which a record is held
OTHER = "other"  # under which is held what no source is known for
WAYS_IN = ("api", "upload", "extract", "inbox", OTHER)  # of ways in, not of senders; they count for nothing


def check(name: str) -> str:
    """When called, it will give the name of a source back.

    Raises
    ------
    BadInput
        When no source can have this name.

    Examples
    --------
    >>> check("ward-7")
    'ward-7'
    """
    if not re.fullmatch(PATTERN.strip("^$"), name):
        raise BadInput(
            "a source has small letters a to z, digits and . _ -, up to 40, and begins with a letter or digit"
        )
    return name


def held_under(name: str, code: str) -> str:
    """When called, it will give the source under which a record is held, and told of, for a reason."""
    return OTHER if code == TOO_MANY else name


def admit(session: Session, name: str, *, most: int, now: datetime) -> None:
    """When called, it will let a source in that is known, or that there is room for.

    Raises
    ------
    ContractError
        With the code ``too_many_sources``, when it is a new one and there are `most` already.
    """
    if name in WAYS_IN or session.get(SourceRow, name) is not None:
        return
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(7248)"))  # two new ones at once are counted in turn
    if (session.scalar(select(func.count()).select_from(SourceRow)) or 0) >= most:
        raise ContractError(TOO_MANY, [f"there are {most} sources already; see BEHEALTHY_MAX_SOURCES"])
    add_once(session, SourceRow, {"name": name, "at": now})

"""Facts of which the newest alone counts, each under a name: what ran last, who decided what, what a process counts.

A value is a small JSON object. Refuses history: what must be told of later has a table of its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from behealthy.store.session import add_once
from behealthy.store.tables import PropertyRow

Facts = dict[str, Any]


def get(session: Session, name: str) -> Facts | None:
    """When called, it will give the facts under a name, None where there are none."""
    row = session.get(PropertyRow, name)
    return None if row is None else json.loads(row.value)


def put(session: Session, name: str, facts: Mapping[str, Any]) -> None:
    """When called, it will put facts in the place of those under a name."""
    value = json.dumps(dict(facts), allow_nan=False)
    if not add_once(session, PropertyRow, {"name": name, "value": value}):
        session.get_one(PropertyRow, name, with_for_update=True, populate_existing=True).value = value
        session.flush()


def put_first(session: Session, name: str, facts: Mapping[str, Any]) -> bool:
    """When called, it will put facts under a name that has none, and say whether it did."""
    return add_once(session, PropertyRow, {"name": name, "value": json.dumps(dict(facts), allow_nan=False)})


def under(session: Session, prefix: str) -> dict[str, Facts]:
    """When called, it will give all facts whose names begin so, by what follows."""
    rows = session.scalars(select(PropertyRow).where(PropertyRow.name.startswith(prefix, autoescape=True)))
    return {row.name.removeprefix(prefix): json.loads(row.value) for row in rows}


def drop(session: Session, name: str) -> None:
    """When called, it will forget the facts under a name."""
    session.execute(delete(PropertyRow).where(PropertyRow.name == name))

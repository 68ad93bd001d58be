"""Pages of tables whose key sorts by time: the newest first, the cursor being the key that a page ended with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from behealthy.store.tables import Base

Row = TypeVar("Row", bound=Base)


def newest(
    session: Session,
    table: type[Row],
    key: InstrumentedAttribute[Any],
    cursor: Any,
    limit: int,
    *where: ColumnElement[bool],
) -> tuple[Sequence[Row], str | None]:
    """When called, it will give a page of rows and the cursor of the next, None at the end."""
    behind = () if cursor is None else (key < cursor,)
    rows = select(table).where(*where, *behind).order_by(key.desc()).limit(limit + 1)
    found = session.scalars(rows).all()
    return found[:limit], str(getattr(found[limit - 1], key.key)) if len(found) > limit else None

"""What is served, from when on and because of whom: rows that are only ever added; the newest holds.

Nothing else decides what is served, so that serving never needs MLflow. This module refuses to know whether a version
exists: whoever releases one has fetched it before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from behealthy.errors import Conflict
from behealthy.store.tables import ReleaseRow

Action = Literal["install", "promote", "rollback"]


@dataclass(frozen=True, slots=True)
class Release:
    """One decision about what is served.

    Attributes
    ----------
    version : str
        Of the bundle; equals `Extraction.model_version`.
    previous : str or None
        To which a rollback leads.
    training_id : str or None
        The training whose gate decided, where one did.
    """

    number: int
    at: datetime
    action: Action
    version: str
    previous: str | None
    by: str
    reason: str
    training_id: str | None = None

    def since(self, now: datetime) -> datetime | None:
        """When called, it will say since when its version reads what comes in, None where that cannot be told.

        The first did before anybody wrote it down; and a time that is still to come is of a clock that was wrong.
        """
        return None if self.action == "install" or self.at > now else self.at

    def to_json(self) -> dict[str, Any]:
        """Give the release as plain values."""
        return {
            "number": self.number,
            "at": self.at.isoformat(),
            "action": self.action,
            "version": self.version,
            "previous": self.previous,
            "by": self.by,
            "reason": self.reason,
            "training_id": self.training_id,
        }


def current(session: Session) -> Release | None:
    """When called, it will give the release that holds, None where nothing was ever released."""
    row = session.scalar(select(ReleaseRow).order_by(ReleaseRow.number.desc()).limit(1))
    return None if row is None else _release(row)


def held(session: Session) -> Release | None:
    """When called, it will give the release that holds; until this transaction ends no other one is made."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(7245)"))  # SQLite has one writer anyway
    return current(session)


def history(session: Session, limit: int = 100) -> list[Release]:
    """When called, it will give the releases, the newest first."""
    return [
        _release(row) for row in session.scalars(select(ReleaseRow).order_by(ReleaseRow.number.desc()).limit(limit))
    ]


def of_training(session: Session, training_id: str) -> Release | None:
    """When called, it will give the release that a training's gate decided, None where it has decided none."""
    row = session.scalar(select(ReleaseRow).where(ReleaseRow.training_id == training_id).limit(1))
    return None if row is None else _release(row)


def install(session: Session, version: str, *, by: str, reason: str, now: datetime) -> Release:
    """When called, it will serve a version where nothing was served before; else it changes nothing."""
    there = held(session)
    return there or _add(session, "install", version, None, by=by, reason=reason, now=now)


def promote(
    session: Session,
    version: str,
    *,
    by: str,
    reason: str,
    now: datetime,
    training_id: str | None = None,
    seen: int | None = None,
) -> Release:
    """When called, it will serve a version from now on; one that is served already stays as it is.

    Parameters
    ----------
    seen : int, optional
        The number of the release that held when this was decided.

    Raises
    ------
    Conflict
        When another holds by now.
    """
    there = held(session)
    if there is not None and there.version == version:
        return there
    _unchanged(there, seen)
    previous = None if there is None else there.version
    return _add(session, "promote", version, previous, by=by, reason=reason, now=now, training_id=training_id)


def rollback(session: Session, *, by: str, reason: str, now: datetime, seen: int | None = None) -> Release:
    """When called, it will serve again what was served before the current version was promoted.

    A second rollback leads one further back, never forth again; ``seen`` as in `promote`.

    Raises
    ------
    Conflict
        When there is nothing before it, or another release holds than was seen.
    """
    _unchanged(held(session), seen)
    served = _way_here(session)
    if len(served) < 2:
        raise Conflict("there is no version before the one that is served")
    version, before = served[-2], served[-3] if len(served) > 2 else None
    return _add(session, "rollback", version, before, by=by, reason=reason, now=now)


def _unchanged(there: Release | None, seen: int | None) -> None:
    if seen is not None and there is not None and there.number != seen:
        raise Conflict(f"{there.version} was released meanwhile, by {there.by}; look again")


def _way_here(session: Session) -> list[str]:
    """Give the versions that led to the one that is served, each once further back than the next."""
    way: list[str] = []
    for action, version in session.execute(select(ReleaseRow.action, ReleaseRow.version).order_by(ReleaseRow.number)):
        if action == "rollback":
            way.pop()
        else:
            way.append(version)
    return way


def _add(
    session: Session,
    action: Action,
    version: str,
    previous: str | None,
    *,
    by: str,
    reason: str,
    now: datetime,
    training_id: str | None = None,
) -> Release:
    row = ReleaseRow(
        at=now, action=action, version=version, previous=previous, by=by, reason=reason, training_id=training_id
    )
    session.add(row)
    session.flush()
    return _release(row)


def _release(row: ReleaseRow) -> Release:
    action = cast(Action, row.action)
    return Release(row.number, row.at, action, row.version, row.previous, row.by, row.reason, row.training_id)

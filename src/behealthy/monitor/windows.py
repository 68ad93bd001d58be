"""Windows of the prediction log, and the reference that they are held against.

The unit is the note: the entities of one note resemble each other, and a note that was read twice says what it says
once. A window is a fixed number of notes; where they come slowly, it is what a day brought, if that is enough to judge.
Fewer notes wait: they are `insufficient`, never fine. This module reads and writes rows and refuses to judge them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from behealthy.monitor.telemetry import Observation
from behealthy.store.tables import PredictionRow, ReferenceRow, WindowRow

CALLED = (
    "drift",
    "performance_breach",
)  # states in which it is said that the notes, or how well they are read, changed
FEWEST = 200  # notes that a window, or a reference, is judged on
DAY = timedelta(days=1)
LOOK_BACK = 5  # windows that count as the recent past


@dataclass(frozen=True, slots=True)
class Window:
    """Notes that one version read, one after another.

    Attributes
    ----------
    first, last : int
        Numbers of predictions, both inclusive.
    note_ids : tuple of (str or None)
        None for a text that was not stored; in the order of `observations`.
    seconds : tuple of float
        How long each took to read.
    """

    version: str
    first: int
    last: int
    begins_at: datetime
    ends_at: datetime
    note_ids: tuple[str | None, ...]
    observations: tuple[Observation, ...]
    seconds: tuple[float, ...]

    def __len__(self) -> int:
        return len(self.observations)


@dataclass(frozen=True, slots=True)
class Reference:
    """What is normal for a version.

    Attributes
    ----------
    held_out : tuple of Observation
        Of notes that people read and the model did not learn from, with their truth: what the performance is estimated
        by.
    recent : tuple of Observation
        Of the notes that came in before the version was served: what it was accepted for. Notes of a clinic that
        annotates are seldom a fair sample of those that it sends.
    origin : str
        In words.
    changed : bool
        Whether notes had changed before it was served: then the held-out ones, most from before, are not what is usual.
    """

    version: str
    at: datetime
    held_out: tuple[Observation, ...]
    recent: tuple[Observation, ...]
    recent_ids: tuple[str | None, ...]
    origin: str
    changed: bool = False

    @property
    def usual(self) -> tuple[Observation, ...]:
        """What windows are compared with: the recent notes where they are enough or notes had changed, else all."""
        return self.recent if self.changed or len(self.recent) >= FEWEST else self.recent + self.held_out


def cut(session: Session, version: str, size: int, now: datetime, since: datetime | None = None) -> Window | None:
    """When called, it will give the next window of a version, None while its notes are too few.

    Parameters
    ----------
    size : int
        Notes of a window; what has waited for a day is one with at least `FEWEST`.
    since : datetime, optional
        When the version was put in its place; what it read in an earlier time there is passed over.
    """
    rows = _distinct(session, version, size, since)
    if len(rows) >= size or (len(rows) >= FEWEST and now - rows[0].at >= DAY):
        return _window(version, rows)
    return None


def judged_to(session: Session, version: str) -> int:
    """When called, it will give the number of the last prediction of a version that is in a window, 0 where none is."""
    return session.scalar(select(func.max(WindowRow.last)).where(WindowRow.model_version == version)) or 0


def waiting(session: Session, version: str, size: int, since: datetime | None = None) -> int:
    """When called, it will count the notes of a version that wait for a window, `size` at most; `since` as in `cut`."""
    return len(_distinct(session, version, size, since))


def history(session: Session, version: str, limit: int = LOOK_BACK) -> Sequence[WindowRow]:
    """When called, it will give the windows of a version, the newest first."""
    query = select(WindowRow).where(WindowRow.model_version == version).order_by(WindowRow.last.desc()).limit(limit)
    return session.scalars(query).all()


def latest(session: Session, limit: int) -> Sequence[WindowRow]:
    """When called, it will give the windows of all versions, the newest first."""
    return session.scalars(select(WindowRow).order_by(WindowRow.number.desc()).limit(limit)).all()


def changed_at(session: Session) -> datetime | None:
    """When called, it will say when the notes changed that the newest window was called for, None where it was not."""
    begin = None
    for row in latest(session, LOOK_BACK):
        if not row.decision.get("moved") or (begin is None and row.state not in CALLED):
            break
        begin = row.begins_at
    return begin


def note_ids(session: Session, window: WindowRow) -> list[str]:
    """When called, it will give the stored notes of a window, in order of arrival."""
    query = (
        select(PredictionRow.note_id)
        .where(PredictionRow.model_version == window.model_version, PredictionRow.note_id.is_not(None))
        .where(PredictionRow.number.between(window.first, window.last))
        .order_by(PredictionRow.number)
    )
    return list(dict.fromkeys(id_ for id_ in session.scalars(query) if id_ is not None))


def set_reference(session: Session, reference: Reference) -> None:
    """When called, it will keep what is normal for a version, in place of what was kept before."""
    row = session.get(ReferenceRow, reference.version)
    if row is None:
        row = ReferenceRow(model_version=reference.version)
        session.add(row)
    row.at = reference.at
    row.observations = {
        "origin": reference.origin,
        "held_out": [o.to_json() for o in reference.held_out],
        "recent": [o.to_json() for o in reference.recent],
        "recent_ids": list(reference.recent_ids),
        "changed": reference.changed,
    }
    session.flush()


def get_reference(session: Session, version: str) -> Reference | None:
    """When called, it will give what is normal for a version, None where nobody said."""
    row = session.get(ReferenceRow, version)
    if row is None:
        return None
    kept: dict[str, Any] = row.observations
    held_out, recent = (tuple(map(Observation.from_json, kept[part])) for part in ("held_out", "recent"))
    ids, changed = tuple(kept["recent_ids"]), kept.get("changed", False)
    return Reference(version, row.at, held_out, recent, ids, kept["origin"], changed)


def _distinct(session: Session, version: str, size: int, since: datetime | None) -> list[PredictionRow]:
    """Give the first reading of each of the next notes."""
    wanted = [PredictionRow.model_version == version, PredictionRow.number > judged_to(session, version)]
    if since is not None:
        wanted.append(PredictionRow.at >= since)
    query = select(PredictionRow).where(*wanted).order_by(PredictionRow.number)
    rows: list[PredictionRow] = []
    seen: set[str] = set()
    for row in session.scalars(query.execution_options(yield_per=size)):
        if row.note_id is not None and row.note_id in seen:
            continue
        seen.add(row.note_id or "")
        rows.append(row)
        if len(rows) == size:
            break
    return rows


def _window(version: str, rows: Sequence[PredictionRow]) -> Window:
    return Window(
        version,
        rows[0].number,
        rows[-1].number,
        rows[0].at,
        rows[-1].at,
        tuple(row.note_id for row in rows),
        tuple(Observation.from_json(row.observation) for row in rows),
        tuple(row.duration_s for row in rows),
    )

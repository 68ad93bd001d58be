"""What is on record of a period: the facts that the KPIs are computed from, read from the store once.

No words of notes, and no number that nobody recorded. This module refuses to compute anything of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from behealthy.store.tables import (
    BaselineRow,
    NoteRow,
    PredictionRow,
    QuarantineRow,
    RatingRow,
    ReleaseRow,
    ReviewRow,
    WindowRow,
)

MOST_READINGS = 200_000  # of which times are looked at, the newest


@dataclass(frozen=True, slots=True)
class Reviewed:
    """One submitted review; ``edits`` are counts by kind, see `review.agreement.KINDS`."""

    at: datetime
    active_s: float
    blind: bool
    edits: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Facts:
    """What happened between two points in time.

    Attributes
    ----------
    readings : sequence of (datetime, float)
        When a note was read, and in how many seconds.
    notes, mended, held : sequence of datetime
        When a note was stored, those of them that had been held before, and when a record was held in the quarantine.
    answered : sequence of (datetime, float)
        When a model that answers a drift was served, and hours since the drift was called.
    ratings : sequence of (datetime, int)
        Stars, 1 to 5.
    baselines : mapping
        What the business said, by name, as of the end of the period.
    installed_at : datetime or None
        When a model was served for the first time.
    """

    begins_at: datetime
    ends_at: datetime
    reviews: Sequence[Reviewed]
    readings: Sequence[tuple[datetime, float]]
    notes: Sequence[datetime]
    mended: Sequence[datetime]
    held: Sequence[datetime]
    answered: Sequence[tuple[datetime, float]]
    ratings: Sequence[tuple[datetime, int]]
    baselines: Mapping[str, float]
    installed_at: datetime | None = None

    @property
    def days(self) -> float:
        """Days of the period in which the system ran: it cost nothing before."""
        begins_at = max(self.begins_at, self.installed_at or self.begins_at)
        return max(self.ends_at - begins_at, timedelta(0)) / timedelta(days=1)

    def between(self, begins_at: datetime, ends_at: datetime) -> Facts:
        """When called, it will give the facts of a part of the period; the baselines stay."""
        return replace(
            self,
            begins_at=begins_at,
            ends_at=ends_at,
            reviews=[r for r in self.reviews if begins_at < r.at <= ends_at],
            readings=[r for r in self.readings if begins_at < r[0] <= ends_at],
            notes=[at for at in self.notes if begins_at < at <= ends_at],
            mended=[at for at in self.mended if begins_at < at <= ends_at],
            held=[at for at in self.held if begins_at < at <= ends_at],
            answered=[a for a in self.answered if begins_at < a[0] <= ends_at],
            ratings=[r for r in self.ratings if begins_at < r[0] <= ends_at],
        )


def gather(session: Session, begins_at: datetime, ends_at: datetime) -> Facts:
    """When called, it will read the facts of a period, its beginning left out and its end in it."""
    reviews = session.execute(
        select(ReviewRow.submitted_at, ReviewRow.active_s, ReviewRow.blind, ReviewRow.edits)
        .where(ReviewRow.state == "submitted", ReviewRow.submitted_at > begins_at, ReviewRow.submitted_at <= ends_at)
        .order_by(ReviewRow.submitted_at)
    )
    readings = session.execute(
        select(PredictionRow.at, PredictionRow.duration_s)
        .where(PredictionRow.at > begins_at, PredictionRow.at <= ends_at)
        .order_by(PredictionRow.number.desc())
        .limit(MOST_READINGS)
    )
    notes = select(NoteRow.received_at).where(NoteRow.received_at > begins_at, NoteRow.received_at <= ends_at)
    mended = notes.join(QuarantineRow, QuarantineRow.note_id == NoteRow.id)
    mended = mended.where(QuarantineRow.at <= NoteRow.received_at).group_by(NoteRow.id, NoteRow.received_at)
    held = select(QuarantineRow.at).where(QuarantineRow.at > begins_at, QuarantineRow.at <= ends_at)
    ratings = select(RatingRow.at, RatingRow.stars).where(RatingRow.at > begins_at, RatingRow.at <= ends_at)
    return Facts(
        begins_at,
        ends_at,
        reviews=[Reviewed(*row) for row in reviews],
        readings=[(at, duration) for at, duration in readings][::-1],
        notes=sorted(session.scalars(notes)),
        mended=sorted(session.scalars(mended)),
        held=sorted(session.scalars(held)),
        answered=_answered(session, begins_at, ends_at),
        ratings=[(at, stars) for at, stars in session.execute(ratings.order_by(RatingRow.number))],
        baselines=baselines(session, ends_at),
        installed_at=session.scalar(select(func.min(ReleaseRow.at))),
    )


def baselines(session: Session, at: datetime) -> dict[str, float]:
    """When called, it will give what the business said last before a point in time, by name."""
    rows = session.execute(
        select(BaselineRow.name, BaselineRow.value).where(BaselineRow.at <= at).order_by(BaselineRow.number)
    )
    return {row.name: row.value for row in rows}


def _answered(session: Session, begins_at: datetime, ends_at: datetime) -> list[tuple[datetime, float]]:
    """Give when each trained model that answers a drift came to be served, and how long after the drift was called.

    It answers one when a drift was called since the release before it, whatever asked for its training in the end.
    """
    releases = session.execute(select(ReleaseRow.at, ReleaseRow.training_id).order_by(ReleaseRow.number)).all()
    called = select(WindowRow.judged_at).where(WindowRow.state.in_(("drift", "performance_breach")))
    calls = session.scalars(called.order_by(WindowRow.judged_at)).all()
    out = []
    for before, release in pairwise(releases):
        first = next((at for at in calls if before.at < at <= release.at), None)
        if first is not None and release.training_id is not None and begins_at < release.at <= ends_at:
            out.append((release.at, (release.at - first) / timedelta(hours=1)))
    return out

"""The story as a line of windows: what was true, what the watch knew of it, and what was done.

Read from the store when the story is over; only what is true comes from elsewhere. Holds numbers, names and ids, never a
word of a note.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from behealthy.monitor import performance
from behealthy.note import from_json
from behealthy.simulate.clinic import Clinic, Event
from behealthy.store.tables import ExtractionRow, PredictionRow, WindowRow

Facts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Moment:
    """One window of the story.

    Attributes
    ----------
    sources : dict of str to int
        Notes by source.
    true, estimated, audited, promised : dict or None
        F1 with its interval: on all notes of the window; what the watch said of it; what the audits of the version's
        last windows said by then; what the version was accepted with.
    trusted : bool
        Whether the watch believed the estimate.
    signals : dict of str to dict
        As in `monitor.drift`, by name.
    events : tuple of Event
        What was done from here to the next window.
    """

    number: int
    begins_at: datetime
    ends_at: datetime
    notes: int
    sources: dict[str, int]
    state: str
    version: str
    true: Facts | None
    estimated: Facts | None
    audited: Facts | None
    promised: Facts | None
    floor: float | None
    trusted: bool
    action: str
    moved: tuple[str, ...]
    drawn: int
    reasons: tuple[str, ...]
    signals: dict[str, Facts]
    events: tuple[Event, ...] = ()

    def to_json(self) -> Facts:
        """Give the moment as plain values."""
        plain = {name: getattr(self, name) for name in self.__slots__ if name not in ("events", "begins_at", "ends_at")}
        return {
            **plain,
            "begins_at": self.begins_at.isoformat(),
            "ends_at": self.ends_at.isoformat(),
            "moved": list(self.moved),
            "reasons": list(self.reasons),
            "events": [event.to_json() for event in self.events],
            "done": self.done,
        }

    @property
    def source(self) -> str:
        """The sources, the larger first."""
        return " + ".join(sorted(self.sources, key=lambda name: -self.sources[name]))

    @property
    def done(self) -> str:
        """What was done, in words."""
        said = [{"log": "", "label": f"{self.drawn} notes drawn for labels", "hold": "held"}.get(self.action, self.action)]
        said += [event.says for event in self.events if event.kind != "training" or " against " in event.says]
        return "; ".join(filter(None, said))


def of(clinic: Clinic) -> list[Moment]:
    """When called, it will give the windows that were judged, in their order, with what was done after each.

    What was done before the first is in none of them.
    """
    with clinic.system.database.read() as session:
        rows = session.scalars(select(WindowRow).order_by(WindowRow.number)).all()
        ends = [row.judged_at for row in rows[1:]] + [None]
        return [
            _moment(clinic, session, row, _between(clinic.events, row.judged_at, end))
            for row, end in zip(rows, ends, strict=True)
        ]


def _between(events: Sequence[Event], begin: datetime, end: datetime | None) -> tuple[Event, ...]:
    return tuple(event for event in events if event.at >= begin and (end is None or event.at < end))


def _moment(clinic: Clinic, session: Session, row: WindowRow, events: tuple[Event, ...]) -> Moment:
    read = session.execute(
        select(PredictionRow.note_id, PredictionRow.source)
        .where(PredictionRow.model_version == row.model_version, PredictionRow.number.between(row.first, row.last))
        .order_by(PredictionRow.number)
    ).all()
    measured, known = _true(clinic, session, row, [note_id for note_id, _ in read]), row.performance
    return Moment(
        number=row.number,
        begins_at=row.begins_at,
        ends_at=row.ends_at,
        notes=row.notes,
        sources=dict(Counter(source for _, source in read)),
        state=row.state,
        version=row.model_version,
        true=measured,
        estimated=known["estimated"],
        audited=known["audited"],
        promised=known["promised"],
        floor=known["floor"],
        trusted=known["trusted"],
        action=row.decision["action"],
        moved=tuple(row.decision["moved"]),
        drawn=row.decision["drawn"],
        reasons=tuple(row.decision["reasons"]),
        signals=dict(row.signals),
        events=events,
    )


def _true(clinic: Clinic, session: Session, row: WindowRow, note_ids: Sequence[str]) -> Facts | None:
    """Hold everything that the version found in the window's notes against what is right."""
    made = select(ExtractionRow).where(
        ExtractionRow.model_version == row.model_version, ExtractionRow.note_id.in_(note_ids)
    )
    counts = []
    for found in session.scalars(made.order_by(ExtractionRow.note_id)):
        own = from_json(json.loads(clinic.system.vault.open(found.sealed, f"extraction:{found.id}")))
        counts.append(performance.agreement(own, clinic.truth[found.note_id]))
    figure = performance.measured(counts)
    return None if figure is None else figure.to_json()

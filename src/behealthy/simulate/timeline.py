"""The story as a line of windows: what was true, what the watch knew of it, and what was done.

Read from the store when the story is over; only what is true comes from elsewhere. Holds numbers, names and ids, never
a word of a note.
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

from behealthy.data import snapshot as snapshots
from behealthy.monitor import performance
from behealthy.note import from_json
from behealthy.simulate.clinic import Clinic, Event
from behealthy.store.tables import ExtractionRow, PredictionRow, TrainingRow, WindowRow

Facts = dict[str, Any]

_TIMES = ("begins_at", "ends_at", "judged_at")


@dataclass(frozen=True, slots=True)
class Moment:
    """One window of the story.

    Attributes
    ----------
    sources : dict of str to int
        Notes by source.
    true, unseen, estimated, audited, promised : dict or None
        F1 with its interval: on all notes of the window; on those of documents that the version learned nothing from;
        what the watch said of it; what the audits of the version's last windows said by then; what the version was
        accepted with.
    audit_tells : bool
        Whether the audits are enough notes to be shown as a figure.
    trusted : bool
        Whether the watch believed the estimate.
    signals : dict of str to dict
        As in `monitor.drift`, by name.
    events : tuple of Event
        What was done from here to the next window.
    """

    number: int
    begins_at: datetime
    judged_at: datetime
    ends_at: datetime
    notes: int
    sources: dict[str, int]
    state: str
    version: str
    true: Facts | None
    unseen: Facts | None
    estimated: Facts | None
    audited: Facts | None
    promised: Facts | None
    floor: float | None
    audit_tells: bool
    trusted: bool
    action: str
    moved: tuple[str, ...]
    drawn: int
    reasons: tuple[str, ...]
    signals: dict[str, Facts]
    events: tuple[Event, ...] = ()

    def to_json(self) -> Facts:
        """Give the moment as plain values."""
        plain = {name: getattr(self, name) for name in self.__slots__ if name not in ("events", *_TIMES)}
        return {
            **plain,
            **{name: getattr(self, name).isoformat() for name in _TIMES},
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
        labelled = sum(event.notes for event in self.events if event.kind == "labels")
        first = {"log": "", "label": f"{self.drawn} notes wait for labels"}.get(self.action, f"watch: {self.action}")
        said = [first, f"{labelled} labelled" if labelled else ""]
        quiet = ("labels", "begun")
        said += [event.says for event in self.events if event.kind not in quiet]
        return "; ".join(filter(None, said))


def of(clinic: Clinic) -> list[Moment]:
    """When called, it will give the windows that were judged, in their order, with what was done after each.

    What was done before the first is in none of them.
    """
    with clinic.system.database.read() as session:
        rows = session.scalars(select(WindowRow).order_by(WindowRow.number)).all()
        ends = [*(row.judged_at for row in rows), None][1:]
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
    counts, known = _counts(clinic, session, row, [id_ for id_, _ in read if id_ is not None]), row.performance
    learned = learned_from(clinic, session, row.model_version)
    unseen = [own for note_id, own in counts.items() if clinic.truth[note_id].patient_id not in learned]
    return Moment(
        number=row.number,
        begins_at=row.begins_at,
        judged_at=row.judged_at,
        ends_at=row.ends_at,
        notes=row.notes,
        sources=dict(Counter(source for _, source in read)),
        state=row.state,
        version=row.model_version,
        true=_figure(list(counts.values())),
        unseen=_figure(unseen),
        estimated=known["estimated"],
        audited=known["audited"],
        promised=known["promised"],
        floor=known["floor"],
        audit_tells=known["audit_tells"],
        trusted=known["trusted"],
        action=row.decision["action"],
        moved=tuple(row.decision["moved"]),
        drawn=row.decision["drawn"],
        reasons=tuple(row.decision["reasons"]),
        signals=dict(row.signals),
        events=events,
    )


def _counts(
    clinic: Clinic, session: Session, row: WindowRow, note_ids: Sequence[str]
) -> dict[str, tuple[int, int, int]]:
    """Hold everything that the version found in the window's notes against what is right: (right, found, marked)."""
    made = select(ExtractionRow).where(
        ExtractionRow.model_version == row.model_version, ExtractionRow.note_id.in_(note_ids)
    )
    out = {}
    for found in session.scalars(made.order_by(ExtractionRow.note_id)):
        own = from_json(json.loads(clinic.system.vault.open(found.sealed, f"extraction:{found.id}")))
        out[found.note_id] = performance.agreement(own, clinic.truth[found.note_id])
    return out


def learned_from(clinic: Clinic, session: Session, version: str) -> set[str | None]:
    """When called, it will give the documents of which a version has learned a piece, as far as they came in."""
    training = session.scalar(select(TrainingRow).where(TrainingRow.candidate == version).limit(1))
    if training is None or training.snapshot_id is None:
        return set()
    taught = snapshots.rows(session, training.snapshot_id, snapshots.TRAIN)
    return {clinic.truth[row.note_id].patient_id for row in taught if row.note_id in clinic.truth}


def _figure(counts: Sequence[tuple[int, int, int]]) -> Facts | None:
    figure = performance.measured(counts)
    return None if figure is None else figure.to_json()

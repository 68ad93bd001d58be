"""The numbers of the system itself, measured from what is recorded: requests, readings, records, reviews, jobs, disk.

Each serving process writes down how many requests it answered and how many of them failed, by the minute, since only
the store is seen by whoever judges. This module refuses to judge, see `objectives`.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from behealthy.monitor.objectives import Measure
from behealthy.settings import Settings
from behealthy.store import properties
from behealthy.store.tables import NoteRow, PredictionRow, QuarantineRow, ReviewRow

JOBS = ("watch", "inbox")  # whose silence means that no worker works
TRACKER = "MLflow"

_QUICK = timedelta(minutes=15)  # over which requests and readings are judged
_SLOW = timedelta(hours=1)  # over which the records of a source are
_FEWEST = 20  # requests, readings or records from which a share can be told
_MOST_READINGS = 5_000
_REQUESTS, _LAST = "requests:", "last:"


def measures(session: Session, settings: Settings, now: datetime) -> list[Measure]:
    """When called, it will measure everything that the store tells of."""
    return [
        _errors(session, settings, now),
        *_readings(session, settings, now),
        *_held(session, settings, now),
        *_reviews(session, settings, now),
        *_silences(session, settings, now),
    ]


def disk(folder: Path, machine: str, settings: Settings) -> Measure:
    """When called, it will measure the room that is left on the disk of a folder of this machine."""
    try:
        left = shutil.disk_usage(folder).free / 1e6
    except OSError:
        return Measure("disk_free", "MB", None, settings.min_disk_mb, machine, floor=True)
    return Measure("disk_free", "MB", left, settings.min_disk_mb, machine, floor=True)


def count(session: Session, process: str, answered: int, failed: int, now: datetime) -> None:
    """When called, it will add requests that a process answered to those of this minute, and forget old minutes."""
    minutes = (properties.get(session, _REQUESTS + process) or {"minutes": {}})["minutes"]
    minute, oldest = _minute(now), _minute(now - _QUICK)
    before, before_failed = minutes.get(str(minute), (0, 0))
    kept: Mapping[str, tuple[int, int]] = {m: n for m, n in minutes.items() if oldest <= int(m) <= minute}
    told = {**kept, str(minute): (before + answered, before_failed + failed)}
    properties.put(session, _REQUESTS + process, {"minutes": told})
    for name, facts in properties.under(session, _REQUESTS).items():
        if max(map(int, facts["minutes"])) < oldest:
            properties.drop(session, _REQUESTS + name)  # of a process that is gone


def ran(session: Session, what: str, now: datetime) -> None:
    """When called, it will write down that a job ran, or that the tracker answered."""
    properties.put(session, _LAST + what, {"at": now.isoformat()})


def _minute(at: datetime) -> int:
    return int(at.timestamp()) // 60


def _errors(session: Session, settings: Settings, now: datetime) -> Measure:
    oldest = _minute(now - _QUICK)
    told = [facts["minutes"] for facts in properties.under(session, _REQUESTS).values()]
    recent = [pair for minutes in told for m, pair in minutes.items() if oldest <= int(m) <= _minute(now)]
    answered, failed = (sum(pair[i] for pair in recent) for i in (0, 1))
    share = 100 * failed / answered if answered >= _FEWEST else None
    return Measure("request_errors", "%", share, settings.max_errors_percent)


def _readings(session: Session, settings: Settings, now: datetime) -> list[Measure]:
    newest = select(PredictionRow.duration_s).where(PredictionRow.at > now - _QUICK)
    found = session.scalars(newest.order_by(PredictionRow.at.desc()).limit(_MOST_READINGS)).all()
    bounds = {95: settings.max_p95_ms, 99: settings.max_p99_ms}
    return [
        Measure(f"reading_p{q}", "ms", 1000 * float(np.percentile(found, q)) if len(found) >= _FEWEST else None, bound)
        for q, bound in bounds.items()
    ]


def _held(session: Session, settings: Settings, now: datetime) -> list[Measure]:
    since = now - _SLOW
    held = _by_source(session, QuarantineRow.source, QuarantineRow.at > since)
    stored = _by_source(session, NoteRow.source, NoteRow.received_at > since)
    out = []
    for source, number in held.items():
        arrived = number + stored.get(source, 0)
        share = 100 * number / arrived if arrived >= _FEWEST else None
        out.append(Measure("held_records", "%", share, settings.max_held_percent, source))
    well = {source for source, number in stored.items() if number >= _FEWEST} - held.keys()
    return out + [Measure("held_records", "%", 0.0, settings.max_held_percent, source) for source in sorted(well)]


def _by_source(session: Session, column: Any, where: Any) -> dict[str, int]:
    rows = session.execute(select(column, func.count()).where(where).group_by(column)).all()
    return {str(row[0]): int(row[1]) for row in rows}


def _reviews(session: Session, settings: Settings, now: datetime) -> list[Measure]:
    waiting = select(func.count(ReviewRow.note_id), func.min(ReviewRow.queued_at)).where(ReviewRow.state == "open")
    number, oldest = session.execute(waiting).one()
    hours = 0.0 if oldest is None else (now - oldest).total_seconds() / 3600
    return [
        Measure("review_queue", "notes", float(number), settings.max_queue_notes),
        Measure("review_oldest", "h", hours, settings.max_unread_h),
    ]


def _silences(session: Session, settings: Settings, now: datetime) -> list[Measure]:
    """Say how long each job has not run; one that never did, since it was looked for first."""
    out = []
    for what in (*JOBS, TRACKER):
        properties.put_first(session, _LAST + what, {"at": now.isoformat()})
        last = properties.get(session, _LAST + what) or {}
        silent_s = (now - datetime.fromisoformat(last["at"])).total_seconds()
        if silent_s < 0:  # the clock was set back: whatever has stopped would be silent unseen until the old time
            ran(session, what, now)
        out.append(Measure("silence", "s", max(0.0, silent_s), settings.max_silence_s, what))
    return out

"""The watch, as a story: cut a window, compare it, judge it, decide, and do it all at once or not at all.

    prediction log -> window -> signals, F1 -> state -> decision -> alert, labels, a request for a training

A window is judged once, however many watch: who comes second finds it judged. What a window asks for is written with
it, so that a request outlives a crash and is made until its training is there. This module refuses to train.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from behealthy.flows import rollout, triggers
from behealthy.flows.system import System
from behealthy.flows.training import Request
from behealthy.monitor import alerts, drift, logs, performance, states, windows
from behealthy.monitor.drift import Signal
from behealthy.monitor.performance import Performance
from behealthy.monitor.signals import GROUPS
from behealthy.monitor.states import Standing
from behealthy.monitor.telemetry import Observation
from behealthy.monitor.windows import Reference, Window
from behealthy.registry import releases
from behealthy.review import queue
from behealthy.review.rows import TURNS
from behealthy.store.notes import IMPORTED
from behealthy.store.session import alone
from behealthy.store.tables import GoldRow, NoteRow, QuarantineRow, ReviewRow, TrainingRow, WindowRow

WATCH = "watch"
_LOCK = 7244  # of PostgreSQL; SQLite has one writer anyway

Facts = dict[str, Any]


def turn(system: System) -> Facts:
    """When called, it will judge every window that is full and give what is wanted because of it, as ``asks``."""
    row = watch(system)
    asks = [_ask(request) for request in wanted(system)]
    return {"window": None if row is None else row.number, "state": None if row is None else row.state, "asks": asks}


def watch(system: System) -> WindowRow | None:
    """When called, it will judge every full window of the served version and give the newest of them."""
    newest = None
    while (row := judge_next(system)) is not None:
        newest = row
    return newest


def consider_gold(system: System) -> Facts:
    """When called, it will ask for a training when enough was reviewed since the last, as ``asks``."""
    with system.database.read() as session:
        decision = triggers.on_gold(training_facts(session, system))
    asks = []
    if decision.request is not None:
        asks.append(_ask(Request(decision.request, "gold", WATCH, "; ".join(decision.reasons))))
    return {"decision": decision.to_json(), "asks": asks}


def wanted(system: System) -> list[Request]:
    """When called, it will give the trainings that windows asked for and that nobody has begun."""
    with system.database.read() as session:
        rows = session.scalars(select(WindowRow).order_by(WindowRow.number.desc()).limit(100)).all()
        asked = {row.decision["request"]: row for row in rows if row.decision.get("request")}
        begun = set(session.scalars(select(TrainingRow.id).where(TrainingRow.id.in_(asked))))
        return [
            Request(id_, "drift", WATCH, "; ".join(row.decision["reasons"]))
            for id_, row in asked.items()
            if id_ not in begun
        ]


def judge_next(system: System) -> WindowRow | None:
    """When called, it will judge the next window of the served version, None where none is full.

    Comparing takes a second and is done outside the transaction; whether somebody was faster is asked inside it.
    """
    now, release = system.now(), rollout.served(system)
    version = release.version
    with system.database.read() as session:
        window = windows.cut(session, version, system.settings.window_notes, now, release.since(now))
        reference = windows.get_reference(session, version)
        if window is None:
            return None
        known = reference is not None and len(reference.usual) >= windows.FEWEST
        before = [bool(row.decision.get("moved")) for row in _history(session, window)]
        signals = drift.compare(reference.usual, window.observations, window.last) if reference and known else ()
        measured = _performance(session, system, window, reference)
        fell = _fell(session, system, window, measured, signals)
    standing = states.decide(signals, measured, before) if known else Standing("insufficient", (_NO_REFERENCE,))
    with system.database.write() as session:
        alone(session, _LOCK)
        if windows.judged_to(session, window.version) >= window.first:
            return None  # somebody was faster
        if not known:
            windows.set_reference(session, _begun(reference, window, now))
        row = _write(session, system, window, signals, measured, standing, fell, now)
    _log(row)
    return row


_NO_REFERENCE = "nothing to compare with yet: these notes are what the next ones are held against"


def training_facts(session: Session, system: System) -> triggers.Training:
    """When called, it will gather what the rules of training rest on."""
    now = system.now()
    rows = session.scalars(select(TrainingRow).order_by(TrainingRow.started_at.desc()).limit(100)).all()
    running = next((row.id for row in rows if row.state in ("waiting", "running")), None)
    judged = next((row for row in rows if row.state == "done"), None)
    reviewed = select(func.count(func.distinct(GoldRow.note_id))).where(GoldRow.why != IMPORTED)
    if judged is not None:
        reviewed = reviewed.where(GoldRow.at > judged.started_at)
    drawn = (ReviewRow.why == "drift", ReviewRow.state != "submitted", ReviewRow.turn == TURNS["drift"])
    waiting = _count(session, ReviewRow.note_id, *drawn, ReviewRow.note_id.not_in(select(GoldRow.note_id)))
    return triggers.Training(
        now=now,
        running=running,
        newest=rows[0].id if rows else None,
        ended_well_at=None if judged is None else judged.ended_at or judged.started_at,
        begun=tuple(row.started_at for row in rows if now - row.started_at < triggers.DAY),
        new_gold=session.scalar(reviewed) or 0,
        needed_gold=system.settings.gold_to_retrain,
        cooldown_h=system.settings.cooldown_h,
        a_day=system.settings.retrains_a_day,
        waiting_labels=waiting,
    )


# The steps of judging ------------------------------------------------------------------------------------------------


def _history(session: Session, window: Window) -> Sequence[WindowRow]:
    return windows.history(session, window.version, windows.LOOK_BACK - 1)


def _performance(session: Session, system: System, window: Window, reference: Reference | None) -> Performance:
    """Say what is known of the window's F1; audits and edits of the windows before it count too, since they are few."""
    held_out, recent = ((), ()) if reference is None else (reference.held_out, reference.recent)
    first = min([window.first, *(row.first for row in _history(session, window))])
    audited, _ = performance.audited(session, system.vault, window.version, first, window.last)
    return Performance(
        estimated=performance.estimated(held_out, window.observations),
        audited=audited,
        edit_rate=performance.edits(session, window.version, first, window.last),
        promised=performance.promised(held_out, recent),
    )


def _fell(
    session: Session, system: System, window: Window, measured: Performance, signals: Sequence[Signal]
) -> bool | None:
    """Say whether the model reads worse than was promised; where notes changed, audits of those before tell nothing.

    Else a good record with the old notes would say that F1 holds with the new ones, and no label would be asked for.
    """
    if not any(signal.moved for signal in signals):
        return states.fell(measured, signals)
    first = window.first
    for row in _history(session, window):
        if not row.decision.get("moved"):
            break
        first = row.first
    audited, _ = performance.audited(session, system.vault, window.version, first, window.last)
    return states.fell(replace(measured, audited=audited), signals)


def _begun(reference: Reference | None, window: Window, now: datetime) -> Reference:
    """Make the first notes that a version reads what is normal for it, where it came without enough of its own."""
    recent: tuple[Observation, ...] = window.observations
    ids = window.note_ids
    held_out: tuple[Observation, ...] = ()
    if reference is not None:
        held_out, recent, ids = reference.held_out, reference.recent + recent, reference.recent_ids + ids
    origin = f"the first {len(window)} notes that it read"
    return Reference(window.version, now, held_out, recent, ids, origin, reference is not None and reference.changed)


def _write(
    session: Session,
    system: System,
    window: Window,
    signals: Sequence[Signal],
    measured: Performance,
    standing: Standing,
    fell: bool | None,
    now: datetime,
) -> WindowRow:
    """Write the window down with what was decided, and do what was decided."""
    decision = triggers.on_window(_seen(session, window, signals, standing, fell), training_facts(session, system))
    row = WindowRow(
        model_version=window.version,
        first=window.first,
        last=window.last,
        begins_at=window.begins_at,
        ends_at=window.ends_at,
        judged_at=now,
        notes=len(window),
        state=standing.state,
        signals={signal.name: signal.to_json() for signal in signals},
        performance={
            **measured.to_json(),
            "floor": states.floor_of(measured),
            "trusted": states.trusted(signals),
            "audit_tells": states.telling(measured.audited),
            "seconds_per_note": sum(window.seconds) / len(window),
        },
        decision={},
    )
    session.add(row)
    session.flush()
    drawn = _draw(session, system, row, decision.labels, now)
    row.decision = {
        **decision.to_json(),
        "reasons": [*decision.reasons, *standing.reasons],
        "moved": [signal.name for signal in signals if signal.moved],
        "drawn": len(drawn),
    }
    if decision.alarm is not None:
        _raise(session, row, decision, decision.alarm, now)
    session.flush()
    return row


def _log(row: WindowRow) -> None:
    """Log what became of a window; what is within the threshold is told nowhere else."""
    level = logging.INFO if row.decision["action"] in ("nothing", "log") else logging.WARNING
    logs.event(
        "flows.watch",
        "window-judged",
        level,
        window=row.number,
        version=row.model_version,
        notes=row.notes,
        state=row.state,
        moved=",".join(row.decision["moved"]) or None,
        decision=row.decision["action"],
        labels=row.decision["drawn"] or None,
        training=row.decision["request"],
    )


def _seen(
    session: Session, window: Window, signals: Sequence[Signal], standing: Standing, fell: bool | None
) -> triggers.Seen:
    moved = {group: tuple(s.name for s in signals if s.moved and s.group == group) for group in GROUPS}
    back = [window.begins_at, *(row.begins_at for row in _history(session, window))]
    release = releases.current(session)
    full = len(back) >= windows.LOOK_BACK
    refused = _count(session, QuarantineRow.id, QuarantineRow.at >= window.begins_at)
    stored = _count(session, NoteRow.id, NoteRow.received_at >= window.begins_at)
    return triggers.Seen(
        version=window.version,
        first=window.first,
        last=window.last,
        state=standing.state,
        inputs=moved["input"],
        outputs=moved["output"],
        format=moved["format"],
        fell=fell,
        released_lately=release is not None and release.action != "install" and (not full or release.at >= min(back)),
        refused=refused,
        arrived=refused + stored,
        labelled=_labelled(session, window),
    )


def _labelled(session: Session, window: Window) -> int:
    """Count the reviewed notes of a window, which is not written yet, and of those before it that moved."""
    ids = [id_ for id_ in window.note_ids if id_ is not None]
    for row in windows.history(session, window.version):
        ids += windows.note_ids(session, row) if row.decision.get("moved") else []
    return _count(session, func.distinct(GoldRow.note_id), GoldRow.note_id.in_(ids), GoldRow.why != IMPORTED)


def _count(session: Session, column: Any, *where: Any) -> int:
    return session.scalar(select(func.count(column)).where(*where)) or 0


def _draw(session: Session, system: System, row: WindowRow, labels: int, now: datetime) -> list[str]:
    """Draw notes for labels from the windows that moved."""
    if labels <= 0:
        return []
    recent = windows.history(session, row.model_version)
    changed = [w for w in recent if w.number == row.number or w.decision.get("moved")]
    ids = [id_ for w in changed for id_ in windows.note_ids(session, w)]
    before = _count(session, ReviewRow.note_id, ReviewRow.why == "drift", ReviewRow.note_id.in_(ids))
    audit = system.settings.audit_percent
    return queue.draw(
        session, system.vault, ids, before + labels, occasion=f"window:{row.number}", audit_percent=audit, now=now
    )


def _raise(session: Session, row: WindowRow, decision: triggers.Decision, alarm: triggers.Alarm, now: datetime) -> None:
    title, kind = _TITLES[decision.cause]
    facts = {
        "window": row.number,
        "version": row.model_version,
        "state": row.state,
        "action": decision.action,
        "moved": row.decision["moved"],
        "reasons": list(decision.reasons),
        "estimated": row.performance["estimated"],
        "audited": row.performance["audited"],
    }
    key = f"{decision.cause}:{row.model_version}"
    alerts.raise_(session, kind=kind, severity=alarm, title=title, facts=facts, key=key, now=now)


_TITLES: Mapping[triggers.Cause, tuple[str, alerts.Kind]] = {
    "drift": ("The notes have changed", "drift"),
    "performance": ("The model reads worse than was promised", "performance"),
    "format": ("A feed sends what is no note", "drift"),
}


def _ask(request: Request) -> Facts:
    arguments = {"trigger": request.trigger, "by": request.by, "reason": request.reason}
    return {"name": "training", "id": request.id, "arguments": arguments}

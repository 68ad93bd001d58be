"""Windows, drift, alerts, durable work: whether the notes are still those that the model knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from fastapi import APIRouter
from sqlalchemy import select

from behealthy.flows.standing import standing
from behealthy.monitor import alerts, objectives
from behealthy.serve.desk import Called, Cursor, Limit, number_of
from behealthy.serve.paging import newest
from behealthy.serve.wire.learning import Release
from behealthy.serve.wire.terms import Id, Page
from behealthy.serve.wire.watching import (
    Alert,
    Drift,
    Flow,
    Flows,
    MovedTerm,
    Objective,
    Signal,
    SignalPoint,
    Started,
    SystemState,
    Window,
)
from behealthy.store.session import new_id
from behealthy.store.tables import AlertRow, WindowRow

router = APIRouter(tags=["monitoring"])

_ALERTS = 50  # beside the drift
_MOST_WINDOWS = 2**31 - 1


@router.get("/windows")
def list_windows(desk: Called, cursor: Cursor = None, limit: Limit = 50) -> Page[Window]:
    """List the windows, the newest first."""
    with desk.system.database.read() as session:
        rows, following = newest(session, WindowRow, WindowRow.number, number_of(cursor, _MOST_WINDOWS), limit)
        return Page(items=[Window.model_validate(row) for row in rows], next=following)


@router.get("/drift")
def get_drift(desk: Called, limit: Limit = 50) -> Drift:
    """Say whether notes have changed, since when, in what, and what was done about it."""
    told = standing(desk.system, limit)
    with desk.system.database.read() as session:
        raised = select(AlertRow).where(AlertRow.kind.in_(("drift", "performance"))).order_by(AlertRow.at.desc())
        shown = [Alert.model_validate(row) for row in session.scalars(raised.limit(_ALERTS))]
    return Drift(
        state=told["state"],
        sentence=told["sentence"],
        version=told["version"] or desk.parts.engine.version,
        reference_notes=told["reference_notes"],
        waiting_notes=told["waiting_notes"],
        windows=[Window.model_validate(row) for row in told["windows"]],
        signals=[_signal(each) for each in told["signals"]],
        moved_terms=[MovedTerm.model_validate(each) for each in told["moved_terms"]],
        releases=[_release(each) for each in told["releases"]],
        alerts=shown,
        decision=told["decision"],
    )


@router.get("/system")
def get_system(desk: Called) -> SystemState:
    """Say whether the system keeps what is demanded of it, as it was judged last: breaches first."""
    with desk.system.database.read() as session:
        found = objectives.known(session)
    breached = any(each.state == "breached" for each in found)
    return SystemState(
        state="breached" if breached else "ok" if found else "unknown",
        items=[Objective.model_validate(each) for each in found],
    )


@router.post("/drift:check", status_code=202)
def check_drift(desk: Called) -> Started:
    """Look now instead of at the next minute."""
    id_ = new_id("w", desk.now())
    desk.parts.work.enqueue("watch", id_)
    return Started(id=id_)


@router.get("/alerts")
def list_alerts(
    desk: Called,
    state: Literal["open", "acknowledged", "resolved"] | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[Alert]:
    """List the alerts, the newest first."""
    wanted = () if state is None else (AlertRow.state == state,)
    with desk.system.database.read() as session:
        rows, following = newest(session, AlertRow, AlertRow.id, cursor, limit, *wanted)
        return Page(items=[Alert.model_validate(row) for row in rows], next=following)


@router.post("/alerts/{alert_id}:acknowledge")
def acknowledge_alert(desk: Called, alert_id: Id) -> Alert:
    """Say that a person knows."""
    with desk.audited("acknowledge", f"alert:{alert_id}") as session:
        return Alert.model_validate(alerts.acknowledge(session, alert_id, by=desk.caller.name, now=desk.now()))


@router.get("/flows")
def list_flows(desk: Called, limit: Limit = 50) -> Flows:
    """List durable work that somebody asked for, the newest first."""
    found = desk.parts.work.list(limit=limit, schedules=False)
    return Flows(items=[Flow.model_validate(flow) for flow in found])


def _signal(each: Mapping[str, Any]) -> Signal:
    points = [SignalPoint.model_validate(point) for point in each["points"]]
    return Signal.model_validate({**each, "points": points})


def _release(each: Mapping[str, Any]) -> Release:
    return Release.model_validate(each)

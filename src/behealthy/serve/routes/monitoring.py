"""Windows, drift, alerts, durable work: whether the notes are still those that the model knows."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter

from behealthy.serve.desk import Called, Cursor, Limit
from behealthy.serve.wire.terms import Id, Page
from behealthy.serve.wire.watching import Alert, Drift, Flows, Started, Window

router = APIRouter(tags=["monitoring"])


@router.get("/windows")
def list_windows(desk: Called, limit: Limit = 50) -> Page[Window]:
    """List the windows, the newest first."""
    raise NotImplementedError


@router.get("/drift")
def get_drift(desk: Called, limit: Limit = 50) -> Drift:
    """Say whether notes have changed, since when, in what, and what was done about it."""
    raise NotImplementedError


@router.post("/drift:check", status_code=202)
def check_drift(desk: Called) -> Started:
    """Look now instead of at the next minute."""
    raise NotImplementedError


@router.get("/alerts")
def list_alerts(
    desk: Called,
    state: Literal["open", "acknowledged"] | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[Alert]:
    """List the alerts, the newest first."""
    raise NotImplementedError


@router.post("/alerts/{alert_id}:acknowledge")
def acknowledge_alert(desk: Called, alert_id: Id) -> Alert:
    """Say that a person knows."""
    raise NotImplementedError


@router.get("/flows")
def list_flows(desk: Called, limit: Limit = 50) -> Flows:
    """List durable work, the newest first."""
    raise NotImplementedError

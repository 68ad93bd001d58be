"""Quarantine: what the contract refused, looked at, tried again, dropped."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter

from behealthy.serve.desk import Called, Cursor, Limit
from behealthy.serve.wire.notes import QuarantineHead, QuarantineItem, ReplayAnswer, ReplayRequest
from behealthy.serve.wire.terms import Id, Page

router = APIRouter(prefix="/quarantine", tags=["quarantine"])


@router.get("")
def list_quarantine(
    desk: Called,
    state: Literal["held", "replayed", "dropped"] | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[QuarantineHead]:
    """List what was refused, the newest first."""
    raise NotImplementedError


@router.get("/{quarantine_id}")
def get_quarantined(desk: Called, quarantine_id: Id) -> QuarantineItem:
    """Give what was refused, with its words for those who may read notes. This is audited."""
    raise NotImplementedError


@router.post("/{quarantine_id}:replay")
def replay_quarantined(desk: Called, quarantine_id: Id, given: ReplayRequest) -> ReplayAnswer:
    """Try it again, as it is or mended."""
    raise NotImplementedError


@router.post("/{quarantine_id}:drop", status_code=204)
def drop_quarantined(desk: Called, quarantine_id: Id) -> None:
    """Give it up; the row stays, the words go."""
    raise NotImplementedError

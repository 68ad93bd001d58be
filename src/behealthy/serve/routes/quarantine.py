"""Quarantine: what the contract refused, looked at, tried again, dropped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from fastapi import APIRouter

from behealthy.data import quarantine
from behealthy.errors import ContractError
from behealthy.flows import ingest
from behealthy.flows.answering import reader_of
from behealthy.flows.reading import Reading
from behealthy.serve.desk import Called, Cursor, Desk, Limit
from behealthy.serve.routes.notes import GOLD
from behealthy.serve.wire.notes import QuarantineHead, QuarantineItem, ReplayAnswer, ReplayRequest
from behealthy.serve.wire.terms import Id, Page
from behealthy.store.tables import QuarantineRow

router = APIRouter(prefix="/quarantine", tags=["quarantine"])

_WORDS = "notes:read"  # files are named after patients
_IN_THE_CLEAR = ("id", "at", "source", "code", "kind", "size_bytes", "state", "note_id", "decided_by", "decided_at")


@router.get("")
def list_quarantine(
    desk: Called,
    state: Literal["held", "replayed", "dropped"] | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[QuarantineHead]:
    """List what was refused, the newest first; its names are for those who may read notes. This is audited then."""
    if desk.may(_WORDS):
        desk.note_down("list", "quarantine")
    with desk.system.database.read() as session:
        rows = quarantine.listed(session, state=state, before=cursor, limit=limit + 1)
        items = [QuarantineHead(**_head(desk, row)) for row in rows[:limit]]
    return Page(items=items, next=items[-1].id if len(rows) > limit else None)


@router.get("/{quarantine_id}")
def get_quarantined(desk: Called, quarantine_id: Id) -> QuarantineItem:
    """Give what was refused, with its words for those who may read notes. This is audited."""
    with desk.audited("read", f"quarantine:{quarantine_id}") as session:
        row = quarantine.get(session, quarantine_id)
        shown = desk.may(_WORDS) and row.state == quarantine.HELD
        words = quarantine.payload(desk.system.vault, row).decode("utf-8", "replace") if shown else None
        return QuarantineItem(**_head(desk, row), text=words)


@router.post("/{quarantine_id}:replay")
def replay_quarantined(desk: Called, quarantine_id: Id, given: ReplayRequest) -> ReplayAnswer:
    """Try it again, as it is or mended."""
    system, by = desk.system, desk.caller.name
    payload = None if given.text is None else given.text.encode()
    try:
        fate = ingest.replay(
            system,
            quarantine_id,
            by=by,
            payload=payload,
            gold=desk.may(GOLD),
            after=lambda source: Reading(system, source, reader_of(desk.parts.engine)),
            request_id=desk.request_id,
        )
    except ContractError as exc:
        if exc.code == "annotated":
            desk.demand(GOLD)
        return ReplayAnswer(state="held", note_id=None, code=exc.code, errors=_told(desk, quarantine_id, exc.faults))
    return ReplayAnswer(state="replayed", note_id=fate.note_id, code=None, errors=[])


@router.post("/{quarantine_id}:drop", status_code=204)
def drop_quarantined(desk: Called, quarantine_id: Id) -> None:
    """Give it up; the row stays, the words go."""
    with desk.audited("drop", f"quarantine:{quarantine_id}") as session:
        quarantine.drop(session, quarantine_id, by=desk.caller.name, now=desk.now())


def _told(desk: Desk, quarantine_id: str, faults: Sequence[str]) -> list[str]:
    """Give the faults of a held record as the caller may know them."""
    with desk.system.database.read() as session:
        label = quarantine.label(desk.system.vault, quarantine.get(session, quarantine_id))
    return list(faults) if desk.may(_WORDS) else label.nameless(faults)


def _head(desk: Desk, row: QuarantineRow) -> dict[str, Any]:
    """Give what is told of a row; who may not read notes gets the faults without the record's name."""
    label = quarantine.label(desk.system.vault, row)
    shown = desk.may(_WORDS)
    faults = label.faults if shown else label.nameless(label.faults)
    facts = {name: getattr(row, name) for name in _IN_THE_CLEAR}
    return {**facts, "name": label.name if shown else None, "faults": faults}

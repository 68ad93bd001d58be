"""Quarantine: what the contract refused, looked at, tried again, dropped."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter

from behealthy.data import intake, quarantine
from behealthy.errors import ContractError
from behealthy.flows import ingest
from behealthy.flows.answering import reader_of
from behealthy.flows.reading import Reading
from behealthy.serve.desk import Called, Cursor, Limit
from behealthy.serve.routes.notes import refuse_gold
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
    with desk.system.database.read() as session:
        rows = quarantine.listed(session, state=state, before=cursor, limit=limit + 1)
        items = [QuarantineHead.model_validate(row) for row in rows[:limit]]
    return Page(items=items, next=items[-1].id if len(rows) > limit else None)


@router.get("/{quarantine_id}")
def get_quarantined(desk: Called, quarantine_id: Id) -> QuarantineItem:
    """Give what was refused, with its words for those who may read notes. This is audited."""
    with desk.audited("read", f"quarantine:{quarantine_id}") as session:
        row = quarantine.get(session, quarantine_id)
        shown = desk.may("notes:read") and row.state == quarantine.HELD
        words = quarantine.payload(desk.system.vault, row).decode("utf-8", "replace") if shown else None
        return QuarantineItem(**QuarantineHead.model_validate(row).model_dump(), text=words)


@router.post("/{quarantine_id}:replay")
def replay_quarantined(desk: Called, quarantine_id: Id, given: ReplayRequest) -> ReplayAnswer:
    """Try it again, as it is or mended."""
    system, by = desk.system, desk.caller.name
    payload = None if given.text is None else given.text.encode()
    with desk.audited("replay", f"quarantine:{quarantine_id}") as session:
        row = quarantine.get(session, quarantine_id)
        source = row.source
        if row.state == quarantine.HELD:
            held = quarantine.payload(system.vault, row) if payload is None else payload
            refuse_gold(desk, intake.read(held, row.kind, row.name))
    after = Reading(system, source, reader_of(desk.parts.engine))
    try:
        fate = ingest.replay(system, quarantine_id, by=by, payload=payload, after=after)
    except ContractError as exc:
        return ReplayAnswer(state="held", note_id=None, code=exc.code, errors=exc.faults)
    return ReplayAnswer(state="replayed", note_id=fate.note_id, code=None, errors=[])


@router.post("/{quarantine_id}:drop", status_code=204)
def drop_quarantined(desk: Called, quarantine_id: Id) -> None:
    """Give it up; the row stays, the words go."""
    with desk.audited("drop", f"quarantine:{quarantine_id}") as session:
        quarantine.drop(session, quarantine_id, by=desk.caller.name, now=desk.now())

"""Notes: taken in through the contract, listed, read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool

from behealthy.data import sources
from behealthy.data.contract import Raw
from behealthy.errors import NotAllowed, NotThere
from behealthy.flows import answering
from behealthy.flows.ingest import Sender
from behealthy.review import queue
from behealthy.serve.desk import Called, Cursor, Desk, Limit
from behealthy.serve.forms import extraction_json
from behealthy.serve.paging import newest
from behealthy.serve.sendings import raws_of_body, sender_id
from behealthy.serve.wire.notes import NoteHead, NotesAnswer, NotesRequest, StoredNote, TakenItem
from behealthy.serve.wire.terms import Id, OffsetUnit, Page
from behealthy.store.crypto import Vault
from behealthy.store.notes import external_id, newest_extraction, opened
from behealthy.store.tables import NoteRow

router = APIRouter(tags=["notes"])

GOLD = "reviews"  # the right to say what is in a note: by review, or by sending it annotated

Source = Annotated[str, Query(pattern=sources.PATTERN, description="whose notes these are")]
_TEXT = {"schema": {"type": "string"}}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": NotesRequest.model_json_schema()},
            "application/fhir+json": {"schema": {"type": "object"}},
            "application/x-ndjson": _TEXT,
            "text/csv": _TEXT,
            "text/plain": _TEXT,
        },
    }
}


@router.post("/notes", openapi_extra=_BODY)
async def add_notes(desk: Called, request: Request, source: Source = "api") -> NotesAnswer:
    """Store notes, as JSON, text, CSV, JSON Lines or FHIR; what does not keep the contract is held in quarantine."""
    body = await request.body()
    return await run_in_threadpool(_added, desk, body, request.headers.get("content-type", ""), source)


@router.get("/notes")
def list_notes(
    desk: Called,
    source: Annotated[Id | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[NoteHead]:
    """List stored notes, the newest first, without their words. This is audited: senders' ids may be patients'."""
    desk.note_down("list", "notes")
    vault = desk.system.vault
    wanted = () if source is None else (NoteRow.source == source,)
    with desk.system.database.read() as session:
        found, following = newest(session, NoteRow, NoteRow.id, cursor, limit, *wanted)
        return Page(items=[NoteHead(**_head(vault, row)) for row in found], next=following)


@router.get("/notes/{note_id}")
def get_note(desk: Called, note_id: Id, offset_unit: OffsetUnit = "codepoint") -> StoredNote:
    """Give a stored note and what was found in it last; reviewers see those they have claimed. This is audited."""
    vault = desk.system.vault
    with desk.audited("read", f"note:{note_id}") as session:
        row = session.get(NoteRow, note_id)
        if row is None:
            raise NotThere(f"there is no note {note_id}")
        if not desk.may("notes:read") and queue.look(session, vault, note_id).held_by != desk.caller.name:
            raise NotAllowed("this note is not yours to read; claim its review first")
        note = opened(vault, row)
        found = newest_extraction(session, vault, note_id)
    extraction = found and extraction_json(found, offset_unit)
    words = {"text": note.text, "patient_id": note.patient_id, "extraction": extraction}
    return StoredNote.model_validate({**_head(vault, row), **words})


def _added(desk: Desk, body: bytes, content_type: str, source: str) -> NotesAnswer:
    raws = raws_of_body(body, content_type)
    _refuse_gold(desk, raws)
    sender = Sender(source, desk.caller.name, gold=desk.may(GOLD), request_id=desk.request_id)
    stored = answering.store(desk.system, desk.parts.engine, raws, sender)
    items = [
        TakenItem(
            id=sender_id(raw),
            note_id=fate.note_id,
            quarantine_id=fate.quarantine_id,
            code=fate.code,
            errors=list(fate.faults),
        )
        for raw, fate in zip(raws, stored.taken.fates, strict=True)
    ]
    taken = stored.taken
    return NotesAnswer(stored=taken.stored, known=taken.known, held=taken.held, items=items)


def _refuse_gold(desk: Desk, raws: Iterable[Raw]) -> None:
    """When called, it will let only those who may review send notes that come annotated: such are learned from.

    Raises
    ------
    NotAllowed
    """
    if any(raw.fields.get("entities") is not None for raw in raws):
        desk.demand(GOLD)


def _head(vault: Vault, row: NoteRow) -> dict[str, Any]:
    return {
        "note_id": row.id,
        "source": row.source,
        "external_id": external_id(vault, row),
        "characters": row.characters,
        "written_at": row.written_at,
        "received_at": row.received_at,
    }

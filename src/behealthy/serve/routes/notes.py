"""Notes: taken in through the contract, listed, read."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from behealthy.serve.desk import Called, Cursor, Limit
from behealthy.serve.wire.notes import NoteHead, NotesAnswer, NotesRequest, StoredNote
from behealthy.serve.wire.terms import Id, Name, OffsetUnit, Page

router = APIRouter(tags=["notes"])

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
async def add_notes(desk: Called, request: Request, source: Annotated[Name, Query()] = "api") -> NotesAnswer:
    """Store notes, as JSON, text, CSV, JSON Lines or FHIR; what does not keep the contract is held in quarantine."""
    raise NotImplementedError


@router.get("/notes")
def list_notes(desk: Called, source: Id | None = None, cursor: Cursor = None, limit: Limit = 50) -> Page[NoteHead]:
    """List stored notes, the newest first, without their words."""
    raise NotImplementedError


@router.get("/notes/{note_id}")
def get_note(desk: Called, note_id: Id, offset_unit: OffsetUnit = "codepoint") -> StoredNote:
    """Give a stored note and what was found in it last; reviewers see those they have claimed. This is audited."""
    raise NotImplementedError

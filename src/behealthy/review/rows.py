"""One row of the queue, read and opened: what the modules of this room share.

A claim that nobody touched for half an hour is stale: others may have the note. Refuses to change a row.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_
from sqlalchemy.orm import Session

from behealthy.errors import NotThere
from behealthy.note import Extraction, from_json
from behealthy.store.crypto import Vault
from behealthy.store.notes import get_note
from behealthy.store.tables import ReviewRow

STALE = timedelta(minutes=30)
TURNS = {"sent": 0, "drift": 1, "audit": 2, "uncertain": 3}
PUT_OFF = 9


@dataclass(frozen=True, slots=True)
class Review:
    """A note under review, opened, as the person at it may see it.

    Attributes
    ----------
    suggestion : Extraction or None
        What the model found; None when the review is blind and not yet submitted.
    draft : dict or None
        ``entities`` and ``relations`` as in `note.to_json`, and ``judged`` by entity id; None before the first save.
    draft_by, held_by : str or None
        Whose the draft is, and who holds the note, or who submitted it.
    version : int
        Of what is edited; to be handed back with every change.
    """

    note_id: str
    text: str = field(repr=False)
    state: str
    why: str
    priority: float
    blind: bool
    version: int
    model_version: str
    queued_at: datetime
    suggestion: Extraction | None = field(repr=False)
    draft: dict[str, Any] | None = field(repr=False)
    draft_by: str | None
    held_by: str | None
    claimed_at: datetime | None
    active_s: float
    submitted_at: datetime | None
    gold_id: str | None
    edits: dict[str, int]


def locked(session: Session, note_id: str) -> ReviewRow:
    """When called, it will read a row as it is now and keep others from changing it until this transaction ends.

    Raises
    ------
    NotThere
    """
    row = session.get(ReviewRow, note_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotThere(f"note {note_id} is not in the queue")
    return row


def left_alone(now: datetime) -> ColumnElement[bool]:
    """When called, it will give the condition of a stale claim."""
    return and_(ReviewRow.state == "claimed", ReviewRow.claimed_at < now - STALE)


def stale(row: ReviewRow, now: datetime) -> bool:
    """When called, it will say whether nobody touched a claim for too long."""
    return row.claimed_at is None or row.claimed_at < now - STALE


def suggestion(vault: Vault, row: ReviewRow) -> Extraction | None:
    """When called, it will give what the model found; None where none read the note."""
    if row.sealed_suggestion is None:
        return None
    return from_json(json.loads(vault.open(row.sealed_suggestion, f"suggestion:{row.note_id}")))


def opened(session: Session, vault: Vault, row: ReviewRow) -> Review:
    """When called, it will open a row, without the suggestion where the review is blind and not over."""
    draft = None if row.sealed_draft is None else json.loads(vault.open(row.sealed_draft, f"draft:{row.note_id}"))
    return Review(
        note_id=row.note_id,
        text=get_note(session, vault, row.note_id).text,
        state=row.state,
        why=row.why,
        priority=row.priority,
        blind=row.blind,
        version=row.version,
        model_version=row.model_version,
        queued_at=row.queued_at,
        suggestion=None if row.blind and row.state != "submitted" else suggestion(vault, row),
        draft=draft["draft"] if draft else None,
        draft_by=draft["by"] if draft else None,
        held_by=row.claimed_by,
        claimed_at=row.claimed_at,
        active_s=row.active_s,
        submitted_at=row.submitted_at,
        gold_id=row.gold_id,
        edits=dict(row.edits),
    )

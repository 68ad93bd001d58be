"""Notes come into the queue: each that a model has read, and, after a drift, some that are labelled first.

Refuses to touch what a person has begun.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy.orm import Session

from behealthy.note import Extraction, to_json
from behealthy.review import sampling
from behealthy.review.rows import TURNS, locked
from behealthy.store.crypto import Vault
from behealthy.store.notes import has_gold, newest_extraction
from behealthy.store.session import add_once
from behealthy.store.tables import ReviewRow


def offer(
    session: Session,
    vault: Vault,
    extraction: Extraction,
    *,
    audit_percent: float,
    now: datetime,
    missed: float = 0.0,
    sent: bool = False,
) -> str | None:
    """When called, it will put a stored note (``extraction.note_id``) into the queue and say why it is there.

    A note that is there keeps its place, but one that a person sends comes first. While it is open and without a
    draft, what a newer model found takes the suggestion's place; afterwards nothing changes. A note that came with
    gold is only queued when a person sends it; otherwise the answer is None.

    Parameters
    ----------
    missed : float
        Entities expected beside those that were found; see `sampling.expected_corrections`.
    sent : bool
        Whether a person asked for the review.
    """
    note_id = extraction.note_id
    row = session.get(ReviewRow, note_id, with_for_update=True, populate_existing=True)
    if row is None and not sent and has_gold(session, note_id):
        return None
    audit = sampling.in_audit(vault, note_id, audit_percent)
    why = "audit" if audit else "sent" if sent else "uncertain"
    what = {
        "priority": 0.0 if audit else sampling.expected_corrections(extraction, missed),
        "model_version": extraction.model_version or "",
        "sealed_suggestion": vault.seal(json.dumps(to_json(extraction)), f"suggestion:{note_id}"),
    }
    fresh = {"state": "open", "why": why, "turn": TURNS[why], "blind": audit, "version": 1, "queued_at": now}
    if row is None and add_once(
        session, ReviewRow, {"note_id": note_id, **what, **fresh, "active_s": 0.0, "edits": {}}
    ):
        return why
    row = locked(session, note_id)
    if row.state != "open":
        return row.why
    if row.sealed_draft is None and row.model_version != what["model_version"]:
        what["priority"] = what["priority"] if row.why == "uncertain" else row.priority
        row.version += 1
        for name, value in what.items():
            setattr(row, name, value)
    if sent and row.why == "uncertain":
        row.why, row.turn = "sent", TURNS["sent"]
    session.flush()
    return row.why


def draw(
    session: Session,
    vault: Vault,
    note_ids: Iterable[str],
    count: int,
    *,
    occasion: str,
    audit_percent: float,
    now: datetime,
) -> list[str]:
    """When called, it will have notes labelled first, up to a number, and give those that wait for a person now.

    They are taken at random: a choice by the model's doubts would make the newest gold look worse than the newest
    notes are. Notes that were drawn before count, labelled or not, so that a second call draws no more. Passed over
    are notes that no model has read, that somebody is at or was, and those of the audit sample, which come anyway.

    Parameters
    ----------
    note_ids : iterable of str
        The stored notes to draw from, as those of the windows that drifted.
    occasion : str
        Names the draw, as ``window:12``; the order is random by it.
    """
    waiting: list[str] = []
    drawn = 0
    for note_id in sampling.shuffled(vault, note_ids, occasion):
        if drawn >= count:
            break
        extraction = newest_extraction(session, vault, note_id)
        if extraction is None or offer(session, vault, extraction, audit_percent=audit_percent, now=now) is None:
            continue
        row = locked(session, note_id)
        if row.state == "open" and row.why == "uncertain":
            row.why, row.turn, row.priority = "drift", TURNS["drift"], 0.0
        if row.why == "drift":
            drawn += 1
            waiting += [note_id] if row.state != "submitted" else []
    session.flush()
    return waiting

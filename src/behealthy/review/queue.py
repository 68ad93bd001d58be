"""The queue of notes that wait for a person, and the one way from a note to gold.

A note is in it once: open, claimed by one person, or submitted. The order of the open ones is by turn: what somebody
sent for review, what was drawn for labels after a drift, the audit sample, and then all others by the corrections that
they probably need (see `review.sampling`), last what people put off. The audit sample comes in the order of arrival
whatever the model thinks of the notes, and its reviews are blind: who sees a suggestion tends to agree with it.

Whoever edits says which version they saw; who is late is told so and loses nothing. A claim that nobody touched for
half an hour is free for others. This module refuses to decide who may do what: that is for whoever calls it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from behealthy.errors import BadInput, Conflict, NotThere
from behealthy.note import Extraction, to_json
from behealthy.review import agreement, judgement, rows, timing
from behealthy.review.listing import page as page
from behealthy.review.listing import summary as summary
from behealthy.review.offering import draw as draw
from behealthy.review.offering import offer as offer
from behealthy.review.rows import Review as Review
from behealthy.store.crypto import Vault
from behealthy.store.notes import get_note, open_gold, put_gold
from behealthy.store.tables import GoldRow, ReviewRow

MAX_DRAFT_BYTES = 8 * 1024 * 1024


# One person at one note ------------------------------------------------------------------------------------------


def claim_next(session: Session, vault: Vault, by: str, now: datetime) -> Review | None:
    """When called, it will give the note that a person holds, or claim the first that is free; None when none is."""
    mine = select(ReviewRow).where(ReviewRow.state == "claimed", ReviewRow.claimed_by == by)
    row = session.scalar(mine.order_by(ReviewRow.claimed_at.desc()).limit(1).with_for_update())
    if row is None:
        order = (ReviewRow.turn, ReviewRow.priority.desc(), ReviewRow.note_id)
        for free in (rows.left_alone(now), ReviewRow.state == "open"):
            first = select(ReviewRow.note_id).where(free).order_by(*order).limit(1)
            note_id = session.scalar(first.with_for_update(skip_locked=True))
            if note_id is not None:
                row = rows.locked(session, note_id)
                break
    return None if row is None else _take(session, vault, row, by, now)


def claim(session: Session, vault: Vault, note_id: str, by: str, now: datetime) -> Review:
    """When called, it will lock a note for a person; who holds it already holds it on.

    Raises
    ------
    Conflict
        When another person holds it, who is named, or it is submitted.
    NotThere
    """
    row = rows.locked(session, note_id)
    if row.state == "submitted":
        raise Conflict(f"note {note_id}: {row.claimed_by} has submitted it")
    if row.state == "claimed" and row.claimed_by != by and not rows.stale(row, now):
        raise Conflict(f"note {note_id}: {row.claimed_by} is at it")
    return _take(session, vault, row, by, now)


def look(session: Session, vault: Vault, note_id: str) -> Review:
    """When called, it will open a review without touching it.

    Raises
    ------
    NotThere, VaultError
    """
    row = session.get(ReviewRow, note_id)
    if row is None:
        raise NotThere(f"note {note_id} is not in the queue")
    return rows.opened(session, vault, row)


def save(
    session: Session,
    vault: Vault,
    note_id: str,
    by: str,
    version: int,
    draft: Mapping[str, Any],
    now: datetime,
    *,
    active_s: float | None = None,
) -> int:
    """When called, it will keep a draft and give the new version; the same draft twice is kept once.

    Parameters
    ----------
    draft : mapping
        ``entities``, ``relations`` and ``judged``; it may be unfinished and is not checked against the text.
    active_s : float, optional
        Seconds of work on the note in all, counted on from what the review said.

    Raises
    ------
    Conflict
        When the person does not hold the note (the holder is named), or has seen an older version.
    BadInput
        When the draft is too large, or the time is no number.
    NotThere
    """
    words = _draft_json(draft, by)
    row = rows.locked(session, note_id)
    _held(row, by)
    if version == row.version - 1 and row.sealed_draft and vault.open(row.sealed_draft, f"draft:{note_id}") == words:
        return row.version  # the answer to the first time was lost
    _seen(row, version)
    _spent(row, active_s, now)
    row.sealed_draft = vault.seal(words, f"draft:{note_id}")
    row.version += 1
    session.flush()
    return row.version


def submit(
    session: Session,
    vault: Vault,
    note_id: str,
    by: str,
    version: int,
    gold: Extraction,
    judged: Mapping[str, str],
    active_s: float | None,
    now: datetime,
) -> str:
    """When called, it will check what a person found, add it to the gold and give the gold's id.

    The same submission twice is one. The counts of edits are then in the review's `edits`.

    Raises
    ------
    ContractError
        When a suggestion was not judged, or the gold does not fit the text or itself: all faults at once.
    Conflict
        When the person does not hold the note (the holder is named), has seen an older version, or has submitted
        something else.
    BadInput
        When the time is no number.
    NotThere
    """
    row = rows.locked(session, note_id)
    note = get_note(session, vault, note_id)
    suggested = rows.suggestion(vault, row)
    if row.state == "submitted" and row.claimed_by == by and version == row.version - 1:
        return _same_again(session, vault, row, judgement.checked(note, gold, None, {}))
    _held(row, by)
    _seen(row, version)
    found = judgement.checked(note, gold, None if row.blind else suggested, judged)
    _spent(row, active_s, now)
    row.gold_id = put_gold(session, vault, found, by=by, why=row.why, now=now)
    row.edits = {} if suggested is None else agreement.edits(suggested, found)
    row.state, row.submitted_at, row.sealed_draft = "submitted", now, None
    row.version += 1
    session.flush()
    return row.gold_id


def reopen(session: Session, vault: Vault, note_id: str, by: str, now: datetime) -> Review:
    """When called, it will give a submitted note to a person again, with what was submitted as the draft.

    The gold stays; what is submitted next comes after it, and the newest counts. A blind review stays blind.

    Raises
    ------
    Conflict
        When it is not submitted; who holds it is named.
    NotThere
    """
    row = rows.locked(session, note_id)
    if row.state == "claimed" and row.claimed_by != by:
        raise Conflict(f"note {note_id}: {row.claimed_by} is at it")
    if row.state != "submitted":
        raise Conflict(f"note {note_id}: it is not submitted, so there is nothing to reopen")
    (gold,) = open_gold(vault, [session.get_one(GoldRow, row.gold_id)])
    judged = judgement.implied(gold, rows.suggestion(vault, row))
    marks = {name: given for name, given in to_json(gold).items() if name in ("entities", "relations")}
    row.sealed_draft = vault.seal(_draft_json(marks | {"judged": judged}, by), f"draft:{note_id}")
    row.submitted_at = None
    row.version += 1
    return _take(session, vault, row, by, now)


def release(session: Session, note_id: str, by: str) -> None:
    """When called, it will give a note back to the queue with its draft; nothing happens when it is open already.

    Raises
    ------
    Conflict
        When another person holds it, or it is submitted.
    NotThere
    """
    row = rows.locked(session, note_id)
    if row.state != "open":
        _give_back(session, row, by)


def skip(session: Session, note_id: str, by: str) -> None:
    """When called, it will give a note back with its draft and put it behind all others; twice is once.

    Raises
    ------
    Conflict
        When the person does not hold it.
    NotThere
    """
    row = rows.locked(session, note_id)
    if row.state != "open" or row.turn != rows.PUT_OFF:
        _give_back(session, row, by)
        row.turn = rows.PUT_OFF
        session.flush()


def _take(session: Session, vault: Vault, row: ReviewRow, by: str, now: datetime) -> Review:
    row.state, row.claimed_by, row.claimed_at = "claimed", by, now
    session.flush()
    return rows.opened(session, vault, row)


def _give_back(session: Session, row: ReviewRow, by: str) -> None:
    _held(row, by)
    row.state, row.claimed_by, row.claimed_at = "open", None, None
    session.flush()


def _held(row: ReviewRow, by: str) -> None:
    if row.state == "submitted":
        raise Conflict(f"note {row.note_id}: {row.claimed_by} has submitted it")
    if row.state != "claimed" or row.claimed_by is None:
        raise Conflict(f"note {row.note_id}: nobody holds it; claim it first")
    if row.claimed_by != by:
        raise Conflict(f"note {row.note_id}: {row.claimed_by} is at it")


def _seen(row: ReviewRow, version: int) -> None:
    if version != row.version:
        raise Conflict(f"note {row.note_id}: it has changed since version {version}; it is now at {row.version}")


def _spent(row: ReviewRow, active_s: float | None, now: datetime) -> None:
    try:
        row.active_s = timing.credit(row.active_s, active_s, row.claimed_at or now, now)
    except ValueError as exc:
        raise BadInput(f"note {row.note_id}: {exc}") from exc
    row.claimed_at = now


def _draft_json(draft: Mapping[str, Any], by: str) -> str:
    try:
        words = json.dumps({"by": by, "draft": dict(draft)}, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as exc:
        raise BadInput("the draft is no JSON object") from exc
    if len(words) > MAX_DRAFT_BYTES:
        raise BadInput(f"the draft has {len(words)} bytes, more than {MAX_DRAFT_BYTES}")
    return words


def _same_again(session: Session, vault: Vault, row: ReviewRow, found: Extraction) -> str:
    """Answer a submission that came before, and whose answer was lost."""
    there = session.get_one(GoldRow, row.gold_id)
    if next(open_gold(vault, [there])) != found:
        raise Conflict(f"note {row.note_id}: you have submitted something else for it")
    return there.id

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
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from behealthy.errors import BadInput, Conflict, NotThere
from behealthy.note import Extraction, from_json, to_json
from behealthy.review import agreement, judgement, sampling, timing
from behealthy.review.listing import page as page
from behealthy.review.listing import summary as summary
from behealthy.store.crypto import Vault
from behealthy.store.notes import get_note, newest_extraction, open_gold, put_gold
from behealthy.store.session import add_once
from behealthy.store.tables import GoldRow, ReviewRow

STALE = timedelta(minutes=30)
MAX_DRAFT_BYTES = 8 * 1024 * 1024
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
    blind: bool
    version: int
    suggestion: Extraction | None = field(repr=False)
    draft: dict[str, Any] | None = field(repr=False)
    draft_by: str | None
    held_by: str | None
    active_s: float
    edits: dict[str, int]


# Into the queue --------------------------------------------------------------------------------------------------


def offer(
    session: Session,
    vault: Vault,
    extraction: Extraction,
    *,
    audit_percent: float,
    now: datetime,
    missed: float = 0.0,
    sent: bool = False,
) -> str:
    """When called, it will put a stored note (``extraction.note_id``) into the queue and say why it is there.

    A note that is there keeps its reason. While it is open and has no draft, what a newer model found takes the
    suggestion's place; afterwards nothing changes.

    Parameters
    ----------
    missed : float
        Entities expected beside those that were found; see `sampling.expected_corrections`.
    sent : bool
        Whether a person asked for the review.
    """
    note_id = extraction.note_id
    audit = sampling.in_audit(vault, note_id, audit_percent)
    why = "audit" if audit else "sent" if sent else "uncertain"
    what = {
        "priority": 0.0 if audit else sampling.expected_corrections(extraction, missed),
        "model_version": extraction.model_version or "",
        "sealed_suggestion": vault.seal(json.dumps(to_json(extraction)), f"suggestion:{note_id}"),
    }
    fresh = {"state": "open", "why": why, "turn": TURNS[why], "blind": audit, "version": 1, "queued_at": now}
    if add_once(session, ReviewRow, {"note_id": note_id, **what, **fresh, "active_s": 0.0, "edits": {}}):
        return why
    row = _locked(session, note_id)
    if row.state == "open" and row.sealed_draft is None:
        if row.why == "audit":
            what["priority"] = 0.0
        if row.model_version != what["model_version"]:
            row.version += 1
            for name, value in what.items():
                setattr(row, name, value)
        if sent and row.why == "uncertain":
            row.why, row.turn = "sent", TURNS["sent"]
        session.flush()
    return row.why


def draw(
    session: Session, vault: Vault, note_ids: Iterable[str], count: int, *, occasion: str, now: datetime
) -> list[str]:
    """When called, it will take notes for labels at random and give those that wait for a person because of this call.

    At random, because a choice by the model's doubts would make the newest gold look worse than the newest notes are.
    Notes that have gold, that no model has read, or that are in the audit sample anyway are passed over; the same
    occasion draws the same notes, so that a second call does not draw more.

    Parameters
    ----------
    note_ids : iterable of str
        The stored notes to draw from, as those of the windows that drifted.
    occasion : str
        Names the draw, as ``window:12``.
    """
    drawn: list[str] = []
    for note_id in sampling.shuffled(vault, note_ids, occasion)[: max(count, 0)]:
        extraction = newest_extraction(session, vault, note_id)
        if extraction is None:
            continue
        offer(session, vault, extraction, audit_percent=0, now=now)
        row = _locked(session, note_id)
        if row.state == "open" and row.why == "uncertain":
            row.why, row.turn, row.priority = "drift", TURNS["drift"], 0.0
        if row.state != "submitted" and row.why == "drift":
            drawn.append(note_id)
    session.flush()
    return drawn


# One person at one note ------------------------------------------------------------------------------------------


def claim_next(session: Session, vault: Vault, by: str, now: datetime) -> Review | None:
    """When called, it will give the note that a person holds, or claim the first that is free; None when none is."""
    mine = select(ReviewRow).where(ReviewRow.state == "claimed", ReviewRow.claimed_by == by)
    row = session.scalar(mine.order_by(ReviewRow.claimed_at.desc()).limit(1).with_for_update())
    if row is None:
        order = (ReviewRow.turn, ReviewRow.priority.desc(), ReviewRow.note_id)
        first = select(ReviewRow).where(_free(now)).order_by(*order).limit(1)
        row = session.scalar(first.with_for_update(skip_locked=True))
    return None if row is None else _take(session, vault, row, by, now)


def claim(session: Session, vault: Vault, note_id: str, by: str, now: datetime) -> Review:
    """When called, it will lock a note for a person; who holds it already holds it on.

    Raises
    ------
    Conflict
        When another person holds it, who is named, or it is submitted.
    NotThere
    """
    row = _locked(session, note_id)
    if row.state == "submitted":
        raise Conflict(f"note {note_id}: {row.claimed_by} has submitted it")
    if row.state == "claimed" and row.claimed_by != by and not _stale(row, now):
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
    return _opened(session, vault, row)


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
    row = _locked(session, note_id)
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
    row = _locked(session, note_id)
    note = get_note(session, vault, note_id)
    suggested = _suggestion(vault, row)
    if row.state == "submitted":
        found = judgement.checked(note, gold, None, {})
        return _same_again(session, vault, row, by, version, found)
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


def release(session: Session, note_id: str, by: str) -> None:
    """When called, it will give a note back to the queue with its draft; nothing happens when it is open already.

    Raises
    ------
    Conflict
        When another person holds it, or it is submitted.
    NotThere
    """
    _give_back(session, note_id, by)


def skip(session: Session, note_id: str, by: str) -> None:
    """When called, it will give a note back and put it behind all others; see `release`."""
    _give_back(session, note_id, by).turn = PUT_OFF
    session.flush()


# ------------------------------------------------------------------------------------------------------------------


def _locked(session: Session, note_id: str) -> ReviewRow:
    """Read a row as it is now and keep others from changing it until this transaction ends."""
    row = session.get(ReviewRow, note_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotThere(f"note {note_id} is not in the queue")
    return row


def _free(now: datetime) -> ColumnElement[bool]:
    stale = and_(ReviewRow.state == "claimed", ReviewRow.claimed_at < now - STALE)
    return or_(ReviewRow.state == "open", stale)


def _stale(row: ReviewRow, now: datetime) -> bool:
    return row.claimed_at is None or row.claimed_at < now - STALE


def _take(session: Session, vault: Vault, row: ReviewRow, by: str, now: datetime) -> Review:
    row.state, row.claimed_by, row.claimed_at = "claimed", by, now
    session.flush()
    return _opened(session, vault, row)


def _give_back(session: Session, note_id: str, by: str) -> ReviewRow:
    row = _locked(session, note_id)
    if row.state != "open":
        _held(row, by)
        row.state, row.claimed_by, row.claimed_at = "open", None, None
        session.flush()
    return row


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


def _suggestion(vault: Vault, row: ReviewRow) -> Extraction | None:
    if row.sealed_suggestion is None:
        return None
    return from_json(json.loads(vault.open(row.sealed_suggestion, f"suggestion:{row.note_id}")))


def _opened(session: Session, vault: Vault, row: ReviewRow) -> Review:
    draft = None if row.sealed_draft is None else json.loads(vault.open(row.sealed_draft, f"draft:{row.note_id}"))
    return Review(
        note_id=row.note_id,
        text=get_note(session, vault, row.note_id).text,
        state=row.state,
        why=row.why,
        blind=row.blind,
        version=row.version,
        suggestion=None if row.blind and row.state != "submitted" else _suggestion(vault, row),
        draft=draft["draft"] if draft else None,
        draft_by=draft["by"] if draft else None,
        held_by=row.claimed_by,
        active_s=row.active_s,
        edits=dict(row.edits),
    )


def _same_again(session: Session, vault: Vault, row: ReviewRow, by: str, version: int, found: Extraction) -> str:
    there = session.get(GoldRow, row.gold_id) if row.gold_id else None
    if there is None or row.claimed_by != by or version != row.version - 1:
        raise Conflict(f"note {row.note_id}: {row.claimed_by} has submitted it")
    (before,) = open_gold(vault, [there])
    if replace(before, model_version=None) != found:
        raise Conflict(f"note {row.note_id}: you have submitted something else for it")
    return there.id

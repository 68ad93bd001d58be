"""What is in the queue, and what came of it: pages, counts, and the outcomes that the watch reads.

Opens no note but those of the audit sample's pairs; refuses to change anything.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from behealthy.errors import BadInput
from behealthy.note import Extraction, from_json
from behealthy.review import agreement
from behealthy.store.crypto import Vault
from behealthy.store.notes import open_gold
from behealthy.store.tables import GoldRow, ReviewRow

STATES = ("open", "claimed", "submitted")


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of the queue, and the cursor that goes on behind them; None at the end."""

    rows: Sequence[ReviewRow]
    next: str | None


def page(session: Session, state: str, cursor: str | None = None, limit: int = 50, *, by: str | None = None) -> Page:
    """When called, it will list the reviews of a state: submitted ones newest first, others in the order of drawing.

    Parameters
    ----------
    by : str, optional
        Only those that this person holds or submitted.

    Raises
    ------
    BadInput
        When there is no such state, the cursor is none of ours, or the limit is not positive.
    """
    if state not in STATES:
        raise BadInput(f"a review is one of {', '.join(STATES)}")
    if limit < 1:
        raise BadInput(f"a page of {limit} reviews")
    submitted = state == "submitted"
    order = (
        (ReviewRow.submitted_at.desc(), ReviewRow.note_id.desc())
        if submitted
        else (ReviewRow.turn, ReviewRow.priority.desc(), ReviewRow.note_id)
    )
    rows = select(ReviewRow).where(ReviewRow.state == state).order_by(*order).limit(limit + 1)
    if by is not None:
        rows = rows.where(ReviewRow.claimed_by == by)
    if cursor:
        rows = rows.where(_behind(_opened(cursor), submitted))
    found = session.scalars(rows).all()
    return Page(found[:limit], _cursor(found[limit - 1], submitted) if len(found) > limit else None)


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts of reviews: by state, the waiting ones by reason, and those that one person submitted since a time.

    ``mine_active_s`` is how long that person worked on theirs.
    """

    states: dict[str, int]
    waiting: dict[str, int]
    mine: int
    mine_active_s: float


def summary(session: Session, by: str, since: datetime) -> Summary:
    """When called, it will count the queue."""
    counted = select(ReviewRow.state, ReviewRow.why, func.count()).group_by(ReviewRow.state, ReviewRow.why)
    states, waiting = Counter(dict.fromkeys(STATES, 0)), Counter[str]()
    for state, why, n in session.execute(counted):
        states[state] += n
        if state != "submitted":
            waiting[why] += n
    own = (ReviewRow.state == "submitted", ReviewRow.claimed_by == by, ReviewRow.submitted_at >= since)
    mine, seconds = session.execute(select(func.count(), func.sum(ReviewRow.active_s)).where(*own)).one()
    return Summary(dict(states), dict(waiting), mine, seconds or 0.0)


@dataclass(frozen=True, slots=True)
class Pair:
    """A note of the audit sample: what the model had found, and what a person found who did not see that."""

    note_id: str
    at: datetime
    suggested: Extraction
    gold: Extraction


def audited(session: Session, vault: Vault, model_version: str, since: datetime | None = None) -> Iterator[Pair]:
    """When called, it will give the reviewed notes of the audit sample that a model had read, oldest first."""
    chosen = (
        select(ReviewRow, GoldRow)
        .join(GoldRow, GoldRow.id == ReviewRow.gold_id)
        .where(*_done(model_version, since), ReviewRow.blind)
        .order_by(ReviewRow.submitted_at, ReviewRow.note_id)
    )
    for row, gold_row in session.execute(chosen):
        if row.sealed_suggestion is None or row.submitted_at is None:
            continue
        words = vault.open(row.sealed_suggestion, f"suggestion:{row.note_id}")
        (gold,) = open_gold(vault, [gold_row])
        yield Pair(row.note_id, row.submitted_at, from_json(json.loads(words)), gold)


def edited(session: Session, model_version: str, since: datetime | None = None) -> list[dict[str, int]]:
    """When called, it will give what reviewers did to a model's suggestions, note by note, oldest first.

    Blind reviews are left out: nobody edited anything there. See `agreement.edit_rate`.
    """
    rows = select(ReviewRow.edits).where(*_done(model_version, since), ~ReviewRow.blind)
    return [dict(counts) for counts in session.scalars(rows.order_by(ReviewRow.submitted_at)) if counts]


def edit_rate(session: Session, model_version: str, since: datetime | None = None) -> float | None:
    """When called, it will give the share of entities that reviewers changed; None where there is nothing to tell."""
    return agreement.edit_rate(agreement.total(edited(session, model_version, since)))


def _done(model_version: str, since: datetime | None) -> list[ColumnElement[bool]]:
    late = [] if since is None else [ReviewRow.submitted_at >= since]
    return [ReviewRow.state == "submitted", ReviewRow.model_version == model_version, *late]


# Cursors: where a page ended, so that rows which come or go meanwhile move nothing. --------------------------------


def _cursor(row: ReviewRow, submitted: bool) -> str:
    at = row.submitted_at.isoformat() if submitted and row.submitted_at else None
    place = [at, row.note_id] if submitted else [row.turn, row.priority, row.note_id]
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def _opened(cursor: str) -> list[Any]:
    try:
        place = json.loads(base64.urlsafe_b64decode(cursor.encode()))
    except (binascii.Error, ValueError) as exc:
        raise BadInput("this cursor is none of ours") from exc
    if not (isinstance(place, list) and place and str(place[-1]).isascii() and str(place[-1]).isprintable()):
        raise BadInput("this cursor is none of ours")
    return place


def _behind(place: list[Any], submitted: bool) -> ColumnElement[bool]:
    match place:
        case [str(at), str(note_id)] if submitted:
            try:
                time = datetime.fromisoformat(at)
                time.astimezone(UTC)  # which a database asks for, and what lies at the end of all time has not
            except (OverflowError, ValueError) as exc:
                raise BadInput("this cursor is none of ours") from exc
            if time.tzinfo is None:
                raise BadInput("this cursor is none of ours")
            same = and_(ReviewRow.submitted_at == time, ReviewRow.note_id < note_id)
            return or_(ReviewRow.submitted_at < time, same)
        case [int(turn), float() | int() as given, str(note_id)] if not submitted and -99 < turn < 99:
            priority = float(given)
            same = and_(ReviewRow.priority == priority, ReviewRow.note_id > note_id)
            return or_(ReviewRow.turn > turn, and_(ReviewRow.turn == turn, or_(ReviewRow.priority < priority, same)))
    raise BadInput("this cursor is none of ours")

"""Reviews: claim a note, keep a draft, submit it as gold."""

from __future__ import annotations

import re
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from behealthy.errors import NotAllowed
from behealthy.note import Extraction
from behealthy.review import queue
from behealthy.serve.desk import Called, Cursor, Limit
from behealthy.serve.forms import draft_json, entities_of, extraction_json, marks_json, relations_of
from behealthy.serve.offsets import Ruler
from behealthy.serve.wire.reviews import (
    Review,
    ReviewHead,
    ReviewState,
    ReviewSummary,
    Saved,
    SaveReviewRequest,
    SubmitReviewRequest,
    Submitted,
)
from behealthy.serve.wire.terms import Id, OffsetUnit, Page
from behealthy.store.notes import get_note
from behealthy.store.tables import ReviewRow

router = APIRouter(prefix="/reviews", tags=["reviews"])

Mine = Annotated[bool, Query(description="only those that I hold or submitted")]
IfMatch = Annotated[str | None, Header(description="the ETag of what is changed")]


@router.get("")
def list_reviews(
    desk: Called, state: ReviewState = "open", mine: Mine = False, cursor: Cursor = None, limit: Limit = 50
) -> Page[ReviewHead]:
    """List the queue without words of notes: the most urgent first, what is submitted newest first."""
    with desk.system.database.read() as session:
        page = queue.page(session, state, cursor, limit, by=desk.caller.name if mine else None)
        return Page(items=[ReviewHead.model_validate(row) for row in page.rows], next=page.next)


@router.get("/summary")
def summarise_reviews(desk: Called) -> ReviewSummary:
    """Say how much there is to do and what I did today."""
    today = desk.now().replace(hour=0, minute=0, second=0, microsecond=0)
    with desk.system.database.read() as session:
        counts = queue.summary(session, desk.caller.name, today)
        active_s = _active_s(session, desk.caller.name, today)
    return ReviewSummary(
        by_state=counts.states, by_why=counts.waiting, mine_today=counts.mine, mine_active_s_today=active_s
    )


@router.post("/next", response_model=Review, responses={204: {"description": "nothing is left to review"}})
def claim_next_review(desk: Called, response: Response, offset_unit: OffsetUnit = "codepoint") -> Review | Response:
    """Claim the most urgent note; 204 when there is none. This is audited."""
    with desk.system.database.write() as session:
        found = queue.claim_next(session, desk.system.vault, desk.caller.name, desk.now())
        if found is None:
            return Response(status_code=HTTPStatus.NO_CONTENT)
        desk.audit(session, "open review", f"note:{found.note_id}")
        return _told(session, found, response, offset_unit)


@router.get("/{note_id}")
def get_review(desk: Called, note_id: Id, response: Response, offset_unit: OffsetUnit = "codepoint") -> Review:
    """Give a note to review with its suggestion and draft; its ETag goes with each change. This is audited."""
    with desk.audited("open review", f"note:{note_id}") as session:
        found = queue.look(session, desk.system.vault, note_id)
        if not desk.may("notes:read") and found.held_by != desk.caller.name:
            raise NotAllowed("this note is not yours to read; claim its review first")
        return _told(session, found, response, offset_unit)


@router.put("/{note_id}")
def save_review(
    desk: Called,
    note_id: Id,
    given: SaveReviewRequest,
    response: Response,
    if_match: IfMatch = None,
    offset_unit: OffsetUnit = "codepoint",
) -> Saved:
    """Keep a draft of a note that I have claimed."""
    version, vault = _version(if_match), desk.system.vault
    with desk.audited("save review", f"note:{note_id}") as session:
        text = get_note(session, vault, note_id).text
        entities = entities_of(given.draft.entities, text, Ruler(text, offset_unit))
        draft = marks_json(entities, relations_of(given.draft.relations), text) | {"judged": dict(given.draft.judged)}
        by, now = desk.caller.name, desk.now()
        version = queue.save(session, vault, note_id, by, version, draft, now, active_s=given.active_s)
    response.headers["ETag"] = _tag(version)
    return Saved(note_id=note_id, version=version)


@router.post("/{note_id}:claim")
def claim_review(desk: Called, note_id: Id, response: Response, offset_unit: OffsetUnit = "codepoint") -> Review:
    """Claim a note; 409 when somebody else has it. This is audited."""
    with desk.audited("open review", f"note:{note_id}") as session:
        found = queue.claim(session, desk.system.vault, note_id, desk.caller.name, desk.now())
        return _told(session, found, response, offset_unit)


@router.post("/{note_id}:submit")
def submit_review(
    desk: Called,
    note_id: Id,
    given: SubmitReviewRequest,
    if_match: IfMatch = None,
    offset_unit: OffsetUnit = "codepoint",
) -> Submitted:
    """Submit what I found in a note that I have claimed; it becomes gold."""
    version, vault = _version(if_match), desk.system.vault
    with desk.audited("submit review", f"note:{note_id}") as session:
        text = get_note(session, vault, note_id).text
        entities = entities_of(given.entities, text, Ruler(text, offset_unit))
        gold = Extraction(note_id, text, entities, relations_of(given.relations))
        by, judged = desk.caller.name, dict(given.judged)
        gold_id = queue.submit(session, vault, note_id, by, version, gold, judged, given.active_s, desk.now())
        return Submitted(gold_id=gold_id, edits=queue.look(session, vault, note_id).edits)


@router.post("/{note_id}:reopen", response_model=Review)
def reopen_review(desk: Called, note_id: Id, response: Response, offset_unit: OffsetUnit = "codepoint") -> Review:
    """Claim a note again that I submitted, or anybody with the right did; what is submitted next counts."""
    vault, by = desk.system.vault, desk.caller.name
    with desk.audited("reopen review", f"note:{note_id}") as session:
        found = queue.look(session, vault, note_id)
        # Where nothing is submitted, that is the answer: a right would not help.
        if found.state == "submitted" and found.held_by != by:
            desk.demand("reviews:reopen")
        return _told(session, queue.reopen(session, vault, note_id, by, desk.now()), response, offset_unit)


@router.post("/{note_id}:release", status_code=204)
def release_review(desk: Called, note_id: Id) -> None:
    """Give a claimed note back to the queue."""
    with desk.audited("release review", f"note:{note_id}") as session:
        queue.release(session, note_id, desk.caller.name)


@router.post("/{note_id}:skip", status_code=204)
def skip_review(desk: Called, note_id: Id) -> None:
    """Give a claimed note back to the end of the queue."""
    with desk.audited("skip review", f"note:{note_id}") as session:
        queue.skip(session, note_id, desk.caller.name)


def _told(session: Session, found: queue.Review, response: Response, unit: OffsetUnit) -> Review:
    head = ReviewHead.model_validate(session.get_one(ReviewRow, found.note_id)).model_dump()
    response.headers["ETag"] = _tag(found.version)
    suggestion = found.suggestion and extraction_json(found.suggestion, unit)
    draft = found.draft and draft_json(found.draft, found.text, unit)
    words = {"text": found.text, "suggestion": suggestion, "draft": draft, "draft_by": found.draft_by}
    return Review.model_validate({**head, **words})


def _active_s(session: Session, by: str, since: datetime) -> float:
    mine = (ReviewRow.claimed_by == by, ReviewRow.submitted_at >= since)
    return session.scalar(select(func.coalesce(func.sum(ReviewRow.active_s), 0.0)).where(*mine)) or 0.0


def _tag(version: int) -> str:
    return f'"{version}"'


def _version(if_match: str | None) -> int:
    """Read the version that the caller has seen."""
    if if_match is None:
        raise HTTPException(HTTPStatus.PRECONDITION_REQUIRED, "send If-Match with the ETag of the review")
    found = re.fullmatch(r'(?:W/)?("?)(\d{1,9})\1', if_match.strip())
    if found is None:
        raise HTTPException(HTTPStatus.BAD_REQUEST, "If-Match is no ETag of ours")
    return int(found[2])

"""Reviews: claim a note, keep a draft, submit it as gold."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Response

from behealthy.serve.desk import Called, Cursor, Limit
from behealthy.serve.wire.reviews import (
    Review,
    ReviewHead,
    ReviewState,
    ReviewSummary,
    Saved,
    SaveReviewRequest,
    Submitted,
    SubmitReviewRequest,
)
from behealthy.serve.wire.terms import Id, OffsetUnit, Page

router = APIRouter(prefix="/reviews", tags=["reviews"])

IfMatch = Annotated[str | None, Header(description="the ETag of what is changed")]


@router.get("")
def list_reviews(
    desk: Called, state: ReviewState = "open", cursor: Cursor = None, limit: Limit = 50
) -> Page[ReviewHead]:
    """List the queue, the most urgent first, without words of notes."""
    raise NotImplementedError


@router.get("/summary")
def summarise_reviews(desk: Called) -> ReviewSummary:
    """Say how much there is to do and what I did today."""
    raise NotImplementedError


@router.post("/next", responses={204: {"description": "nothing is left to review"}})
def claim_next_review(desk: Called, response: Response, offset_unit: OffsetUnit = "codepoint") -> Review | None:
    """Claim the most urgent note; 204 when there is none. This is audited."""
    raise NotImplementedError


@router.get("/{note_id}")
def get_review(desk: Called, note_id: Id, response: Response, offset_unit: OffsetUnit = "codepoint") -> Review:
    """Give a note to review with its suggestion and draft; its ETag goes with each change. This is audited."""
    raise NotImplementedError


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
    raise NotImplementedError


@router.post("/{note_id}:claim")
def claim_review(desk: Called, note_id: Id, response: Response, offset_unit: OffsetUnit = "codepoint") -> Review:
    """Claim a note; 409 when somebody else has it. This is audited."""
    raise NotImplementedError


@router.post("/{note_id}:submit")
def submit_review(
    desk: Called,
    note_id: Id,
    given: SubmitReviewRequest,
    if_match: IfMatch = None,
    offset_unit: OffsetUnit = "codepoint",
) -> Submitted:
    """Submit what I found in a note that I have claimed; it becomes gold."""
    raise NotImplementedError


@router.post("/{note_id}:release", status_code=204)
def release_review(desk: Called, note_id: Id) -> None:
    """Give a claimed note back to the queue."""
    raise NotImplementedError


@router.post("/{note_id}:skip", status_code=204)
def skip_review(desk: Called, note_id: Id) -> None:
    """Give a claimed note back to the end of the queue."""
    raise NotImplementedError

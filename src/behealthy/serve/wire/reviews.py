"""Reviews: the queue, a person's draft, and what is submitted."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from behealthy.note import Assertion
from behealthy.serve.wire.notes import Code, Entity, Extraction, Relation
from behealthy.serve.wire.terms import Given, Id, Told

ReviewState = Literal["open", "claimed", "submitted"]
Judgement = Literal["accepted", "rejected", "edited", "added"]

_MOST = 5_000  # entities of one note


# In ------------------------------------------------------------------------------------------------------------------


class GivenCode(Given):
    """A code that a person chose."""

    system: Id
    code: Id
    display: str = Field(max_length=1000)
    score: float = Field(default=1.0, ge=0, le=1)


class GivenPlace(Given):
    """A stretch of a note."""

    start: int = Field(ge=0)
    end: int = Field(ge=1)


class GivenEntity(Given):
    """A span that a person marked; its text follows from its offsets."""

    id: Id
    start: int = Field(ge=0)
    end: int = Field(ge=1)
    type: Id
    text: str | None = None
    score: float = Field(default=1.0, ge=0, le=1)
    assertion: Assertion | None = None
    section: str | None = Field(default=None, max_length=200)
    codes: list[GivenCode] = Field(default=[], max_length=50)
    attributes: dict[str, str] = Field(default={}, max_length=50)
    triggers: list[GivenPlace] = Field(default=[], max_length=50)


class GivenRelation(Given):
    """A link from a treatment (head) to a disease (tail)."""

    type: Literal["TREATS", "PREVENTS", "CAUSES"]
    head: Id
    tail: Id
    score: float = Field(default=1.0, ge=0, le=1)


class GivenDraft(Given):
    """What a person has marked so far, and what they made of each suggestion."""

    entities: list[GivenEntity] = Field(max_length=_MOST)
    relations: list[GivenRelation] = Field(default=[], max_length=_MOST)
    judged: dict[str, Judgement] = Field(default={}, max_length=2 * _MOST)


class SaveReviewRequest(Given):
    """A draft to keep."""

    draft: GivenDraft
    active_s: float = Field(ge=0, le=86_400, description="seconds of work since the note was opened")


class SubmitReviewRequest(GivenDraft):
    """What a person found in the note, finally."""

    active_s: float = Field(ge=0, le=86_400)


class CodesRequest(Given):
    """A phrase whose codes are wanted."""

    query: str = Field(min_length=1, max_length=200)
    type: Literal["DISEASE", "TREATMENT"] = "DISEASE"


# Out -----------------------------------------------------------------------------------------------------------------


class ReviewHead(Told):
    """A note in the queue, without its words."""

    note_id: str
    state: ReviewState
    why: str
    priority: float
    blind: bool
    version: int
    model_version: str
    queued_at: datetime
    claimed_by: str | None
    claimed_at: datetime | None
    active_s: float
    submitted_at: datetime | None


class Draft(Told):
    """What a person has marked so far."""

    entities: list[Entity]
    relations: list[Relation]
    judged: dict[str, Judgement]


class Review(ReviewHead):
    """A note to review; ``suggestion`` is null when it is reviewed blind, ``draft`` when nothing was saved yet."""

    text: str
    suggestion: Extraction | None
    draft: Draft | None
    draft_by: str | None


class Saved(Told):
    """The draft is kept; its version is the ETag of the next change."""

    note_id: str
    version: int


class Submitted(Told):
    """The note is gold now; ``edits`` counts what was changed, by kind."""

    gold_id: str
    edits: dict[str, int]


class ReviewSummary(Told):
    """How much there is to do, and what I did today."""

    by_state: dict[str, int]
    by_why: dict[str, int]
    mine_today: int
    mine_active_s_today: float


class Codes(Told):
    """Codes that a phrase may mean, the best first."""

    items: list[Code]

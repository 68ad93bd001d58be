"""Notes, what is found in them, and what was refused."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field, SkipValidation, model_validator

from behealthy.note import Assertion
from behealthy.serve.wire.terms import Given, Id, Name, Told

MOST_NOTES = 100  # in one request


# In ------------------------------------------------------------------------------------------------------------------


class GivenNote(Given):
    """A note to read: ``id`` is the sender's own."""

    text: str
    id: Id | None = None
    patient_id: Id | None = None


class ExtractRequest(Given):
    """One note (``text``) or several (``notes``); each of several is judged alone, so that one does not stop others."""

    text: str | None = None
    id: Id | None = None
    patient_id: Id | None = None
    notes: list[SkipValidation[GivenNote]] | None = Field(default=None, min_length=1, max_length=MOST_NOTES)

    @model_validator(mode="after")
    def _one_or_many(self) -> ExtractRequest:
        if (self.text is None) == (self.notes is None):
            raise ValueError("give either text or notes")
        if self.notes is not None and (self.id is not None or self.patient_id is not None):
            raise ValueError("with notes, each note carries its own id and patient_id")
        return self

    def raw(self) -> list[Any]:
        """When called, it will give the notes as they were sent."""
        if self.notes is not None:
            return list(self.notes)
        return [{"text": self.text, "id": self.id, "patient_id": self.patient_id}]


class ExportRequest(Given):
    """A note to read, and the form in which the record is wanted."""

    text: str
    format: Literal["csv", "json", "fhir", "omop"]
    id: Id | None = None
    patient_id: Id | None = None


class GivenRecord(Given):
    """A note to store; the contract judges each alone, and holds what it refuses in quarantine."""

    text: str
    id: Id | None = None
    patient_id: Id | None = None
    written_at: str | None = Field(default=None, description="RFC 3339")


class NotesRequest(Given):
    """Notes to store."""

    notes: list[SkipValidation[GivenRecord]] = Field(min_length=1, max_length=1000)


class ReplayRequest(Given):
    """What to put in the place of the text that was refused; without it the same is tried again."""

    text: str | None = None


# Out -----------------------------------------------------------------------------------------------------------------


class Code(Told):
    """A concept of a vocabulary."""

    system: str
    code: str
    display: str
    score: float


class Place(Told):
    """A stretch of a text; offsets are in the unit that was asked for, end exclusive."""

    start: int
    end: int


class Entity(Told):
    """A span that names a disease or a treatment; offsets are in the unit that was asked for, end exclusive.

    ``triggers`` are the words that gave it its ``assertion``; none where its section or its looks decided, or nothing.
    """

    id: str
    start: int
    end: int
    text: str
    type: str
    score: float
    assertion: Assertion | None
    section: str | None
    codes: list[Code]
    attributes: dict[str, str]
    triggers: list[Place]


class Relation(Told):
    """A link from a treatment (head) to a disease (tail)."""

    type: str
    head: str
    tail: str
    score: float


class RecordMention(Told):
    """Where something is said."""

    start: int
    end: int
    quote: str


class RecordTreatment(Told):
    """What is done about a disease: ``relation`` is TREATS, PREVENTS, CAUSES, or null where no disease is named."""

    name: str
    relation: str | None
    status: Assertion | None
    code: Code | None
    dose: str
    score: float


class RecordRow(Told):
    """A disease of a patient; with an empty ``disease``, treatments that no disease explains."""

    disease: str
    status: Assertion | None
    code: Code | None
    treatments: list[RecordTreatment]
    mentions: list[RecordMention]


class Extraction(Told):
    """What a model found in one note; ``id`` is the sender's, ``note_id`` the store's where the note is stored."""

    id: str | None
    note_id: str
    patient_id: str | None
    text: str
    model_version: str | None
    entities: list[Entity]
    relations: list[Relation]
    warnings: list[str]
    record: list[RecordRow]


class ItemFault(Told):
    """Why one note of several was not read."""

    code: str
    errors: list[str]


class FailedItem(Told):
    """A note of several that was not read."""

    id: str | None
    error: ItemFault


class ExtractAnswer(Told):
    """What was found, in the order of the notes."""

    model_version: str
    duration_ms: float
    items: list[Extraction | FailedItem]


class TakenItem(Told):
    """What became of one note: stored (``note_id``) or held in quarantine (``quarantine_id``, ``code``, ``errors``)."""

    id: str | None
    note_id: str | None
    quarantine_id: str | None
    code: str | None
    errors: list[str]


class NotesAnswer(Told):
    """What became of the notes: new, known before, held in quarantine."""

    stored: int
    known: int
    held: int
    items: list[TakenItem]


class NoteHead(Told):
    """A stored note without its words."""

    note_id: str
    source: Name
    external_id: str | None
    characters: int
    written_at: datetime | None
    received_at: datetime


class StoredNote(NoteHead):
    """A stored note, and what was found in it last."""

    text: str
    patient_id: str | None
    extraction: Extraction | None


class QuarantineHead(Told):
    """What the contract refused, without its words; ``name`` is null for those who may not read notes."""

    id: str
    at: datetime
    source: str
    name: str | None
    code: str
    faults: list[str]
    kind: str
    size_bytes: int
    state: Literal["held", "replayed", "dropped"]
    note_id: str | None
    decided_by: str | None
    decided_at: datetime | None


class QuarantineItem(QuarantineHead):
    """What the contract refused; ``text`` is null for those who may not read notes."""

    text: str | None


class ReplayAnswer(Told):
    """What came of trying again."""

    state: Literal["held", "replayed", "dropped"]
    note_id: str | None
    code: str | None
    errors: list[str]

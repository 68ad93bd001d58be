"""The tables: everything that the system remembers, each fact in one place.

Whatever holds words of a note is a `sealed` column: bytes that only the vault can open (see `store.crypto`). Columns in
the clear hold numbers, names of our own making, and hashes under the vault's key. Rows that tell what happened (gold,
predictions, releases, audit) are only ever added. This module knows nothing of what the facts mean.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from behealthy.store.columns import Base as Base
from behealthy.store.columns import Id
from behealthy.store.columns import Instant as Instant  # by this name the migrations know it


class PropertyRow(Base):
    """What the database knows of itself."""

    __tablename__ = "properties"

    name: Mapped[str] = mapped_column(primary_key=True)  # note key
    value: Mapped[str]


# Notes -----------------------------------------------------------------------------------------------------------


class NoteRow(Base):
    """A note as it arrived: `sealed` is JSON of text and patient_id, `sealed_external_id` the sender's own id."""

    __tablename__ = "notes"
    __table_args__ = (UniqueConstraint("source", "external_key"), Index("notes_by_arrival", "received_at", "id"))

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    source: Mapped[str]  # one of `SourceRow`
    external_key: Mapped[str | None]  # of the source and the sender's own id, under the vault's key
    sealed_external_id: Mapped[bytes | None]
    content_key: Mapped[str] = mapped_column(String(64), unique=True)  # of patient and text, under the vault's key
    patient_key: Mapped[str | None] = mapped_column(String(64), index=True)
    characters: Mapped[int]
    written_at: Mapped[datetime | None]
    received_at: Mapped[datetime]
    sealed: Mapped[bytes]


class SourceRow(Base):
    """A source that notes have come from; there are only so many, see `data.sources`."""

    __tablename__ = "sources"

    name: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]


class QuarantineRow(Base):
    """What the contract refused: `sealed` is the payload as it came, `sealed_label` JSON of what else was said.

    The label has the name of the file or record, the source that was meant, and the faults, which name the record.
    """

    __tablename__ = "quarantine"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    source: Mapped[str]
    sealed_label: Mapped[bytes]
    code: Mapped[str]  # of `data.contract.REASONS`
    kind: Mapped[str]  # format of the payload
    size_bytes: Mapped[int]
    payload_key: Mapped[str] = mapped_column(String(64), index=True)  # the same payload twice is held once
    state: Mapped[str]  # held, replayed, dropped
    note_id: Mapped[str | None] = mapped_column(Id)
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    sealed: Mapped[bytes]


class ExtractionRow(Base):
    """What a model found in a stored note: `sealed` is `note.to_json`."""

    __tablename__ = "extractions"
    __table_args__ = (UniqueConstraint("note_id", "model_version"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    note_id: Mapped[str] = mapped_column(ForeignKey("notes.id"), index=True)
    model_version: Mapped[str]
    at: Mapped[datetime]
    sealed: Mapped[bytes]


# Review ----------------------------------------------------------------------------------------------------------


class ReviewRow(Base):
    """A note that waits for a person, or had one: what the model suggests, and the person's draft, both sealed JSON."""

    __tablename__ = "reviews"
    __table_args__ = (
        Index("reviews_by_submission", "state", "submitted_at"),
        Index("reviews_by_reason", "state", "why"),
    )

    note_id: Mapped[str] = mapped_column(ForeignKey("notes.id"), primary_key=True)
    state: Mapped[str]  # open, claimed, submitted
    why: Mapped[str]  # uncertain, audit, drift, sent
    turn: Mapped[int]  # lower ones are drawn first; see `review.queue`
    priority: Mapped[float]  # within a turn: expected corrections
    blind: Mapped[bool]
    version: Mapped[int]  # of what is edited, for ETags
    model_version: Mapped[str]
    queued_at: Mapped[datetime]
    claimed_by: Mapped[str | None]
    claimed_at: Mapped[datetime | None]
    active_s: Mapped[float]
    submitted_at: Mapped[datetime | None]
    gold_id: Mapped[str | None] = mapped_column(ForeignKey("gold.id"))
    edits: Mapped[dict[str, Any]]  # counts by kind of edit
    sealed_suggestion: Mapped[bytes | None]
    sealed_draft: Mapped[bytes | None]  # with the name of whose it is


Index("reviews_by_turn", ReviewRow.state, ReviewRow.turn, ReviewRow.priority.desc(), ReviewRow.note_id)  # as drawn


class GoldRow(Base):
    """What a person found in a note: `sealed` is `note.to_json`. Only ever added; the newest of a note counts."""

    __tablename__ = "gold"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    note_id: Mapped[str] = mapped_column(ForeignKey("notes.id"), index=True)
    at: Mapped[datetime] = mapped_column(index=True)
    by: Mapped[str]
    why: Mapped[str]  # as of the review; "imported" for annotated documents
    sealed: Mapped[bytes]


# Learning --------------------------------------------------------------------------------------------------------


class SnapshotRow(Base):
    """A frozen choice of gold; its id is a hash of all that is in it."""

    __tablename__ = "snapshots"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime]
    parent: Mapped[str | None] = mapped_column(String(64))
    documents: Mapped[int]
    parts: Mapped[dict[str, Any]]  # documents by part
    leaks: Mapped[dict[str, Any]]
    lineage: Mapped[dict[str, Any]]


class SnapshotItemRow(Base):
    """One document of a snapshot."""

    __tablename__ = "snapshot_items"

    snapshot_id: Mapped[str] = mapped_column(ForeignKey("snapshots.id"), primary_key=True)
    gold_id: Mapped[str] = mapped_column(ForeignKey("gold.id"), primary_key=True)
    part: Mapped[str]  # train, test
    digest: Mapped[str] = mapped_column(String(64))  # of the document, under the vault's key


class TrainingRow(Base):
    """One run of the training pipeline and what came of it."""

    __tablename__ = "trainings"

    id: Mapped[str] = mapped_column(Id, primary_key=True)  # the workflow's id: the same request twice is one
    trigger: Mapped[str]  # drift, gold, person
    requested_by: Mapped[str]
    reason: Mapped[str]
    state: Mapped[str]  # waiting, running, done, failed, cancelled
    stage: Mapped[str]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    snapshot_id: Mapped[str | None] = mapped_column(String(64))
    candidate: Mapped[str | None]
    champion: Mapped[str | None]
    run_id: Mapped[str | None]
    verdict: Mapped[str | None]  # promote, keep, inconclusive
    reasons: Mapped[list[str]]
    failure: Mapped[str | None]


class ReleaseRow(Base):
    """What is served from when on; the newest row holds. See `registry.releases`."""

    __tablename__ = "releases"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime]
    action: Mapped[str]  # install, promote, rollback
    version: Mapped[str]
    previous: Mapped[str | None]
    by: Mapped[str]
    reason: Mapped[str]
    training_id: Mapped[str | None] = mapped_column(Id)


# Watching --------------------------------------------------------------------------------------------------------


class PredictionRow(Base):
    """The prediction log: numbers about one reading of one note, never its words."""

    __tablename__ = "predictions"
    __table_args__ = (Index("predictions_by_model", "model_version", "number"),)

    number: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    note_id: Mapped[str | None] = mapped_column(Id, index=True)
    source: Mapped[str]
    model_version: Mapped[str]
    duration_s: Mapped[float]
    observation: Mapped[dict[str, Any]]  # `monitor.telemetry.Observation` as JSON


class ReferenceRow(Base):
    """What is normal for a model: observations of held-out notes of its own snapshot, as JSON."""

    __tablename__ = "model_references"

    model_version: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    observations: Mapped[dict[str, Any]]


class WindowRow(Base):
    """One window of notes against the reference."""

    __tablename__ = "windows"
    __table_args__ = (UniqueConstraint("model_version", "first", "last"),)

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    model_version: Mapped[str]
    first: Mapped[int] = mapped_column(BigInteger)  # numbers of predictions, both inclusive
    last: Mapped[int] = mapped_column(BigInteger)
    begins_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    judged_at: Mapped[datetime]
    notes: Mapped[int]
    state: Mapped[str]  # insufficient, ok, warning, drift, performance_breach
    signals: Mapped[dict[str, Any]]
    performance: Mapped[dict[str, Any]]  # estimated, audited, edit_rate, each value and interval
    decision: Mapped[dict[str, Any]]  # what was done and the facts it rests on


class AlertRow(Base):
    """Something that a person must know of."""

    __tablename__ = "alerts"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    kind: Mapped[str]  # drift, performance, quarantine, training, system
    severity: Mapped[str]  # info, warning, critical
    title: Mapped[str]
    facts: Mapped[dict[str, Any]]
    key: Mapped[str] = mapped_column(index=True)  # an open alert of the same key is not raised again
    times: Mapped[int]
    last_at: Mapped[datetime]
    state: Mapped[str]  # open, acknowledged, resolved
    acknowledged_by: Mapped[str | None]
    acknowledged_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    sending_failed: Mapped[str | None]


class BaselineRow(Base):
    """What the work took before: the facts that the business gives for its KPIs; the newest of a name holds."""

    __tablename__ = "baselines"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    name: Mapped[str] = mapped_column(index=True)  # seconds_per_note, cost_per_hour, trained_personnel_f1, ...
    value: Mapped[float]
    at: Mapped[datetime]
    by: Mapped[str]


class RatingRow(Base):
    """How content a person is, 1 to 5."""

    __tablename__ = "ratings"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(index=True)
    by: Mapped[str]
    stars: Mapped[int]


# People ----------------------------------------------------------------------------------------------------------


class UserRow(Base):
    """A person who may log in; without a password until the one-time link is used."""

    __tablename__ = "users"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]  # reviewer, data_scientist, operator, admin
    active: Mapped[bool]
    created_at: Mapped[datetime]
    password_hash: Mapped[str | None]
    invite_hash: Mapped[str | None] = mapped_column(String(64))
    invite_ends_at: Mapped[datetime | None]
    version: Mapped[int]


class LoginRow(Base):
    """A session of the app; the cookie's token is kept as its hash."""

    __tablename__ = "logins"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)
    at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ends_at: Mapped[datetime]


class KeyRow(Base):
    """A key for programs; kept as its hash."""

    __tablename__ = "keys"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str]
    prefix: Mapped[str] = mapped_column(String(16))
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[str]]
    requests_per_minute: Mapped[int]
    created_by: Mapped[str]
    created_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]


class AuditRow(Base):
    """Who did what to which patient data; each row carries the hash of the one before."""

    __tablename__ = "audit"

    number: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str]
    action: Mapped[str]  # read, extract, store, review, export, login, ...
    object: Mapped[str]  # kind and id, as note:n_...
    outcome: Mapped[str]  # done, refused
    request_id: Mapped[str]
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


# Workers ---------------------------------------------------------------------------------------------------------


class WorkerRow(Base):
    """A process that does durable work, or did; see `flows.workers`."""

    __tablename__ = "workers"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    machine: Mapped[str]
    pid: Mapped[int]
    born: Mapped[float]  # seconds from the machine's start to the process's, since a pid is used again
    started_at: Mapped[datetime]
    beat_at: Mapped[datetime]
    ended_at: Mapped[datetime | None] = mapped_column(index=True)

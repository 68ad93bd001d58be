"""Datasets, trainings, models and releases."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from behealthy.serve.wire.terms import Facts, Given, Id, Reason, Told


class ReasonRequest(Given):
    """Why somebody wants it done; kept with what came of it."""

    reason: Reason


class RollbackRequest(ReasonRequest):
    """Go back, and from what: a version that is not served any more is not gone back from twice."""

    instead_of: Id | None = None


class Dataset(Told):
    """A frozen choice of reviewed notes."""

    id: str
    at: datetime
    parent: str | None
    documents: int
    parts: dict[str, int]
    leaks: Facts
    lineage: Facts


class DatasetDiff(Told):
    """What the second has that the first has not, and the other way round, by id of note; ``moved`` changed parts."""

    left: str
    right: str
    added: list[str]
    removed: list[str]
    changed: list[str]
    moved: list[str]


class Approval(Told):
    """What a person made of a candidate, where one was asked; ``passed_over`` says that another was released first."""

    state: Literal["waiting", "approved", "refused", "passed_over"]
    by: str | None
    reason: str | None
    at: datetime | None


class Training(Told):
    """A run of the training pipeline and what came of it."""

    id: str
    trigger: str
    requested_by: str
    reason: str
    state: Literal["waiting", "running", "done", "failed", "cancelled"]
    stage: str
    started_at: datetime
    ended_at: datetime | None
    snapshot_id: str | None
    candidate: str | None
    champion: str | None
    run_id: str | None
    verdict: Literal["promote", "keep", "inconclusive"] | None
    reasons: list[str]
    failure: str | None
    approval: Approval | None = None


class Score(Told):
    """An F1 with its 95 % interval, null where none was measured."""

    f1: float
    low: float | None
    high: float | None


class TypeFigures(Told):
    """Figures of one type of entity."""

    type: str
    strict: Score | None
    relaxed: Score | None
    precision: float | None
    recall: float | None
    support: int | None


class Figures(Told):
    """How good a model was found to be on unseen documents."""

    strict: Score | None
    relaxed: Score | None
    per_type: list[TypeFigures]


class Model(Told):
    """A version of the model; ``created_at`` is null for the one that came with the package (``shipped``)."""

    version: str
    number: int | None
    aliases: list[str]
    created_at: datetime | None
    shipped: bool
    figures: Figures
    documents: int | None
    data_hash: str | None
    size_bytes: int | None
    notes_per_s: float | None
    run_id: str | None
    training_id: str | None
    serving: bool


class Rule(Told):
    """A rule of the gate: what was measured, the end of its interval, and what it is held against."""

    name: str
    result: Literal["passed", "failed", "unknown"]
    value: float | None
    bound: float | None
    limit: float | None
    says: str


class Difference(Told):
    """A figure of both models; ``difference`` is the second minus the first, with its interval where there is one."""

    name: str
    left: float | None
    right: float | None
    difference: float | None
    low: float | None
    high: float | None
    n: int | None


class Found(Told):
    """What a model finds in a sentence; offsets are code points, end exclusive."""

    start: int
    end: int
    type: str


class ChangedSentence(Told):
    """A sentence of our own, nobody's, in which two models find different things.

    ``left_holds`` and ``right_holds`` say whether each finds what the behavioural suite asks for; null where nothing is
    asked for.
    """

    where: str
    text: str
    left: list[Found]
    right: list[Found]
    left_holds: bool | None
    right_holds: bool | None


class Comparison(Told):
    """Two models on the same notes (less those that either has learned from), and what the gate would say."""

    left: Model
    right: Model
    notes: int
    left_out: int
    differences: list[Difference]
    decision: Literal["promote", "keep", "inconclusive"] | None
    rules: list[Rule]
    sentences: list[ChangedSentence]


class Release(Told):
    """What is served from when on, by whom and why."""

    number: int
    at: datetime
    action: Literal["install", "promote", "rollback"]
    version: str
    previous: str | None
    by: str
    reason: str
    training_id: str | None


Dossier = dict[str, Any]

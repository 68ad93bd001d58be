"""Trainings: ask for one, see what comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Header, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from behealthy.errors import Conflict, NotThere
from behealthy.flows import approval, triggers, watch, workbench
from behealthy.serve.desk import Called, Limit
from behealthy.serve.wire.learning import Approval, ReasonRequest, Training
from behealthy.serve.wire.terms import Id, Page
from behealthy.store.session import new_id
from behealthy.store.tables import TrainingRow

router = APIRouter(prefix="/trainings", tags=["learning"])


@router.post("", status_code=202)
def start_training(
    desk: Called,
    given: ReasonRequest,
    response: Response,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=200)] = None,
) -> Training:
    """Ask for a new model; the same key twice is one training. Its state is found where ``Location`` points.

    409 while another training is not over.
    """
    by = desk.caller.name
    id_ = new_id("t", desk.now())
    if idempotency_key is not None:
        id_ = "t_" + desk.system.vault.tag("training", by, idempotency_key)[:32]
    with desk.system.database.read() as session:
        decision = triggers.on_person(watch.training_facts(session, desk.system), id_)
        if decision.request is None and session.get(TrainingRow, id_) is None:
            raise Conflict("; ".join(decision.reasons))
    workbench.written(desk.system, id_, "person", by, given.reason)
    desk.parts.work.enqueue("training", id_, trigger="person", by=by, reason=given.reason)
    response.headers["Location"] = f"/api/v1/trainings/{id_}"
    return get_training(desk, id_)


@router.get("")
def list_trainings(desk: Called, limit: Limit = 50) -> Page[Training]:
    """List the trainings, the newest first."""
    newest = select(TrainingRow).order_by(TrainingRow.started_at.desc(), TrainingRow.id).limit(limit)
    with desk.system.database.read() as session:
        rows = session.scalars(newest).all()
        return Page(items=_told(session, rows), next=None)


@router.get("/{training_id}")
def get_training(desk: Called, training_id: Id) -> Training:
    """Give a training: how far it is, what the gate said and why."""
    with desk.system.database.read() as session:
        row = session.get(TrainingRow, training_id)
        if row is None:
            raise NotThere(f"there is no training {training_id}")
        return _told(session, [row])[0]


def _told(session: Session, rows: Sequence[TrainingRow]) -> list[Training]:
    asked = approval.states(session, rows)
    out = []
    for row in rows:
        told = Training.model_validate(row)
        told.approval = Approval.model_validate(asked[row.id]) if row.id in asked else None
        out.append(told)
    return out

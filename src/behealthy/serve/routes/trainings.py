"""Trainings: ask for one, see what comes of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Response

from behealthy.serve.desk import Called, Cursor, Limit
from behealthy.serve.wire.learning import ReasonRequest, Training
from behealthy.serve.wire.terms import Id, Page

router = APIRouter(prefix="/trainings", tags=["learning"])


@router.post("", status_code=202)
def start_training(
    desk: Called,
    given: ReasonRequest,
    response: Response,
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
) -> Training:
    """Ask for a new model; the same key twice is one training. Its state is found where ``Location`` points."""
    raise NotImplementedError


@router.get("")
def list_trainings(desk: Called, cursor: Cursor = None, limit: Limit = 50) -> Page[Training]:
    """List the trainings, the newest first."""
    raise NotImplementedError


@router.get("/{training_id}")
def get_training(desk: Called, training_id: Id) -> Training:
    """Give a training: how far it is, what the gate said and why."""
    raise NotImplementedError

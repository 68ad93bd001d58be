"""Datasets: frozen choices of reviewed notes."""

from __future__ import annotations

from fastapi import APIRouter, Response

from behealthy.data import snapshot
from behealthy.serve.desk import Called, Limit
from behealthy.serve.wire.learning import Dataset, DatasetDiff
from behealthy.serve.wire.terms import Id, Page

router = APIRouter(prefix="/datasets", tags=["learning"])


@router.get("")
def list_datasets(desk: Called, limit: Limit = 50) -> Page[Dataset]:
    """List the datasets, the newest first."""
    with desk.system.database.read() as session:
        return Page(items=[Dataset.model_validate(row) for row in snapshot.listed(session, limit)], next=None)


@router.post("", status_code=201)
def make_dataset(desk: Called, response: Response) -> Dataset:
    """Freeze what is reviewed now; the same choice twice is one dataset."""
    desk.note_down("freeze", "gold")
    row = snapshot.take(desk.system.database, desk.system.vault, now=desk.now())
    response.headers["Location"] = f"/api/v1/datasets/{row.id}"
    return Dataset.model_validate(row)


@router.get("/{dataset_id}")
def get_dataset(desk: Called, dataset_id: Id) -> Dataset:
    """Give a dataset: its size, its parts, its leaks, where it comes from."""
    with desk.system.database.read() as session:
        return Dataset.model_validate(snapshot.get(session, dataset_id))


@router.get("/{dataset_id}/diff/{other_id}")
def compare_datasets(desk: Called, dataset_id: Id, other_id: Id) -> DatasetDiff:
    """Say in what the second of two datasets differs from the first, by ids of notes."""
    with desk.system.database.read() as session:
        left, right = (snapshot.get(session, id_).id for id_ in (dataset_id, other_id))
        found = snapshot.difference(session, left, right)
    return DatasetDiff(
        left=left,
        right=right,
        added=list(found.added),
        removed=list(found.removed),
        changed=list(found.changed),
        moved=list(found.moved),
    )

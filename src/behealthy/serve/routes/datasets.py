"""Datasets: frozen choices of reviewed notes."""

from __future__ import annotations

from fastapi import APIRouter, Response

from behealthy.serve.desk import Called, Cursor, Limit
from behealthy.serve.wire.learning import Dataset, DatasetDiff
from behealthy.serve.wire.terms import Id, Page

router = APIRouter(prefix="/datasets", tags=["learning"])


@router.get("")
def list_datasets(desk: Called, cursor: Cursor = None, limit: Limit = 50) -> Page[Dataset]:
    """List the datasets, the newest first."""
    raise NotImplementedError


@router.post("", status_code=201)
def make_dataset(desk: Called, response: Response) -> Dataset:
    """Freeze what is reviewed now; the same choice twice is one dataset."""
    raise NotImplementedError


@router.get("/{dataset_id}")
def get_dataset(desk: Called, dataset_id: Id) -> Dataset:
    """Give a dataset: its size, its parts, its leaks, where it comes from."""
    raise NotImplementedError


@router.get("/{dataset_id}/diff/{other_id}")
def compare_datasets(desk: Called, dataset_id: Id, other_id: Id) -> DatasetDiff:
    """Say in what two datasets differ."""
    raise NotImplementedError

"""KPIs, what people think of the system, and what the work took before."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from behealthy.serve.desk import Called
from behealthy.serve.wire.watching import Baselines, BaselinesRequest, Kpis, RatingRequest

router = APIRouter(prefix="/kpis", tags=["kpis"])


@router.get("")
def get_kpis(desk: Called, days: Annotated[int, Query(ge=1, le=3650)] = 30) -> Kpis:
    """Compute the KPIs from recorded facts."""
    raise NotImplementedError


@router.post("/rating", status_code=204)
def rate(desk: Called, given: RatingRequest) -> None:
    """Say how content I am."""
    raise NotImplementedError


@router.get("/baselines")
def list_baselines(desk: Called) -> Baselines:
    """Give what the work took before."""
    raise NotImplementedError


@router.put("/baselines")
def set_baselines(desk: Called, given: BaselinesRequest) -> Baselines:
    """Set what the work took before."""
    raise NotImplementedError

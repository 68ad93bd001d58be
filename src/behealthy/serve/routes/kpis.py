"""KPIs, what people think of the system, and what the work took before."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy import select
from sqlalchemy.orm import Session

from behealthy.monitor import kpi
from behealthy.serve.desk import Called
from behealthy.serve.wire.watching import Baseline, Baselines, BaselinesRequest, Kpi, Kpis, RatingRequest
from behealthy.store.tables import BaselineRow

router = APIRouter(prefix="/kpis", tags=["kpis"])


@router.get("")
def get_kpis(desk: Called, days: Annotated[int, Query(ge=1, le=3650)] = 30) -> Kpis:
    """Compute the KPIs from recorded facts."""
    now = desk.now()
    with desk.system.database.read() as session:
        found = kpi.report(session, now=now, days=days)
    return Kpis(days=days, at=now, items=[_kpi(each, days) for each in found])


@router.post("/rating", status_code=204)
def rate(desk: Called, given: RatingRequest) -> None:
    """Say how content I am."""
    with desk.system.database.write() as session:
        kpi.rate(session, given.stars, by=desk.caller.name, now=desk.now())


@router.get("/baselines")
def list_baselines(desk: Called) -> Baselines:
    """Give what the work took before."""
    with desk.system.database.read() as session:
        return _baselines(session)


@router.put("/baselines")
def set_baselines(desk: Called, given: BaselinesRequest) -> Baselines:
    """Set what the work took before."""
    with desk.system.database.write() as session:
        for each in given.items:
            kpi.set_baseline(session, each.name, each.value, by=desk.caller.name, now=desk.now())
        session.flush()
        return _baselines(session)


def _kpi(each: kpi.Kpi, days: int) -> Kpi:
    of, got = each.definition, each.value
    low, high = got.interval or (None, None)
    return Kpi(
        name=of.name,
        title=of.title,
        unit=of.unit,
        better=of.better,
        value=got.value,
        low=low,
        high=high,
        baseline=got.baseline,
        n=got.n,
        trend=[value for _, value in each.trend],
        formula=of.formula,
        window=f"the last {days} days",
        source=of.source,
        says=f"not enough data: {got.needs} needed" if got.needs else "",
        facts=dict(got.parts),
    )


def _baselines(session: Session) -> Baselines:
    newest = {row.name: row for row in session.scalars(select(BaselineRow).order_by(BaselineRow.number))}
    return Baselines(items=[Baseline.model_validate(row) for row in newest.values()])

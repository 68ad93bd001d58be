"""Whether it lives, whether it is ready, what it is, what it counts."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import func, select, text

from behealthy import __version__
from behealthy.data.quarantine import HELD
from behealthy.errors import BeHealthyError, NotAllowed
from behealthy.monitor import objectives
from behealthy.monitor.metrics import CONTENT_TYPE
from behealthy.serve.desk import Desk, Open, recognise
from behealthy.serve.wire.people import Health, Info
from behealthy.store.tables import QuarantineRow, ReviewRow

router = APIRouter(tags=["system"])

_LOOPBACK = ("127.0.0.1", "::1")


@router.get("/healthz")
async def get_health() -> Health:
    """Say that the process lives."""
    return Health(status="ok", checks={})


@router.get("/readyz", responses={503: {"model": Health}})
def get_readiness(desk: Open, response: Response) -> Health:
    """Say whether requests can be served: the database answers and a model is loaded."""
    checks = {"database": _database(desk), "model": f"ok: {desk.parts.engine.version}"}
    if desk.parts.engine.fault is not None:
        checks["model"] = f"ok: {desk.parts.engine.version}, but not the one that is to be served"
    ready = all(said.startswith("ok") for said in checks.values())
    response.status_code = 200 if ready else 503
    return Health(status="ok" if ready else "failing", checks=checks)


@router.get("/info")
def get_info(desk: Open) -> Info:
    """Say what runs here."""
    return Info(name="behealthy", version=__version__, model_version=desk.parts.engine.version, api="/api/v1")


@router.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
async def get_metrics(desk: Open, request: Request) -> Response:
    """Give the counters in Prometheus' form, to whoever asks from this machine or may read the monitor."""
    near = desk.address in _LOOPBACK and not {"forwarded", "x-forwarded-for"} & {*request.headers}
    if not near and "monitor:read" not in (await recognise(request, desk.parts)).rights:
        raise NotAllowed("this needs the right monitor:read")
    return Response(await run_in_threadpool(_counted, desk), media_type=CONTENT_TYPE)


def _counted(desk: Desk) -> bytes:
    with desk.parts.metrics.one_reader:
        return _page(desk)


def _page(desk: Desk) -> bytes:
    metrics, engine = desk.parts.metrics, desk.parts.engine
    metrics.serves(dict(zip(("champion", "previous"), engine.versions, strict=False)))
    with desk.system.database.read() as session:
        reviews = session.execute(select(ReviewRow.state, func.count()).group_by(ReviewRow.state))
        for state, n in reviews:
            metrics.gauge("reviews", "Notes in the queue.", n, stage=state)
        held = session.scalar(select(func.count()).where(QuarantineRow.state == HELD)) or 0
        metrics.gauge("quarantine", "Records that are held.", held)
        metrics.forget("objective_breached")
        metrics.forget("objective_value")
        for each in objectives.known(session):
            labels = {"objective": each.name, "of": each.of}
            metrics.gauge("objective_breached", "What is demanded is not kept; 1.", each.state == "breached", **labels)
            if each.value is not None:
                metrics.gauge("objective_value", "What was measured, in its own unit.", each.value, **labels)
    metrics.gauge("lost_predictions", "Readings that the prediction log had to drop.", desk.parts.predictions.dropped)
    return metrics.page()


def _database(desk: Desk) -> str:
    try:
        with desk.system.database.read() as session:
            session.execute(text("SELECT 1"))
    except BeHealthyError:
        return "does not answer"
    return "ok"

"""The application: routes, what each request passes through, and the app's pages, put together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI
from fastapi.routing import APIRoute

from behealthy import __version__
from behealthy.flows.apart import Apart
from behealthy.flows.durable import Work
from behealthy.flows.facts import Facts, Part
from behealthy.flows.system import System
from behealthy.registry.bundle import package_folder
from behealthy.registry.engine import Engine
from behealthy.serve import pages, problems
from behealthy.serve.desk import Parts
from behealthy.serve.guard import Guard
from behealthy.serve.predictions import PredictionLog
from behealthy.serve.pulse import Pulse
from behealthy.serve.registered import Registered
from behealthy.serve.routes import (
    datasets,
    extract,
    health,
    kpis,
    models,
    monitoring,
    notes,
    people,
    quarantine,
    reviews,
    session,
    setup,
    trainings,
)
from behealthy.serve.wire.terms import ProblemDetails

API = "/api/v1"
_WORKERS = 12  # threads that serve requests; more only take turns with each other
_ROUTERS = (session, extract, notes, quarantine, reviews, datasets, trainings, models, monitoring, kpis, people, setup)
_PROBLEM = {"content": {"application/problem+json": {}}, "description": "a problem", "model": ProblemDetails}


def bare_app() -> FastAPI:
    """When called, it will put the routes together, without a system behind them: enough to describe them."""
    app = FastAPI(
        title="BeHealthy",
        version=__version__,
        summary="Clinical notes in, diseases and their treatments out.",
        generate_unique_id_function=_name,
        docs_url=None,  # its pages load their scripts from elsewhere; ours is in `pages`
        redoc_url=None,
        lifespan=_life,
    )
    for module in _ROUTERS:  # each by itself: of a router within a router every route is looked at with every request
        app.include_router(module.router, prefix=API, responses={"default": _PROBLEM})
    app.include_router(health.router)
    return app


def create_app(
    system: System, engine: Engine | None = None, static: Path | None = None, *, work: Work | None = None
) -> FastAPI:
    """When called, it will give the application of a system.

    Parameters
    ----------
    engine : Engine, optional
        What reads notes; by default one is made over the system's models.
    static : Path, optional
        The folder of the web app; by default the one that was built into the package.
    work : Work, optional
        Where durable work is asked for.

    Raises
    ------
    BundleError
        When no model can be loaded.
    StoreError
        When the database is away.
    """
    app = bare_app()
    engine = engine or Engine.of(system.settings, system.database)
    predictions = PredictionLog(system.database, engine)
    apart = partial(_apart, system)
    registered = Registered(system.database, apart)
    parts = Parts(system, engine, predictions, work or Work(system.settings), registered, apart)
    app.state.parts = parts
    app.state.pulse = Pulse(system, parts.metrics, apart)
    pages.install(app, package_folder("serve/static") if static is None else static)
    problems.install(app)
    app.add_middleware(Guard, max_body_bytes=system.settings.max_note_bytes)
    return app


def _apart(system: System, part: Part, facts: Facts) -> Facts:
    with Apart(system.settings) as apart:
        return apart(part, facts)


def _name(route: APIRoute) -> str:
    return route.name


@asynccontextmanager
async def _life(app: FastAPI) -> AsyncIterator[None]:
    parts: Parts = app.state.parts
    current_default_thread_limiter().total_tokens = _WORKERS
    parts.engine.start()
    parts.predictions.start()
    app.state.pulse.start()
    yield
    app.state.pulse.stop()
    parts.predictions.stop()
    parts.engine.stop()
    parts.work.close()

"""The application: routes, middleware and pages put together."""

from __future__ import annotations

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from behealthy import __version__
from behealthy.serve.routes import (
    datasets,
    extract,
    kpis,
    models,
    monitoring,
    notes,
    people,
    quarantine,
    reviews,
    session,
    trainings,
)
from behealthy.serve.wire.terms import ProblemDetails

API = "/api/v1"
_ROUTERS = (session, extract, notes, quarantine, reviews, datasets, trainings, models, monitoring, kpis, people)
_PROBLEM = {"default": {"description": "a problem", "model": ProblemDetails}}


def _named(route: APIRoute) -> str:
    return route.name


def bare_app() -> FastAPI:
    """When called, it will put the routes together, without a system behind them: enough to describe them."""
    app = FastAPI(
        title="BeHealthy",
        version=__version__,
        summary="Clinical notes in, diseases and their treatments out.",
        generate_unique_id_function=_named,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    api = APIRouter(prefix=API, responses=_PROBLEM)
    for module in _ROUTERS:
        api.include_router(module.router)
    app.include_router(api)
    return app

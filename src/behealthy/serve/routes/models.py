"""Models: which there are, how good they are, which is served."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from behealthy.serve.desk import Called
from behealthy.serve.wire.learning import Comparison, Dossier, Model, ReasonRequest, Release
from behealthy.serve.wire.terms import Id, Page

router = APIRouter(tags=["models"])


@router.get("/models")
def list_models(desk: Called) -> Page[Model]:
    """List the versions of the model, the newest first."""
    raise NotImplementedError


@router.post("/models:rollback")
def roll_back(desk: Called, given: ReasonRequest) -> Release:
    """Serve the version that was served before."""
    raise NotImplementedError


@router.get("/models/{version}")
def get_model(desk: Called, version: Id) -> Model:
    """Give a version of the model."""
    raise NotImplementedError


@router.get("/models/{version}/dossier")
def get_dossier(desk: Called, version: Id) -> Dossier:
    """Give what there is to know of a candidate, as JSON."""
    raise NotImplementedError


@router.get("/models/{version}/dossier.html", response_class=HTMLResponse)
def get_dossier_page(desk: Called, version: Id) -> HTMLResponse:
    """Give what there is to know of a candidate, as a page."""
    raise NotImplementedError


@router.get("/models/{version}/compare/{other}")
def compare_models(desk: Called, version: Id, other: Id) -> Comparison:
    """Compare two versions of the model."""
    raise NotImplementedError


@router.post("/models/{version}:promote")
def promote_model(desk: Called, version: Id, given: ReasonRequest) -> Release:
    """Serve this version from now on."""
    raise NotImplementedError


@router.get("/releases")
def list_releases(desk: Called) -> Page[Release]:
    """List what was served from when on, the newest first."""
    raise NotImplementedError

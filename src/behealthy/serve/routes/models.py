"""Models: which there are, how good they are, which is served."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from behealthy.errors import BundleError, NotThere
from behealthy.flows import approval, rollout, shelf
from behealthy.flows.facts import Facts
from behealthy.flows.system import System
from behealthy.learn.dossier import to_html
from behealthy.registry import releases
from behealthy.serve.desk import Called, Desk, Limit
from behealthy.serve.wire.learning import (
    Approval,
    ChangedSentence,
    Comparison,
    Difference,
    Dossier,
    Figures,
    Found,
    Model,
    ReasonRequest,
    Release,
    RollbackRequest,
    Rule,
    Score,
    TypeFigures,
)
from behealthy.serve.wire.terms import Id, Page

router = APIRouter(tags=["models"])


@router.get("/models")
def list_models(desk: Called) -> Page[Model]:
    """List the versions of the model, the newest first."""
    known = desk.parts.registered.known()
    return Page(items=[_model(version) for version in shelf.versions(desk.system, known)], next=None)


@router.post("/models:rollback")
def roll_back(desk: Called, given: RollbackRequest) -> Release:
    """Serve the version that was served before; 409 where ``instead_of`` is not what is served."""
    # Whoever must go back must not wait for the registry; it is told when it is asked next.
    rollout.rollback(
        desk.system,
        by=desk.caller.name,
        reason=given.reason,
        instead_of=given.instead_of,
        mirror=False,
        request_id=desk.request_id,
    )
    return _served(desk)


@router.get("/models/{version}")
def get_model(desk: Called, version: Id) -> Model:
    """Give a version of the model."""
    return _model(shelf.version(desk.system, version, desk.parts.registered.known()))


@router.get("/models/{version}/dossier")
def get_dossier(desk: Called, version: Id) -> Dossier:
    """Give what there is to know of a candidate, as JSON."""
    return _dossier(desk, version)


@router.get("/models/{version}/dossier.html", response_class=HTMLResponse)
def get_dossier_page(desk: Called, version: Id) -> HTMLResponse:
    """Give what there is to know of a candidate, as a page."""
    return HTMLResponse(to_html(_dossier(desk, version)))


def _dossier(desk: Desk, version: str) -> Dossier:
    told = shelf.dossier(desk.system, version)
    if told is None:  # another machine wrote it
        with desk.parts.comparing.one():
            desk.parts.apart(shelf.bring_dossier, {"version": version})
        told = shelf.dossier(desk.system, version)
    if told is None:
        raise NotThere(f"the dossier of {version} is gone again")
    return told


@router.get("/models/{version}/compare/{other}")
def compare_models(desk: Called, version: Id, other: Id) -> Comparison:
    """Hold the second version against the first on the newest test notes; what came of it is kept."""
    known = desk.parts.registered.known()
    left, right = (_model(shelf.version(desk.system, name, known)) for name in (version, other))
    with desk.parts.comparing.one():
        found = desk.parts.apart(compared, {"left": version, "right": other})
    verdict = found["verdict"]
    return Comparison(
        left=left,
        right=right,
        notes=found["notes"],
        left_out=found["left_out"],
        differences=[_difference(each) for each in found["differences"]],
        decision=verdict["decision"],
        rules=[Rule.model_validate({**rule, "result": rule["outcome"]}) for rule in verdict["rules"]],
        sentences=[_sentence(each) for each in found["changes"]],
    )


@router.post("/models/{version}:promote")
def promote_model(desk: Called, version: Id, given: ReasonRequest) -> Release:
    """Serve this version from now on."""
    seen = rollout.held(desk.system)  # now, not after the seconds that it takes
    shelf.version(desk.system, version, desk.parts.registered.known())  # is it there at all?
    with desk.parts.promoting.one():
        wish = {"version": version, "by": desk.caller.name, "reason": given.reason, "seen": seen}
        desk.parts.apart(promoted, wish | {"request_id": desk.request_id})
    return _served(desk)


@router.post("/models/{version}:refuse")
def refuse_model(desk: Called, version: Id, given: ReasonRequest) -> Approval:
    """Refuse a candidate that waits for approval; promoting it is how it is approved."""
    desk.note_down("refuse", f"model:{version}")
    told = approval.refuse(desk.system, version, by=desk.caller.name, reason=given.reason)
    return Approval.model_validate(told)


@router.get("/releases")
def list_releases(desk: Called, limit: Limit = 100) -> Page[Release]:
    """List what was served from when on, the newest first."""
    with desk.system.database.read() as session:
        return Page(items=[Release.model_validate(each) for each in releases.history(session, limit)], next=None)


# Done in a process of its own, since what reads and judges is heavy.


def promoted(system: System, facts: Facts) -> Facts:
    """When called, it will promote a version; the registry, which nobody waits for, hears of it when asked."""
    names = ("by", "reason", "seen", "request_id")
    return approval.promote(system, facts["version"], **{name: facts[name] for name in names}, mirror=False).to_json()


def compared(system: System, facts: Facts) -> Facts:
    """When called, it will compare two versions; see `flows.contests.compare`."""
    from behealthy.flows.contests import compare

    return compare(system, facts["left"], facts["right"])


def _served(desk: Desk) -> Release:
    """Give the newest release once this process serves it: whoever is answered may rely on it.

    Raises
    ------
    BundleError
        When this process cannot load it; it is released all the same, and loaded as soon as that can be.
    """
    desk.parts.registered.known()
    engine = desk.parts.engine
    while True:
        engine.refresh()
        with desk.system.database.read() as session:
            release = Release.model_validate(releases.current(session))
        if release.version == engine.version:
            return release
        if engine.fault is not None:  # else another was released meanwhile
            raise BundleError(release.version, engine.fault)


def _model(version: shelf.Version) -> Model:
    figures = version.figures
    per_type = [_of_type(name, each) for name, each in figures.get("types", {}).items()]
    micro = figures.get("micro", {})
    shown = Figures(strict=_score(micro.get("strict")), relaxed=_score(micro.get("relaxed")), per_type=per_type)
    names = ("version", "created_at", "documents", "data_hash", "size_bytes", "notes_per_s", "run_id", "training_id")
    facts: dict[str, Any] = {name: getattr(version, name) for name in (*names, "serving", "shipped")}
    number = int(version.number) if version.number and version.number.isdigit() else None
    return Model(**facts, number=number, aliases=list(version.aliases), figures=shown)


def _score(figures: Mapping[str, Any] | None) -> Score | None:
    if not figures:
        return None
    low, high = figures.get("interval") or (None, None)
    return Score(f1=figures["f1"], low=low, high=high)


def _of_type(name: str, figures: Mapping[str, Any]) -> TypeFigures:
    strict = figures.get("strict", {})
    return TypeFigures(
        type=name,
        strict=_score(strict),
        relaxed=_score(figures.get("relaxed")),
        precision=strict.get("precision"),
        recall=strict.get("recall"),
        support=figures.get("n"),
    )


def _difference(each: Mapping[str, Any]) -> Difference:
    return Difference(
        name=each["name"],
        left=each["champion"],
        right=each["candidate"],
        difference=each["value"],
        low=each["low"],
        high=each["high"],
        n=each["entities"],
    )


def _sentence(each: Mapping[str, Any]) -> ChangedSentence:
    left, right = (
        [Found(start=start, end=end, type=kind) for start, end, kind in each[side]] for side in ("first", "second")
    )
    left_holds, right_holds = each["held"] or (None, None)
    return ChangedSentence(
        where=each["where"],
        text=each["text"],
        left=left,
        right=right,
        left_holds=left_holds,
        right_holds=right_holds,
    )

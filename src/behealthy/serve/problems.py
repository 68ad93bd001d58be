"""Errors as answers: ``application/problem+json`` (RFC 9457), with what is wrong and never what was sent.

Pydantic's errors carry the input; only their place and kind are passed on, and a place is named only where it is one of
our own fields.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from behealthy import errors
from behealthy.serve.wire.terms import Given, Told

_RETRY_S = 2  # after which a busy database is worth another try

# What an error of ours is over HTTP: status, code, and whether its words may go out (they may name paths).
_STATUS: Mapping[type[errors.BeHealthyError], tuple[int, str, bool]] = {
    errors.Unrecognised: (401, "not_recognised", True),
    errors.NotAllowed: (403, "not_allowed", True),
    errors.NotThere: (404, "not_found", True),
    errors.Conflict: (409, "conflict", True),
    errors.TooMany: (429, "too_many_requests", True),
    errors.ContractError: (422, "contract", True),
    errors.BadInput: (422, "bad_input", True),
    errors.StoreBusy: (503, "busy", False),
    errors.StoreError: (503, "store_unavailable", False),
    errors.TrackingError: (503, "tracker_unavailable", False),
    errors.BundleError: (409, "model_unusable", False),
    errors.TrainingError: (409, "training_impossible", True),
    errors.VaultError: (500, "vault", False),
    errors.BeHealthyError: (500, "failed", False),
}
_CODES = {
    400: "malformed", 401: "not_recognised", 403: "not_allowed", 404: "not_found", 405: "method_not_allowed",
    409: "conflict", 412: "precondition_failed", 413: "too_large", 415: "unsupported_media_type", 422: "invalid",
    428: "precondition_required", 429: "too_many_requests", 500: "internal", 503: "unavailable",
}  # fmt: skip
_SAFE = re.compile(r"[^\x20-\x7e]")


def problem(
    scope: Mapping[str, Any],
    status: int,
    code: str = "",
    faults: Sequence[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """When called, it will give a problem as an answer."""
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code or _CODES.get(status, "failed"),
        "path": _SAFE.sub("?", str(scope.get("path", ""))[:300]),
        "request_id": scope.get("state", {}).get("request_id", ""),
        "errors": [dict(fault) for fault in faults],
    }
    return JSONResponse(body, status, headers=dict(headers or {}), media_type="application/problem+json")


def of_error(scope: Mapping[str, Any], error: errors.BeHealthyError) -> JSONResponse:
    """When called, it will give the answer that an error of ours deserves."""
    status, code, told = next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)
    headers: dict[str, str] = {}
    if isinstance(error, errors.TooMany):
        headers["Retry-After"] = str(error.retry_after_s)
    elif isinstance(error, errors.Unrecognised):
        headers["WWW-Authenticate"] = "Bearer"
    elif status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(_RETRY_S)
    if isinstance(error, errors.ContractError):
        return problem(scope, status, error.code, [_fault("", error.code, said) for said in error.faults], headers)
    said = str(error) if told else "the system cannot do this now; its log says why"
    return problem(scope, status, code, [_fault("", code, said)], headers)


def install(app: FastAPI) -> None:
    """When called, it will make the application answer every error with a problem."""
    app.add_exception_handler(errors.BeHealthyError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _refused)


async def _ours(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, errors.BeHealthyError)
    return of_error(request.scope, error)


async def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code = _CODES.get(error.status_code, "failed")
    said = error.detail if isinstance(error.detail, str) else code
    return problem(request.scope, error.status_code, code, [_fault("", code, said)], error.headers)


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    if any(each["type"] == "json_invalid" for each in found):
        return problem(request.scope, 400, "malformed", [_fault("", "malformed", "the body is not JSON")])
    return problem(request.scope, 422, "invalid", faults_of(found))


def faults_of(found: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """When called, it will give what Pydantic found wrong, without what was sent."""
    out = []
    for each in found[:100]:
        place = [part for part in each["loc"] if part not in ("body", "query", "path", "header")]
        said = str(each["msg"]).removeprefix("Value error, ")
        if each["type"] == "extra_forbidden":
            meant = get_close_matches(str(place[-1]), _fields(), 1, 0.6) if place else []
            said = "there is no such field" + (f"; is {meant[0]} meant?" if meant else "")
        out.append(_fault(".".join(map(_named, place)), str(each["type"]), said))
    return out


def _fault(path: str, code: str, message: str) -> dict[str, str]:
    return {"path": path, "code": code, "message": message}


def _named(part: object) -> str:
    """Give a place that is ours to name; a key that somebody made up may be anything, and is not repeated."""
    return str(part) if isinstance(part, int) or part in _fields() else "?"


@cache
def _fields() -> frozenset[str]:
    """Give the names of all fields and parameters of the API."""
    parameters = {"source", "state", "cursor", "limit", "offset_unit", "store", "to_review", "query", "type", "days"}
    parameters |= {"if-match", "idempotency-key"}
    models: list[type[BaseModel]] = [Given, Told]
    for model in models:
        models += model.__subclasses__()
        parameters |= model.model_fields.keys()
    return frozenset(parameters)

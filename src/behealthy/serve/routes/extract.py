"""Extraction: text in, diseases and treatments out; nothing is stored unless it is asked for."""

from __future__ import annotations

import time
from collections.abc import Sequence

from fastapi import APIRouter, Response

from behealthy.data.contract import Raw
from behealthy.errors import ContractError
from behealthy.flows import answering
from behealthy.flows.ingest import Sender
from behealthy.note import Extraction
from behealthy.serve.desk import Called, Desk
from behealthy.serve.exports import exported
from behealthy.serve.forms import Json, code_json, extraction_json, json_response
from behealthy.serve.predictions import Read
from behealthy.serve.sendings import raw_of, sender_id
from behealthy.serve.wire.notes import Code, ExportRequest, ExtractAnswer, ExtractRequest
from behealthy.serve.wire.reviews import Codes, CodesRequest
from behealthy.serve.wire.terms import OffsetUnit

router = APIRouter(tags=["extract"])

SOURCE = "extract"  # of what comes this way
_FIELDS = ("id", "text", "patient_id")


@router.post("/extract", response_model=ExtractAnswer)
def extract(
    desk: Called,
    given: ExtractRequest,
    offset_unit: OffsetUnit = "codepoint",
    store: bool = False,
    to_review: bool = False,
) -> Response:
    """Find the diseases and treatments of one or many notes; with ``to_review`` they are stored and queued as well."""
    raws = [raw_of(item, f"notes.{i}", _FIELDS) for i, item in enumerate(given.raw())]
    if store or to_review:
        desk.demand("notes:write")
    began = time.perf_counter()
    found = _stored(desk, raws, to_review) if store or to_review else _read(desk, raws)
    duration_ms = (time.perf_counter() - began) * 1000
    if given.text is not None and isinstance(found[0], ContractError):
        raise found[0]
    items = [
        _failed(raw, each) if isinstance(each, ContractError) else extraction_json(each, offset_unit, sender_id(raw))
        for raw, each in zip(raws, found, strict=True)
    ]
    versions = [item["model_version"] for item in items if "model_version" in item]
    version = versions[0] if versions else desk.parts.engine.version
    return json_response({"model_version": version, "duration_ms": round(duration_ms, 3), "items": items})


@router.post(
    "/extract/export",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}, "application/json": {}, "application/fhir+json": {}}}},
)
def export_record(desk: Called, given: ExportRequest) -> Response:
    """Find the diseases and treatments of a note and give the record as a file."""
    raw = raw_of(given.model_dump(include=set(_FIELDS)), "note", _FIELDS)
    (found,) = _read(desk, [raw], action="export")
    if isinstance(found, ContractError):
        raise found
    return exported(found, given.format, desk.now())


@router.post("/codes")  # the phrase may be a note's own words, which have no place in a URL
def find_codes(desk: Called, given: CodesRequest) -> Codes:
    """Say which codes a phrase may mean."""
    found = desk.parts.engine.code(given.query, given.type)
    return Codes(items=[Code.model_validate(code_json(code)) for code in found])


def _read(desk: Desk, raws: list[Raw], action: str = "extract") -> list[Extraction | ContractError]:
    desk.note_down(action, f"texts:{len(raws)}")
    began = time.perf_counter()
    read = answering.read(desk.system, desk.parts.engine, raws)
    each_s = (time.perf_counter() - began) / len(raws)
    out: list[Extraction | ContractError] = []
    for one in read:
        if isinstance(one, ContractError):
            out.append(one)
            continue
        note, extraction = one
        desk.parts.predictions.put(Read(note, extraction, SOURCE, each_s, desk.now()))
        out.append(extraction)
    _count(desk, out, began)
    return out


def _stored(desk: Desk, raws: list[Raw], to_review: bool) -> list[Extraction | ContractError]:
    began = time.perf_counter()
    sender = Sender(SOURCE, desk.caller.name, request_id=desk.request_id)
    stored = answering.store(desk.system, desk.parts.engine, raws, sender, sent=to_review)
    out = [
        ContractError(fate.code or "schema", list(fate.faults)) if found is None else found
        for fate, found in zip(stored.taken.fates, stored.found, strict=True)
    ]
    _count(desk, out, began)
    return out


def _count(desk: Desk, found: Sequence[Extraction | ContractError], began: float) -> None:
    read = [each for each in found if isinstance(each, Extraction)]
    if read:
        desk.parts.metrics.read(read, source=SOURCE, duration_s=time.perf_counter() - began)


def _failed(raw: Raw, error: ContractError) -> Json:
    return {"id": sender_id(raw), "error": {"code": error.code, "errors": error.faults}}

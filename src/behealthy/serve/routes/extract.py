"""Extraction: text in, diseases and treatments out; nothing is stored unless it is asked for."""

from __future__ import annotations

from fastapi import APIRouter, Response

from behealthy.serve.desk import Called
from behealthy.serve.wire.notes import ExportRequest, ExtractAnswer, ExtractRequest
from behealthy.serve.wire.reviews import Codes
from behealthy.serve.wire.terms import OffsetUnit

router = APIRouter(tags=["extract"])


@router.post("/extract")
def extract(
    desk: Called,
    given: ExtractRequest,
    offset_unit: OffsetUnit = "codepoint",
    store: bool = False,
    to_review: bool = False,
) -> ExtractAnswer:
    """Find the diseases and treatments of one or many notes; with ``to_review`` they are stored and queued as well."""
    raise NotImplementedError


@router.post(
    "/extract/export",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}, "application/json": {}, "application/fhir+json": {}}}},
)
def export_record(desk: Called, given: ExportRequest) -> Response:
    """Find the diseases and treatments of a note and give the record as a file."""
    raise NotImplementedError


@router.get("/codes")
def find_codes(desk: Called, query: str, type: str = "DISEASE") -> Codes:
    """Say which codes a phrase may mean."""
    raise NotImplementedError

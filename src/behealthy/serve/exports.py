"""The record of one note as a file: CSV, JSON, FHIR or OMOP."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Literal

from fastapi import Response

from behealthy.extract.record import fhir, omop, sheet
from behealthy.extract.record.rows import rows
from behealthy.note import Extraction
from behealthy.serve.forms import extraction_json, json_response

Format = Literal["csv", "json", "fhir", "omop"]

_NAMES = {"csv": "record.csv", "json": "record.json", "fhir": "record.fhir.json", "omop": "note_nlp.csv"}


def exported(extraction: Extraction, format: Format, now: datetime) -> Response:
    """When called, it will give the record in a format, as a download."""
    headers = {"Content-Disposition": f'attachment; filename="{_NAMES[format]}"'}
    match format:
        case "csv":
            return Response("".join(sheet.to_csv(rows([extraction]))), headers=headers, media_type="text/csv")
        case "omop":
            return Response("".join(omop.to_csv([extraction], now)), headers=headers, media_type="text/csv")
        case "fhir":
            bundle = json.dumps(fhir.to_bundle([extraction], now), ensure_ascii=False)
            return Response(bundle, headers=headers, media_type="application/fhir+json")
        case "json":
            return json_response(extraction_json(extraction, "codepoint"), headers)

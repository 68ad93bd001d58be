"""What senders send, as records that the contract can be held against: JSON items, text, CSV, JSON Lines, FHIR.

Bodies are read here and judged elsewhere: one bad record never stops the rest.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from email.message import Message
from itertools import islice
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from behealthy.data import intake
from behealthy.data.contract import Raw
from behealthy.errors import ContractError
from behealthy.serve.wire.notes import NotesRequest

_JSON, _TEXT = "application/json", "text/plain"
_MOST_RECORDS = 50_000  # in one body: a record of two bytes takes a thousand in memory
_CHARSETS = ("utf-8", "utf8", "us-ascii")


def raw_of(item: Any, name: str, fields: Sequence[str]) -> Raw:
    """When called, it will give an item of a JSON body as a record; it may have these fields and no others."""
    payload = json.dumps(item).encode()
    if not isinstance(item, dict):
        return Raw(name, "jsonl", payload, refused=ContractError("schema", [f"{name}: is not an object"]))
    unknown = len(item.keys() - set(fields))
    if unknown:
        said = f"{name}: {unknown} of its fields are none of {', '.join(fields)}"
        return Raw(name, "jsonl", payload, refused=ContractError("schema", [said]))
    return Raw(name, "jsonl", payload, item)


def sender_id(raw: Raw) -> str | None:
    """When called, it will give the sender's own id of a record, None where there is none to be had."""
    given = raw.fields.get("id") if not raw.refused else None
    return str(given) if type(given) in (str, int) and str(given).isprintable() and len(str(given)) <= 200 else None


def raws_of_body(body: bytes, content_type: str) -> list[Raw]:
    """When called, it will give the records of a body.

    Raises
    ------
    HTTPException
        415 when we take no such bodies, 413 when it has too many records, 400 when it is no JSON.
    RequestValidationError
        When the JSON is not what we take.
    """
    head = Message()
    head["content-type"] = content_type
    kind, charset = head.get_content_type(), head.get_content_charset("utf-8")
    if charset not in _CHARSETS:
        raise HTTPException(415, f"send {kind} as UTF-8")
    if content_type and kind == _JSON:
        return _items(body)
    if content_type and kind in intake.MEDIA_TYPES:
        raws = list(islice(intake.read(body, intake.MEDIA_TYPES[kind], "body"), _MOST_RECORDS + 1))
        if len(raws) > _MOST_RECORDS:
            raise HTTPException(413, f"the body has more than {_MOST_RECORDS:,} records; send it in parts")
        return raws if kind != _TEXT else [replace(raw, fields=_without_id(raw.fields)) for raw in raws]
    raise HTTPException(415, f"send one of {', '.join((_JSON, *intake.MEDIA_TYPES))}")


def _items(body: bytes) -> list[Raw]:
    try:
        given = json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise HTTPException(400, "the body is not JSON") from exc
    try:
        request = NotesRequest.model_validate(given)
    except ValidationError as exc:
        raise RequestValidationError(exc.errors(include_url=False, include_input=False)) from None
    fields = ("id", "text", "patient_id", "written_at")
    return [raw_of(item, f"notes.{i}", fields) for i, item in enumerate(request.notes)]


def _without_id(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out the id that a file would have from its name; a body has none."""
    return {name: value for name, value in fields.items() if name != "id"}

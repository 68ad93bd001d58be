"""FHIR R4 DocumentReference, alone or in a Bundle: a note for each attachment of text.

See https://hl7.org/fhir/R4/documentreference.html. What lies behind a ``url`` is not fetched: a note must be in the
message itself. Documents that are superseded or entered in error are refused by their status.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from typing import Any

from behealthy.data.contract import Raw
from behealthy.data.intake.plain import utf8
from behealthy.errors import ContractError

_Object = Mapping[str, Any]

_MOST_COPIED = 32 * 1024 * 1024  # bytes, beside what was sent; as \uXXXX a letter takes three times as many


def read(data: bytes, name: str) -> Iterator[Raw]:
    """When called, it will give a record for each attachment.

    Each has a copy of what else its document says, so a small message can be made to give any amount: where it goes too
    far, the rest of it is refused.
    """
    given, most = 0, 3 * len(data) + _MOST_COPIED
    try:
        for raw in _records(data, name):
            given += len(raw.payload)
            if given > most:
                yield _refused(data, raw.name, "too_large", "its document says too much for so many attachments")
                return
            yield raw
    except RecursionError:  # what can just be read cannot be written down again
        yield _refused(data, name, "unreadable", "not JSON: nested too deeply")


def _records(data: bytes, name: str) -> Iterator[Raw]:
    try:
        resource = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as exc:
        yield _refused(data, name, "encoding", f"not UTF-8 at byte {exc.start}")
        return
    except json.JSONDecodeError as exc:
        yield _refused(data, name, "unreadable", f"not JSON: {exc.msg} at line {exc.lineno}, column {exc.colno}")
        return
    except (RecursionError, ValueError):
        yield _refused(data, name, "unreadable", "not JSON: nested too deeply")
        return
    kind = _at(resource, "resourceType")
    if kind == "Bundle":
        entries = _at(resource, "entry")
        for number, entry in enumerate(entries if isinstance(entries, list) else [], 1):
            document = _at(entry, "resource")
            if _at(document, "resourceType") == "DocumentReference":
                yield from _document(document, f"{name}:{number}")
    elif kind == "DocumentReference":
        yield from _document(resource, name)
    else:
        yield _refused(data, name, "schema", "resourceType is neither DocumentReference nor Bundle")


def _document(document: _Object, place: str) -> Iterator[Raw]:
    payload = json.dumps(document).encode()
    status, doc_status = _at(document, "status"), _at(document, "docStatus")
    if status in ("superseded", "entered-in-error") or doc_status == "entered-in-error":
        yield _refused(payload, place, "status", "its status says that it is not to be used")
        return
    contents = _at(document, "content")
    if not isinstance(contents, list) or not contents:
        yield _refused(payload, place, "schema", "field content is missing or empty")
        return
    for number, content in enumerate(contents):
        where = place if len(contents) == 1 else f"{place}.content[{number}]"
        attachment = _at(content, "attachment")
        alone = json.dumps({**document, "content": [content]}).encode()
        try:
            text = _text(attachment)
        except ContractError as exc:
            yield _refused(alone, where, exc.code, exc.faults[0])
            continue
        fields = {
            "text": text,
            "id": _identity(document) + (f"#{number}" if number else ""),
            "patient_id": _at(_at(document, "subject"), "reference"),
            "written_at": _at(document, "date"),
        }
        yield Raw(where, "fhir", alone, {k: v for k, v in fields.items() if v not in (None, "")})


def _text(attachment: Any) -> str:
    kind = _at(attachment, "contentType")
    if not isinstance(kind, str) or kind.partition(";")[0].strip().lower() != "text/plain":
        raise ContractError("schema", ["its attachment is not text/plain"])
    data = _at(attachment, "data")
    if not isinstance(data, str):
        raise ContractError("schema", ["its attachment has no data; what is behind a url is not fetched"])
    try:
        return utf8(base64.b64decode("".join(data.split()), validate=True))
    except (binascii.Error, ValueError) as exc:
        raise ContractError("encoding", ["its attachment is not base64"]) from exc


def _identity(document: _Object) -> str:
    """Give the identifier that is the same wherever the document is stored, else the server's id."""
    master = _at(_at(document, "masterIdentifier"), "value")
    if isinstance(master, str) and master:
        return master
    identifiers = _at(document, "identifier")
    first = _at(identifiers[0], "value") if isinstance(identifiers, list) and identifiers else None
    own = first if isinstance(first, str) and first else _at(document, "id")
    return own if isinstance(own, str) else ""


def _at(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else None


def _refused(payload: bytes, place: str, code: str, words: str) -> Raw:
    return Raw(place, "fhir", payload, refused=ContractError(code, [f"{place}: {words}"]))

"""JSON Lines: a note a line, as an object; annotated ones in the wire form of `behealthy.note`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NoReturn

from behealthy.data.contract import Raw
from behealthy.errors import ContractError


def read(data: bytes, name: str) -> Iterator[Raw]:
    """When called, it will give a record for each line that is not blank."""
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if line.strip():
            yield _record(line, f"{name}:{number}")


def _record(line: bytes, place: str) -> Raw:
    try:
        found: Any = json.loads(line.decode("utf-8"), parse_constant=_refuse)
    except UnicodeDecodeError as exc:
        return _refused(line, place, "encoding", f"not UTF-8 at byte {exc.start}")
    except json.JSONDecodeError as exc:
        return _refused(line, place, "unreadable", f"not JSON: {exc.msg} at column {exc.colno}")
    except (RecursionError, ValueError):
        return _refused(line, place, "unreadable", "not JSON: nested too deeply, or with a number that JSON has not")
    if not isinstance(found, dict):
        return _refused(line, place, "schema", "not an object")
    if "note_id" in found and "id" not in found:
        found["id"] = found["note_id"]
    return Raw(place, "jsonl", line, found)


def _refuse(_: str) -> NoReturn:
    raise ValueError


def _refused(payload: bytes, place: str, code: str, words: str) -> Raw:
    return Raw(place, "jsonl", payload, refused=ContractError(code, [f"{place}: {words}"]))

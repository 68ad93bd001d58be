"""JSON lines in the wire form of `behealthy.note`, a document a line: the one format that carries everything."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from behealthy.data.formats.corpus import Corpus, Format
from behealthy.data.text import read_text, split_lines, write_text
from behealthy.errors import FormatError, Problem
from behealthy.note import Extraction, from_json, to_json


def read(path: Path, max_bytes: int) -> Corpus:
    """Read one file; a document without an id is named by the file and its line.

    Raises
    ------
    UnreadableFile
        When it is not text.
    """
    text, encoding = read_text(path, max_bytes=max_bytes)
    notices = (Problem(str(path), 0, encoding),) if encoding else ()
    documents: list[Extraction] = []
    problems: list[Problem] = []
    for number, line in enumerate(split_lines(text), 1):
        if not line.strip():
            continue
        try:
            documents.append(_document(line, f"{path.stem}:{number}"))
        except ValueError as exc:
            problems.append(Problem(str(path), number, f"{exc}; the document is left out"))
    if not (documents or problems):
        problems.append(Problem(str(path), 0, "is empty: no document"))
    return Corpus(tuple(documents), tuple(problems), notices)


def write(documents: Sequence[Extraction], path: Path) -> None:
    """Write all documents into one file.

    Raises
    ------
    FormatError
        When a document holds what JSON cannot carry, such as a lone surrogate.
    """
    try:
        lines = [json.dumps(to_json(document), ensure_ascii=False, allow_nan=False) for document in documents]
    except (TypeError, ValueError) as exc:
        raise FormatError(Problem(str(path), 0, f"cannot be written: {exc}")) from exc
    write_text(path, "".join(f"{line}\n" for line in lines))


FORMAT = Format("jsonl", (".jsonl", ".ndjson"), read, write)


def _document(line: str, unnamed: str) -> Extraction:
    try:
        data: Any = json.loads(line, parse_constant=_refuse_constant)
    except json.JSONDecodeError as exc:
        raise ValueError(f"not JSON: {exc.msg} at column {exc.colno}") from exc
    except RecursionError as exc:
        raise ValueError("not a document: nested too deeply") from exc
    if not isinstance(data, dict):
        raise ValueError("not a document: a JSON object is wanted")
    if "\\u" in line:
        _refuse_surrogates(data)
    if not (data.get("note_id") or data.get("id")):
        data["note_id"] = unnamed
    try:
        return from_json(data)
    except (TypeError, AttributeError) as exc:
        raise ValueError(f"a field is of the wrong kind: {exc}") from exc


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number that JSON knows")


def _refuse_surrogates(data: dict[str, Any]) -> None:
    # A pair of escapes is one character and decodes as such; only a half of one survives as a surrogate.
    for field, value in data.items():
        try:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
        except UnicodeEncodeError as exc:
            surrogate = ord(exc.object[exc.start])
            raise ValueError(f"field {field!r} holds a lone surrogate U+{surrogate:04X}") from exc

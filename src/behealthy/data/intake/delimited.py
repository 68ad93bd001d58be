"""Comma-separated values (RFC 4180) with a line of names first: a note a row."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from behealthy.data.contract import FIELDS, Raw
from behealthy.data.intake.plain import utf8
from behealthy.errors import ContractError

_NAMES = FIELDS[:4]  # annotations do not go into a cell
_LONGEST = 100 * 1024 * 1024  # of a cell; the contract has the limit that counts


def read(data: bytes, name: str) -> Iterator[Raw]:
    """When called, it will give a record for each row; column ``text`` is needed, an empty cell is a field left out."""
    try:
        text = utf8(data)
    except ContractError as exc:
        yield _refused(data, name, exc.code, exc.faults[0])
        return
    csv.field_size_limit(_LONGEST)
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [cell.strip() for cell in next(rows, [])]
    except csv.Error as exc:
        yield _refused(data, name, "unreadable", f"the line of names: {exc}")
        return
    unknown = len(set(header) - set(_NAMES))
    if "text" not in header or unknown or len(set(header)) != len(header):
        says = f"the first line must name the columns, each once, out of {', '.join(_NAMES)}; text is needed"
        yield _refused(data, name, "schema", says)
        return
    yield from _records(rows, header, name, data)


def _records(rows: Iterator[list[str]], header: Sequence[str], name: str, data: bytes) -> Iterator[Raw]:
    number = 0
    while True:
        number += 1
        place = f"{name}:{number}"
        try:
            row = next(rows, None)
        except csv.Error as exc:
            # Where a quote is left open nobody can tell where the next row begins.
            yield _refused(data, place, "unreadable", f"from row {number} on: {exc}")
            return
        if row is None:
            return
        if not row:
            continue
        payload = _line(header) + _line(row)
        if len(row) != len(header):
            yield _refused(payload, place, "schema", f"{len(row)} cells where {len(header)} are named")
        else:
            yield Raw(place, "csv", payload, {n: cell for n, cell in zip(header, row, strict=True) if cell})


def _line(cells: Sequence[str]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerow(cells)
    return out.getvalue().encode("utf-8", "surrogatepass")


def _refused(payload: bytes, name: str, code: str, words: str) -> Raw:
    return Raw(name, "csv", payload, refused=ContractError(code, [f"{name}: {words}"]))

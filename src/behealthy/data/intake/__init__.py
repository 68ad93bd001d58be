"""Notes as others send them, as records that the contract can be held against: text, CSV, JSON Lines, FHIR.

Whatever comes in, something comes out for each record: fields, or the reason why none could be made of it. One bad
record does not stop the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePath
from types import MappingProxyType

from behealthy.data.contract import Raw
from behealthy.data.intake import delimited, fhir, lines, plain
from behealthy.errors import ContractError

__all__ = ["KINDS", "MEDIA_TYPES", "SUFFIXES", "kind_of_name", "read"]

KINDS: Mapping[str, Callable[[bytes, str], Iterator[Raw]]] = MappingProxyType(
    {"text": plain.read, "csv": delimited.read, "jsonl": lines.read, "fhir": fhir.read}
)
SUFFIXES: Mapping[str, str] = MappingProxyType(
    {".txt": "text", ".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "fhir"}
)
MEDIA_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "text/plain": "text",
        "text/csv": "csv",
        "application/x-ndjson": "jsonl",
        "application/jsonl": "jsonl",
        "application/fhir+json": "fhir",
    }
)


def kind_of_name(name: str) -> str | None:
    """When called, it will give the format that a file's name promises, None where it promises none.

    >>> kind_of_name("ward/visits.CSV"), kind_of_name("scan.pdf")
    ('csv', None)
    """
    return SUFFIXES.get(PurePath(name).suffix.lower())


def read(data: bytes, kind: str, name: str) -> Iterator[Raw]:
    """When called, it will give the records of what was sent, each with its place.

    Parameters
    ----------
    kind : str
        One of `KINDS`; another gives one record that says so.
    name : str
        What the whole is called, as a file's name.
    """
    if kind not in KINDS:
        refused = ContractError("unreadable", [f"{name}: the format is none of {', '.join(KINDS)}"])
        yield Raw(name, "unknown", data, refused=refused)
    else:
        yield from KINDS[kind](data, name)

"""The contract: what a note must be before anybody reads it or learns from it; one object for both.

A record that breaks it is refused with a reason code, for machines, and every fault in words, for people. The words
name fields, sizes and places and never quote a value: what is refused may be a patient's note in a wrong field. This
module refuses to mend anything: a guessed encoding or a cut text would be learned from as if it were real.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from behealthy.errors import ContractError
from behealthy.note import Extraction, Note, from_json

VERSION = 1

# The reasons for which a record is refused, worst first; what is held is counted by them.
REASONS = (
    "unreadable",  # no record could be made of the bytes: broken CSV, JSON or FHIR
    "encoding",  # bytes that are no text, or text that was decoded wrongly before it came
    "too_large",
    "schema",  # a field is missing, unknown or of another kind
    "empty",  # no text, or hardly a letter in it
    "date",
    "offsets",  # an annotation that does not fit its text
    "status",  # the sender says that it is not to be used
    "annotated",  # it brings annotations, and whoever sends it may not: they would be learned from
    "id_reused",  # the source sent another text under the same id before
    "too_many_sources",  # its source is a new one, and there are as many as there may be
)
FIELDS = ("id", "text", "patient_id", "written_at", "entities", "relations")
# The wire form of what was extracted has more; they say nothing of the note.
_PASSED_OVER = {"note_id", "model_version", "warnings"}

_EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
_LONGEST_ID = 200
_LETTERS_NEEDED = 3
_ODD_SHARE = 0.05  # of control and replacement characters: more is a wrong encoding, not a slip
_ODD = re.compile("[\x01-\x08\x0e-\x1f\x7f\ufffd]")
_TWICE_DECODED = re.compile("Ã[\x80-\xbf©¨¤¶¼³]|â€[\x80-\xbf™œ¦\u201c\u201d]")  # UTF-8 that was read as Windows-1252
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Raw:
    """A record as a reader found it.

    Attributes
    ----------
    name : str
        Where it comes from, as ``visits.csv:17``; files may be named after patients.
    kind : str
        Format of the payload: text, csv, jsonl, fhir.
    payload : bytes
        The record as it came, for the quarantine; enough to read it again.
    fields : mapping
        Those of `FIELDS` that it has.
    refused : ContractError or None
        Why no fields could be made of it.
    """

    name: str
    kind: str
    payload: bytes = field(repr=False)
    fields: Mapping[str, Any] = field(default_factory=dict, repr=False)
    refused: ContractError | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """A record that keeps the contract; ``gold`` where it came annotated."""

    note: Note
    written_at: datetime | None
    gold: Extraction | None


@dataclass(frozen=True, slots=True)
class Contract:
    """The limits that a record is held against.

    Attributes
    ----------
    max_bytes : int
        Of the text in UTF-8.
    types : tuple of str
        Entity types that an annotation may have; empty for any.
    gold : bool
        Whether a record may bring annotations, which are learned from.
    """

    max_bytes: int
    types: tuple[str, ...] = ()
    gold: bool = False

    def check(self, raw: Raw, now: datetime) -> Accepted:
        """When called, it will give the note of a record that keeps the contract.

        Raises
        ------
        ContractError
            With every fault; its code is that of the worst.

        Examples
        --------
        >>> now = datetime(2026, 1, 1, tzinfo=UTC)
        >>> Contract(1000).check(Raw("a", "text", b"", {"text": "No fever today."}), now).note.text
        'No fever today.'
        """
        if raw.refused is not None:
            raise raw.refused
        faults: list[tuple[str, str]] = []
        text = self._text(raw.fields, faults)
        note_id, patient_id = (_name(raw.fields, name, faults) for name in ("id", "patient_id"))
        written_at = _instant(raw.fields.get("written_at"), now, faults)
        unknown = len(raw.fields.keys() - {*FIELDS, *_PASSED_OVER})
        if unknown:  # not named: whoever sends notes the wrong way round has their words for names
            faults.append(("schema", f"{unknown} of its fields are none of {', '.join(FIELDS)}"))
        gold = None
        if raw.fields.get("entities") is not None:
            if not self.gold:
                faults.append(("annotated", "it brings annotations, and whoever sends it may not"))
            elif not faults:
                gold = self._gold(raw.fields, faults)
        if faults:
            worst = min((code for code, _ in faults), key=REASONS.index)
            raise ContractError(worst, [f"{raw.name}: {words}" for _, words in faults])
        return Accepted(Note(note_id or "", text, patient_id), written_at, gold)

    def _text(self, fields: Mapping[str, Any], faults: list[tuple[str, str]]) -> str:
        text = fields.get("text")
        if not isinstance(text, str):
            faults.append(("schema", "field text is missing" if text is None else "field text is not a string"))
            return ""
        surrogate = _SURROGATE.search(text)
        if surrogate:
            faults.append(("encoding", f"half of a character (a lone surrogate) at code point {surrogate.start()}"))
        elif "\0" in text:
            faults.append(("encoding", f"a NUL at code point {text.index(chr(0))}"))
        elif len(size := text.encode("utf-8")) > self.max_bytes:
            faults.append(("too_large", f"the text has {len(size):,} bytes, {self.max_bytes:,} are the limit"))
        odd = len(_ODD.findall(text))
        if odd > _ODD_SHARE * len(text):
            faults.append(("encoding", f"{odd:,} of {len(text):,} characters are control or replacement characters"))
        twice = len(_TWICE_DECODED.findall(text))
        if twice >= 3:
            faults.append(("encoding", f"{twice:,} places look like UTF-8 that was read as Windows-1252"))
        if sum(c.isalpha() for c in text[:10_000]) < _LETTERS_NEEDED:
            faults.append(("empty", f"the text has fewer than {_LETTERS_NEEDED} letters"))
        return text

    def _gold(self, fields: Mapping[str, Any], faults: list[tuple[str, str]]) -> Extraction | None:
        try:
            gold = from_json({**fields, "model_version": None})
        except ValueError as exc:
            faults.append(("offsets", str(exc)))
            return None
        foreign = sorted({e.type for e in gold.entities} - set(self.types)) if self.types else []
        if foreign:
            faults.append(("schema", f"{len(foreign)} types of entities are none of {', '.join(self.types)}"))
        return gold


def _name(fields: Mapping[str, Any], name: str, faults: list[tuple[str, str]]) -> str | None:
    value = fields.get(name)
    if value is None or value == "":
        return None
    if type(value) not in (str, int):
        faults.append(("schema", f"field {name} is neither a string nor a whole number"))
        return None
    value = str(value)
    if len(value) > _LONGEST_ID or not value.isprintable() or _SURROGATE.search(value):
        faults.append(("schema", f"field {name} is longer than {_LONGEST_ID} characters or not printable"))
    return value


def _instant(value: Any, now: datetime, faults: list[tuple[str, str]]) -> datetime | None:
    """Read a time as ISO 8601 has it; one without a zone is UTC, a day is its beginning."""
    if value is None or value == "":
        return None
    at: datetime | None = None
    if isinstance(value, datetime):
        at = value
    elif isinstance(value, date):
        at = datetime(value.year, value.month, value.day, tzinfo=UTC)
    elif isinstance(value, str):
        try:
            at = datetime.fromisoformat(value.strip())
        except ValueError:
            at = None
    if at is None:
        faults.append(("date", "field written_at is no date as 2026-05-31 or 2026-05-31T14:00:00+02:00"))
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    if not _EARLIEST <= at <= now + timedelta(days=1):
        faults.append(("date", "field written_at lies before 1900 or in the future"))
        return None
    return at

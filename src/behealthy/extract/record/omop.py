"""What was found as rows of the table NOTE_NLP of the OMOP common data model, version 5.4.

A row is one mention. The model's own concept numbers are not here to be had, so they are 0, which it reserves for "no
matching concept"; codes of other vocabularies stand in ``term_modifiers``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from behealthy.extract.record.rows import quoted
from behealthy.extract.record.sheet import line
from behealthy.note import Entity, Extraction

COLUMNS = (
    "note_nlp_id", "note_id", "section_concept_id", "snippet", "offset", "lexical_variant", "note_nlp_concept_id",
    "note_nlp_source_concept_id", "nlp_system", "nlp_date", "nlp_datetime", "term_exists", "term_temporal",
    "term_modifiers",
)  # fmt: skip

_LONGEST = 250  # characters of snippet and lexical variant, as the table's columns have
_LONGEST_MODIFIERS = 2000

# The patient has or had it: so the data model defines the column. What is only possible counts, with its modifier.
_EXISTS: Mapping[str | None, str] = {None: "Y", "present": "Y", "possible": "Y", "historical": "Y"}
_TEMPORAL: Mapping[str | None, str] = {"historical": "past", "hypothetical": "future"}
_MODIFIER: Mapping[str | None, str] = {
    "negated": "negation=true",
    "possible": "certainty=possible",
    "hypothetical": "conditional=true",
    "historical": "temporality=past",
    "family": "subject=family",
}


def to_csv(extractions: Iterable[Extraction], when: datetime) -> Iterator[str]:
    """When called, it will give the lines of the table as comma-separated values, the names of the columns first."""
    yield line(COLUMNS)
    for row in note_nlp(extractions, when):
        yield line(row[name] for name in COLUMNS)


def note_nlp(extractions: Iterable[Extraction], when: datetime) -> Iterator[dict[str, str | int]]:
    """When called, it will give the rows, by column, mentions of one note together.

    Notes whose ids are not whole numbers are numbered from 1 in their order, since the table wants a number; the id
    itself is then kept as ``note=...`` among the modifiers.

    Examples
    --------
    >>> from behealthy.note import entity_at
    >>> found = entity_at("no gout", 3, 7, "DISEASE", assertion="negated")
    >>> (row,) = note_nlp([Extraction("7", "no gout", (found,))], datetime(2026, 1, 31))
    >>> row["note_id"], row["offset"], row["term_exists"], row["term_modifiers"]
    (7, '3', 'N', 'type=DISEASE;negation=true')
    """
    number = 0
    for order, extraction in enumerate(extractions, 1):
        numbered = extraction.note_id.isascii() and extraction.note_id.isdigit()
        for entity in extraction.entities:
            number += 1
            modifiers = _modifiers(entity)
            if not numbered:
                modifiers.append(f"note={_plain(extraction.note_id)}")
            yield {
                "note_nlp_id": number,
                "note_id": int(extraction.note_id) if numbered else order,
                "section_concept_id": 0,
                "snippet": quoted(extraction.text, entity.start, entity.end)[:_LONGEST],
                "offset": str(entity.start),
                "lexical_variant": " ".join(entity.text.split())[:_LONGEST],
                "note_nlp_concept_id": 0,
                "note_nlp_source_concept_id": 0,
                "nlp_system": f"BeHealthy {extraction.model_version or ''}".strip(),
                "nlp_date": when.date().isoformat(),
                "nlp_datetime": when.isoformat(timespec="seconds"),
                "term_exists": _EXISTS.get(entity.assertion, "N"),
                "term_temporal": _TEMPORAL.get(entity.assertion, "present"),
                "term_modifiers": ";".join(modifiers)[:_LONGEST_MODIFIERS],
            }


def _modifiers(entity: Entity) -> list[str]:
    out = [f"type={entity.type}"]
    if entity.assertion in _MODIFIER:
        out.append(_MODIFIER[entity.assertion])
    if entity.section:
        out.append(f"section={entity.section}")
    first = {code.system: code.code for code in reversed(entity.codes)}
    out += [f"{system}={code}" for system, code in sorted(first.items())]
    return out + [f"{name}={_plain(value)}" for name, value in sorted(entity.attributes.items())]


def _plain(value: str) -> str:
    """Take out what separates modifiers."""
    return value.replace(";", ",").replace("=", ":")

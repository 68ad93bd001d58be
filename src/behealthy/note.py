"""The values that travel through the loop: notes, entities, relations, extractions.

Plain frozen values without behaviour beyond their own consistency. This module knows nothing of models, files,
databases or HTTP; every other part of the house speaks in these words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

DISEASE = "DISEASE"
TREATMENT = "TREATMENT"

Assertion = Literal["present", "negated", "possible", "hypothetical", "historical", "family"]
ASSERTIONS: tuple[Assertion, ...] = ("present", "negated", "possible", "hypothetical", "historical", "family")

RelationType = Literal["TREATS", "PREVENTS", "CAUSES"]
RELATION_TYPES: tuple[RelationType, ...] = ("TREATS", "PREVENTS", "CAUSES")


@dataclass(frozen=True, slots=True)
class Note:
    """A text that a clinician wrote, as it arrived."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Code:
    """A concept of a vocabulary, offered for an entity."""

    system: str
    code: str
    display: str
    score: float = 1.0


@dataclass(frozen=True, slots=True)
class Entity:
    """A span of a note that names a disease or a treatment.

    Attributes
    ----------
    start, end : int
        Unicode code points into the original text, end exclusive; ``note.text[start:end] == text``.
    type : str
        ``DISEASE``, ``TREATMENT`` or whatever the model was trained on.
    score : float
        Probability of the whole span, in [0, 1]; 1.0 for what people marked.
    assertion : Assertion or None
        Whose and whether; None means that nobody judged it.
    id : str
        Unique within its extraction; relations refer to it.
    """

    start: int
    end: int
    text: str
    type: str
    score: float = 1.0
    assertion: Assertion | None = None
    section: str | None = None
    codes: tuple[Code, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    id: str = ""


@dataclass(frozen=True, slots=True)
class Relation:
    """A directed link from a treatment (head) to a disease (tail), by entity id."""

    type: str
    head: str
    tail: str
    score: float = 1.0


@dataclass(frozen=True, slots=True)
class Extraction:
    """What somebody, a model or a person, found in one note.

    ``model_version`` is None for what people marked. Gold documents and predictions are the same kind of value,
    so that every reader, writer and evaluation takes either.
    """

    note_id: str
    text: str
    entities: tuple[Entity, ...] = ()
    relations: tuple[Relation, ...] = ()
    model_version: str | None = None
    warnings: tuple[str, ...] = ()


def entity_at(text: str, start: int, end: int, type: str, **given: Any) -> Entity:
    """Make the entity that covers ``text[start:end]``.

    Raises
    ------
    ValueError
        When the offsets are not a non-empty range inside the text.
    """
    if not 0 <= start < end <= len(text):
        raise ValueError(f"entity {type} [{start}, {end}) is not a range inside a text of {len(text)} code points")
    return Entity(start, end, text[start:end], type, **given)


def to_json(extraction: Extraction) -> dict[str, Any]:
    """Give the wire form of an extraction: snake_case, only what is known."""
    return {
        "note_id": extraction.note_id,
        "text": extraction.text,
        "model_version": extraction.model_version,
        "entities": [_entity_json(e, i) for i, e in enumerate(extraction.entities, 1)],
        "relations": [{"type": r.type, "head": r.head, "tail": r.tail, "score": r.score} for r in extraction.relations],
        "warnings": list(extraction.warnings),
    }


def _entity_json(entity: Entity, number: int) -> dict[str, Any]:
    out: dict[str, Any] = {
        "id": entity.id or f"e{number}",
        "start": entity.start,
        "end": entity.end,
        "text": entity.text,
        "type": entity.type,
        "score": round(entity.score, 6),
    }
    if entity.assertion is not None:
        out["assertion"] = entity.assertion
    if entity.section is not None:
        out["section"] = entity.section
    if entity.codes:
        out["codes"] = [
            {"system": c.system, "code": c.code, "display": c.display, "score": c.score} for c in entity.codes
        ]
    if entity.attributes:
        out["attributes"] = dict(entity.attributes)
    return out


def from_json(data: Mapping[str, Any]) -> Extraction:
    """Read the wire form back; offsets are checked against the text.

    Raises
    ------
    ValueError
        With every fault found, when a field is missing, of the wrong kind, or an offset does not fit the text.
    """
    faults: list[str] = []
    text = data.get("text")
    if not isinstance(text, str):
        raise ValueError("field 'text' is missing or not a string")
    entities = []
    for i, raw in enumerate(_list(data, "entities", faults)):
        try:
            entities.append(_read_entity(text, raw, i + 1))
        except (KeyError, TypeError, ValueError) as exc:
            faults.append(f"entities[{i}]: {_reason(exc)}")
    known = {e.id for e in entities}
    relations = []
    for i, raw in enumerate(_list(data, "relations", faults)):
        try:
            relation = Relation(str(raw["type"]), str(raw["head"]), str(raw["tail"]), float(raw.get("score", 1.0)))
        except (KeyError, TypeError, ValueError, AttributeError) as exc:
            faults.append(f"relations[{i}]: {_reason(exc)}")
            continue
        missing = {relation.head, relation.tail} - known
        if missing:
            faults.append(f"relations[{i}]: no entity {', '.join(sorted(missing))}")
        else:
            relations.append(relation)
    if faults:
        raise ValueError("; ".join(faults))
    version = data.get("model_version")
    return Extraction(
        note_id=str(data.get("note_id") or data.get("id") or ""),
        text=text,
        entities=tuple(entities),
        relations=tuple(relations),
        model_version=None if version is None else str(version),
        warnings=tuple(str(w) for w in data.get("warnings") or ()),
    )


def _list(data: Mapping[str, Any], key: str, faults: list[str]) -> Sequence[Any]:
    value = data.get(key)
    if value is None:
        return ()
    if not isinstance(value, list):
        faults.append(f"field {key!r} is not a list")
        return ()
    return value


def _read_entity(text: str, raw: Mapping[str, Any], number: int) -> Entity:
    start, end = raw["start"], raw["end"]
    if type(start) is not int or type(end) is not int:
        raise ValueError("start and end must be whole numbers")
    assertion = raw.get("assertion")
    if assertion is not None and assertion not in ASSERTIONS:
        raise ValueError(f"assertion {assertion!r} is none of {', '.join(ASSERTIONS)}")
    entity = entity_at(
        text,
        start,
        end,
        str(raw["type"]),
        score=float(raw.get("score", 1.0)),
        assertion=assertion,
        section=raw.get("section"),
        codes=tuple(
            Code(str(c["system"]), str(c["code"]), str(c["display"]), float(c.get("score", 1.0)))
            for c in raw.get("codes") or ()
        ),
        attributes=dict(raw.get("attributes") or {}),
        id=str(raw.get("id") or f"e{number}"),
    )
    if "text" in raw and raw["text"] != entity.text:
        raise ValueError(f"the text at [{start}, {end}) is not the entity's own text")
    return entity


def _reason(exc: Exception) -> str:
    return f"missing field {exc}" if isinstance(exc, KeyError) else str(exc)

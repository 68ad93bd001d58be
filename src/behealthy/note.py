"""The values that travel through the loop: notes, entities, relations, extractions.

Plain frozen values without behaviour beyond their own consistency. This module knows nothing of models, files,
databases or HTTP; every other part of the house speaks in these words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

_T = TypeVar("_T")

DISEASE = "DISEASE"
TREATMENT = "TREATMENT"

Assertion = Literal["present", "negated", "possible", "hypothetical", "historical", "family"]
ASSERTIONS: tuple[Assertion, ...] = ("present", "negated", "possible", "hypothetical", "historical", "family")

RelationType = Literal["TREATS", "PREVENTS", "CAUSES"]
RELATION_TYPES: tuple[RelationType, ...] = ("TREATS", "PREVENTS", "CAUSES")


@dataclass(frozen=True, slots=True)
class Note:
    """A text that a clinician wrote, as it arrived; of which patient, where that is known.

    Like all values here it shows no words of a note in its `repr`, since that ends in tracebacks and logs.
    """

    id: str
    text: str = field(repr=False)
    patient_id: str | None = field(default=None, repr=False)


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
    triggers : tuple of (start, end)
        Where the words stand that gave the assertion, as "denies" does; none where something else decided.
    """

    start: int
    end: int
    text: str = field(repr=False)
    type: str
    score: float = 1.0
    assertion: Assertion | None = None
    section: str | None = None
    codes: tuple[Code, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict, repr=False)
    id: str = ""
    triggers: tuple[tuple[int, int], ...] = ()


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
    so that every reader, writer and evaluation takes either. ``expected`` is how many entities of each type the model
    believes to be there, whatever it called; it is for the watch, not on the wire, and no part of what makes two equal.
    """

    note_id: str
    text: str = field(repr=False)
    entities: tuple[Entity, ...] = ()
    relations: tuple[Relation, ...] = ()
    model_version: str | None = None
    warnings: tuple[str, ...] = ()
    patient_id: str | None = field(default=None, repr=False)
    expected: Mapping[str, float] = field(default_factory=dict, compare=False, repr=False)


def entity_at(text: str, start: int, end: int, type: str, **given: Any) -> Entity:
    """Make the entity that covers ``text[start:end]``.

    Raises
    ------
    ValueError
        When the offsets are not a non-empty range inside the text.
    """
    if not 0 <= start < end <= len(text):
        raise ValueError(f"entity [{start}, {end}) is not a range inside a text of {len(text)} code points")
    return Entity(start, end, text[start:end], type, **given)


def to_json(extraction: Extraction) -> dict[str, Any]:
    """Give the wire form of an extraction: snake_case, only what is known."""
    known = {} if extraction.patient_id is None else {"patient_id": extraction.patient_id}
    return {
        "note_id": extraction.note_id,
        **known,
        "text": extraction.text,
        "model_version": extraction.model_version,
        "entities": [_entity_json(e, i) for i, e in enumerate(extraction.entities, 1)],
        "relations": [
            {"type": r.type, "head": r.head, "tail": r.tail, "score": round(r.score, 6)} for r in extraction.relations
        ],
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
    if entity.triggers:
        out["triggers"] = [{"start": start, "end": end} for start, end in entity.triggers]
    return out


def from_json(data: Mapping[str, Any]) -> Extraction:
    """Read the wire form back; offsets are checked against the text.

    Raises
    ------
    ValueError
        With every fault found: a field that is missing or of the wrong kind, an offset that does not fit the text, a
        score outside [0, 1], an id that two entities have, a relation to an entity that is not there.
    """
    faults: list[str] = []
    text = data.get("text")
    if not isinstance(text, str):
        raise ValueError("field 'text' is missing or not a string")
    entities = _read_each(data, "entities", lambda raw, number: _read_entity(text, raw, number), faults)
    times = Counter(e.id for e in entities)
    faults += [f"{n} entities have the same id" for n in times.values() if n > 1]
    relations = _read_each(data, "relations", lambda raw, _: _read_relation(raw, times.keys()), faults)
    warnings = _read_each(data, "warnings", lambda raw, _: _string(raw, "a warning"), faults)
    note_id, version = data.get("note_id") or data.get("id") or "", data.get("model_version")
    if type(note_id) not in (str, int):
        faults.append("note_id is neither a string nor a whole number")
    if not isinstance(version, str | None):
        faults.append("model_version is not a string")
    patient_id = data.get("patient_id")
    if type(patient_id) not in (str, int, type(None)):
        faults.append("patient_id is neither a string nor a whole number")
    if faults:
        raise ValueError("; ".join(faults))
    return Extraction(
        note_id=str(note_id),
        text=text,
        entities=tuple(entities),
        relations=tuple(relations),
        model_version=version,
        warnings=tuple(warnings),
        patient_id=None if patient_id is None else str(patient_id),
    )


def _read_each(data: Mapping[str, Any], key: str, read: Callable[[Any, int], _T], faults: list[str]) -> list[_T]:
    """Read the items of a list, numbered from 1; what is wrong goes to the faults, with the item's place."""
    values = data.get(key)
    if values is None:
        return []
    if not isinstance(values, list):
        faults.append(f"a field is of the wrong kind: {key!r} is not a list")
        return []
    out = []
    for i, raw in enumerate(values):
        try:
            out.append(read(raw, i + 1))
        except KeyError as exc:
            faults.append(f"{key}[{i}]: missing field {exc}")
        except ValueError as exc:
            faults.append(f"{key}[{i}]: {exc}")
    return out


def _read_entity(text: str, raw: Any, number: int) -> Entity:
    fields = _object(raw, "an entity")
    start, end = fields["start"], fields["end"]
    if type(start) is not int or type(end) is not int:
        raise ValueError("start and end must be whole numbers")
    assertion, section = fields.get("assertion"), fields.get("section")
    if assertion is not None and assertion not in ASSERTIONS:
        raise ValueError(f"the assertion is none of {', '.join(ASSERTIONS)}")
    codes = _list(fields.get("codes") or [], "codes")
    attributes = _object(fields.get("attributes") or {}, "attributes")
    entity = entity_at(
        text,
        start,
        end,
        _string(fields["type"], "type"),
        score=_score(fields),
        assertion=assertion,
        section=None if section is None else _string(section, "section"),
        codes=tuple(map(_read_code, codes)),
        attributes={name: _string(value, "an attribute") for name, value in attributes.items()},
        id=_id(fields.get("id") or f"e{number}"),
        triggers=tuple(_read_place(text, raw) for raw in _list(fields.get("triggers") or [], "triggers")),
    )
    if fields.get("text", entity.text) != entity.text:
        raise ValueError(f"the text at [{start}, {end}) is not the entity's own text")
    return entity


def _read_place(text: str, raw: Any) -> tuple[int, int]:
    fields = _object(raw, "a trigger")
    start, end = fields["start"], fields["end"]
    if type(start) is not int or type(end) is not int or not 0 <= start < end <= len(text):
        raise ValueError("a trigger is no range inside the text")
    return start, end


def _read_code(raw: Any) -> Code:
    fields = _object(raw, "a code")
    system, code, display = (_string(fields[name], f"{name} of a code") for name in ("system", "code", "display"))
    return Code(system, code, display, _score(fields))


def _read_relation(raw: Any, known: Set[str]) -> Relation:
    fields = _object(raw, "a relation")
    relation = Relation(_string(fields["type"], "type"), _id(fields["head"]), _id(fields["tail"]), _score(fields))
    if not {relation.head, relation.tail} <= known:
        raise ValueError("joins an entity that is not there")
    return relation


# A JSON value as what it must be. Values are not quoted: they may be text of the note.


def _object(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{name} is not an object")
    return value


def _list(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{name} is not a list")
    return value


def _string(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name} is not a string")
    return value


def _id(value: Any) -> str:
    if type(value) not in (str, int):
        raise ValueError("an id is neither a string nor a whole number")
    return str(value)


def _score(fields: Mapping[str, Any]) -> float:
    value = fields.get("score", 1.0)
    if type(value) not in (int, float) or not 0 <= value <= 1:
        raise ValueError("score is not a number from 0 to 1")
    return float(value)

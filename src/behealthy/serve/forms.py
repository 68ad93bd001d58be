"""Our values in the form in which they travel, and back.

Readings go out as plain dictionaries, since a batch has thousands of entities; the tests hold them against the wire's
models.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fastapi import Response
from pydantic_core import to_json as json_bytes

from behealthy.extract.record.rows import Mention, Row, Treatment, rows
from behealthy.note import Code, Entity, Extraction, Relation, to_json
from behealthy.serve.offsets import Ruler, Unit
from behealthy.serve.wire.reviews import GivenEntity, GivenRelation

Json = dict[str, Any]


def extraction_json(extraction: Extraction, unit: Unit, sender_id: str | None = None) -> Json:
    """When called, it will give an extraction as `wire.notes.Extraction` has it, with the record of its note."""
    ruler = Ruler(extraction.text, unit)
    out = {"id": sender_id, "patient_id": None, **to_json(extraction)}
    out["entities"] = [_moved(entity, ruler) for entity in out["entities"]]
    out["record"] = [_row(row, ruler) for row in rows([extraction])]
    return out


def _moved(entity: Json, ruler: Ruler) -> Json:
    whole = {"assertion": None, "section": None, "codes": [], "attributes": {}, "triggers": [], **entity}
    return whole | _place(entity, ruler) | {"triggers": [_place(each, ruler) for each in whole["triggers"]]}


def _place(at: Json, ruler: Ruler) -> Json:
    return {"start": ruler.out(at["start"]), "end": ruler.out(at["end"])}


def _row(row: Row, ruler: Ruler) -> Json:
    return {
        "disease": row.disease,
        "status": row.status,
        "code": code_json(row.code),
        "treatments": [_treatment(treatment) for treatment in row.treatments],
        "mentions": [_mention(mention, ruler) for mention in row.mentions],
    }


def _treatment(treatment: Treatment) -> Json:
    return {
        "name": treatment.name,
        "relation": treatment.relation,
        "status": treatment.status,
        "code": code_json(treatment.code),
        "dose": treatment.dose,
        "score": round(treatment.score, 6),
    }


def _mention(mention: Mention, ruler: Ruler) -> Json:
    entity = mention.entity
    return {**_place({"start": entity.start, "end": entity.end}, ruler), "quote": mention.quote()}


def code_json(code: Code | None) -> Json | None:
    """When called, it will give a code as `wire.notes.Code` has it."""
    if code is None:
        return None
    return {"system": code.system, "code": code.code, "display": code.display, "score": code.score}


def json_response(value: Json, headers: Mapping[str, str] | None = None) -> Response:
    """When called, it will give an answer whose form is known to be right, without checking it again."""
    return Response(json_bytes(value, inf_nan_mode="null"), headers=headers, media_type="application/json")


# What people mark -----------------------------------------------------------------------------------------------------


def entities_of(given: Iterable[GivenEntity], text: str, ruler: Ruler) -> tuple[Entity, ...]:
    """When called, it will give the entities that a person marked; their text is the note's, whatever was sent.

    Raises
    ------
    BadInput
        When an offset lies inside a character.
    """
    out = []
    for entity in given:
        start, end = ruler.into(entity.start), ruler.into(entity.end)
        out.append(
            Entity(
                start,
                end,
                text[start:end],
                entity.type,
                entity.score,
                entity.assertion,
                entity.section,
                tuple(Code(c.system, c.code, c.display, c.score) for c in entity.codes),
                dict(entity.attributes),
                entity.id,
                tuple((ruler.into(each.start), ruler.into(each.end)) for each in entity.triggers),
            )
        )
    return tuple(out)


def relations_of(given: Iterable[GivenRelation]) -> tuple[Relation, ...]:
    """When called, it will give the links that a person made."""
    return tuple(Relation(link.type, link.head, link.tail, link.score) for link in given)


def marks_json(entities: Sequence[Entity], relations: Sequence[Relation], text: str) -> Json:
    """When called, it will give marks as a draft is kept: ``entities`` and ``relations``, offsets in code points."""
    whole = to_json(Extraction("", text, tuple(entities), tuple(relations)))
    return {"entities": whole["entities"], "relations": whole["relations"]}


def draft_json(draft: Json, text: str, unit: Unit) -> Json:
    """When called, it will give a draft as it was kept in the form of `wire.reviews.Draft`."""
    ruler = Ruler(text, unit)
    return {
        "entities": [_moved(entity, ruler) for entity in draft.get("entities", [])],
        "relations": draft.get("relations", []),
        "judged": draft.get("judged", {}),
    }

"""What a person hands in is checked before it becomes gold: against the text, in itself, and against the suggestion.

Refuses to mend: every fault is said at once, without words of the note, and the person decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace

from behealthy.errors import ContractError
from behealthy.note import ASSERTIONS, DISEASE, RELATION_TYPES, TREATMENT, Entity, Extraction, Note

JUDGEMENTS = ("accepted", "rejected", "edited", "added")


def checked(note: Note, gold: Extraction, suggested: Extraction | None, judged: Mapping[str, str]) -> Extraction:
    """When called, it will give the gold as it is to be stored: under the note's own id and text, in reading order.

    Parameters
    ----------
    suggested : Extraction or None
        What the person saw; each of its entities must be judged. None where the review was blind.
    judged : mapping
        By entity id: accepted, rejected, edited or added.

    Raises
    ------
    ContractError
        With every fault; its code is the first fault's: ``text``, ``entity``, ``relation`` or ``judged``.
    """
    faults = [*_text(note, gold), *_entities(note, gold, suggested), *_relations(gold)]
    if suggested is not None:
        faults += _judged(gold, suggested, judged)
    if faults:
        raise ContractError(faults[0][0], [reason for _, reason in faults])
    entities = sorted(gold.entities, key=lambda e: (e.start, e.end))
    return Extraction(
        note.id,
        note.text,
        tuple(replace(e, score=1.0) for e in entities),
        tuple(replace(r, score=1.0) for r in gold.relations),
        patient_id=note.patient_id,
    )


def implied(gold: Extraction, suggested: Extraction | None) -> dict[str, str]:
    """When called, it will give the judgements that lead from a suggestion to gold, by entity id."""
    before = {} if suggested is None else {e.id or f"e{n}": e for n, e in enumerate(suggested.entities, 1)}
    after = {e.id: e for e in gold.entities}
    out = {id_: "added" for id_ in after if id_ not in before}
    for id_, entity in before.items():
        same = id_ in after and replace(after[id_], score=entity.score) == replace(entity, id=id_)
        out[id_] = "accepted" if same else "edited" if id_ in after else "rejected"
    return out


Fault = tuple[str, str]


def _text(note: Note, gold: Extraction) -> Iterator[Fault]:
    if gold.text not in ("", note.text):
        yield "text", "this is not the text of the note"
    if gold.note_id not in ("", note.id):
        yield "text", "this is the gold of another note"


def _entities(note: Note, gold: Extraction, suggested: Extraction | None) -> Iterator[Fault]:
    types = {DISEASE, TREATMENT} | {e.type for e in (suggested.entities if suggested else ())}
    ids = Counter(e.id for e in gold.entities)
    places = Counter((e.start, e.end, e.type) for e in gold.entities)
    for number, entity in enumerate(gold.entities, 1):
        name = f"entity {number}"
        if not entity.id:
            yield "entity", f"{name}: has no id"
        elif ids[entity.id] > 1:
            yield "entity", f"{name}: another one has its id"
        if not 0 <= entity.start < entity.end <= len(note.text):
            yield "entity", f"{name}: [{entity.start}, {entity.end}) is no range inside {len(note.text)} code points"
        elif note.text[entity.start : entity.end] != entity.text:
            yield "entity", f"{name}: its text is not that of the note at [{entity.start}, {entity.end})"
        elif not entity.text.strip():
            yield "entity", f"{name}: covers white space only"
        if not all(0 <= start < end <= len(note.text) for start, end in entity.triggers):
            yield "entity", f"{name}: a trigger is no range inside {len(note.text)} code points"
        if entity.type not in types:
            yield "entity", f"{name}: its type is none of {', '.join(sorted(types))}"
        if entity.assertion is not None and entity.assertion not in ASSERTIONS:
            yield "entity", f"{name}: its status is none of {', '.join(ASSERTIONS)}"
        if places[entity.start, entity.end, entity.type] > 1:
            yield "entity", f"{name}: another one is the same place and type"


def _relations(gold: Extraction) -> Iterator[Fault]:
    entities: dict[str, Entity] = {e.id: e for e in gold.entities}
    times = Counter((r.type, r.head, r.tail) for r in gold.relations)
    for number, relation in enumerate(gold.relations, 1):
        name, head, tail = f"relation {number}", entities.get(relation.head), entities.get(relation.tail)
        if relation.type not in RELATION_TYPES:
            yield "relation", f"{name}: its type is none of {', '.join(RELATION_TYPES)}"
        if head is None or tail is None:
            yield "relation", f"{name}: joins an entity that is not there"
        elif head.type != TREATMENT or tail.type != DISEASE:
            yield "relation", f"{name}: goes from {head.type} to {tail.type}, not from {TREATMENT} to {DISEASE}"
        if times[relation.type, relation.head, relation.tail] > 1:
            yield "relation", f"{name}: is there more than once"


def _judged(gold: Extraction, suggested: Extraction, judged: Mapping[str, str]) -> Iterator[Fault]:
    kept = {e.id for e in gold.entities}
    for number, entity in enumerate(suggested.entities, 1):
        name, verdict = f"suggestion {number}", judged.get(entity.id or f"e{number}")
        if verdict not in ("accepted", "rejected", "edited"):
            yield "judged", f"{name}: was not judged"
        elif (verdict == "rejected") == ((entity.id or f"e{number}") in kept):
            there = "there" if verdict == "rejected" else "not there"
            yield "judged", f"{name}: was {verdict} and is {there}"
    unknown = sum(verdict not in JUDGEMENTS for verdict in judged.values())
    if unknown:
        yield "judged", f"{unknown} judgements are none of {', '.join(JUDGEMENTS)}"

"""The corpora that tell which treatment goes with which disease, as documents with relations.

Each reader gives `Extraction` values with entities of our two types and relations between mentions; no text is kept
anywhere else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from behealthy.data.formats import KNOWN_LABELS, document_relations, read_corpus
from behealthy.note import DISEASE, TREATMENT, Entity, Extraction, Relation

Concepts = frozenset[str]
Stated = frozenset[tuple[str, str]]


def phee(path: Path) -> list[Extraction]:
    """When called, it will read a file of PHEE: drugs, the disorders they are given for, and the effects they have.

    A disorder with a drug of its own event is TREATS, an effect of an adverse event with its drugs is CAUSES. An
    argument in several pieces is the stretch from its first to its last.
    """
    with path.open(encoding="utf-8") as file:
        return [_phee_document(json.loads(line)) for line in file]


def _phee_document(row: Mapping[str, Any]) -> Extraction:
    text = row["context"]
    ids: dict[tuple[int, int, str], str] = {}
    relations: dict[tuple[str, str], str] = {}
    for annotation in row["annotations"]:
        for event in annotation["events"]:
            treatment = event.get("Treatment", {})
            drugs = [_id(ids, s, TREATMENT) for s in _spans(treatment.get("Drug"))]
            for combined in treatment.get("Combination") or ():
                drugs += [_id(ids, s, TREATMENT) for s in _spans(combined.get("Drug"))]
            disorders = [_id(ids, s, DISEASE) for s in _spans(treatment.get("Disorder"))]
            adverse = event["event_type"] == "Adverse_event"
            effects = [_id(ids, s, DISEASE) for s in _spans(event.get("Effect"))] if adverse else []
            relations |= {(d, x): "TREATS" for d in drugs for x in disorders}
            relations |= {(d, x): "CAUSES" for d in drugs for x in effects}
    entities = tuple(Entity(a, b, text[a:b], kind, id=id_) for (a, b, kind), id_ in ids.items())
    kept = tuple(Relation(kind, head, tail) for (head, tail), kind in relations.items())
    return Extraction(row["id"], text, entities, kept)


def _spans(argument: Mapping[str, Any] | None) -> Iterator[tuple[int, int]]:
    if argument is None:
        return
    for texts, starts in zip(argument["text"], argument["start"], strict=True):
        if texts:
            yield min(starts), max(a + len(piece) for a, piece in zip(starts, texts, strict=True))


def _id(ids: dict[tuple[int, int, str], str], span: tuple[int, int], kind: str) -> str:
    return ids.setdefault((*span, kind), f"e{len(ids) + 1}")


def bc5cdr(path: Path) -> list[tuple[Extraction, Stated]]:
    """When called, it will read a file of BC5CDR: each document, and which concept causes which in it."""
    stated: dict[str, set[tuple[str, str]]] = {}
    for relation in document_relations(path):
        if relation.type == "CID":
            stated.setdefault(relation.document, set()).add((relation.first, relation.second))
    documents = read_corpus(path, "pubtator", KNOWN_LABELS["bc5cdr"]).documents
    return [(d, frozenset(stated.get(d.note_id, ()))) for d in documents]


def concepts_of(entity: Entity) -> Concepts:
    """When called, it will give the identifiers of an entity."""
    return frozenset(code.code for code in entity.codes)


_TAG = re.compile(r"<\s*(/?)\s*([A-Z_]+)\s*>\s?")
_ROLES = {
    "TREAT": TREATMENT, "TREATONLY": TREATMENT, "TREAT_PREV": TREATMENT, "TREAT_SIDE_EFF": TREATMENT,
    "TREAT_VAG": TREATMENT, "TREAT_NO": TREATMENT, "TREAT_EFF": TREATMENT,
    "DIS": DISEASE, "DISONLY": DISEASE, "DIS_PREV": DISEASE, "DIS_SIDE_EFF": DISEASE, "DIS_VAG": DISEASE,
    "DIS_NO": DISEASE, "DIS_EFF": DISEASE,
}  # fmt: skip
_LABELS = {"TREAT_FOR_DIS": "TREATS", "PREVENT": "PREVENTS", "SIDE_EFF": "CAUSES"}
_RELATED = {
    ("TREAT", "DIS"): "TREATS",
    ("TREAT_PREV", "DIS_PREV"): "PREVENTS",
    ("TREAT_SIDE_EFF", "DIS_SIDE_EFF"): "CAUSES",
}


def biotext(path: Path) -> list[tuple[int, str, Extraction]]:
    """When called, it will read BioText's sentences with both roles: line number, the sentence's label, the sentence.

    Relations hold between the tags that stand for them, whatever the label of the sentence.
    """
    out = []
    for number, line in enumerate(path.read_text(encoding="latin-1").split("\n"), 1):
        raw, _, label = line.strip().rpartition("||")
        text, spans = _untagged(raw)
        roles = [_ROLES[role] for *_, role in spans]
        if TREATMENT in roles and DISEASE in roles:
            entities = tuple(Entity(a, b, text[a:b], _ROLES[role], id=f"e{i}") for i, (a, b, role) in enumerate(spans))
            relations = tuple(
                Relation(_RELATED[one[2], other[2]], f"e{i}", f"e{j}")
                for i, one in enumerate(spans)
                for j, other in enumerate(spans)
                if (one[2], other[2]) in _RELATED
            )
            out.append((number, label.strip(), Extraction(f"line {number}", text, entities, relations)))
    return out


def _untagged(raw: str) -> tuple[str, list[tuple[int, int, str]]]:
    """Take the tags out; give the text and (start, end, role) of each."""
    pieces, spans, at, open_ = [], [], 0, None
    length = 0
    for tag in _TAG.finditer(raw):
        piece = raw[at : tag.start()]
        pieces.append(piece)
        length += len(piece)
        at = tag.end()
        if not tag[1]:
            open_ = (length, tag[2])
        elif open_ is not None and open_[1] in _ROLES:
            words = raw_words = "".join(pieces)[open_[0] :]
            start = open_[0] + len(words) - len(words.lstrip())
            end = open_[0] + len(raw_words.rstrip())
            if start < end:
                spans.append((start, end, open_[1]))
            open_ = None
    pieces.append(raw[at:])
    return "".join(pieces), spans

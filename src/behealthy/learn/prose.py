"""Our own sentences of the kind that titles and abstracts are made of, with what each says of treatment and disease.

What may be learned from is short of prose about benefit: PHEE is reports of harm, notes are hardly prose at all.

This module refuses text that is not ours: the sentences are invented, and nobody in them exists.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from behealthy.errors import UnreadableFile
from behealthy.note import DISEASE, RELATION_TYPES, TREATMENT, Entity, Extraction, Relation

LONGEST = 3  # words of a name that may stand in for another
_MARK = re.compile(r"\[([^]]+)\]|\{([^}]+)\}")
_PAIR = re.compile(rf"(.+?) ({'|'.join(RELATION_TYPES)}) (.+)")


def read_prose(path: Path) -> list[Extraction]:
    """When called, it will read sentences with [diseases] and {treatments}, each followed by a tab and what holds.

    That is one type, for every pair of the sentence, or single pairs apart by ``;`` ("aspirin TREATS gout"), or
    nothing. Lines that begin with ``#`` are skipped.

    Raises
    ------
    UnreadableFile
        When the file cannot be read, or a line names what it does not mark.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise UnreadableFile(f"{path.name}: {exc}") from exc
    return [_sentence(path.name, number, line) for number, line in enumerate(lines, 1) if line and line[0] != "#"]


def _sentence(name: str, number: int, line: str) -> Extraction:
    marked, _, says = line.partition("\t")
    text, at = "", 0
    entities: list[Entity] = []
    for found in _MARK.finditer(marked):
        text += marked[at : found.start()]
        words, kind = (found[1], DISEASE) if found[1] else (found[2], TREATMENT)
        entities.append(Entity(len(text), len(text) + len(words), words, kind, id=f"e{len(entities)}"))
        text += words
        at = found.end()
    heads, tails = ([e for e in entities if e.type == kind] for kind in (TREATMENT, DISEASE))
    if says in RELATION_TYPES:
        relations = [Relation(says, a.id, b.id) for a in heads for b in tails]
    else:
        relations = []
        for one in filter(None, says.split(";")):
            parts = _PAIR.fullmatch(one)
            pair = parts and [(a, b) for a in heads for b in tails if (a.text, b.text) == (parts[1], parts[3])]
            if not parts or not pair:
                raise UnreadableFile(f"{name}, line {number}: no such pair: {one}")
            relations += [Relation(parts[2], a.id, b.id) for a, b in pair]
    return Extraction(f"{name} {number}", text + marked[at:], tuple(entities), tuple(relations))


def other_names(
    sentences: Sequence[Extraction], named: Sequence[Extraction], copies: int, seed: int = 0
) -> list[Extraction]:
    """When called, it will give copies of sentences with other diseases and treatments, drawn from those of `named`.

    What a sentence says is then learned from how it says it, not from its names.
    """
    rng = np.random.default_rng(seed)
    short = [e for d in named for e in d.entities if len(e.text.split()) <= LONGEST]
    names = {kind: sorted({e.text for e in short if e.type == kind}) for kind in (DISEASE, TREATMENT)}
    out = []
    for sentence in sentences:
        for _ in range(copies):
            text, entities, at = "", [], 0
            for entity in sentence.entities:
                text += sentence.text[at : entity.start]
                name = names[entity.type][rng.integers(len(names[entity.type]))]
                entities.append(Entity(len(text), len(text) + len(name), name, entity.type, id=entity.id))
                text += name
                at = entity.end
            text += sentence.text[at:]
            out.append(Extraction(sentence.note_id, text, tuple(entities), sentence.relations))
    return out

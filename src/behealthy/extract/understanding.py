"""What found entities mean: status, codes, dose, and what treats what. The parts of understanding as one value.

Each part is pure and knows nothing of the others; here they meet, over a batch of notes at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from behealthy.extract.abbreviations import definitions, expanded, in_context
from behealthy.extract.assertion import judge, judged
from behealthy.extract.attributes import drug_attributes
from behealthy.extract.coding import Coder
from behealthy.extract.marked import Marked, mark
from behealthy.extract.relations import Linker
from behealthy.extract.tokens import IntArray, Vocabulary
from behealthy.extract.triggers import load_triggers
from behealthy.note import ASSERTIONS, DISEASE, RELATION_TYPES, Assertion, Entity, Relation

Span = tuple[int, int] | tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Understanding:
    """The knowledge with which entities are understood.

    Attributes
    ----------
    coder : Coder
    linker : Linker
    """

    coder: Coder
    linker: Linker

    def entities(self, marked: Marked, score: Sequence[float]) -> list[list[Entity]]:
        """When called, it will give the entities of each text, judged, coded and with their dose, ids ``e1, e2, ...``.

        Parameters
        ----------
        score : sequence of float, one for each entity of `marked`
        """
        batch, outline = marked.batch, marked.outline
        out: list[list[Entity]] = [[] for _ in marked.texts]
        named: dict[int, Mapping[str, str]] = {}  # the abbreviations that a note defines, read once it is asked for
        status_of = judged(marked, load_triggers())
        columns = zip(
            batch.note[marked.first].tolist(),
            batch.starts[marked.first].tolist(),
            batch.ends[marked.last].tolist(),
            marked.type,
            score,
            status_of.status.tolist(),
            status_of.triggers,
            outline.section[marked.first].tolist(),
            drug_attributes(marked),
            strict=True,
        )
        for note, start, end, kind, likely, status, triggers, section, attributes in columns:
            text = marked.texts[note]
            words, own = text[start:end], out[note]
            if note not in named:
                named[note] = definitions(text)
            meant = expanded(words, named[note]) or in_context(words, text, start, end)
            codes = self.coder.code(words, kind, meant)
            said, where = ASSERTIONS[status], outline.names[section]
            id_ = f"e{len(own) + 1}"
            own.append(Entity(start, end, words, kind, likely, said, where, codes, attributes, id_, triggers))
        return out

    def relations(self, marked: Marked) -> list[list[Relation]]:
        """When called, it will link the entities of each text, by ids ``e1, e2, ...`` in the order of `marked`."""
        links = self.linker.link(marked)
        out: list[list[Relation]] = [[] for _ in marked.texts]
        note = marked.batch.note[marked.first]
        number = _numbers(note)
        rows = (
            note[links.head].tolist(),
            number[links.head].tolist(),
            number[links.tail].tolist(),
            links.type.tolist(),
            links.score.tolist(),
        )
        for where, head, tail, kind, score in zip(*rows, strict=True):
            out[where].append(Relation(RELATION_TYPES[kind], f"e{head}", f"e{tail}", score))
        return out


def without_denied(entities: Sequence[Entity], links: Sequence[Relation]) -> list[Relation]:
    """When called, it will leave out the links to diseases that a note denies: what is not there is not treated."""
    denied = {e.id for e in entities if e.assertion == "negated"}
    return [link for link in links if link.tail not in denied]


def assertions(text: str, spans: Sequence[Span], vocabulary: Vocabulary | None = None) -> list[Assertion]:
    """When called, it will judge given spans of a text, in their order.

    Parameters
    ----------
    spans : sequence of (start, end) or (start, end, type)
        Code points, end exclusive; they may overlap. Without a type they are diseases.

    Raises
    ------
    ValueError
        When a span is no range inside the text, or holds white space only.

    Examples
    --------
    >>> assertions("No fever. Mother had gout.", [(3, 8), (21, 25)])
    ['negated', 'family']
    """
    known = [(span[0], span[1], span[2] if len(span) == 3 else DISEASE) for span in spans]
    marked = mark([text], [known], Vocabulary() if vocabulary is None else vocabulary)
    return [ASSERTIONS[status] for status in judge(marked, load_triggers()).tolist()]


def _numbers(note: IntArray) -> IntArray:
    """Number the entities of each text from 1."""
    if not len(note):
        return note
    first = np.flatnonzero(np.diff(note, prepend=-1))
    return np.arange(len(note)) - np.repeat(first, np.diff(first, append=len(note))) + 1

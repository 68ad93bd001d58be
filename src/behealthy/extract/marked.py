"""Entities marked in a batch of notes: what judging, linking and coding start from, whoever marked them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from behealthy.extract.batch import Batch, lay_out
from behealthy.extract.outline import Outline, outline
from behealthy.extract.tokens import IntArray, Vocabulary


@dataclass(frozen=True, slots=True)
class Marked:
    """E entities in N tokens of several texts.

    They come text by text, in any order inside a text; they may overlap and lie inside one another.

    Attributes
    ----------
    first, last : int64 arrays of shape (E,)
        Tokens of the batch, both inclusive.
    type : sequence of E str
    """

    texts: Sequence[str]
    batch: Batch
    vocabulary: Vocabulary
    outline: Outline
    first: IntArray
    last: IntArray
    type: Sequence[str]

    def __len__(self) -> int:
        return len(self.first)


def mark(texts: Sequence[str], spans: Sequence[Sequence[tuple[int, int, str]]], vocabulary: Vocabulary) -> Marked:
    """When called, it will lay texts out with the entities that somebody marked in them.

    An entity takes every token that it touches.

    Parameters
    ----------
    spans : sequence, one a text, of sequences of (start, end, type)
        Code points, end exclusive.

    Raises
    ------
    ValueError
        When a span is no range inside its text, or holds nothing but white space.

    Examples
    --------
    >>> marked = mark(["no fever today"], [[(3, 8, "DISEASE")]], Vocabulary())
    >>> marked.first.tolist(), marked.last.tolist()
    ([1], [1])
    """
    batch = lay_out(texts, vocabulary)
    rows = []
    for note, (text, own) in enumerate(zip(texts, spans, strict=True)):
        for start, end, kind in own:
            if not 0 <= start < end <= len(text):
                raise ValueError(f"span [{start}, {end}) is not a range inside a text of {len(text)} code points")
            if text[start:end].isspace():
                raise ValueError(f"span [{start}, {end}) holds white space only")
            rows.append((note, start, end, kind))
    bases = np.cumsum([0, *(len(text) + 1 for text in texts)])
    own_note, own_start, own_end = np.array([row[:3] for row in rows], np.int64).reshape(-1, 3).T  # (entities,) each
    return Marked(
        texts=texts,
        batch=batch,
        vocabulary=vocabulary,
        outline=outline(texts, batch, vocabulary),
        first=np.searchsorted(batch.ends + bases[batch.note], own_start + bases[own_note], side="right"),
        last=np.searchsorted(batch.starts + bases[batch.note], own_end + bases[own_note], side="left") - 1,
        type=[row[3] for row in rows],
    )

"""How a note is built around its tokens: which section, line and block each of them stands in.

A *block* is what a reader takes in as one: a paragraph, or an item of a list with the lines that belong to it. What is
said of one item of a list does not hold for the next, whatever the sentence splitter makes of it.

This module refuses to know what a section or a block means.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from behealthy.extract.batch import Batch
from behealthy.extract.sections import START, sections
from behealthy.extract.sentences import has
from behealthy.extract.tokens import BLANK, BULLET, CLOSER, ITEM, NEWLINE, TERMINATOR, BoolArray, IntArray, Vocabulary


@dataclass(frozen=True, slots=True)
class Outline:
    """Where each of N tokens of a batch stands; lines, blocks and sections are numbered through the batch.

    Attributes
    ----------
    names : tuple of str
        The sections that occur, by the numbers of `section`.
    section : int64 array of shape (N,)
        Name of each token's section. A heading belongs to its own section.
    part : int64 array of shape (N,)
        Number of each token's section, one more with each heading: two sections of one name are two parts.
    heading : bool array of shape (N,)
        Whether the token is of a section's heading.
    line, block : int64 arrays of shape (N,)
    listed : bool array of shape (N,)
        Whether the token's block is an item of a list: it begins with a bullet or a number.
    """

    names: tuple[str, ...]
    section: IntArray
    part: IntArray
    heading: BoolArray
    line: IntArray
    block: IntArray
    listed: BoolArray


def outline(texts: Sequence[str], batch: Batch, vocabulary: Vocabulary) -> Outline:
    """When called, it will tell where each token of a batch stands.

    Parameters
    ----------
    texts : sequence of str
        What `batch` was laid out from.

    Examples
    --------
    >>> from behealthy.extract.batch import lay_out
    >>> from behealthy.extract.tokens import Vocabulary
    >>> texts, vocabulary = ["PLAN:\\n1. HTN - rest\\n  and diet\\n2. Gout"], Vocabulary()
    >>> o = outline(texts, lay_out(texts, vocabulary), vocabulary)
    >>> [o.names[i] for i in o.section[:3]], o.heading[:3].tolist()
    (['plan', 'plan', 'plan'], [True, True, False])
    >>> o.line.tolist(), o.block.tolist()
    ([0, 0, 1, 1, 1, 1, 1, 2, 2, 3, 3, 3], [0, 0, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2])
    """
    names, section, part, heading = _sections(texts, batch)
    new_line = has(batch.gaps, NEWLINE | BLANK)
    flags = vocabulary.facts[1][batch.words]
    following = np.append(flags[1:], 0)
    item = has(flags, BULLET) | (has(flags, ITEM) & has(following, TERMINATOR | CLOSER))
    item &= new_line
    # A block begins at an item, behind an empty line, and with a section.
    begins = item | has(batch.gaps, BLANK)
    begins[1:] |= part[1:] != part[:-1]
    block = np.cumsum(begins) - 1
    return Outline(
        names=names,
        section=section,
        part=part,
        heading=heading,
        line=np.cumsum(new_line) - 1,
        block=block,
        listed=item[np.flatnonzero(begins)][block] if len(block) else item,
    )


def _sections(texts: Sequence[str], batch: Batch) -> tuple[tuple[str, ...], IntArray, IntArray, BoolArray]:
    """Give the names of sections, and for each token: number of its name, of its section, whether it heads it."""
    numbers: dict[str, int] = {START: 0}
    name, first, behind = [], [], []  # of each section: number of its name, where it begins, where its heading ends
    # Code points of the whole batch, so that one search serves all texts. Text before the first heading is a section.
    bases = np.cumsum([0, *(len(text) + 1 for text in texts)])
    for base, text in zip(bases.tolist(), texts, strict=False):
        name.append(0)
        first.append(base)
        behind.append(base)
        for found in sections(text):
            if found.heading_end > found.heading_start:
                name.append(numbers.setdefault(found.name, len(numbers)))
                first.append(base + found.heading_start)
                behind.append(base + found.start)
    at = batch.starts + bases[batch.note]
    part = np.searchsorted(np.array(first, np.int64), at, side="right") - 1
    return tuple(numbers), np.array(name, np.int64)[part], part, at < np.array(behind, np.int64)[part]

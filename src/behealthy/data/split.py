"""Part documents into those to learn from and those to judge by, so that nothing of one is in the other.

What may not be torn apart stays together: documents of one group (by default, of one id: a patient, an abstract) and
documents with the same text. The order in which documents come does not matter, only the seed does. This module
refuses to split below a document; figures from such a split flatter.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from behealthy.errors import BadInput
from behealthy.note import Extraction

Part = tuple[list[Extraction], list[Extraction]]  # to learn from, to judge by


def holdout(
    documents: Sequence[Extraction], share: float, *, seed: int = 0, groups: Sequence[str] | None = None
) -> Part:
    """When called, it will hold out whole groups, at random, until about ``share`` of the documents are held out.

    Parameters
    ----------
    share : float
        Between 0 and 1, both exclusive; at least one group is held out and one is left.
    groups : sequence of str, optional
        The group of each document, in the documents' order; by default its id.

    Raises
    ------
    ValueError
        When the share is not between 0 and 1, or there are not as many groups as documents.
    BadInput
        When the documents are all of one group.
    """
    if not 0 < share < 1:
        raise ValueError(f"share is {share}, must be between 0 and 1")
    together = _shuffled(documents, groups, seed, 2)
    wanted = share * len(documents)
    held: list[int] = []
    left = len(together)
    for group in together:
        # Half a group more than wanted is as near as half a group less.
        if left > 1 and len(held) + len(group) / 2 <= wanted:
            held += group
            left -= 1
    return _part(documents, held or min(together, key=len))


def folds(
    documents: Sequence[Extraction], count: int, *, seed: int = 0, groups: Sequence[str] | None = None
) -> list[Part]:
    """When called, it will part the documents ``count`` times, so that each is judged by exactly once.

    Parameters
    ----------
    count : int
        At least 2.
    groups : sequence of str, optional
        See `holdout`.

    Raises
    ------
    ValueError
        When the count is below 2, or there are not as many groups as documents.
    BadInput
        When there are fewer groups than folds.
    """
    if count < 2:
        raise ValueError(f"the number of folds is {count}, must be at least 2")
    held: list[list[int]] = [[] for _ in range(count)]
    for group in sorted(_shuffled(documents, groups, seed, count), key=len, reverse=True):
        min(held, key=len).extend(group)
    return [_part(documents, fold) for fold in held]


def _shuffled(documents: Sequence[Extraction], groups: Sequence[str] | None, seed: int, fewest: int) -> list[list[int]]:
    """Give the documents' places, those that belong together in one list, in an order that the seed decides."""
    together = _together(documents, [d.note_id for d in documents] if groups is None else groups)
    if len(together) < fewest:
        raise BadInput(f"{len(documents)} documents are {len(together)} groups; parting them takes at least {fewest}")
    random.Random(seed).shuffle(together)
    return together


def _together(documents: Sequence[Extraction], groups: Sequence[str]) -> list[list[int]]:
    """Join documents that share a group or a text, directly or by way of others; in an order of their names alone."""
    if len(groups) != len(documents):
        raise ValueError(f"{len(groups)} groups for {len(documents)} documents")
    leader = list(range(len(documents)))

    def find(i: int) -> int:
        while leader[i] != i:
            leader[i] = leader[leader[i]]
            i = leader[i]
        return i

    first: dict[tuple[str, str], int] = {}
    for i, (document, group) in enumerate(zip(documents, groups, strict=True)):
        for key in (("group", group), ("text", document.text)):
            leader[find(i)] = find(first.setdefault(key, i))
    joined: dict[int, list[int]] = {}
    for i in range(len(documents)):
        joined.setdefault(find(i), []).append(i)
    return sorted(joined.values(), key=lambda places: min(groups[i] for i in places))


def _part(documents: Sequence[Extraction], held: list[int]) -> Part:
    out = set(held)
    return [d for i, d in enumerate(documents) if i not in out], [documents[i] for i in sorted(out)]

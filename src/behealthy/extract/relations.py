"""Which treatment treats, prevents or causes which disease: one softmax over what `pairs` sees.

The table is learned by `learn.relations`. This module refuses to know how.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from behealthy.extract.classes import WordClasses
from behealthy.extract.hashing import BITS
from behealthy.extract.marked import Marked
from behealthy.extract.pairs import Pairs, WordFacts, pairs_of
from behealthy.extract.tokens import IntArray
from behealthy.note import RELATION_TYPES

FloatArray = npt.NDArray[np.float64]
OUTCOMES = 1 + len(RELATION_TYPES)  # none first


@dataclass(frozen=True, slots=True)
class Links:
    """R relations between entities of a `Marked`, in order of head and tail.

    Attributes
    ----------
    head, tail : int64 arrays of shape (R,)
        Indices of entities.
    type : int64 array of shape (R,)
        Index into `RELATION_TYPES`.
    score : float64 array of shape (R,)
        Probability of the relation, in [0, 1].
    """

    head: IntArray
    tail: IntArray
    type: IntArray
    score: FloatArray

    def __len__(self) -> int:
        return len(self.head)


class Linker:
    """Link treatments with the diseases that they treat, prevent or cause.

    Not safe to share between threads: it keeps facts of the words it has seen.

    Parameters
    ----------
    table : float array of shape (2 ** `hashing.BITS`, 4)
        Weight of each row for none, TREATS, PREVENTS, CAUSES.
    least : float array of shape (3,)
        Probability from which a relation of each type is given.
    classes : the word classes that the table was learned with
    """

    def __init__(self, table: npt.NDArray[Any], least: npt.NDArray[Any], classes: WordClasses | None = None) -> None:
        # A row of four is fetched as one number of the same size: several times faster than as a row.
        self._table = np.ascontiguousarray(table, np.float32).view(np.complex128).ravel()
        self._least = np.asarray(least, np.float64)
        self._facts = WordFacts(classes)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]], classes: WordClasses | None = None) -> Linker:
        """When called, it will make the linker from the arrays ``table`` and ``least``.

        Raises
        ------
        ValueError
            When one is away or of another shape.
        """
        table, least = arrays.get("table"), arrays.get("least")
        if table is None or table.shape != (1 << BITS, OUTCOMES):
            raise ValueError(f"relations: 'table' must have the shape {(1 << BITS, OUTCOMES)}")
        if least is None or least.shape != (len(RELATION_TYPES),):
            raise ValueError(f"relations: 'least' must have the shape {(len(RELATION_TYPES),)}")
        return cls(table, least, classes)

    def link(self, marked: Marked) -> Links:
        """When called, it will give the relations between the entities of a batch.

        Entities of other types than TREATMENT and DISEASE take no part. A pair has one relation at most.
        """
        pairs = pairs_of(marked, self._facts)
        chances = self.chances(pairs)
        excess = chances[:, 1:] - self._least
        type_ = excess.argmax(axis=1) if len(pairs) else np.zeros(0, np.int64)
        given = np.flatnonzero(excess[np.arange(len(pairs)), type_] >= 0)
        kind = type_[given].astype(np.int64)
        return Links(pairs.head[given], pairs.tail[given], kind, chances[given, kind + 1])

    def chances(self, pairs: Pairs) -> FloatArray:
        """When called, it will give the probability of each outcome, none first; shape (pairs, 4)."""
        logits = self._sum(pairs.rows).astype(np.float64)
        for stretch in pairs.stretches:
            sums = np.zeros((stretch.rows.shape[1] + 1, OUTCOMES))
            np.cumsum(self._sum(stretch.rows), axis=0, out=sums[1:])
            logits += (sums[stretch.stop] - sums[stretch.start]) * stretch.scale[:, None]
        logits -= logits.max(axis=1, keepdims=True)
        powers = np.exp(logits)
        return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float64)

    def _sum(self, rows: IntArray) -> npt.NDArray[np.float32]:
        """Add up what K rows weigh; from shape (K, n) to (n, 4)."""
        out = np.zeros((rows.shape[1], OUTCOMES), np.float32)
        for one in rows:
            out += self._table.take(one).view(np.float32).reshape(-1, OUTCOMES)
        return out

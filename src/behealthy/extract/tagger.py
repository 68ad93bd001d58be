"""A linear-chain CRF as tables: look a word up, add rows, decode.

Every attribute is seen from a fixed set of offsets, so all that a word contributes to the labels around it is one
row of ``offsets x labels`` numbers. The row is summed once for each distinct word and kept; tagging is then a gather,
an addition and a batched Viterbi. The tables may hold several *heads*, CRFs of their own that share the attributes,
so that types learned from different corpora are decoded side by side.

Nothing here reads files or knows where the weights come from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Literal

import numpy as np
import numpy.typing as npt

from behealthy.extract.batch import Batch
from behealthy.extract.features import WIDEST, Classes, word_attributes
from behealthy.extract.lattice import FloatArray, IntArray, Layout, Posterior, forward_backward, viterbi
from behealthy.extract.tokens import Vocabulary

_OFFSETS = 2 * WIDEST + 1
_BEGIN, _INSIDE, _END, _SINGLE = 1, 2, 3, 4
_PREFIX = {"B": _BEGIN, "I": _INSIDE, "E": _END, "S": _SINGLE}


@dataclass(frozen=True)
class Head:
    """One CRF: its labels (``O`` first, then ``B-TYPE`` and so on) and how they follow one another.

    Attributes
    ----------
    transitions : float64 array of shape (L, L), from row to column
    lean : float
        Taken from the potential of ``O`` when decoding, never when scoring: above zero the tagger calls more
        entities, below zero fewer. Chosen on held-out documents for the best strict F1.
    """

    labels: tuple[str, ...]
    transitions: FloatArray
    lean: float = 0.0

    @property
    def types(self) -> tuple[str, ...]:
        """The entity types this head can find."""
        return tuple(dict.fromkeys(label[2:] for label in self.labels if label != "O"))


@dataclass(frozen=True)
class Block:
    """The weights of all attributes that are seen from offsets -radius .. radius.

    Attributes
    ----------
    table : float array of shape (attributes, 2 * radius + 1, labels of all heads)
    """

    radius: int
    attributes: tuple[str, ...]
    table: npt.NDArray[np.floating]


@dataclass(frozen=True)
class Weights:
    """A trained model without the knowledge it was trained with.

    ``base`` is a model that reads first, and ``hears`` says what of it is a stream to this one. Its *opinion* of each
    token: stacked generalisation (Wolpert 1992), which lets a few notes of a new guideline correct what many notes
    taught. Or the *echo*, what it thinks of the same word elsewhere in the note: non-local evidence (Krishnan &
    Manning, "An effective two-stage model for exploiting non-local dependencies", ACL 2006).
    """

    heads: tuple[Head, ...]
    blocks: tuple[Block, ...]
    base: Weights | None = None
    hears: Literal["opinion", "echo"] = "opinion"

    @property
    def columns(self) -> int:
        """Labels of all heads together."""
        return sum(len(head.labels) for head in self.heads)


@dataclass(frozen=True)
class Spans:
    """Entities of a batch as token ranges.

    Attributes
    ----------
    first, last : int64 arrays of shape (spans,)
        Tokens of the batch, both inclusive.
    type : list of str
    score : float64 array of shape (spans,)
        Exact probability that these tokens, and no more, are one entity of that type.
    begins : mapping of type to float64 array of shape (N,)
        Probability that an entity of the type begins at each token of the batch, whatever was decoded.
    """

    first: IntArray
    last: IntArray
    type: list[str]
    score: FloatArray
    begins: Mapping[str, FloatArray] = field(default_factory=dict)


class Tagger:
    """Weights made ready for tagging; keeps a bounded cache of rows by word number.

    Parameters
    ----------
    classes : callable, optional
        The word classes the model was trained with.
    symbols : sequence of (list of attributes), one sequence a stream
        Attributes of each symbol of the streams after the words; symbol 0 has none.
    """

    def __init__(
        self, weights: Weights, classes: Classes | None = None, streams: Sequence[Sequence[Sequence[str]]] = ()
    ) -> None:
        self.heads = weights.heads
        self._columns = weights.columns
        self._classes = classes
        self._blocks = [(WIDEST - b.radius, 2 * b.radius + 1, b.table) for b in weights.blocks]
        # One numbering for the attributes of all blocks; each is in one of them, by its template.
        self._index = {a: i for i, a in enumerate(chain.from_iterable(b.attributes for b in weights.blocks))}
        self._streams = [self._rows(attributes) for attributes in streams]
        self._words = np.zeros((_OFFSETS, 0, self._columns))
        self._known = 0
        self._epoch = -1

    def _rows(self, symbols: Sequence[Sequence[str]]) -> FloatArray:
        """Sum the weights of each symbol's attributes: float64 of shape (offsets, symbols, columns)."""
        rows = np.zeros((len(symbols), _OFFSETS, self._columns))
        index = self._index
        found = np.array([index.get(a, -1) for attributes in symbols for a in attributes], np.int64)
        owner = np.repeat(np.arange(len(symbols)), list(map(len, symbols)))
        base = 0
        for begin, width, table in self._blocks:
            own = np.flatnonzero((found >= base) & (found < base + len(table)))
            if len(own):
                at = owner[own]
                starts = np.flatnonzero(np.concatenate([[True], at[1:] != at[:-1]]))
                rows[at[starts], begin : begin + width] += np.add.reduceat(
                    table[found[own] - base].astype(np.float64), starts, axis=0
                )
            base += len(table)
        return np.ascontiguousarray(rows.transpose(1, 0, 2))

    def _learn_words(self, vocabulary: Vocabulary) -> FloatArray:
        """Rows of every word the vocabulary knows, computing those that are new: (offsets, words, columns)."""
        if self._epoch != vocabulary.epoch:
            self._epoch, self._known = vocabulary.epoch, 0
        total = len(vocabulary.words)
        if self._known < total:
            fresh = self._rows([word_attributes(w, self._classes) for w in vocabulary.words[self._known :]])
            if self._words.shape[1] < total:
                grown = np.zeros((_OFFSETS, max(total, 2 * self._words.shape[1]), self._columns))
                grown[:, : self._known] = self._words[:, : self._known]
                self._words = grown
            self._words[:, self._known : total] = fresh
            self._known = total
        return self._words

    def emissions(self, batch: Batch, vocabulary: Vocabulary, streams: Sequence[IntArray] = ()) -> FloatArray:
        """Log potentials of every label of every head, float64 of shape (N, columns), flat order.

        Parameters
        ----------
        streams : int64 arrays of shape (P,)
            Symbols at padded positions, one array for each stream the tagger was made with.
        """
        words = self._learn_words(vocabulary)
        out = np.zeros((len(batch.positions), self._columns))
        for k in range(_OFFSETS):
            out += words[k].take(batch.padded[batch.positions + (k - WIDEST)], axis=0)
        if len(streams) != len(self._streams):
            raise ValueError(f"{len(streams)} streams for a tagger that was made with {len(self._streams)}")
        if streams:
            padded = np.zeros((len(batch.padded) + 2 * WIDEST, self._columns))
            for symbols, rows in zip(streams, self._streams, strict=True):
                at = np.flatnonzero(symbols)  # most places carry nothing
                for k in range(_OFFSETS):
                    padded[at - (k - WIDEST) + WIDEST] += rows[k].take(symbols[at], axis=0)
            out += padded[batch.positions + WIDEST]
        return out

    def read(
        self, batch: Batch, vocabulary: Vocabulary, streams: Sequence[IntArray] = ()
    ) -> Iterator[tuple[Head, Layout, IntArray, Posterior]]:
        """For each head give its layout, its best path (int64 of shape (N,), flat) and its posterior (time-major)."""
        emissions = self.emissions(batch, vocabulary, streams)
        layout = Layout.of(batch.lengths)
        column = 0
        for head in self.heads:
            width = len(head.labels)
            own = emissions[layout.order, column : column + width]
            column += width
            posterior = forward_backward(layout, own, head.transitions)
            own[:, 0] -= head.lean
            yield head, layout, viterbi(layout, own, head.transitions)[layout.place], posterior

    def tag(self, batch: Batch, vocabulary: Vocabulary, streams: Sequence[IntArray] = ()) -> list[Spans]:
        """Give the entities that each head finds."""
        out = []
        for head, layout, path, posterior in self.read(batch, vocabulary, streams):
            first, last, kind = spans_of(path, head.labels, batch.sentence)
            score = span_probabilities(posterior, layout, head.labels, path, first, last, batch.sentence)
            types = head.types
            begins = begin_probabilities(posterior, layout, head)
            out.append(Spans(first, last, [types[i] for i in kind.tolist()], score, begins))
        return out


def _label_facts(labels: Sequence[str]) -> tuple[IntArray, IntArray]:
    """Prefix code and type index of each label (0 and -1 for O)."""
    types = list(dict.fromkeys(label[2:] for label in labels if label != "O"))
    prefix = np.array([0 if label == "O" else _PREFIX[label[0]] for label in labels], np.int64)
    kind = np.array([-1 if label == "O" else types.index(label[2:]) for label in labels], np.int64)
    return prefix, kind


def spans_of(path: IntArray, labels: Sequence[str], sentence: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Read entities off a path of BIO or BIOES labels, as conlleval does: first and last token, type index."""
    if not len(path):
        empty = np.zeros(0, np.int64)
        return empty, empty, empty
    prefix, kind = _label_facts(labels)
    p, t = prefix[path], kind[path]
    goes_on = np.zeros(len(path) + 1, np.bool_)
    goes_on[1:-1] = (
        np.isin(p[1:], (_INSIDE, _END))
        & np.isin(p[:-1], (_BEGIN, _INSIDE))
        & (t[1:] == t[:-1])
        & (sentence[1:] == sentence[:-1])
    )
    entity = p > 0
    first = np.flatnonzero(entity & ~goes_on[:-1])
    last = np.flatnonzero(entity & ~goes_on[1:])
    return first, last, t[first]


def begin_probabilities(posterior: Posterior, layout: Layout, head: Head) -> dict[str, FloatArray]:
    """Probability that an entity of each type begins at a token, float64 of shape (N,), flat order."""
    out = {}
    for kind in head.types:
        own = [i for i, label in enumerate(head.labels) if label in (f"B-{kind}", f"S-{kind}")]
        out[kind] = (posterior.alpha[:, own] * posterior.beta[:, own]).sum(axis=1)[layout.place]
    return out


def span_probabilities(
    posterior: Posterior,
    layout: Layout,
    labels: Sequence[str],
    path: IntArray,
    first: IntArray,
    last: IntArray,
    sentence: IntArray,
) -> FloatArray:
    """Exact probability that a span has the labels of the path and that no label after it continues it.

    Product of the forward variable at the first token, the conditional steps along the path, and the backward variable
    behind the last (Culotta & McCallum, "Confidence estimation for information extraction", NAACL 2004).
    """
    if not len(first):
        return np.zeros(0)
    prefix, kind = _label_facts(labels)
    place = layout.place
    previous = np.concatenate([[0], path[:-1]])
    with np.errstate(divide="ignore"):
        step = np.log(posterior.moves[previous, path] * posterior.inside[place, path])
        log_alpha = np.log(posterior.alpha[place[first], path[first]])
    # Sentence starts have no step; they never lie inside a span, so their value must only stay finite.
    total = np.concatenate([[0.0], np.cumsum(np.where(np.isfinite(step), step, 0.0))])
    ending = posterior.beta[place[last], path[last]].copy()
    follows = np.flatnonzero((last + 1 < len(path)) & (sentence[np.minimum(last + 1, len(path) - 1)] == sentence[last]))
    open_ended = follows[np.isin(prefix[path[last[follows]]], (_BEGIN, _INSIDE))]
    if len(open_ended):
        here, after = path[last[open_ended]], place[last[open_ended] + 1]
        continues = np.isin(prefix, (_INSIDE, _END))[None, :] & (kind[None, :] == kind[here][:, None])
        onward = posterior.moves[here] * posterior.inside[after] * posterior.beta[after]
        ending[open_ended] = np.where(continues, 0.0, onward).sum(axis=1)
    with np.errstate(divide="ignore"):
        log_score = log_alpha + total[last + 1] - total[first + 1] + np.log(ending)
    score: FloatArray = np.clip(np.exp(log_score), 0.0, 1.0)
    return score


def blocks_from(weights: Mapping[tuple[int, str], FloatArray], columns: int) -> tuple[Block, ...]:
    """Gather weights by (offset, attribute), each of shape (columns,), into blocks of equal radius."""
    reach: dict[str, int] = {}
    for offset, attribute in weights:
        if abs(offset) > WIDEST:
            raise ValueError(f"attribute {attribute!r} is seen from offset {offset}, the widest is {WIDEST}")
        reach[attribute] = max(reach.get(attribute, 0), abs(offset))
    blocks = []
    for radius in sorted(set(reach.values())):
        names = tuple(sorted(a for a, r in reach.items() if r == radius))
        index = {a: i for i, a in enumerate(names)}
        table = np.zeros((len(names), 2 * radius + 1, columns))
        for (offset, attribute), values in weights.items():
            if attribute in index:
                table[index[attribute], offset + radius] = values
        blocks.append(Block(radius, names, table))
    return tuple(blocks)

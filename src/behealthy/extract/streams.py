"""The alphabets beside the words: what the dictionary and a base model say of a token, as small numbers.

A stream gives one symbol a token; symbol 0 says nothing and has no attributes. What a symbol means to the tagger is
its list of attributes, so a stream is one more table of the same kind as the words'.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from behealthy.extract.batch import Batch
from behealthy.extract.classes import WordClasses
from behealthy.extract.lattice import FloatArray, Layout, Posterior
from behealthy.extract.lexicon import KINDS, Keys, Lexicon, exact_key, token_key
from behealthy.extract.tagger import Head, Tagger, Weights
from behealthy.extract.tokens import DIGIT, LOWER, UPPER, IntArray, Vocabulary

_TAGS = 5  # outside, begin, inside, end, single
_GRADES = (0.02, 0.1, 0.3, 0.6, 0.9)  # a base model's probability is told in steps


def dictionary_attributes() -> list[list[str]]:
    """Attributes of each symbol of the dictionary stream: the tag of each kind, and their combination."""
    return [_attributes(symbol) for symbol in range(_TAGS ** len(KINDS))]


def _attributes(symbol: int) -> list[str]:
    tags = [symbol // _TAGS**channel % _TAGS for channel in range(len(KINDS))]
    by_kind = dict(zip(KINDS, tags, strict=True))
    out = [f"d{channel}={tag}" for channel, tag in enumerate(tags) if tag]
    if by_kind["disease"] or by_kind["finding"]:
        out.append("dD")
    if by_kind["drug"] or by_kind["treatment"]:
        out.append("dT")
    if sum(map(bool, tags)) > 1:
        out.append("d+" + "".join(map(str, tags)))
    return out


def opinion_attributes(head: Head, name: str) -> list[list[str]]:
    """Attributes of each symbol of a base model's head: its label, and how high each type's probability reaches."""
    grades = len(_GRADES) + 1
    out = []
    for symbol in range(len(head.labels) * grades ** len(head.types)):
        label, rest = symbol % len(head.labels), symbol // len(head.labels)
        own = [f"b{name}:{head.labels[label]}"] if label else []
        for kind in head.types:
            own += [f"b{name}:{kind}>{_GRADES[grade]}" for grade in range(rest % grades)]
            rest //= grades
        out.append(own)
    return out


def opinion_symbols(head: Head, layout: Layout, path: IntArray, posterior: Posterior) -> IntArray:
    """Symbol of each token, int64 of shape (N,), flat order; see `opinion_attributes`."""
    symbols = path.copy()
    base = len(head.labels)
    for probability in type_probabilities(head, layout, posterior).T:
        symbols += base * np.digitize(probability, _GRADES)
        base *= len(_GRADES) + 1
    return symbols


def type_probabilities(head: Head, layout: Layout, posterior: Posterior) -> FloatArray:
    """Probability that each token is inside an entity of each type, float64 of shape (N, types), flat order."""
    marginals = posterior.marginals[layout.place]
    of_type = [[i for i, label in enumerate(head.labels) if label[2:] == kind] for kind in head.types]
    return np.stack([marginals[:, own].sum(axis=1) for own in of_type], axis=1)


def echo_attributes(types: Sequence[str], name: str) -> list[list[str]]:
    """Attributes of each symbol of an echo: how high the highest and the mean probability of each type reach."""
    grades = len(_GRADES) + 1
    out: list[list[str]] = [[]]
    for symbol in range(grades ** (2 * len(types))):
        own, rest = [f"e{name}"], symbol
        for kind in types:
            for what in ("max", "mean"):
                own += [f"e{name}:{kind}:{what}>{_GRADES[grade]}" for grade in range(rest % grades)]
                rest //= grades
        out.append(own)
    return out


def echo_symbols(batch: Batch, vocabulary: Vocabulary, probabilities: FloatArray) -> IntArray:
    """Symbol of each token, int64 of shape (N,); 0 for signs, single letters and words that occur once in their note.

    Parameters
    ----------
    probabilities : float64 array of shape (N, types), flat order
    """
    lengths, flags = vocabulary.facts
    _, same, times = np.unique(batch.note * len(lengths) + batch.words, return_inverse=True, return_counts=True)
    symbols, base = np.zeros(len(batch.words), np.int64), 1
    for probability in probabilities.T:
        highest = np.zeros(len(times))
        np.maximum.at(highest, same, probability)
        mean = np.bincount(same, probability, len(times)) / times
        for value in (highest, mean):
            symbols += base * np.digitize(value, _GRADES)[same]
            base *= len(_GRADES) + 1
    is_word = (lengths > 1) & ((flags & (UPPER | LOWER | DIGIT)) != 0)
    return np.where((times[same] > 1) & is_word[batch.words], symbols + 1, 0)


class Streams:
    """Compute the streams of a batch; keeps each word's dictionary keys by its number.

    Parameters
    ----------
    lexicon : Lexicon, optional
    base : (Tagger, Streams), optional
        A model that reads first, with the streams that it was trained with; a stream for each of its heads.
    hears : str
        Which: see `extract.tagger.Weights`.
    """

    def __init__(
        self,
        lexicon: Lexicon | None,
        base: tuple[Tagger, Streams] | None = None,
        hears: Literal["opinion", "echo"] = "opinion",
    ) -> None:
        self._lexicon = lexicon
        self._base = base
        self._hears = hears
        self._keys: Keys = np.zeros((2, 0), np.uint64)
        self._epoch = -1

    @property
    def attributes(self) -> list[list[list[str]]]:
        """Attributes of each symbol, a list for each stream."""
        heads = () if self._base is None else self._base[0].heads
        dictionary = [] if self._lexicon is None else [dictionary_attributes()]
        if self._hears == "echo":
            return dictionary + [echo_attributes(head.types, str(i)) for i, head in enumerate(heads)]
        return dictionary + [opinion_attributes(head, str(i)) for i, head in enumerate(heads)]

    def __call__(self, batch: Batch, vocabulary: Vocabulary) -> Sequence[IntArray]:
        """Give the symbols at padded positions, int64 of shape (P,), one array a stream."""
        dictionary = [] if self._lexicon is None else [self._match(self._lexicon, batch, vocabulary)]
        if self._base is None:
            return dictionary
        out = list(dictionary)
        tagger, streams = self._base
        for head, layout, path, posterior in tagger.read(batch, vocabulary, streams(batch, vocabulary)):
            if self._hears == "echo":
                symbols = echo_symbols(batch, vocabulary, type_probabilities(head, layout, posterior))
            else:
                symbols = opinion_symbols(head, layout, path, posterior)
            out.append(batch.spread(symbols))
        return out

    def _match(self, lexicon: Lexicon, batch: Batch, vocabulary: Vocabulary) -> IntArray:
        keys, exact = self._word_keys(vocabulary)
        tags = lexicon.match(keys[batch.padded], exact[batch.padded])
        symbols = np.zeros(len(batch.padded), np.int64)
        for channel in range(len(KINDS)):
            symbols += tags[channel].astype(np.int64) * _TAGS**channel
        return symbols

    def _word_keys(self, vocabulary: Vocabulary) -> Keys:
        if self._epoch != vocabulary.epoch:
            self._epoch, self._keys = vocabulary.epoch, np.zeros((2, 0), np.uint64)
        fresh = vocabulary.words[self._keys.shape[1] :]
        if fresh:
            new = np.array([[token_key(w) for w in fresh], [exact_key(w) for w in fresh]], np.uint64)
            self._keys = np.concatenate([self._keys, new], axis=1)
        return self._keys


def tagger_with_streams(
    weights: Weights, lexicon: Lexicon | None, classes: WordClasses | None
) -> tuple[Tagger, Streams]:
    """Make a tagger, and the streams it was trained with, ready for batches."""
    base = None if weights.base is None else tagger_with_streams(weights.base, lexicon, classes)
    streams = Streams(lexicon, base, weights.hears)
    return Tagger(weights, classes, streams.attributes), streams

"""The alphabets beside the words: what the dictionary and a base model say of a token, as small numbers.

A stream gives one symbol a token; symbol 0 says nothing and has no attributes. What a symbol means to the tagger is
its list of attributes, so a stream is one more table of the same kind as the words'.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from behealthy.extract.batch import Batch
from behealthy.extract.classes import WordClasses
from behealthy.extract.lattice import Layout, Posterior
from behealthy.extract.lexicon import KINDS, Keys, Lexicon, exact_key, token_key
from behealthy.extract.tagger import Head, Tagger, Weights
from behealthy.extract.tokens import IntArray, Vocabulary

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
    for kind in head.types:
        of_kind = [i for i, label in enumerate(head.labels) if label[2:] == kind]
        probability = posterior.marginals[:, of_kind].sum(axis=1)[layout.place]
        symbols += base * np.digitize(probability, _GRADES)
        base *= len(_GRADES) + 1
    return symbols


class Streams:
    """Compute the streams of a batch; keeps each word's dictionary keys by its number.

    Parameters
    ----------
    lexicon : Lexicon, optional
    base : Tagger, optional
        A model whose opinion is a stream for each of its heads. It sees the dictionary, and no other model.
    """

    def __init__(self, lexicon: Lexicon | None, base: Tagger | None = None) -> None:
        self._lexicon = lexicon
        self._base = base
        self._keys: Keys = np.zeros((2, 0), np.uint64)
        self._epoch = -1

    @property
    def attributes(self) -> list[list[list[str]]]:
        """Attributes of each symbol, a list for each stream."""
        heads = () if self._base is None else self._base.heads
        dictionary = [] if self._lexicon is None else [dictionary_attributes()]
        return dictionary + [opinion_attributes(head, str(i)) for i, head in enumerate(heads)]

    def __call__(self, batch: Batch, vocabulary: Vocabulary) -> Sequence[IntArray]:
        """Give the symbols at padded positions, int64 of shape (P,), one array a stream."""
        dictionary = [] if self._lexicon is None else [self._match(self._lexicon, batch, vocabulary)]
        if self._base is None:
            return dictionary
        read = self._base.read(batch, vocabulary, dictionary)
        return dictionary + [batch.spread(opinion_symbols(*opinion)) for opinion in read]

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
    base = None if weights.base is None else tagger_with_streams(weights.base, lexicon, classes)[0]
    streams = Streams(lexicon, base)
    return Tagger(weights, classes, streams.attributes), streams

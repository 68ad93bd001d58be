"""The alphabets beside the words: what the dictionary and the place say of a token, as small numbers.

A stream gives one symbol a token; symbol 0 says nothing and has no attributes. What a symbol means to the tagger is
its list of attributes, so a stream is one more table of the same kind as the words'.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from behealthy.extract.batch import Batch
from behealthy.extract.lexicon import KINDS, Keys, Lexicon, exact_key, token_key
from behealthy.extract.tokens import IntArray, Vocabulary

_TAGS = 5  # outside, begin, inside, end, single


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


class Streams:
    """Compute the streams of a batch; keeps each word's dictionary keys by its number."""

    def __init__(self, lexicon: Lexicon | None) -> None:
        self._lexicon = lexicon
        self._keys: Keys = np.zeros((2, 0), np.uint64)
        self._epoch = -1

    @property
    def attributes(self) -> list[list[list[str]]]:
        """Attributes of each symbol, a list for each stream."""
        return [] if self._lexicon is None else [dictionary_attributes()]

    def __call__(self, batch: Batch, vocabulary: Vocabulary) -> Sequence[IntArray]:
        """Give the symbols at padded positions, int64 of shape (P,), one array a stream."""
        if self._lexicon is None:
            return []
        keys, exact = self._word_keys(vocabulary)
        tags = self._lexicon.match(keys[batch.padded], exact[batch.padded])
        symbols = np.zeros(len(batch.padded), np.int64)
        for channel in range(len(KINDS)):
            symbols += tags[channel].astype(np.int64) * _TAGS**channel
        return [symbols]

    def _word_keys(self, vocabulary: Vocabulary) -> Keys:
        if self._epoch != vocabulary.epoch:
            self._epoch, self._keys = vocabulary.epoch, np.zeros((2, 0), np.uint64)
        fresh = vocabulary.words[self._keys.shape[1] :]
        if fresh:
            new = np.array([[token_key(w) for w in fresh], [exact_key(w) for w in fresh]], np.uint64)
            self._keys = np.concatenate([self._keys, new], axis=1)
        return self._keys

"""Classes of words that behave alike, at several grains.

A word never seen in training shares its class with words that were. Words are kept as sorted 64-bit hashes, so the
table loads without building a string; a word that is not in it is tried once more in its normalised form.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from behealthy.extract.lexicon import normalised


def class_key(word: str) -> int:
    """Stable 64-bit hash of a lower-cased word."""
    raw = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8, person=b"class").digest()
    return int.from_bytes(raw, "little")


@dataclass(frozen=True, slots=True)
class WordClasses:
    """Class numbers by word.

    Attributes
    ----------
    keys : uint64 array of shape (words,), ascending
    classes : uint16 array of shape (words, grains)
    """

    keys: npt.NDArray[np.uint64]
    classes: npt.NDArray[np.uint16]

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> WordClasses:
        """Make the table from what `compile_classes` gave.

        Raises
        ------
        ValueError
            When the arrays do not fit together.
        """
        keys, classes = arrays.get("keys"), arrays.get("classes")
        if keys is None or classes is None or keys.dtype != np.uint64 or classes.ndim != 2 or len(keys) != len(classes):
            raise ValueError("word classes: 'keys' must be uint64 and 'classes' have one row for each of them")
        return cls(keys, classes.astype(np.uint16, copy=False))

    def __call__(self, word: str) -> Sequence[int]:
        """Give the class of a lower-cased word at each grain, nothing for an unknown word."""
        row = self._row(word)
        if row is None:
            row = self._row(normalised(word))
        return () if row is None else self.classes[row].tolist()

    def _row(self, word: str) -> int | None:
        key = np.uint64(class_key(word))
        at = int(np.searchsorted(self.keys, key))
        return at if at < len(self.keys) and self.keys[at] == key else None


def compile_classes(words: Sequence[str], classes: npt.NDArray[np.integer]) -> dict[str, npt.NDArray[Any]]:
    """Give the arrays that `WordClasses.from_arrays` reads.

    Parameters
    ----------
    words : sequence of str, lower-cased, distinct
    classes : integer array of shape (words, grains)
    """
    keys = np.array([class_key(w) for w in words], np.uint64)
    order = np.argsort(keys)
    return {"keys": keys[order], "classes": classes[order].astype(np.uint16)}

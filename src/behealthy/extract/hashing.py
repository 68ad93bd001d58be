"""Feature hashing: what is seen becomes the number of a row in a table of weights.

Weinberger, Dasgupta, Langford, Smola & Attenberg, "Feature hashing for large scale multitask learning" (ICML 2009). A
note has few things to hash and many templates, so all templates of as many parts are hashed together. This module
refuses to know what is seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from behealthy.extract.tokens import IntArray

Keys = npt.NDArray[np.uint64]
# What is seen of each of P: the number of its template, then arrays of shape (P,).
Sight = tuple[Any, ...]

BITS = 17  # of a row's number
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(64 - BITS)
_FOLD = np.uint64(29)


def mixed(seen: Sequence[Sight]) -> Keys:
    """When called, it will hash what is seen, each under the number of its template, into 64 bits; shape (K, P)."""
    out = np.empty((len(seen), len(seen[0][1])), np.uint64)
    of_size: dict[int, list[int]] = {}
    for k, sight in enumerate(seen):
        of_size.setdefault(len(sight), []).append(k)
    for size, own in of_size.items():
        templates = [int(seen[k][0]) * 0x632BE59BD9B4E019 & 0xFFFF_FFFF_FFFF_FFFF for k in own]
        part = np.empty((len(own), out.shape[1]), np.uint64)
        mixed = np.array(templates, np.uint64)[:, None]
        for i in range(1, size):
            for place, k in enumerate(own):
                part[place] = seen[k][i]
            mixed = (mixed + part) * MULTIPLIER
            mixed ^= mixed >> _FOLD
        out[own] = mixed
    return out


def rows_of(seen: Sequence[Sight]) -> IntArray:
    """When called, it will give the row of each thing that is seen, int64 of shape (K, P)."""
    return ((mixed(seen) * MULTIPLIER) >> _SHIFT).astype(np.int64)

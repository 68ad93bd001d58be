"""How well a window's notes can be told from the reference by their words: a classifier's area under the curve.

Ridge regression on hashed bags, cross-fitted, so that it is judged on notes that it was not fitted to. With squared
error the matrix to be inverted does not depend on which notes are the window's, and so one inversion a fold serves all
shuffles of a permutation test at once (a classifier two-sample test: Lopez-Paz and Oquab, ICLR 2017).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

_FOLDS = 5
_RIDGE = 1.0
_AT_ONCE = 500  # shuffles, so that memory stays small


class Domain:
    """The classifier's matrices, made once for all shuffles.

    Parameters
    ----------
    bags : uint8 array of shape (notes, buckets)
    rng : Generator
        Deals the notes into folds.
    """

    def __init__(self, bags: npt.NDArray[np.uint8], rng: np.random.Generator) -> None:
        shares = bags / np.maximum(bags.sum(axis=1, keepdims=True), 1)
        seen = np.sqrt(shares).astype(np.float32)  # so that the few common words do not drown all others
        self._fold = rng.permutation(len(bags)) % _FOLDS
        self._maps: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Floats]] = []
        for fold in range(_FOLDS):
            inside, outside = np.flatnonzero(self._fold == fold), np.flatnonzero(self._fold != fold)
            if not len(inside) or not len(outside):
                continue
            mean = seen[outside].mean(axis=0)
            train, test = seen[outside] - mean, seen[inside] - mean
            gram = train.T @ train + _RIDGE * np.eye(train.shape[1], dtype=np.float32)
            self._maps.append((inside, outside, (test @ np.linalg.solve(gram, train.T)).astype(np.float32)))

    def areas(self, members: Floats, size: int) -> Floats:
        """When called, it will give the area under the curve for each choice of notes.

        Parameters
        ----------
        members : float32 array of shape (shuffles, notes)
            1 for the notes of the window, which are `size`, 0 for the others.

        Returns
        -------
        float32 array of shape (shuffles,)
        """
        return np.concatenate(
            [self._areas(members[at : at + _AT_ONCE], size) for at in range(0, len(members), _AT_ONCE)]
        )

    def _areas(self, members: Floats, size: int) -> Floats:
        scores = np.zeros_like(members)
        for inside, outside, fitted in self._maps:
            known = members[:, outside]
            scores[:, inside] = (known - known.mean(axis=1, keepdims=True)) @ fitted.T
        total = members.shape[1]
        order = np.argsort(scores, axis=1)
        ranks = np.take_along_axis(members, order, axis=1) @ np.arange(1, total + 1, dtype=np.float64)
        wins = ranks - size * (size + 1) / 2
        return np.asarray(wins / max(size * (total - size), 1), np.float32)

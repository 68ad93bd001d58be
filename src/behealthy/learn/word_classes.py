"""Learn classes of words from unlabelled text: words that keep the same company behave alike.

Positive pointwise mutual information between a word and its neighbours, a truncated singular value decomposition
(Levy, Goldberg & Dagan, "Improving distributional similarity with lessons learned from word embeddings", TACL 2015),
then k-means at several grains, coarse to fine (Miller, Guinness & Zamanian, "Name tagging with word clusters and
discriminative training", NAACL 2004, for clusters as features).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from behealthy.extract.batch import lay_out
from behealthy.extract.features import WIDEST, lowered
from behealthy.extract.tokens import Vocabulary

if TYPE_CHECKING:
    from scipy import sparse

_NEIGHBOURS = (-2, -1, 1, 2)
_CONTEXTS = 8_000  # the most frequent words; others say little about their neighbours
_SMOOTHING = 0.75  # of the contexts' frequencies, so that rare contexts do not stand out too much


def learn_classes(
    texts: Sequence[str],
    *,
    grains: Sequence[int] = (64, 256, 1000),
    dimensions: int = 100,
    fewest: int = 3,
    seed: int = 0,
) -> tuple[list[str], npt.NDArray[np.int64]]:
    """Class the words that occur at least `fewest` times.

    Returns
    -------
    words : list of str, lower-cased, digits as 0
    classes : int64 array of shape (words, grains)

    Raises
    ------
    ValueError
        When the texts hold fewer such words than the finest grain has classes.
    """
    from scipy.sparse.linalg import svds
    from sklearn.cluster import MiniBatchKMeans

    words, sequence = _sequence(texts)
    counts = np.bincount(sequence, minlength=len(words))
    counts[0] = 0  # the edge of a sentence is context, not a word
    frequent = np.flatnonzero(counts >= fewest)
    if len(frequent) < max(grains):
        raise ValueError(f"{len(frequent)} words occur {fewest} times or more; {max(grains)} classes need as many")
    information = _information(sequence, counts, frequent)
    left, strength, _ = svds(information, k=dimensions, random_state=seed)
    vectors = left * np.sqrt(strength)  # (frequent, dimensions)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-9
    classes = [MiniBatchKMeans(k, batch_size=4096, n_init=3, random_state=seed).fit(vectors).labels_ for k in grains]
    return [words[i] for i in frequent], np.stack(classes, axis=1).astype(np.int64)


def _sequence(texts: Sequence[str]) -> tuple[list[str], npt.NDArray[np.int64]]:
    """All texts as one run of word numbers with gaps of 0 between sentences, and the words by number."""
    vocabulary = Vocabulary(limit=2**62)
    batch = lay_out(texts, vocabulary)
    number: dict[str, int] = {}
    for word in vocabulary.words:
        number.setdefault(lowered(word), len(number))
    renumber = np.array([number[lowered(word)] for word in vocabulary.words], np.int64)
    return list(number), renumber[batch.padded]


def _information(
    sequence: npt.NDArray[np.int64], counts: npt.NDArray[np.int64], frequent: npt.NDArray[np.int64]
) -> sparse.csr_matrix:
    """Positive pointwise mutual information, sparse of shape (frequent, neighbours * contexts)."""
    from scipy import sparse

    contexts = np.argsort(-counts, kind="stable")[: _CONTEXTS - 1]
    contexts = np.concatenate([[0], contexts[counts[contexts] > 0]])
    column = np.full(len(counts), -1)
    column[contexts] = np.arange(len(contexts))
    row = np.full(len(counts), -1)
    row[frequent] = np.arange(len(frequent))
    middle = sequence[WIDEST:-WIDEST]
    rows, columns = [], []
    for k, offset in enumerate(_NEIGHBOURS):
        r, c = row[middle], column[sequence[WIDEST + offset : len(sequence) - WIDEST + offset]]
        seen = (r >= 0) & (c >= 0)
        rows.append(r[seen])
        columns.append(c[seen] + k * len(contexts))
    r, c = np.concatenate(rows), np.concatenate(columns)
    shape = (len(frequent), len(contexts) * len(_NEIGHBOURS))
    pairs = sparse.csr_matrix((np.ones(len(r)), (r, c)), shape=shape).tocoo()
    pairs.sum_duplicates()
    total = pairs.data.sum()
    of_row = np.bincount(pairs.row, pairs.data, shape[0])
    of_column = np.bincount(pairs.col, pairs.data, shape[1]) ** _SMOOTHING
    of_column *= total / of_column.sum()
    information = np.log(pairs.data * total / (of_row[pairs.row] * of_column[pairs.col]))
    return sparse.csr_matrix((np.maximum(information, 0.0), (pairs.row, pairs.col)), shape=shape)

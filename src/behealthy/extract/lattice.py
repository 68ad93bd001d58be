"""Linear-chain inference over many sentences at once: Viterbi, forward-backward, the probability of a span.

Sentences of a batch are laid out *time-major*: sorted by length, all first tokens together, then all second tokens,
and so on, so that each step of a recurrence is one small matrix product over a contiguous slice, and the sentences
still running at a step are a prefix of those of the step before. Nothing here knows what a label means.

Notation: N tokens, S sentences, L labels; all float arrays are float64. Probabilities are kept in scaled form
(Rabiner, "A tutorial on hidden Markov models", 1989, section V.A), so no length underflows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each token of a batch stands in time-major order.

    Attributes
    ----------
    order : int64 array of shape (N,)
        ``time_major = flat[order]``.
    place : int64 array of shape (N,)
        ``flat = time_major[place]``.
    begins : list of int, length T + 1
        Step t occupies rows ``begins[t]:begins[t + 1]``; T is the length of the longest sentence.
    """

    order: IntArray
    place: IntArray
    begins: list[int]

    @classmethod
    def of(cls, lengths: IntArray) -> Layout:
        """Lay out sentences given by their lengths (all at least 1) in flat order."""
        n = int(lengths.sum())
        if n == 0:
            return cls(np.zeros(0, np.int64), np.zeros(0, np.int64), [0])
        by_length = np.argsort(-lengths, kind="stable")
        rank = np.empty_like(by_length)
        rank[by_length] = np.arange(len(lengths))
        running = len(lengths) - np.cumsum(np.bincount(lengths))[:-1]  # sentences longer than t, for t = 0..T-1
        begins = np.concatenate([[0], np.cumsum(running)])
        first = np.cumsum(lengths) - lengths
        time = np.arange(n) - np.repeat(first, lengths)
        place = begins[time] + np.repeat(rank, lengths)
        order = np.empty(n, np.int64)
        order[place] = np.arange(n)
        return cls(order, place, begins.tolist())

    def steps(self) -> range:
        """The steps after the first."""
        return range(1, len(self.begins) - 1)


@dataclass(frozen=True, slots=True)
class Posterior:
    """Scaled forward and backward variables, time-major.

    Attributes
    ----------
    alpha, beta : float64 arrays of shape (N, L)
        ``alpha * beta`` are the marginals.
    inside : float64 array of shape (N, L)
        exp(emission) scaled so that ``alpha[t] = (alpha[t-1] @ moves) * inside[t]``.
    moves : float64 array of shape (L, L)
        exp(transitions).
    log_norm : float64 array of shape (N,)
        Adds up to log Z over the tokens of a sentence.
    """

    alpha: FloatArray
    beta: FloatArray
    inside: FloatArray
    moves: FloatArray
    log_norm: FloatArray

    @property
    def log_partition(self) -> float:
        """Sum of log Z over the sentences."""
        return float(self.log_norm.sum())

    @property
    def marginals(self) -> FloatArray:
        """Probability of each label at each token, float64 of shape (N, L), time-major."""
        return self.alpha * self.beta


def forward_backward(layout: Layout, emissions: FloatArray, transitions: FloatArray) -> Posterior:
    """Run the forward and backward recurrences.

    Parameters
    ----------
    emissions : float64 array of shape (N, L), time-major
        Log potentials; -inf forbids a label, as long as each sentence keeps one path.
    transitions : float64 array of shape (L, L), from row to column
    """
    begins = layout.begins
    top = emissions.max(axis=1, keepdims=True)
    inside = np.exp(emissions - top)
    moves = np.exp(transitions)
    alpha = np.empty_like(inside)
    beta = np.ones_like(inside)
    norm = np.empty(len(inside))
    if len(inside) == 0:
        return Posterior(alpha, beta, inside, moves, np.zeros(0))
    here = inside[: begins[1]]
    norm[: begins[1]] = here.sum(axis=1)
    alpha[: begins[1]] = here / norm[: begins[1], None]
    for t in layout.steps():
        a, b = begins[t], begins[t + 1]
        before = begins[t - 1]
        here = (alpha[before : before + b - a] @ moves) * inside[a:b]
        total = here.sum(axis=1)
        norm[a:b] = total
        np.divide(here, total[:, None], out=alpha[a:b])
    inside /= norm[:, None]
    for t in reversed(layout.steps()):
        a, b = begins[t], begins[t + 1]
        before = begins[t - 1]
        np.matmul(inside[a:b] * beta[a:b], moves.T, out=beta[before : before + b - a])
    return Posterior(alpha, beta, inside, moves, np.log(norm) + top[:, 0])


def expected_moves(layout: Layout, posterior: Posterior, weights: FloatArray | None = None) -> FloatArray:
    """Expected number of each transition over the batch, float64 of shape (L, L); `weights` (N,) are time-major."""
    begins = layout.begins
    total = np.zeros_like(posterior.moves)
    onward = posterior.inside * posterior.beta
    if weights is not None:
        onward *= weights[:, None]
    for t in layout.steps():
        a, b = begins[t], begins[t + 1]
        before = begins[t - 1]
        total += posterior.alpha[before : before + b - a].T @ onward[a:b]
    return total * posterior.moves


def viterbi(layout: Layout, emissions: FloatArray, transitions: FloatArray) -> IntArray:
    """Give the best label of each token, int64 of shape (N,), time-major; ties go to the smaller label."""
    begins = layout.begins
    n, labels = emissions.shape
    best = np.empty(n, np.int64)
    if n == 0:
        return best
    back = np.zeros((n, labels), np.int8)
    score = emissions[: begins[1]].copy()
    columns = np.ascontiguousarray(transitions.T)  # row j: moves into label j
    last = begins[-2]
    finals: list[FloatArray] = []  # per step, scores of the sentences that end there
    for t in layout.steps():
        a, b = begins[t], begins[t + 1]
        finals.append(score[b - a :])
        paths = score[: b - a, None, :] + columns  # (B, to, from)
        back[a:b] = paths.argmax(axis=2)
        score = paths.max(axis=2) + emissions[a:b]
    best[last:] = score.argmax(axis=1)
    places = np.arange(n)
    for t in reversed(layout.steps()):
        a, b = begins[t], begins[t + 1]
        before = begins[t - 1]
        best[before : before + b - a] = back[places[a:b], best[a:b]]
        if before + b - a < a:
            best[before + b - a : a] = finals[t - 1].argmax(axis=1)
    return best

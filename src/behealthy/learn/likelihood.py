"""The conditional likelihood of a linear-chain CRF over compiled features, with partly known labels.

The same tables that make tagging fast make training fast: emissions are a sparse product over *distinct symbols*
followed by a gather, and the gradient is the transpose of that. Sentences may leave labels open: the objective is then
log Z - log Z(allowed labels) (Tsuboi et al., "Training conditional random fields using incomplete annotations",
COLING 2008).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from behealthy.extract.lattice import FloatArray, IntArray, Layout, expected_moves, forward_backward

if TYPE_CHECKING:
    from scipy import optimize, sparse

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Stream:
    """One alphabet of the training text.

    Attributes
    ----------
    symbols : int64 array of shape (P,)
        Symbol at each padded position.
    attributes : sparse CSR matrix of shape (symbols, attributes)
        Which attributes each symbol has.
    radius : int
        Seen from offsets -radius .. radius.
    """

    symbols: IntArray
    attributes: sparse.csr_matrix
    radius: int


class Likelihood:
    """Negative log likelihood and its gradient, as a function of one flat parameter vector.

    Parameters
    ----------
    streams : list of Stream
    positions : int64 array of shape (N,)
        Padded position of each token, flat order.
    lengths : int64 array of shape (S,)
    allowed : bool array of shape (N, L)
        Labels each token may have; one True a row where the label is known.
    weights : float64 array of shape (N,), optional
        Weight of each token's sentence; equal within a sentence. Documents of another convention count for less.
    start : (float64 array of shape (N, L) in flat order, float64 array of shape (L, L)), optional
        Log potentials and transitions of a model that the parameters are added to: they are what is learned beyond it.
    """

    def __init__(
        self,
        streams: list[Stream],
        positions: IntArray,
        lengths: IntArray,
        allowed: BoolArray,
        *,
        l2: float,
        weights: FloatArray | None = None,
        start: tuple[FloatArray, FloatArray] | None = None,
    ) -> None:
        from scipy import sparse

        self.streams = streams
        self.layout = Layout.of(lengths)
        self.labels = allowed.shape[1]
        self.allowed = allowed[self.layout.order]
        self.start = None if start is None else start[0][self.layout.order]
        self.start_moves = np.zeros((self.labels, self.labels)) if start is None else start[1]
        self.known = bool((allowed.sum(axis=1) == 1).all())
        self.l2 = l2
        n = len(positions)
        ordered = positions[self.layout.order]
        self.gathers: list[list[sparse.csr_matrix]] = []
        self.sizes: list[int] = []
        for stream in streams:
            count = stream.attributes.shape[0]
            self.gathers.append(
                [
                    sparse.csr_matrix((np.ones(n), stream.symbols[ordered + k], np.arange(n + 1)), shape=(n, count))
                    for k in range(-stream.radius, stream.radius + 1)
                ]
            )
            self.sizes.append(stream.attributes.shape[1] * (2 * stream.radius + 1) * self.labels)
        self.size = sum(self.sizes) + self.labels**2
        self.weights = np.ones(n) if weights is None else weights[self.layout.order]
        if self.known:
            gold = self.allowed.argmax(axis=1)
            self.gold = np.eye(self.labels)[gold]
            self.gold_moves = self._count_moves(gold)

    def _count_moves(self, gold: IntArray) -> FloatArray:
        begins, total = self.layout.begins, np.zeros((self.labels, self.labels))
        for t in self.layout.steps():
            a, b = begins[t], begins[t + 1]
            np.add.at(total, (gold[begins[t - 1] : begins[t - 1] + b - a], gold[a:b]), self.weights[a:b])
        return total

    def split(self, parameters: FloatArray) -> tuple[list[FloatArray], FloatArray]:
        """Views into the flat vector: one (attributes, offsets * L) table a stream, and the (L, L) transitions."""
        tables, at = [], 0
        for stream, size in zip(self.streams, self.sizes, strict=True):
            tables.append(parameters[at : at + size].reshape(stream.attributes.shape[1], -1))
            at += size
        return tables, parameters[at:].reshape(self.labels, self.labels)

    def emissions(self, parameters: FloatArray) -> FloatArray:
        """Log potentials, float64 of shape (N, L), time-major."""
        tables, _ = self.split(parameters)
        out = np.zeros((len(self.allowed), self.labels)) if self.start is None else self.start.copy()
        for stream, table, gathers in zip(self.streams, tables, self.gathers, strict=True):
            rows = stream.attributes @ table
            for i, gather in enumerate(gathers):
                out += rows[:, i * self.labels : (i + 1) * self.labels][gather.indices]
        return out

    def __call__(self, parameters: FloatArray) -> tuple[float, FloatArray]:
        """Give the objective and its gradient, float64 of the parameters' shape."""
        emissions = self.emissions(parameters)
        transitions = self.split(parameters)[1] + self.start_moves
        free = forward_backward(self.layout, emissions, transitions)
        expected = expected_moves(self.layout, free, self.weights)
        if self.known:
            score = float(self.weights @ (emissions * self.gold).sum(axis=1) + (self.gold_moves * transitions).sum())
            held_marginals, held_moves = self.gold, self.gold_moves
        else:
            held = forward_backward(self.layout, np.where(self.allowed, emissions, -np.inf), transitions)
            score = float(self.weights @ held.log_norm)
            held_marginals, held_moves = held.marginals, expected_moves(self.layout, held, self.weights)
        d_emissions = (free.marginals - held_marginals) * self.weights[:, None]
        loss = float(self.weights @ free.log_norm) - score + 0.5 * self.l2 * float(parameters @ parameters)
        gradient = self.l2 * parameters
        tables, moves = self.split(gradient)
        for stream, table, gathers in zip(self.streams, tables, self.gathers, strict=True):
            rows = np.hstack([gather.T @ d_emissions for gather in gathers])
            table += stream.attributes.T @ rows
        moves += expected - held_moves
        return loss, gradient


def minimise(
    objective: Likelihood,
    *,
    start: FloatArray | None = None,
    iterations: int = 150,
    progress: Callable[[int, float], None] | None = None,
) -> FloatArray:
    """Minimise with L-BFGS (Liu & Nocedal 1989) and give the parameters; `progress` gets iteration and loss."""
    from scipy import optimize

    step = 0

    def report(intermediate_result: optimize.OptimizeResult) -> None:
        nonlocal step
        step += 1
        if progress is not None:
            progress(step, float(intermediate_result.fun))

    first = np.zeros(objective.size) if start is None else start
    result = optimize.minimize(
        objective,
        first,
        jac=True,
        method="L-BFGS-B",
        callback=report,
        options={"maxiter": iterations, "maxcor": 8, "ftol": 1e-7, "maxfun": 2 * iterations},
    )
    parameters: FloatArray = result.x
    return parameters

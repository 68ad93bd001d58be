"""The objective's gradient against differences, and its value against enumeration."""

import itertools

import numpy as np
import pytest
from scipy import sparse

from behealthy.learn.likelihood import Likelihood, Stream, minimise


def _objective(partial: bool, seed: int = 0) -> Likelihood:
    rng = np.random.default_rng(seed)
    lengths = np.array([3, 1, 4])
    positions = np.concatenate([np.arange(n) + 3 + 3 * i + int(lengths[:i].sum()) for i, n in enumerate(lengths)])
    padded = np.zeros(int(lengths.sum()) + 12, np.int64)
    padded[positions] = rng.integers(1, 5, len(positions))
    attributes = sparse.csr_matrix((rng.random((5, 6)) < 0.5).astype(float))
    allowed = np.eye(3, dtype=bool)[rng.integers(0, 3, len(positions))]
    if partial:
        allowed |= rng.random(allowed.shape) < 0.4
    weights = np.repeat([1.0, 0.3, 2.0], lengths)
    streams = [Stream(padded, attributes, 1), Stream(padded, attributes, 3)]
    return Likelihood(streams, positions, lengths, allowed, l2=0.7, weights=weights)


@pytest.mark.parametrize("partial", [False, True])
def test_gradient_is_the_slope(partial: bool):
    objective = _objective(partial)
    rng = np.random.default_rng(1)
    point = rng.normal(size=objective.size) * 0.3
    _, gradient = objective(point)
    for i in [*rng.integers(0, objective.size, 40).tolist(), *range(objective.size - 9, objective.size)]:
        step = np.zeros(objective.size)
        step[i] = 1e-5
        slope = (objective(point + step)[0] - objective(point - step)[0]) / 2e-5
        assert gradient[i] == pytest.approx(slope, abs=1e-5)


@pytest.mark.parametrize("partial", [False, True])
def test_value_is_the_weighted_log_ratio_of_all_paths_to_allowed_ones(partial: bool):
    objective = _objective(partial)
    point = np.random.default_rng(2).normal(size=objective.size) * 0.3
    emissions = objective.emissions(point)[objective.layout.place]
    allowed = objective.allowed[objective.layout.place]
    _, transitions = objective.split(point)
    wanted = 0.35 * float(point @ point)
    at = 0
    for length, weight in ((3, 1.0), (1, 0.3), (4, 2.0)):
        every, right = [], []
        for path in itertools.product(range(3), repeat=length):
            score = sum(emissions[at + i, y] for i, y in enumerate(path))
            score += sum(transitions[a, b] for a, b in itertools.pairwise(path))
            every.append(score)
            if all(allowed[at + i, y] for i, y in enumerate(path)):
                right.append(score)
        wanted += weight * (np.logaddexp.reduce(every) - np.logaddexp.reduce(right))
        at += length
    assert objective(point)[0] == pytest.approx(wanted)


def test_minimising_reports_a_falling_loss_and_repeats_to_the_bit():
    losses: list[float] = []
    first = minimise(_objective(partial=True), progress=lambda _, loss: losses.append(loss))
    assert losses == sorted(losses, reverse=True)
    assert len(losses) > 3
    assert np.array_equal(first, minimise(_objective(partial=True)))

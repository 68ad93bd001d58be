"""The recurrences against the sums over all paths that they stand for."""

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from behealthy.extract.lattice import (
    FloatArray,
    IntArray,
    Layout,
    expected_moves,
    forward_backward,
    viterbi,
)


class Brute:
    """One sentence, all paths."""

    def __init__(self, emissions: FloatArray, transitions: FloatArray) -> None:
        n, labels = emissions.shape
        self.paths = list(product(range(labels), repeat=n))
        self.scores = np.array(
            [
                sum(emissions[t, y] for t, y in enumerate(p)) + sum(transitions[a, b] for a, b in pairwise(p))
                for p in self.paths
            ]
        )
        top = self.scores.max()
        self.log_z = float(np.log(np.exp(self.scores - top).sum()) + top)
        self.p = np.exp(self.scores - self.log_z)

    def marginals(self, n: int, labels: int) -> FloatArray:
        out = np.zeros((n, labels))
        for path, p in zip(self.paths, self.p, strict=True):
            out[np.arange(n), list(path)] += p
        return out

    def moves(self, labels: int) -> FloatArray:
        out = np.zeros((labels, labels))
        for path, p in zip(self.paths, self.p, strict=True):
            for a, b in pairwise(path):
                out[a, b] += p
        return out


def random_lattice(seed: int, forbid: bool, integers: bool = False) -> tuple[IntArray, FloatArray, FloatArray]:
    rng = np.random.default_rng(seed)
    labels = int(rng.integers(2, 4))
    lengths = rng.integers(1, 6, size=int(rng.integers(1, 6)))
    shape = (int(lengths.sum()), labels)
    emissions = rng.normal(size=shape) * 3
    transitions = rng.normal(size=(labels, labels)) * 2
    if integers:
        emissions, transitions = np.round(emissions), np.round(transitions)
    if forbid:
        emissions[rng.random(shape) < 0.3] = -np.inf
        emissions[np.isinf(emissions).all(axis=1), 0] = 0.0
    return lengths, emissions, transitions


lattices = st.builds(random_lattice, st.integers(0, 10**6), st.booleans())


@settings(max_examples=60, deadline=None)
@given(lattices)
def test_marginals_moves_and_partition_are_the_sums_over_all_paths(
    lattice: tuple[IntArray, FloatArray, FloatArray],
) -> None:
    lengths, emissions, transitions = lattice
    labels = emissions.shape[1]
    layout = Layout.of(lengths)
    posterior = forward_backward(layout, emissions[layout.order], transitions)
    marginals = posterior.marginals[layout.place]
    log_z, moves, at = 0.0, np.zeros((labels, labels)), 0
    for n in lengths:
        brute = Brute(emissions[at : at + n], transitions)
        np.testing.assert_allclose(marginals[at : at + n], brute.marginals(n, labels), atol=1e-10)
        log_z, moves, at = log_z + brute.log_z, moves + brute.moves(labels), at + n
    assert posterior.log_partition == pytest.approx(log_z)
    np.testing.assert_allclose(expected_moves(layout, posterior), moves, atol=1e-10)


@settings(max_examples=60, deadline=None)
@given(lattices)
def test_viterbi_finds_the_best_path(lattice: tuple[IntArray, FloatArray, FloatArray]) -> None:
    lengths, emissions, transitions = lattice
    layout = Layout.of(lengths)
    best = viterbi(layout, emissions[layout.order], transitions)[layout.place]
    at = 0
    for n in lengths:
        brute = Brute(emissions[at : at + n], transitions)
        assert tuple(best[at : at + n]) == brute.paths[int(brute.scores.argmax())]
        at += n


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6))
def test_of_equal_paths_one_of_the_best_is_given_and_always_the_same(seed: int) -> None:
    lengths, emissions, transitions = random_lattice(seed, forbid=False, integers=True)
    layout = Layout.of(lengths)
    best = viterbi(layout, emissions[layout.order], transitions)[layout.place]
    np.testing.assert_array_equal(best, viterbi(layout, emissions[layout.order], transitions)[layout.place])
    at = 0
    for n in lengths:
        brute = Brute(emissions[at : at + n], transitions)
        assert brute.scores[brute.paths.index(tuple(best[at : at + n].tolist()))] == brute.scores.max()
        at += n


def test_ties_go_to_the_smaller_label() -> None:
    layout = Layout.of(np.array([3, 1, 2]))
    assert not viterbi(layout, np.zeros((6, 3)), np.zeros((3, 3))).any()


def test_five_thousand_tokens_neither_underflow_nor_lose_the_short_sentences_beside_them() -> None:
    rng = np.random.default_rng(1)
    lengths = np.array([1, 5_000, 2])
    emissions = rng.normal(size=(5_003, 5)) * 30 - 400
    emissions[rng.random(emissions.shape) < 0.2] = -np.inf
    emissions[np.isinf(emissions).all(axis=1), 1] = -400.0
    transitions = rng.normal(size=(5, 5)) * 5
    layout = Layout.of(lengths)
    posterior = forward_backward(layout, emissions[layout.order], transitions)
    assert np.isfinite(posterior.log_partition)
    np.testing.assert_allclose(posterior.marginals.sum(axis=1), 1.0, atol=1e-8)
    assert expected_moves(layout, posterior).sum() == pytest.approx(lengths.sum() - len(lengths))
    best = viterbi(layout, emissions[layout.order], transitions)[layout.place]
    assert np.isfinite(emissions[np.arange(5_003), best]).all()
    alone = Layout.of(np.array([2]))
    np.testing.assert_allclose(
        posterior.marginals[layout.place][-2:], forward_backward(alone, emissions[-2:], transitions).marginals
    )


@given(st.lists(st.integers(1, 9), max_size=12))
def test_the_layout_is_a_permutation_in_steps(lengths: list[int]) -> None:
    layout = Layout.of(np.array(lengths, np.int64))
    n = sum(lengths)
    assert sorted(layout.order.tolist()) == list(range(n))
    assert layout.order[layout.place].tolist() == list(range(n))
    assert np.diff(layout.begins).tolist() == [sum(x > t for x in lengths) for t in range(max(lengths, default=0))]
    step = np.concatenate([np.arange(x) for x in lengths]) if lengths else np.zeros(0)
    assert np.all(np.diff(step[layout.order]) >= 0)


def test_no_sentences() -> None:
    layout = Layout.of(np.zeros(0, np.int64))
    posterior = forward_backward(layout, np.zeros((0, 3)), np.zeros((3, 3)))
    assert posterior.log_partition == 0.0
    assert not expected_moves(layout, posterior).any()
    assert len(viterbi(layout, np.zeros((0, 3)), np.zeros((3, 3)))) == 0

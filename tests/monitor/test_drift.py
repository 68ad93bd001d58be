"""Drift: seldom called while nothing changes, always when much does, and never because one note is long."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from behealthy.monitor import drift
from behealthy.monitor.drift import LEVEL, Signal, benjamini_hochberg, compare
from behealthy.monitor.telemetry import BINS, BUCKETS, CHARACTERS, Observation

Rng = np.random.Generator


def observation(
    rng: Rng, *, longer: float = 1.0, unknown: float = 0.05, words: float = 0.0, odd: int = 0
) -> Observation:
    """Make up a note: its length, how much of it is new, and a share of words from another corner of the bag."""
    n = int(rng.gamma(4, 20 * longer)) + 5
    usual, other = np.arange(1, BUCKETS + 1) ** -0.8, np.arange(BUCKETS, 0, -1) ** -0.8
    mix = (1 - words) * usual / usual.sum() + words * other / other.sum()
    found = rng.poisson(n / 15)
    scores = np.bincount(np.minimum((rng.beta(6, 2, found) * BINS).astype(int), BINS - 1), minlength=BINS)
    characters = dict.fromkeys(CHARACTERS, 0) | {"lower": n * 5, "space": n, "odd": odd}
    sick = int(rng.binomial(found, 0.7))
    return Observation(
        characters=tuple(characters.values()),
        unreadable=odd,
        words=n,
        unknown=int(rng.binomial(n, unknown)),
        named=int(rng.binomial(n, 0.1)),
        bag=np.minimum(rng.multinomial(n, mix), 255).astype(np.uint8),
        sections={"plan": 50, "history": int(rng.integers(20, 200))},
        entities=Counter({"DISEASE": sick, "TREATMENT": found - sick}),
        assertions={"present": found},
        expected={"DISEASE": found * 0.7, "TREATMENT": found * 0.3},
        scores=tuple(scores.tolist()),
        score_sum=float(scores @ (np.arange(BINS) + 0.5)) / BINS,
    )


def notes(rng: Rng, number: int, **what: float) -> list[Observation]:
    return [observation(rng, **what) for _ in range(number)]  # type: ignore[arg-type]


def by_name(signals: Sequence[Signal]) -> dict[str, Signal]:
    return {s.name: s for s in signals}


@pytest.fixture(scope="module")
def quiet() -> list[Sequence[Signal]]:
    """The signals of forty windows with nothing new in them."""
    rng = np.random.default_rng(3)
    pool = notes(rng, 1000)
    orders = [rng.permutation(len(pool)) for _ in range(40)]
    return [
        compare([pool[i] for i in order[:250]], [pool[i] for i in order[250:450]], seed)
        for seed, order in enumerate(orders)
    ]


def test_drift_free_windows_seldom_move(quiet: list[Sequence[Signal]]) -> None:
    """The level promises one window in a hundred at most; a thousand of each source are in docs/benchmarks.md."""
    moved = sum(any(s.moved for s in signals) for signals in quiet)
    assert moved <= 3  # less likely than 1 in 100 at a rate of 1 in 50


def test_p_values_are_uniform_while_nothing_changes(quiet: list[Sequence[Signal]]) -> None:
    """The share of p under .1 is about .1, for every signal: neither deaf nor nervous."""
    under = Counter(s.name for signals in quiet for s in signals if s.p < 0.1)
    varied = ("length", "unknown_words", "dictionary", "sections", "entities:DISEASE", "confidence", "vocabulary")
    assert all(under[name] <= 11 for name in varied), under
    assert sum(under[name] for name in varied) >= 10, under


@pytest.mark.parametrize(
    ("change", "moves", "stays"),
    [
        ({"longer": 1.6}, "length", "unknown_words"),
        ({"unknown": 0.15}, "unknown_words", "length"),
        ({"words": 0.5}, "vocabulary", "length"),
        ({"odd": 9}, "unreadable", "length"),
    ],
)
def test_what_changed_moves_and_what_did_not_stays(change: dict[str, float], moves: str, stays: str) -> None:
    rng = np.random.default_rng(11)
    signals = by_name(compare(notes(rng, 400), notes(rng, 250, **change)))
    assert signals[moves].moved
    assert signals[moves].q <= LEVEL
    assert abs(signals[moves].effect) >= signals[moves].floor
    assert not signals[stays].moved


def test_one_monstrous_note_moves_nothing() -> None:
    rng = np.random.default_rng(5)
    window = [*notes(rng, 249), *notes(rng, 1, longer=400)]
    assert not [s.name for s in compare(notes(rng, 400), window) if s.moved]


def test_what_is_certain_but_tiny_is_not_called() -> None:
    rng = np.random.default_rng(2)
    signal = by_name(compare(notes(rng, 1000), notes(rng, 1000, longer=1.15)))["length"]
    assert signal.q <= LEVEL
    assert abs(signal.effect) < signal.floor
    assert not signal.moved


def test_the_same_notes_and_seed_give_the_same_signals() -> None:
    rng = np.random.default_rng(1)
    reference, window = notes(rng, 250), notes(rng, 200, unknown=0.08)
    assert compare(reference, window, 4) == compare(reference, window, 4)


def test_a_value_lies_in_its_interval_and_a_quiet_one_in_its_band() -> None:
    rng = np.random.default_rng(9)
    for s in compare(notes(rng, 400), notes(rng, 250)):
        assert s.low is None or s.high is None or s.low <= s.value <= s.high
        assert s.p < 0.01 or s.band[0] - 1e-6 <= s.value <= s.band[1] + 1e-6


def test_nothing_to_compare_is_refused() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="0 notes of reference"):
        compare([], notes(rng, 10))


@given(st.lists(st.floats(0.0001, 1), min_size=1, max_size=30))
def test_q_keeps_the_order_of_p_and_is_never_smaller(p: list[float]) -> None:
    q = benjamini_hochberg(np.array(p))
    assert (q >= np.array(p) - 1e-12).all()
    assert (q <= 1).all()
    assert (np.diff(q[np.argsort(p, kind="stable")]) >= -1e-12).all()


def test_few_shuffles_tell_no_more_than_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopping early may not call what all shuffles would not, nor overlook what they would."""
    rng = np.random.default_rng(8)
    cases = [(notes(rng, 250), notes(rng, 200, unknown=u)) for u in (0.05, 0.07, 0.12)]
    early = [[s.name for s in compare(r, w) if s.moved] for r, w in cases]
    monkeypatch.setattr(drift, "_WORTH", 1.1)
    assert early == [[s.name for s in compare(r, w) if s.moved] for r, w in cases]

"""Pairs of treatments and diseases, and the relations between them, on arrays."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from behealthy.extract.candidates import CROSSED, MAIN, NEAREST
from behealthy.extract.hashing import BITS
from behealthy.extract.marked import Marked, mark
from behealthy.extract.pairs import WordFacts, pairs_of
from behealthy.extract.relations import OUTCOMES, Linker
from behealthy.extract.tokens import Vocabulary
from behealthy.registry.bundle import load_linker

D, T = "DISEASE", "TREATMENT"
WORD = st.sampled_from(["gout", "aspirin", "for", "with", ".", "\n", "\n- ", "Plan:\n", "1. "])


def marked_words(texts: list[list[str]]) -> Marked:
    """Mark every "gout" and "aspirin" of texts given word by word."""
    spans = []
    for words in texts:
        at, own = 0, []
        for word in words:
            if word in ("gout", "aspirin"):
                own.append((at, at + len(word), D if word == "gout" else T))
            at += len(word) + 1
        spans.append(own)
    return mark([" ".join(words) for words in texts], spans, Vocabulary())


def random_linker(seed: int = 0) -> Linker:
    rng = np.random.default_rng(seed)
    return Linker(rng.normal(size=(1 << BITS, OUTCOMES)), np.array([0.2, 0.3, 0.4]))


@given(st.lists(st.lists(WORD, max_size=25), max_size=4))
def test_pairs_are_of_one_note_and_once(texts: list[list[str]]) -> None:
    marked = marked_words(texts)
    pairs = pairs_of(marked, WordFacts(None))
    note = marked.batch.note[marked.first]
    assert all(marked.type[h] == T and marked.type[t] == D for h, t in zip(pairs.head, pairs.tail, strict=True))
    assert (note[pairs.head] == note[pairs.tail]).all()
    both = list(zip(pairs.head.tolist(), pairs.tail.tolist(), strict=True))
    assert both == sorted(set(both))
    assert pairs.rows.size == 0 or (pairs.rows.min() >= 0 and pairs.rows.max() < 1 << BITS)


@given(st.lists(st.lists(WORD, max_size=25), min_size=1, max_size=4))
def test_a_note_is_judged_alike_alone_and_in_a_batch(texts: list[list[str]]) -> None:
    linker = random_linker()
    together = linker.link(marked_words(texts))
    base, alone = 0, []
    for words in texts:
        marked = marked_words([words])
        links = linker.link(marked)
        alone += [(h + base, t + base) for h, t in zip(links.head.tolist(), links.tail.tolist(), strict=True)]
        base += len(marked)
    assert alone == list(zip(together.head.tolist(), together.tail.tolist(), strict=True))


@given(st.lists(WORD, max_size=30))
def test_running_sums_are_the_sums_of_what_is_seen(words: list[str]) -> None:
    table = np.random.default_rng(1).normal(size=(1 << BITS, OUTCOMES)).astype(np.float32)
    pairs = pairs_of(marked_words([words]), WordFacts(None))
    chances = Linker(table, np.zeros(3)).chances(pairs)
    for i in range(len(pairs)):
        logits = table[pairs.rows[:, i]].astype(float).sum(axis=0)
        for s in pairs.stretches:
            for token in range(s.start[i], s.stop[i]):
                logits += table[s.rows[:, token]].astype(float).sum(axis=0) * s.scale[i]
        powers = np.exp(logits - logits.max())
        assert chances[i] == pytest.approx(powers / powers.sum(), abs=1e-3)


@given(st.lists(WORD, max_size=30))
def test_scores_are_probabilities_from_the_least_on(words: list[str]) -> None:
    links = random_linker().link(marked_words([words]))
    assert (links.score <= 1).all()
    assert (links.score >= np.array([0.2, 0.3, 0.4])[links.type]).all()


def test_the_order_of_entities_does_not_matter() -> None:
    text = "Gout: colchicine. Fever: aspirin."
    spans = [(0, 4, D), (6, 16, T), (18, 23, D), (25, 32, T)]
    linker = load_linker()

    def named(own: list[tuple[int, int, str]]) -> set[tuple[str, str]]:
        links = linker.link(mark([text], [own], Vocabulary()))
        return {
            (text[slice(*own[h][:2])], text[slice(*own[t][:2])]) for h, t in zip(links.head, links.tail, strict=True)
        }

    assert named(spans) == named(spans[::-1]) == {("colchicine", "Gout"), ("aspirin", "Fever")}


@pytest.mark.parametrize(
    "spans", [[], [(0, 4, D)], [(0, 4, T)], [(0, 4, "TEST"), (5, 9, D)]], ids=["none", "disease", "treatment", "other"]
)
def test_nothing_to_link_gives_nothing(spans: list[tuple[int, int, str]]) -> None:
    links = load_linker().link(mark(["gout pain"], [spans], Vocabulary()))
    assert len(links) == 0


def test_no_text_gives_nothing() -> None:
    assert len(load_linker().link(mark([], [], Vocabulary()))) == 0
    assert len(load_linker().link(mark(["", " "], [[], []], Vocabulary()))) == 0


def test_overlapping_and_nested_entities_do_no_harm() -> None:
    text = "aspirin asthma"
    marked = mark([text], [[(0, 14, D), (0, 7, T), (8, 14, D), (0, 14, T)]], Vocabulary())
    pairs = pairs_of(marked, WordFacts(None))
    assert set(zip(pairs.head.tolist(), pairs.tail.tolist(), strict=True)) == {(1, 0), (1, 2), (3, 0), (3, 2)}
    assert (pairs.distance >= 0).all()


def test_the_number_of_pairs_grows_with_the_entities_not_their_square() -> None:
    words = ["gout", "for", "aspirin", "."] * 500
    pairs = pairs_of(marked_words([["Plan:\n", *words]]), WordFacts(None))
    assert len(pairs) <= 500 * (2 * NEAREST + MAIN + 2)
    prose = pairs_of(marked_words([words]), WordFacts(None))  # one concept of each kind, too many mentions to cross
    assert CROSSED < 500 * 500
    assert len(prose) <= 500 * (2 * NEAREST + MAIN + 2)


def test_two_hundred_medications_below_one_problem_are_each_held_against_it() -> None:
    words = ["gout", *(["\n- ", "aspirin"] * 200)]
    pairs = pairs_of(marked_words([words]), WordFacts(None))
    assert len(pairs) == 200


@pytest.mark.slow
def test_time_grows_with_the_length_of_a_note(seconds: Callable[..., float]) -> None:
    linker, times = load_linker(), []
    for size in (500, 5_000):
        marked = marked_words([["gout", "treated", "with", "aspirin", "."] * size])
        times.append(seconds(lambda m=marked: linker.link(m)))
    assert times[1] < 40 * times[0]


def test_facts_of_words_are_forgotten_with_the_vocabulary() -> None:
    facts, vocabulary = WordFacts(None), Vocabulary(limit=3)
    mark(["gout aspirin"], [[]], vocabulary)
    before = facts(vocabulary)[:, vocabulary["aspirin"]]
    vocabulary.forget_if_full()
    mark(["one two three aspirin"], [[]], vocabulary)
    assert (facts(vocabulary)[:, vocabulary["aspirin"]] == before).all()
    other = Vocabulary()
    mark(["aspirin"], [[]], other)
    assert (facts(other)[:, other["aspirin"]] == before).all()


@settings(max_examples=20)
@given(st.sampled_from(["table", "least"]), st.integers(0, 5))
def test_arrays_that_do_not_fit_are_refused(name: str, size: int) -> None:
    arrays = {"table": np.zeros((1 << BITS, OUTCOMES)), "least": np.zeros(3)}
    with pytest.raises(ValueError, match=name):
        Linker.from_arrays({k: v for k, v in arrays.items() if k != name})
    with pytest.raises(ValueError, match=name):
        Linker.from_arrays(arrays | {name: np.zeros((size, 2))})

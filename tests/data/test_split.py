"""Parting documents: nothing of one document, group or text is on both sides, and the seed decides all."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from behealthy.data.split import Part, folds, holdout
from behealthy.errors import BadInput
from behealthy.note import Extraction


def documents(*ids: str, text: str | None = None) -> list[Extraction]:
    return [Extraction(id_, text or f"note {i}") for i, id_ in enumerate(ids)]


MANY = documents(*(f"d{i}" for i in range(100)))
GROUPS = [f"patient {i % 30}" for i in range(100)]


def check(part: Part, whole: list[Extraction], groups: dict[str, str] | None = None) -> None:
    """Both sides together are the whole, in its order, and no group is on both."""
    learn, judge = part
    assert learn
    assert judge
    assert Counter(d.note_id for d in learn + judge) == Counter(d.note_id for d in whole)
    assert [d for d in whole if d in learn] == learn
    of = groups or {d.note_id: d.note_id for d in whole}
    assert not {of[d.note_id] for d in learn} & {of[d.note_id] for d in judge}


@given(st.floats(0.01, 0.99), st.integers(0, 50), st.integers(2, 40))
def test_a_share_of_the_documents_is_held_out(share: float, seed: int, number: int) -> None:
    part = holdout(MANY[:number], share, seed=seed)
    check(part, MANY[:number])
    assert abs(len(part[1]) - share * number) <= 1


@given(st.lists(st.integers(0, 5), min_size=2, max_size=30), st.floats(0.05, 0.95), st.integers(0, 9))
def test_groups_of_any_size_stay_whole(members: list[int], share: float, seed: int) -> None:
    whole = MANY[: len(members)]
    groups = [str(m) for m in members]
    if len(set(groups)) < 2:
        with pytest.raises(BadInput, match="are 1 groups"):
            holdout(whole, share, seed=seed, groups=groups)
    else:
        named = {d.note_id: g for d, g in zip(whole, groups, strict=True)}
        check(holdout(whole, share, seed=seed, groups=groups), whole, named)


@pytest.mark.parametrize("groups", [None, GROUPS])
def test_folds_judge_every_document_once(groups: list[str] | None) -> None:
    parts = folds(MANY, 5, seed=3, groups=groups)
    named = None if groups is None else {d.note_id: g for d, g in zip(MANY, groups, strict=True)}
    for part in parts:
        check(part, MANY, named)
    assert Counter(d.note_id for _, judge in parts for d in judge) == Counter(d.note_id for d in MANY)
    sizes = [len(judge) for _, judge in parts]
    assert max(sizes) - min(sizes) <= (1 if groups is None else 4)


def test_sentences_of_one_document_are_not_torn_apart() -> None:
    sentences = documents("a", "a", "a", "b", "b", "c", "d", "e")
    for seed in range(20):
        for part in (holdout(sentences, 0.3, seed=seed), *folds(sentences, 3, seed=seed)):
            check(part, sentences)


def test_a_text_that_comes_twice_is_on_one_side() -> None:
    twice = [*documents("a", "b", "c", text="Same words."), Extraction("d", "Other words."), Extraction("e", "More.")]
    for seed in range(20):
        learn, judge = holdout(twice, 0.4, seed=seed)
        assert not {d.text for d in learn} & {d.text for d in judge}


def test_groups_that_share_a_text_become_one() -> None:
    chain = [Extraction("a", "one"), Extraction("a", "two"), Extraction("b", "two"), Extraction("b", "three")]
    with pytest.raises(BadInput, match="4 documents are 1 groups"):
        holdout(chain, 0.5)


@pytest.mark.parametrize("seed", range(3))
def test_the_seed_decides_and_the_order_of_the_documents_does_not(seed: int) -> None:
    mixed = random.Random(7).sample(MANY, len(MANY))

    def held(part: Part) -> set[str]:
        return {d.note_id for d in part[1]}

    assert held(holdout(MANY, 0.2, seed=seed)) == held(holdout(mixed, 0.2, seed=seed))
    assert held(holdout(MANY, 0.2, seed=seed)) != held(holdout(MANY, 0.2, seed=seed + 1))
    assert {frozenset(held(p)) for p in folds(MANY, 4, seed=seed)} == {
        frozenset(held(p)) for p in folds(mixed, 4, seed=seed)
    }


def test_one_giant_group_is_learned_from() -> None:
    groups = ["giant"] * 90 + [str(i) for i in range(10)]
    for seed in range(10):
        assert len(holdout(MANY, 0.1, seed=seed, groups=groups)[1]) == 10
        assert len(holdout(MANY[:91], 0.1, seed=seed, groups=groups[:91])[1]) == 1


@pytest.mark.parametrize("share", [0, 1, -0.1, 1.5, float("nan")])
def test_a_share_is_between_0_and_1(share: float) -> None:
    with pytest.raises(ValueError, match="share"):
        holdout(MANY, share)


def test_what_cannot_be_parted_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        folds(MANY, 1)
    with pytest.raises(ValueError, match="1 groups for 100 documents"):
        folds(MANY, 2, groups=["a"])
    with pytest.raises(BadInput, match="3 documents are 3 groups; parting them takes at least 4"):
        folds(MANY[:3], 4)
    with pytest.raises(BadInput, match="0 documents are 0 groups"):
        holdout([], 0.5)

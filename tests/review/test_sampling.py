"""Which notes a person sees: by expected corrections, and a random part that nobody can foresee."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from behealthy.note import Extraction, entity_at
from behealthy.review.sampling import expected_corrections, in_audit, shuffled
from behealthy.store.crypto import Vault
from behealthy.store.session import new_id

TEXT = "x" * 100
SCORES = st.lists(st.floats(0, 1), max_size=20)


def found(scores: list[float]) -> Extraction:
    return Extraction("n", TEXT, tuple(entity_at(TEXT, i, i + 1, "DISEASE", score=s) for i, s in enumerate(scores)))


def test_a_sure_model_needs_no_correction_and_a_doubtful_find_half_of_one() -> None:
    assert expected_corrections(found([])) == 0
    assert expected_corrections(found([1.0, 1.0])) == 0
    assert expected_corrections(found([0.5, 0.9]), missed=2) == pytest.approx(2.6)


@given(scores=SCORES, missed=st.floats(0, 50), more=st.floats(0, 1))
def test_doubt_only_adds(scores: list[float], missed: float, more: float) -> None:
    before = expected_corrections(found(scores), missed)
    assert 0 <= before <= len(scores) + missed
    assert expected_corrections(found([*scores, more]), missed) >= before
    assert expected_corrections(found(scores), missed + 1) > before


@pytest.mark.parametrize("missed", [-0.1, float("nan"), float("inf")])
def test_what_is_no_count_is_refused(missed: float) -> None:
    with pytest.raises(ValueError, match="missed"):
        expected_corrections(found([]), missed)


@given(note_id=st.text(min_size=1), low=st.floats(0, 100), high=st.floats(0, 100))
def test_a_note_of_the_audit_sample_stays_one_at_a_higher_share(note_id: str, low: float, high: float) -> None:
    vault = Vault(b"k" * 32)
    low, high = sorted((low, high))
    assert in_audit(vault, note_id, high) or not in_audit(vault, note_id, low)
    assert in_audit(vault, note_id, 100)
    assert not in_audit(vault, note_id, 0)


def test_the_audit_sample_has_its_share_and_another_key_another_sample() -> None:
    ids = [new_id("n", datetime(2026, 1, 1, tzinfo=UTC)) for _ in range(4000)]
    one, two = ({i for i in ids if in_audit(Vault(key * 32), i, 5)} for key in (b"k", b"l"))
    # Binomial(4000, .05) is outside these bounds once in 100,000 times; both samples together, Binomial(4000, .0025).
    assert 140 < len(one) < 262
    assert 140 < len(two) < 262
    assert len(one & two) < 30


@pytest.mark.parametrize("percent", [-1, 100.1, float("nan")])
def test_a_share_that_is_none_is_refused(percent: float) -> None:
    with pytest.raises(ValueError, match="percent"):
        in_audit(Vault(b"k" * 32), "n", percent)


@given(ids=st.lists(st.text(max_size=5)))
def test_an_order_is_random_by_occasion_and_the_same_however_the_notes_come(ids: list[str]) -> None:
    vault = Vault(b"k" * 32)
    order = shuffled(vault, ids, "window:1")
    assert sorted(order) == sorted(set(ids))
    assert shuffled(vault, reversed(ids), "window:1") == order


def test_two_occasions_draw_differently() -> None:
    vault, ids = Vault(b"k" * 32), [str(i) for i in range(50)]
    assert shuffled(vault, ids, "window:1") != shuffled(vault, ids, "window:2")

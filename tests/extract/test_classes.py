"""The table of word classes: found by word, tried once more in normal form, refused when it does not fit together."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from behealthy.extract.classes import WordClasses, class_key, compile_classes

WORDS = ["aspirin", "anemia", "knee", "café", "b.i.d.", "000"]
NUMBERS = np.array([[1, 10], [2, 20], [3, 30], [4, 40], [5, 50], [6, 60]])


@pytest.fixture(scope="module")
def table() -> WordClasses:
    return WordClasses.from_arrays(compile_classes(WORDS, NUMBERS))


def test_a_word_has_its_classes(table: WordClasses) -> None:
    assert [list(table(word)) for word in WORDS] == NUMBERS.tolist()
    assert all(type(number) is int for number in table("knee"))


def test_an_unknown_word_has_none(table: WordClasses) -> None:
    assert list(table("elbow")) == []
    assert list(table("")) == []
    assert list(table("\ud800")) == []


def test_a_word_is_tried_in_its_normal_form(table: WordClasses) -> None:
    assert list(table("anaemia")) == list(table("anemia")) == [2, 20]


@given(st.lists(st.text(max_size=8), unique=True))
def test_what_is_compiled_is_found(words: list[str]) -> None:
    numbers = np.arange(2 * len(words)).reshape(-1, 2)
    found = WordClasses.from_arrays(compile_classes(words, numbers))
    assert [list(found(word)) for word in words] == numbers.tolist()
    assert (np.diff(found.keys.astype(object)) > 0).all()


def test_the_order_of_words_does_not_matter() -> None:
    one, other = compile_classes(WORDS, NUMBERS), compile_classes(WORDS[::-1], NUMBERS[::-1])
    for name in ("keys", "classes"):
        np.testing.assert_array_equal(one[name], other[name])


def test_keys_are_the_same_on_every_machine() -> None:
    """Tables on disk hold them: another hash would make every word unknown."""
    assert class_key("aspirin") == 0x54FED44821BE52CF


@pytest.mark.parametrize(
    "change",
    [
        {"keys": None},
        {"classes": None},
        {"keys": np.arange(6)},
        {"classes": np.zeros((5, 2), np.uint16)},
        {"classes": np.zeros(6, np.uint16)},
    ],
    ids=["no keys", "no classes", "signed keys", "too few rows", "no grains"],
)
def test_arrays_that_do_not_fit_are_refused(change: dict[str, Any]) -> None:
    arrays = {k: v for k, v in (compile_classes(WORDS, NUMBERS) | change).items() if v is not None}
    with pytest.raises(ValueError, match="word classes"):
        WordClasses.from_arrays(arrays)

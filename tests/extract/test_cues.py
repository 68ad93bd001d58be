"""Signs of benefit, harm and prevention among tokens."""

import numpy as np

from behealthy.extract.cues import cues, seen_between


def test_a_word_has_the_signs_of_every_list_it_is_in() -> None:
    known = cues()
    assert known["effective"] == 0b00001
    assert known["induced"] == 0b00010
    assert known["vaccine"] == 0b00100
    assert known["without"] == 0b01000
    assert known["pharmacokinetics"] == 0b10000
    assert "aspirin" not in known


def test_signs_of_a_stretch_are_those_of_its_tokens_only() -> None:
    signs = np.array([1, 0, 2, 8, 8])
    start, stop = np.array([0, 1, 3, 2]), np.array([3, 2, 5, 2])
    inside, behind = seen_between(signs, (start, stop), (stop, np.full(4, 5)))
    assert inside.tolist() == [3, 0, 8, 0]
    assert behind.tolist() == [8, 10, 0, 10]


def test_no_tokens_no_signs() -> None:
    none = np.zeros(0, np.int64)
    assert [x.tolist() for x in seen_between(none, (none, none))] == [[]]

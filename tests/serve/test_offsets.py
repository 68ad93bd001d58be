"""Offsets in code points and in UTF-16 units."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from behealthy.errors import BadInput
from behealthy.serve.offsets import Ruler


@given(st.text(alphabet="aé\u4e00\U0001f600\U00010348", max_size=30), st.data())
def test_a_place_means_the_same_in_both_units(text: str, data) -> None:
    ruler = Ruler(text, "utf16")
    place = data.draw(st.integers(0, len(text)))
    there = ruler.out(place)
    assert text.encode("utf-16-le")[: 2 * there].decode("utf-16-le") == text[:place]
    assert ruler.into(there) == place


def test_a_place_inside_a_character_is_refused() -> None:
    with pytest.raises(BadInput):
        Ruler("a\U0001f600b", "utf16").into(2)


def test_beyond_the_text_is_beyond_it_in_both() -> None:
    assert Ruler("\U0001f600", "utf16").into(9) > 1


def test_code_points_stay_as_they_are() -> None:
    ruler = Ruler("\U0001f600\U0001f600b", "codepoint")
    assert [ruler.out(2), ruler.into(2)] == [2, 2]

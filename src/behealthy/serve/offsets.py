"""Places in a text, counted in code points as we do or in UTF-16 units as browsers and Java do."""

from __future__ import annotations

from bisect import bisect_left
from typing import Literal

from behealthy.errors import BadInput

Unit = Literal["codepoint", "utf16"]


class Ruler:
    """Turns places of one text from code points into a unit and back.

    >>> Ruler("a\U0001f600b", "utf16").out(2), Ruler("a\U0001f600b", "utf16").into(3)
    (3, 2)
    """

    def __init__(self, text: str, unit: Unit) -> None:
        # Only what lies above the first plane takes two units; most notes have none of it.
        wide = unit == "utf16" and not text.isascii()
        self._wide = [i for i, c in enumerate(text) if c > "\uffff"] if wide else []
        self._begins = [place + before for before, place in enumerate(self._wide)]

    def out(self, place: int) -> int:
        """When called, it will give a place in code points in the unit."""
        return place + bisect_left(self._wide, place)

    def into(self, place: int) -> int:
        """When called, it will give a place in the unit in code points.

        Raises
        ------
        BadInput
            When it lies inside a character.
        """
        before = bisect_left(self._begins, place)
        if before and place == self._begins[before - 1] + 1:
            raise BadInput(f"offset {place} lies inside a character")
        return place - before

"""Whether a home holds patients or a play: a home that was filled by us says so, in a file that people can read too.

Invented notes are put into no home that holds other ones, and whoever opens a home hears whose notes are in it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

Origin = Literal["demo", "story"]

FILE = "INVENTED.txt"
_SAYS: dict[Origin, str] = {
    "demo": "This home holds the demo: every note in it is invented, and every baseline.",
    "story": "This home holds a simulated story: no note in it came from a patient of yours.",
}


def mark(home: Path, origin: Origin) -> None:
    """When called, it will write down whose notes a home is about to hold.

    Raises
    ------
    OSError
        When nothing can be written there.
    """
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    (home / FILE).write_text(f"{origin}\n{_SAYS[origin]}\n", encoding="utf-8")


def origin_of(home: Path) -> Origin | None:
    """When called, it will say what a home was filled with, None where it was not by us."""
    try:
        first = (home / FILE).read_text(encoding="utf-8").partition("\n")[0]
    except OSError:
        return None
    return next((origin for origin in _SAYS if origin == first), None)


def says(home: Path) -> str | None:
    """When called, it will say in a sentence that a home holds invented notes, None where it does not."""
    origin = origin_of(home)
    return None if origin is None else _SAYS[origin]

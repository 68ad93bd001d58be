"""Sentences of our own in which two models find different things: what a figure changes, seen in words.

They are the cases of the behavioural suite and the lines of some notes that were written for this
(`knowledge/own_notes.txt`). They are nobody's, so that they may be shown and sent around, which no word of a patient's
note may. This module refuses to say which model is right, but for what the suite asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from itertools import accumulate
from typing import Any

from behealthy.learn import behaviour
from behealthy.learn.behaviour import Span
from behealthy.note import Extraction, Note

Reader = Callable[[Note], Extraction]


@dataclass(frozen=True, slots=True)
class Change:
    """A sentence in which two models find different things; spans are (start, end, type) in code points of `text`.

    Attributes
    ----------
    where : str
        The capability that the suite tests with it, or the name of the note that it is a line of.
    held : (bool, bool) or None
        Whether each model finds what the suite asks for; None where nothing is asked for.
    """

    where: str
    text: str
    held: tuple[bool, bool] | None
    first: tuple[Span, ...]
    second: tuple[Span, ...]

    def to_json(self) -> dict[str, Any]:
        """Give the change as plain values."""
        held = None if self.held is None else list(self.held)
        found = {"first": [list(span) for span in self.first], "second": [list(span) for span in self.second]}
        return {"where": self.where, "text": self.text, "held": held, **found}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Change:
        """When called, it will read what `to_json` gave."""
        held = None if data["held"] is None else (data["held"][0], data["held"][1])
        return cls(data["where"], data["text"], held, _spans(data["first"]), _spans(data["second"]))


@dataclass(frozen=True, slots=True)
class OwnNote:
    """A note of our own, for which nothing is asked."""

    name: str
    text: str


def own_notes() -> list[OwnNote]:
    """When called, it will read the notes that come with the package."""
    file = resources.files("behealthy.learn").joinpath("knowledge", "own_notes.txt")
    parts = file.read_text(encoding="utf-8").strip().split("\n\n")
    return [OwnNote(name.removeprefix("# "), text) for name, _, text in (part.partition("\n") for part in parts)]


def changes(first: Reader, second: Reader, types: Sequence[str]) -> tuple[Change, ...]:
    """When called, it will let two models read our own sentences, and give those in which they differ in these types.

    First come the cases of the suite, then the lines of the notes, in their order.
    """
    out = []
    for case in behaviour.cases():
        found = [read(Note("", case.text)) for read in (first, second)]
        own, other = (_places(each, types) for each in found)
        if own != other:
            held = [behaviour.holds(case, each, types) for each in found]
            out.append(Change(case.capability, case.text, (held[0], held[1]), own, other))
    for note in own_notes():
        own, other = (_places(read(Note("", note.text)), types) for read in (first, second))
        lines = note.text.split("\n")
        begins = accumulate((len(line) + 1 for line in lines), initial=0)
        for begin, line in zip(begins, lines, strict=False):
            here, there = (_within(spans, begin, len(line)) for spans in (own, other))
            if here != there:
                out.append(Change(note.name, line, None, here, there))
    return tuple(out)


def _places(found: Extraction, types: Sequence[str]) -> tuple[Span, ...]:
    return tuple(sorted((e.start, e.end, e.type) for e in found.entities if e.type in types))


def _within(spans: Sequence[Span], begin: int, length: int) -> tuple[Span, ...]:
    """Give the spans that begin in a line, as places of the line; one that goes on in the next ends with it."""
    own = [(start - begin, min(end - begin, length), kind) for start, end, kind in spans]
    return tuple(span for span in own if 0 <= span[0] < length)


def _spans(data: Sequence[Sequence[Any]]) -> tuple[Span, ...]:
    return tuple((start, end, kind) for start, end, kind in data)

"""Tell what is past although no phrase says so: "in 2009 she took cisplatin", "he was given a cast then".

A logistic model learned by `tools/past.py` from our own example notes: words near an entity, the tense of the verbs
next to it, dates, its section, how far down the note it is, and what was judged of the entities around it. Its weights
are a table that can be read. A sum over a stretch of words is the difference of two running sums, whatever its length,
so time grows with the text alone.

This module refuses to overrule: it gives odds, and `behealthy.extract.assertion` asks where nothing else is said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
import numpy.typing as npt

from behealthy.extract.marked import Marked
from behealthy.extract.tokens import BoolArray, IntArray
from behealthy.note import ASSERTIONS

Floats = npt.NDArray[np.float64]
# A kind of fact, what it may be, and which of these it is of each entity.
Fact = tuple[str, Sequence[str], IntArray]

PLACES = ("before", "behind", "left", "right", "sentence", "own")  # where a word stands, seen from the entity

_NEAR = 8  # tokens that count as near, to the left and to the right
_VERB_NEAR = 12
_QUARTERS = 4
_SHORT = 50  # tokens; the shortest note learned from has 47, and of a sentence alone the odds are worth nothing
_DATE = re.compile(r"(?:19|20)\d\d|\*\*date.*|\[\*\*.*")  # a year, **DATE[Mar 2005], [**2101-3-4**]
_DAY, _ED = "<date>", "<-ed>"
_TENSES = ("none", "was", "-ed", "is")
_WAS = frozenset(
    "was were had did took got went underwent received became began gave came fell developed required".split()
)
_IS = frozenset("is are has have takes does continue continues remains denies presents today now currently".split())


@dataclass(frozen=True, slots=True)
class Past:
    """The learned weights.

    Attributes
    ----------
    words : dict of str to int
        Row of each word, of the dates and numbers, and of all other words in -ed; row 0 is every other word.
    table : float64 array of shape (words + 1, places)
        Weight of a word in each of `PLACES`.
    facts : dict of (str, str) to float
        Weight of what is no word, by its kind and what it is: ``("quarter", "0")``.
    tense : int64 array of shape (words + 1,)
        Which of the tenses each word tells.
    dated : bool array of shape (words + 1,)
        Whether the row is that of dates.
    """

    words: dict[str, int]
    table: Floats
    facts: dict[tuple[str, str], float]
    tense: IntArray
    dated: BoolArray

    def odds(self, marked: Marked, low: IntArray, high: IntArray, status: IntArray) -> Floats:
        """When called, it will give the log odds that each entity is past, float64 of shape (entities,).

        They are those of an impossible thing in a text of less than 50 tokens, which is no note.

        Parameters
        ----------
        low, high : int64 arrays of shape (tokens,)
            First and last token of the sentence around each token, both inclusive.
        status : int64 array of shape (entities,)
            What was judged so far, as indices into `behealthy.note.ASSERTIONS`.
        """
        row = marked.vocabulary.told(self._row)[marked.batch.words]
        total = np.zeros((len(row) + 1, len(PLACES)))
        np.cumsum(self.table[row], axis=0, out=total[1:])
        start, stop = stretches(marked, low, high)
        place = np.arange(len(PLACES))[:, None]
        out: Floats = (total[stop, place] - total[start, place]).sum(axis=0)
        for kind, values, which in facts_of(marked, low, high, status, self.tense[row], self.dated[row]):
            out += np.array([self.facts.get((kind, value), 0.0) for value in values])[which]
        note = marked.batch.note
        out[np.bincount(note)[note[marked.first]] < _SHORT] = -np.inf
        return out

    def _row(self, word: str) -> int:
        """Give the row of a word."""
        lower = word.lower()
        found = self.words.get(lower)
        if found is not None:
            return found
        if lower.isalpha():
            return self.words[_ED] if tense_of(lower) else 0
        return self.words.get(sort_of(lower), 0)


def sort_of(lower: str) -> str:
    """Give the name under which a lower-cased word is looked up: dates and numbers share one each."""
    if lower.isalpha():
        return lower
    if _DATE.fullmatch(lower):
        return _DAY
    return "<number>" if lower.isdigit() else lower


def tense_of(lower: str) -> int:
    """Tell which of the tenses a lower-cased word tells, 0 for none."""
    if lower in _WAS:
        return 1
    return 3 if lower in _IS else 2 * (lower.endswith("ed") and len(lower) > 4)


def stretches(marked: Marked, low: IntArray, high: IntArray) -> tuple[IntArray, IntArray]:
    """Give the tokens of each place around each entity, from a first up to a last exclusive; shapes (places, E)."""
    first, last = marked.first, marked.last
    begin, end = low[first], high[last] + 1
    behind = last + 1
    start = (np.maximum(begin, first - 1), behind, np.maximum(begin, first - _NEAR), behind, begin, first)
    stop = (first, np.minimum(behind + 1, end), first, np.minimum(behind + _NEAR, end), end, behind)
    return np.stack(start), np.stack(stop)


def facts_of(
    marked: Marked, low: IntArray, high: IntArray, status: IntArray, tense: IntArray, dated: BoolArray
) -> list[Fact]:
    """Give what is seen of each entity beside words; parameters as of `Past.odds`, the last two one a token."""
    batch, outline = marked.batch, marked.outline
    note, section = batch.note[marked.first], outline.section[marked.first]
    types = sorted(set(marked.type))
    type_of = np.array([types.index(kind) for kind in marked.type], np.int64)
    begins = np.searchsorted(batch.note, np.arange(len(marked.texts)))
    size = np.bincount(batch.note, minlength=len(marked.texts))
    quarter = _QUARTERS * (marked.first - begins[note]) // size[note]

    def of_type(values: Sequence[str], which: IntArray) -> tuple[list[str], IntArray]:
        return [f"{kind} {value}" for kind in types for value in values], type_of * len(values) + which

    dates = np.append(0, np.cumsum(dated))
    begin, end = low[marked.first], high[marked.last]
    before = np.maximum(begin - 1, 0)
    same_note = (begin > 0) & (batch.note[before] == note)
    date = dates[end + 1] > dates[begin]
    date_before = same_note & (dates[high[before] + 1] > dates[low[before]])
    return [
        ("type", types, type_of),
        ("section", *of_type(outline.names, section)),
        ("quarter", "0123", quarter),
        ("verb before", *of_type(_TENSES, _nearest(tense, marked.first - 1, begin, -1))),
        ("verb behind", *of_type(_TENSES, _nearest(tense, marked.last + 1, end, 1))),
        ("date", *of_type(("no", "yes"), date.astype(np.int64))),
        ("date before", ("no", "yes"), date_before.astype(np.int64)),
        *_company(marked, begin, note, status),
    ]


def _nearest(tense: IntArray, at: IntArray, end: IntArray, step: int) -> IntArray:
    """Give the first tense on the way from each `at` to its `end`, 0 when there is none near."""
    out = np.zeros(len(at), np.int64)
    for k in range(_VERB_NEAR):
        here = at + step * k
        inside = (end - here) * step >= 0
        out = np.where((out == 0) & inside, tense[np.where(inside, here, 0)], out)
    return out


def _company(marked: Marked, begin: IntArray, note: IntArray, status: IntArray) -> list[Fact]:
    """Give what was judged of the other entities of the sentence, and of the nearest ones in the note."""
    kinds = len(ASSERTIONS)
    count = np.zeros((len(marked.batch.words), kinds), np.int64)  # by the token that a sentence begins with
    np.add.at(count, (begin, status), 1)
    others = count[begin]
    others[np.arange(len(status)), status] -= 1
    out: list[Fact] = [
        (f"beside {name}", ("no", "yes"), (others[:, kind] > 0).astype(np.int64))
        for kind, name in enumerate(ASSERTIONS)
    ]
    order = np.lexsort((marked.last, marked.first))
    own_note, own_status = note[order], status[order]
    values = (*ASSERTIONS, "none")
    for step in (-2, -1, 1, 2):
        at = np.arange(len(order)) + step
        there = (at >= 0) & (at < len(order))
        at = np.where(there, at, 0)
        there &= own_note[at] == own_note
        which = np.zeros(len(order), np.int64)
        which[order] = np.where(there, own_status[at], kinds)
        out.append((f"neighbour {step:+d}", values, which))
    return out


def read_past(text: str) -> Past:
    """When called, it will read a table of weights: a place or a kind of fact, what stands there, and its weight.

    Raises
    ------
    ValueError
        When a line has other columns, or a weight that is no number.

    Examples
    --------
    >>> past = read_past("left\\tformerly\\t1.5\\ntype\\tDISEASE\\t-2\\n")
    >>> past.table[past.words["formerly"]].tolist(), past.facts
    ([0.0, 0.0, 1.5, 0.0, 0.0, 0.0], {('type', 'DISEASE'): -2.0})
    """
    # Words that tell a tense have rows whether they have weights or not.
    words = {word: row for row, word in enumerate((_DAY, _ED, *sorted(_WAS | _IS)), 1)}
    cells: list[tuple[int, int, float]] = []
    facts: dict[tuple[str, str], float] = {}
    for line in text.splitlines():
        if not line or line.startswith("# "):
            continue
        try:
            place, what, weight = line.split("\t")
            if place in PLACES:
                cells.append((words.setdefault(what, len(words) + 1), PLACES.index(place), float(weight)))
            else:
                facts[place, what] = float(weight)
        except ValueError as exc:
            raise ValueError(f"weight {line!r} is not place or fact, what stands there, and a number") from exc
    table = np.zeros((len(words) + 1, len(PLACES)))
    for row, column, value in cells:
        table[row, column] = value
    tense = np.array([0, *(2 if word == _ED else tense_of(word) for word in words)], np.int64)
    dated = np.arange(len(table)) == words[_DAY]
    return Past(words, table, facts, tense, dated)


@cache
def load_past() -> Past:
    """When called, it will give the weights of `knowledge/past.tsv`; read once a process."""
    path = resources.files("behealthy.extract") / "knowledge" / "past.tsv"
    return read_past(path.read_text(encoding="utf-8"))

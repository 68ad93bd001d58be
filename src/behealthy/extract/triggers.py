"""Find the phrases that change what is said of an entity: "denies", "ruled out", "history of".

A phrase is a path through a table of states: one row a state, one column a word that some phrase holds, so a batch
of notes is matched by as many look-ups as the longest phrase has tokens.

This module refuses to know what a trigger does to an entity.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import chain, product

import numpy as np

from behealthy.extract.batch import Batch
from behealthy.extract.tokens import PIECES, BoolArray, IntArray, Vocabulary
from behealthy.note import ASSERTIONS

PRESENT, NEGATED, POSSIBLE, HYPOTHETICAL, HISTORICAL, FAMILY = range(len(ASSERTIONS))
END = len(ASSERTIONS)  # class of a phrase that ends the reach of others
NONE = END + 1  # class of a phrase that looks like a trigger and is none
CLASSES: tuple[str, ...] = (*ASSERTIONS, "end", "none")
# What a trigger acts on. Of an end: what it ends, triggers of treatments, of the family, or all that state something.
ALWAYS, OF_DISEASE, OF_TREATMENT, OF_FAMILY, OF_STATED = range(5)
UNLIMITED = 1 << 30

Phrase = list[list[list[str]]]  # of each word: its alternatives, each as tokens

_ACTS_ON = {"": ALWAYS, "D": OF_DISEASE, "T": OF_TREATMENT, "F": OF_FAMILY, "N": OF_STATED}
_EDGE = "<edge>"
_NUMBER = re.compile(r"\d{1,3}")
_DATE = re.compile(
    r"(?:19|20)(?:\d\d|\d0s)|\*\*date\[(?:[a-z]{3,9} )?(?:19|20)\d\d\]"
)  # a year, a decade, **DATE[Mar 2005]
_NUMBER_WORDS = frozenset("one two three four five six seven eight nine ten twelve fifteen twenty thirty".split())


@dataclass(frozen=True, slots=True)
class Found:
    """T triggers in a batch, from left to right, none overlapping; a phrase with two rows comes twice.

    Attributes
    ----------
    first, last : int64 arrays of shape (T,)
        Tokens of the batch, both inclusive.
    row : int64 array of shape (T,)
        Row of each in the table of triggers.
    """

    first: IntArray
    last: IntArray
    row: IntArray


@dataclass(frozen=True, slots=True)
class Triggers:
    """Compiled trigger phrases.

    Attributes
    ----------
    words : dict of str to int
        Column of each lower-cased word that a phrase holds; column 0 is every other word. Words that may stand for one
        another share a column.
    width : int
        Number of columns.
    steps, targets : int64 arrays of shape (steps,)
        ``state * width + column`` of each step, ascending, and the state it leads to. State 1 is the beginning, 0
        where no phrase goes on.
    row : int64 array of shape (states, 2)
        Rows of the phrase that is complete in a state, -1 where none is: one phrase may say different things of
        diseases and of treatments.
    edge : bool array of shape (states,)
        Whether a state is reached at the end of a sentence, behind its last token.
    kind, forward, backward, acts_on : int64 arrays of shape (rows,)
        Class of each row, as an index into `CLASSES`; how many tokens it reaches to the right and to the left, 0 for
        not at all; which entities it acts on.
    """

    words: dict[str, int]
    width: int
    steps: IntArray
    targets: IntArray
    row: IntArray
    edge: BoolArray
    kind: IntArray
    forward: IntArray
    backward: IntArray
    acts_on: IntArray

    def find(self, batch: Batch, vocabulary: Vocabulary) -> Found:
        """When called, it will find the triggers of a batch, from left to right, the longest at each place."""
        columns = vocabulary.told(self._column)[batch.words]
        padded = np.full(len(batch.padded), self.words.get(_EDGE, 0))  # no phrase goes on behind a sentence's end
        padded[batch.positions] = columns
        begin = self._step(np.ones(self.width, np.int64), np.arange(self.width))
        state = begin[columns]
        alive = np.flatnonzero(state)
        state = state[alive]
        best, length = np.zeros(len(columns), np.int64), np.zeros(len(columns), np.int64)  # (tokens,): state, tokens
        size = 1
        while len(alive):
            done = self.row[state, 0] >= 0
            best[alive[done]], length[alive[done]] = state[done], size - self.edge[state[done]]
            state = self._step(state, padded[batch.positions[alive] + size])
            going = np.flatnonzero(state)
            alive, state, size = alive[going], state[going], size + 1
        first = np.flatnonzero(best)
        chosen, free = [], 0
        for start, stop in zip(first.tolist(), (first + length[first]).tolist(), strict=True):
            if start >= free:
                chosen.append(start)
                free = stop
        first = np.array(chosen, np.int64)
        rows = self.row[best[first]]  # (triggers, 2)
        which, _ = there = np.nonzero(rows >= 0)
        return Found(first[which], (first + length[first] - 1)[which], rows[there])

    def _step(self, state: IntArray, column: IntArray) -> IntArray:
        """Give the states that follow."""
        wanted = state * self.width + column
        place = np.minimum(np.searchsorted(self.steps, wanted), len(self.steps) - 1)
        return np.where(self.steps[place] == wanted, self.targets[place], 0)

    def _column(self, word: str) -> int:
        """Give the column of a word."""
        lower = word.lower().replace("\u2019", "'")
        found = self.words.get(lower)
        if found is not None:
            return found
        if lower.isalpha():
            sort = "<number>" if lower in _NUMBER_WORDS else ""
        elif _DATE.fullmatch(lower):
            sort = "<decade>"
        else:
            sort = "<number>" if _NUMBER.fullmatch(lower) else ""
        return self.words.get(sort, 0)


def compile_triggers(text: str) -> Triggers:
    """When called, it will compile a table of triggers.

    A line holds a phrase, its class, how many tokens it reaches forward and backward (``.`` not at all, ``*`` as far
    as nothing ends it), and what it acts on: D diseases, T treatments; of an end, what it ends: F the
    family, T triggers of treatments, N all that state something. A word of a phrase may be
    alternatives (``a|b``), an empty one for none, and an underscore stands for a space inside one. ``<edge>`` is the
    end of a sentence, ``<number>`` and ``<decade>`` what they say. A later line replaces an earlier one of the same
    phrase, unless the two act on different types.

    Raises
    ------
    ValueError
        When a line has other columns, a class that is not ours, or a reach that is no number.

    Examples
    --------
    >>> triggers = compile_triggers("no|without any|\\tnegated\\t*\\t.\\t")
    >>> sorted(triggers.words), CLASSES[triggers.kind[0]], triggers.backward.tolist()
    (['any', 'no', 'without'], 'negated', [0])
    """
    rows, phrases = _read(text)
    words = _columns(phrases)
    paths: list[dict[int, int]] = [{}, {}]
    ends: list[list[int]] = [[], []]
    edges = [False, False]
    for row, phrase in enumerate(phrases):
        slots = [dict.fromkeys(tuple(words[token] for token in way) for way in word) for word in phrase]
        for chosen in product(*slots):
            state = 1
            for column in chain.from_iterable(chosen):
                following = paths[state].get(column)
                if following is None:
                    following = paths[state][column] = len(paths)
                    paths.append({})
                    ends.append([])
                    edges.append(column == words.get(_EDGE))
                state = following
            if state > 1:
                ends[state] = [*(i for i in ends[state] if rows[i][3] != rows[row][3]), row][-2:]
    width = max(words.values(), default=0) + 1
    steps = {state * width + column: to for state, path in enumerate(paths) for column, to in path.items()}
    keys = sorted(steps)
    return Triggers(
        words,
        width,
        np.array(keys, np.int64),
        np.array([steps[key] for key in keys], np.int64),
        np.array([[*own, -1, -1][:2] for own in ends], np.int64),
        np.array(edges, np.bool_),
        *np.array(rows, np.int64).reshape(-1, 4).T,
    )


def _read(text: str) -> tuple[list[tuple[int, int, int, int]], list[Phrase]]:
    """Give class, reach forward and backward, and type of each line, and its phrase."""
    rows: list[tuple[int, int, int, int]] = []
    phrases: list[Phrase] = []
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        try:
            phrase, kind, forward, backward, acts_on = line.split("\t")
            rows.append((CLASSES.index(kind), _reach(forward), _reach(backward), _ACTS_ON[acts_on]))
        except (ValueError, KeyError) as exc:
            raise ValueError(f"trigger {line!r} is not phrase, class, reach forward and backward, type") from exc
        phrases.append([[_tokens(alternative) for alternative in word.split("|")] for word in phrase.split(" ")])
    return rows, phrases


def _columns(phrases: list[Phrase]) -> dict[str, int]:
    """Give each word its column; words that may stand for one another wherever they occur share one."""
    places: dict[str, list[tuple[int, ...]]] = {}
    for i, phrase in enumerate(phrases):
        for j, word in enumerate(phrase):
            for k, way in enumerate(word):
                for n, token in enumerate(way):
                    places.setdefault(token, []).append((i, j, -1 if len(way) == 1 else k, n))
    columns: dict[tuple[tuple[int, ...], ...], int] = {}
    return {token: columns.setdefault(tuple(found), len(columns) + 1) for token, found in places.items()}


@cache
def load_triggers() -> Triggers:
    """When called, it will give the triggers of `knowledge/triggers.tsv`; read once a process."""
    path = resources.files("behealthy.extract") / "knowledge" / "triggers.tsv"
    return compile_triggers(path.read_text(encoding="utf-8"))


@cache
def chronic_words() -> frozenset[str]:
    """When called, it will give the words of diseases that do not pass; read once a process."""
    path = resources.files("behealthy.extract") / "knowledge" / "chronic.txt"
    return frozenset(path.read_text(encoding="utf-8").split())


def _reach(written: str) -> int:
    return {"*": UNLIMITED, ".": 0}[written] if written in "*." else int(written)


def _tokens(alternative: str) -> list[str]:
    out: list[str] = []
    for word in alternative.split("_"):
        out += [word] if word.startswith("<") else [piece for piece in PIECES.findall(word) if not piece.isspace()]
    return out

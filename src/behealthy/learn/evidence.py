"""What the gate rests on: numbers about two models on the same notes, without a word of them.

For each note and each group of entities (all, a type, a section, a status, a source): how many gold has, how many the
model found, how many are right. From these alone every figure, difference and interval can be had again. This module
refuses to decide anything.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from behealthy.extract.marked import mark
from behealthy.extract.tokens import Vocabulary
from behealthy.extract.understanding import assertions
from behealthy.learn.calibrate import Calibration, spans
from behealthy.note import Entity, Extraction, Note

Counts = npt.NDArray[np.int64]

GOLD, FOUND, RIGHT = range(3)
ALL = "all"
_BINS = 10
_REPEATS = 3


@dataclass(frozen=True, slots=True)
class Marks:
    """One model on one set of notes.

    Attributes
    ----------
    notes : tuple of str
        Ids, in the order of the rows.
    counts : mapping of str to int64 array of shape (notes, 3)
        Gold, found, right; by group: ``all``, ``type:DISEASE``, ``section:plan``, ``assertion:negated``, ``source:a``.
    reliability : float64 array of shape (notes, bins, 3)
        Of the found spans by calibrated score: number, sum of scores, number that is right.
    """

    notes: tuple[str, ...]
    counts: Mapping[str, Counts]
    reliability: npt.NDArray[np.float64]

    def to_json(self) -> dict[str, Any]:
        """Give the marks as plain values."""
        return {
            "notes": list(self.notes),
            "counts": {name: rows.tolist() for name, rows in self.counts.items()},
            "reliability": np.round(self.reliability, 6).tolist(),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Marks:
        """When called, it will read what `to_json` gave."""
        counts = {name: np.array(rows, np.int64).reshape(-1, 3) for name, rows in data["counts"].items()}
        shape = (len(data["notes"]), _BINS, 3)
        return cls(tuple(data["notes"]), counts, np.array(data["reliability"], np.float64).reshape(shape))

    def only(self, keep: Sequence[bool]) -> Marks:
        """When called, it will leave out notes."""
        rows = np.array(keep, np.bool_)
        notes = tuple(note for note, kept in zip(self.notes, keep, strict=True) if kept)
        return Marks(notes, {name: own[rows] for name, own in self.counts.items()}, self.reliability[rows])


@dataclass(frozen=True, slots=True)
class Side:
    """All that the gate knows of one model.

    Attributes
    ----------
    test, recent : Marks
        On the frozen test notes, and on those of them that were marked since the champion learned.
    suite : mapping of str to (int, int)
        By capability: cases that hold, and cases.
    p95_s : float
        Ninety-five in a hundred notes are read at least as fast.
    signature : tuple of str
        What goes in and comes out.
    """

    version: str
    test: Marks
    recent: Marks
    suite: Mapping[str, tuple[int, int]]
    p95_s: float
    notes_per_s: float
    size_bytes: int
    signature: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Give the side as plain values."""
        return {
            "version": self.version,
            "test": self.test.to_json(),
            "recent": self.recent.to_json(),
            "suite": {name: list(held) for name, held in self.suite.items()},
            "p95_s": self.p95_s,
            "notes_per_s": self.notes_per_s,
            "size_bytes": self.size_bytes,
            "signature": list(self.signature),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Side:
        """When called, it will read what `to_json` gave."""
        return cls(
            version=data["version"],
            test=Marks.from_json(data["test"]),
            recent=Marks.from_json(data["recent"]),
            suite={name: (held[0], held[1]) for name, held in data["suite"].items()},
            p95_s=data["p95_s"],
            notes_per_s=data["notes_per_s"],
            size_bytes=data["size_bytes"],
            signature=tuple(data["signature"]),
        )


def marks(
    gold: Sequence[Extraction],
    predicted: Sequence[Extraction],
    sources: Sequence[str],
    types: Sequence[str],
    calibration: Calibration,
) -> Marks:
    """When called, it will count, note by note and group by group.

    A right span belongs to the groups of its gold entity; a wrong one to those that the model itself gave it. Where
    nobody judged the status of a gold entity, the rules do, for both models alike.

    Parameters
    ----------
    sources : sequence of str
        Where each note came from.
    types : sequence of str
        Entities of other types are left out on both sides.
    """
    counts: defaultdict[str, Counts] = defaultdict(lambda: np.zeros((len(gold), 3), np.int64))
    for row, (marked, read, source) in enumerate(zip(gold, predicted, sources, strict=True)):
        own = _placed(marked, types)
        theirs = _placed(read, types)
        for place, groups in own.items():
            for name in (*groups, f"source:{source}"):
                counts[name][row, GOLD] += 1
                counts[name][row, [FOUND, RIGHT]] += place in theirs
        for place in theirs.keys() - own.keys():
            for name in (*theirs[place], f"source:{source}"):
                counts[name][row, FOUND] += 1
    counts[ALL] += 0
    truth, found = ([_only(d, types) for d in side] for side in (gold, predicted))
    notes = tuple(d.note_id for d in gold)
    return Marks(notes, dict(sorted(counts.items())), _reliability(truth, found, calibration))


def _only(document: Extraction, types: Sequence[str]) -> Extraction:
    return replace(document, entities=tuple(e for e in document.entities if e.type in types))


def _placed(document: Extraction, types: Sequence[str]) -> dict[tuple[int, int, str], tuple[str, ...]]:
    """Give the groups of each entity, by its place."""
    entities = [e for e in document.entities if e.type in types and not document.text[e.start : e.end].isspace()]
    unjudged = [e for e in entities if e.assertion is None or e.section is None]
    known = dict(zip(map(_place, unjudged), _judged(document.text, unjudged), strict=True)) if unjudged else {}
    out: dict[tuple[int, int, str], tuple[str, ...]] = {}
    for e in entities:
        status, section = known.get(_place(e), ("", ""))
        status, section = e.assertion or status, e.section or section
        out[_place(e)] = (ALL, f"type:{e.type}", f"assertion:{status}", f"section:{section}")
    return out


def _judged(text: str, entities: Sequence[Entity]) -> list[tuple[str, str]]:
    places = [_place(e) for e in entities]
    marked = mark([text], [places], Vocabulary())
    section = marked.outline.section[marked.first].tolist()
    return [(a, marked.outline.names[s]) for a, s in zip(assertions(text, places), section, strict=True)]


def _place(entity: Entity) -> tuple[int, int, str]:
    return entity.start, entity.end, entity.type


def _reliability(
    gold: Sequence[Extraction], predicted: Sequence[Extraction], calibration: Calibration
) -> npt.NDArray[np.float64]:
    found = spans(gold, predicted)
    score = calibration(found.score)
    out = np.zeros((len(gold), _BINS, 3))
    place = np.minimum((score * _BINS).astype(np.int64), _BINS - 1)
    for column, value in enumerate((np.ones(len(score)), score, found.right)):
        np.add.at(out[..., column], (found.document, place), value)
    return out


def timed(
    readers: Sequence[Callable[[Note], Extraction]], notes: Sequence[Note], repeats: int = _REPEATS
) -> list[npt.NDArray[np.float64]]:
    """When called, it will time readers note by note, turn by turn, so that a busy machine is busy for all of them.

    Returns
    -------
    list of float64 arrays of shape (notes,)
        Seconds of processor time, the least of the repeats.
    """
    best = [np.full(len(notes), np.inf) for _ in readers]
    for _ in range(repeats + 1):  # the first turn fills the caches, as a running service has them
        for i, note in enumerate(notes):
            for reader, own in zip(readers, best, strict=True):
                begin = time.process_time()
                reader(note)
                own[i] = min(own[i], time.process_time() - begin)
    return best

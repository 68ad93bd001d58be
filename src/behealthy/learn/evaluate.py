"""How well predictions agree with gold: strict, relaxed and type-only figures, with intervals over documents.

Counts whole entities, never tokens (token accuracy flatters), and resamples whole documents, never entities (the
entities of one note resemble each other). Refuses to pair documents that differ, and to judge anything but spans
and types: relations and assertions are not counted here.

What counts, per type and over all types together ("micro"):

strict
    Same type, same start, same end. A gold entity pairs with one prediction, so a repeated prediction is wrong.
relaxed
    Same type and at least one common code point. Precision is the share of predictions that overlap some gold entity
    of their type; recall is the share of gold entities that some prediction of their type overlaps. One prediction
    over two gold entities is right once for precision and twice for recall.
type_only
    The ``ent_type`` figure of nervaluate (the "type" measure of SemEval-2013 task 9.1): predictions are taken in
    text order; each is paired with the free gold entity of its type whose boundaries lie closest, otherwise it uses
    up the first free gold entity that it overlaps. Right means that the types agree, wherever the boundaries lie.
    Like nervaluate, an overlap counts from one hundredth of the gold entity's length.

A precision, recall or F1 without anything to divide by is 0.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt

from behealthy.note import Extraction

Floats = npt.NDArray[np.float64]
Span = tuple[int, int, str]

# The columns of a row of counts, and which of them divide into precision and recall of strict, relaxed, type_only.
_GOLD, _PREDICTED, _STRICT, _RELAXED_PREDICTED, _RELAXED_GOLD, _TYPE_ONLY = range(6)
_FOR_PRECISION = [_STRICT, _RELAXED_PREDICTED, _TYPE_ONLY]
_FOR_RECALL = [_STRICT, _RELAXED_GOLD, _TYPE_ONLY]

_CONFIDENCE = (2.5, 97.5)
_DRAWS_AT_ONCE = 1_000_000  # bounds the memory of the bootstrap, whatever the number of documents

_DETERMINER = (
    "a|an|the|this|that|these|those|his|her|its|their|my|our|your|any|some|each|every|another"
    "|(?:patient|pt|man|woman|child)['’]s|patients['’]"
)
_LEADING_DETERMINERS = re.compile(rf"(?:(?:{_DETERMINER})\s+)+(?=\S)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Score:
    """Precision, recall and F1 in [0, 1]; ``interval`` is the 95 % percentile bootstrap of F1, or None."""

    precision: float
    recall: float
    f1: float
    interval: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """The scores of one type, or of all together: ``n`` gold entities against ``predicted`` predictions."""

    n: int
    predicted: int
    strict: Score
    relaxed: Score
    type_only: Score

    def to_json(self) -> dict[str, Any]:
        """Give the figures as plain values; every score repeats ``n``, so that it can be read alone."""
        scores = {"strict": self.strict, "relaxed": self.relaxed, "type_only": self.type_only}
        return {"n": self.n, "predicted": self.predicted} | {
            name: {
                "precision": score.precision,
                "recall": score.recall,
                "f1": score.f1,
                "n": self.n,
                "interval": None if score.interval is None else list(score.interval),
            }
            for name, score in scores.items()
        }


@dataclass(frozen=True, slots=True)
class Report:
    """What `evaluate` found; ``trimmed`` tells whether leading determiners were cut on both sides."""

    documents: int
    micro: Figures
    types: dict[str, Figures]
    trimmed: bool = False

    def to_json(self) -> dict[str, Any]:
        """Give the report as plain values: each type stands under ``types`` and at the top under its own name.

        A type whose name is one of the report's own keys stands under ``types`` only.
        """
        types = {name: figures.to_json() for name, figures in self.types.items()}
        own = {"documents": self.documents, "trimmed": self.trimmed, "micro": self.micro.to_json(), "types": types}
        return own | {name: figures for name, figures in types.items() if name not in own}


def evaluate(
    gold: Sequence[Extraction],
    predicted: Sequence[Extraction],
    *,
    types: Sequence[str] | None = None,
    trim_determiners: bool = False,
    resamples: int = 1000,
    seed: int = 0,
) -> Report:
    """Compare predictions with gold, document by document (the module's first lines define the figures).

    Parameters
    ----------
    gold, predicted : sequence of Extraction
        Paired by position: the same note at the same place.
    types : sequence of str or None
        The types that count; entities of any other type are left out on both sides. None: every type that occurs.
    trim_determiners : bool
        Cut leading determiners and possessives from all entities first, to compare across annotation conventions.
    resamples : int
        Bootstrap resamples of the documents; with 0, or fewer than two documents, there are no intervals.
    seed : int
        The same seed and the same number of documents give the same draws.

    Raises
    ------
    ValueError
        When the documents are not the same on both sides, or ``resamples`` is negative.
    """
    if resamples < 0:
        raise ValueError(f"resamples is {resamples}, must not be negative")
    check_paired(gold, predicted)
    marked, found = ([_spans(document, trim_determiners) for document in side] for side in (gold, predicted))
    occurring = {span[2] for spans in (*marked, *found) for span in spans}
    names = sorted(occurring) if types is None else list(dict.fromkeys(types))
    counts = _count(marked, found, names)
    intervals = _intervals(counts, resamples, seed)
    micro, *each = (_figures(*row) for row in zip(counts.sum(axis=0), intervals, strict=True))
    return Report(len(gold), micro, dict(zip(names, each, strict=True)), trim_determiners)


def check_paired(gold: Sequence[Extraction], predicted: Sequence[Extraction]) -> None:
    """Refuse documents that are not the same notes in the same order.

    Raises
    ------
    ValueError
        Naming what differs (number, ids, place of the first differing code point), without quoting text.
    """
    if len(gold) != len(predicted):
        raise ValueError(f"{len(gold)} gold documents but {len(predicted)} predicted ones")
    faults = [fault for i, pair in enumerate(zip(gold, predicted, strict=True)) for fault in _unlike(i, *pair)]
    if faults:
        more = f"; and {len(faults) - 5} more" if len(faults) > 5 else ""
        raise ValueError("gold and predicted are not the same documents: " + "; ".join(faults[:5]) + more)


def _unlike(position: int, gold: Extraction, predicted: Extraction) -> Iterator[str]:
    if gold.note_id != predicted.note_id:
        yield f"document {position} is note {gold.note_id!r} in gold and {predicted.note_id!r} in predicted"
    elif gold.text != predicted.text:
        both = zip(gold.text, predicted.text, strict=False)
        shorter = min(len(gold.text), len(predicted.text))
        at = next((i for i, (a, b) in enumerate(both) if a != b), shorter)
        yield f"document {position} (note {gold.note_id!r}) has another text from code point {at} on"


def trimmed_start(text: str, start: int, end: int) -> int:
    """Find where ``text[start:end]`` begins once leading determiners and possessives are cut; it never empties.

    >>> trimmed_start("Stop the patient's old aspirin.", 5, 30)
    19
    """
    found = _LEADING_DETERMINERS.match(text, start, end)
    return found.end() if found else start


def _spans(document: Extraction, trim: bool) -> list[Span]:
    """Give the entities in text order as (start, end, type)."""
    return sorted(
        (trimmed_start(document.text, e.start, e.end) if trim else e.start, e.end, e.type) for e in document.entities
    )


def _count(gold: Sequence[list[Span]], predicted: Sequence[list[Span]], names: Sequence[str]) -> Floats:
    """Count each document's entities and hits.

    Returns
    -------
    array of float64, shape [documents, 1 + types, 6]
        Row 0 holds all types together; the columns are named at the top of this module. Whole numbers, kept as
        floats because the bootstrap multiplies them.
    """
    counts = np.zeros((len(gold), 1 + len(names), 6))
    for row, g, p in zip(counts, gold, predicted, strict=True):
        g_by_type, p_by_type = _by_type(g, names), _by_type(p, names)
        for i, name in enumerate(names, 1):
            if name in g_by_type or name in p_by_type:
                row[i] = _tally(g_by_type.get(name, []), p_by_type.get(name, []))
        row[0] = row[1:].sum(axis=0)
        # Across types a prediction may use up a gold entity of another type, so this one is not the sum.
        row[0, _TYPE_ONLY] = _right_types(*([s for s in spans if s[2] in names] for spans in (g, p)))
    return counts


def _by_type(spans: list[Span], names: Sequence[str]) -> dict[str, list[Span]]:
    groups = defaultdict(list)
    for span in spans:
        if span[2] in names:
            groups[span[2]].append(span)
    return groups


def _tally(gold: list[Span], predicted: list[Span]) -> tuple[int, ...]:
    """Count one document's entities of one type; both lists are in text order."""
    if gold == predicted:
        return (len(gold),) * 6
    strict = (Counter(gold) & Counter(predicted)).total()
    overlaps = _overlapping(predicted, gold), _overlapping(gold, predicted)
    return len(gold), len(predicted), strict, *overlaps, _right_types(gold, predicted)


def _overlapping(spans: list[Span], others: list[Span]) -> int:
    """Count the spans that share a code point with any of the others (in text order, nested or not)."""
    starts = [other[0] for other in others]
    reach = list(accumulate((other[1] for other in others), max))
    hits = 0
    for start, end, _ in spans:
        before = bisect_left(starts, end)
        hits += before > 0 and reach[before - 1] > start
    return hits


def _right_types(gold: list[Span], predicted: list[Span]) -> int:
    """Count the predictions whose paired gold entity has their type; one sweep over both lists in text order."""
    if gold == predicted:
        return len(gold)
    free = [True] * len(gold)
    first = right = 0
    for start, end, kind in predicted:
        while first < len(gold) and gold[first][1] <= start:
            first += 1
        best = wrong = None
        closest = 0
        for i in range(first, len(gold)):
            g_start, g_end, g_kind = gold[i]
            if g_start >= end:
                break
            if not free[i] or 100 * (min(end, g_end) - max(start, g_start)) < g_end - g_start:
                continue
            distance = abs(start - g_start) + abs(end - g_end)
            if g_kind != kind:
                wrong = i if wrong is None else wrong
            elif best is None or distance < closest:
                best, closest = i, distance
        right += best is not None
        taken = wrong if best is None else best
        if taken is not None:
            free[taken] = False
    return right


def _rates(counts: Floats) -> Floats:
    """Turn counts [..., 6] into precision, recall and F1 [..., 3] of strict, relaxed and type_only: [..., 3, 3]."""
    precision = _divide(counts[..., _FOR_PRECISION], counts[..., [_PREDICTED]])
    recall = _divide(counts[..., _FOR_RECALL], counts[..., [_GOLD]])
    f1 = _divide(2 * precision * recall, precision + recall)
    return np.stack([precision, recall, f1], axis=-1)


def _divide(part: Floats, whole: Floats) -> Floats:
    part, whole = np.broadcast_arrays(part, whole)
    return np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0)


def _intervals(counts: Floats, resamples: int, seed: int) -> list[list[tuple[float, float] | None]]:
    """Bootstrap F1 over documents (Efron and Tibshirani 1993, section 13.3): [1 + types][strict, relaxed, type_only].

    A resample in which a type has neither gold nor predictions says nothing of its F1 and is left out.
    """
    documents, kinds, columns = counts.shape
    if resamples == 0 or documents < 2:
        return [[None] * 3 for _ in range(kinds)]
    rng = np.random.default_rng(seed)
    flat = counts.reshape(documents, -1)
    totals = np.empty((resamples, kinds * columns))
    step = max(1, _DRAWS_AT_ONCE // documents)
    for begin in range(0, resamples, step):
        rows = min(step, resamples - begin)
        drawn = rng.integers(documents, size=(rows, documents)) + documents * np.arange(rows)[:, None]
        times = np.bincount(drawn.ravel(), minlength=rows * documents).reshape(rows, documents)
        totals[begin : begin + rows] = times.astype(np.float64) @ flat
    drawn_counts = totals.reshape(resamples, kinds, columns)
    f1 = _rates(drawn_counts)[..., 2]  # [resamples, 1 + types, 3]
    known = (drawn_counts[..., _GOLD] + drawn_counts[..., _PREDICTED]) > 0
    return [[_percentiles(f1[known[:, k], k, s]) for s in range(3)] for k in range(kinds)]


def _percentiles(values: Floats) -> tuple[float, float] | None:
    if not values.size:
        return None
    low, high = np.percentile(values, _CONFIDENCE)
    return float(low), float(high)


def _figures(counts: Floats, intervals: Sequence[tuple[float, float] | None]) -> Figures:
    strict, relaxed, type_only = (
        Score(float(precision), float(recall), float(f1), interval)
        for (precision, recall, f1), interval in zip(_rates(counts), intervals, strict=True)
    )
    return Figures(int(counts[_GOLD]), int(counts[_PREDICTED]), strict, relaxed, type_only)

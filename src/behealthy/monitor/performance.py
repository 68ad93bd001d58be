"""How well the served model reads: estimated without labels, measured on the audit sample, and felt by reviewers.

*Estimated*: the model's own probabilities say how many of its finds are right and how many it misses; on notes that
people have read it is known how far they can be trusted, and they are put right by that. It needs no labels, and it
holds only while the model's doubts mean what they meant there: among notes of another kind a model is wrong without
knowing it, so where the words have moved far the estimate is not trusted (see `states.TRUSTED_AUC`).

*Audited*: notes are drawn at random and read by a person who does not see what the model found. This is the truth, and
it is slow and noisy. *Edit rate*: how much of what was shown reviewers change; they see the doubtful notes first, so it
says how the work goes and not how good the model is.

F1 is strict: type and both boundaries. Intervals are 95 % percentile bootstraps over notes.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import select
from sqlalchemy.orm import Session

from behealthy.monitor.telemetry import BINS, Observation
from behealthy.monitor.windows import FEWEST
from behealthy.note import Extraction, from_json
from behealthy.store.crypto import Vault
from behealthy.store.notes import open_gold
from behealthy.store.tables import ExtractionRow, GoldRow, PredictionRow, ReviewRow

Floats = npt.NDArray[np.float64]

AUDIT = "audit"
LIMITS = "holds while the model's probabilities mean what they meant on its held-out notes"
_DRAWS = 1_000
_PRIOR = 2.0  # entities in each tenth of the scores that are right as often as the tenth says
_EDITS = ("rejected", "edited", "added")


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its interval, from `notes` notes; ``says`` is what to know about it."""

    value: float
    low: float
    high: float
    notes: int
    says: str = ""

    def to_json(self) -> dict[str, Any]:
        """Give the figure as plain values."""
        rounded = {name: round(getattr(self, name), 5) for name in ("value", "low", "high")}
        return rounded | {"notes": self.notes, "says": self.says}


@dataclass(frozen=True, slots=True)
class Performance:
    """What is known of a window's performance; None where there is nothing to know it from.

    Attributes
    ----------
    promised : Figure or None
        What the others are held against; see `promised`.
    """

    estimated: Figure | None = None
    audited: Figure | None = None
    edit_rate: Figure | None = None
    promised: Figure | None = None

    def to_json(self) -> dict[str, Any]:
        """Give what is known as plain values."""
        parts = {name: getattr(self, name) for name in ("estimated", "audited", "edit_rate", "promised")}
        return {name: None if part is None else part.to_json() for name, part in parts.items()}


def estimated(held_out: Sequence[Observation], window: Sequence[Observation], seed: int = 0) -> Figure | None:
    """When called, it will estimate the F1 of a window from the model's probabilities.

    They are put right by the held-out notes with truth: in each tenth of the scores by the share that was right there
    (histogram binning, Zadrozny and Elkan 2001), and what is believed to be missed by how much was missed there. The
    interval covers the chance of both.
    """
    known = [o for o in held_out if o.truth is not None]
    if not known or not window:
        return None
    taught, seen = _Doubts.of(known), _Doubts.of(window)
    right = np.array([o.truth.right for o in known if o.truth is not None], np.float64)
    marked = np.array([o.truth.marked for o in known if o.truth is not None], np.float64)
    middle = (np.arange(BINS) + 0.5) / BINS

    def f1(times_taught: Floats, times_seen: Floats) -> Floats:
        share = (times_taught @ right + _PRIOR * middle) / (times_taught @ taught.found + _PRIOR)
        missed = times_taught @ (marked - right.sum(axis=1))
        times = np.clip(missed / np.maximum(times_taught @ taught.missed, 1e-9), 0.25, 4.0)
        found = times_seen @ seen.found
        hits = (found * share).sum(axis=1)
        return _f1(hits, found.sum(axis=1), hits + times * (times_seen @ seen.missed))

    rng = np.random.default_rng(seed)
    drawn = f1(_resampled(rng, len(known)), _resampled(rng, len(window)))
    value = f1(np.ones((1, len(known))), np.ones((1, len(window))))
    return _figure(value, drawn, len(window), LIMITS)


def promised(held_out: Sequence[Observation], recent: Sequence[Observation] = (), seed: int = 0) -> Figure | None:
    """When called, it will give the F1 that a version was accepted with: what windows are held against.

    Estimated for the notes that came in before it was served, where they are enough: notes that were annotated may be
    easier or harder than those. Else measured on the held-out notes.
    """
    if len(recent) >= FEWEST:
        return estimated(held_out, recent, seed)
    counts = [(sum(o.truth.right), sum(o.scores), o.truth.marked) for o in held_out if o.truth is not None]
    return measured(counts, seed)


def measured(counts: Sequence[tuple[int, int, int]], seed: int = 0) -> Figure | None:
    """When called, it will give the F1 of notes from their (right, found, marked), None where there are none."""
    if not counts:
        return None
    table = np.array(counts, np.float64)

    def f1(times: Floats) -> Floats:
        return _f1(*(times @ table).T)

    return _bootstrapped(f1, len(table), seed)


def audited(
    session: Session, vault: Vault, version: str, first: int, last: int, seed: int = 0
) -> tuple[Figure | None, list[str]]:
    """When called, it will measure a version on the audited among the notes of a range of predictions.

    Gives the F1, None where nothing was audited, and the notes that it rests on.
    """
    read = select(PredictionRow.note_id).where(
        PredictionRow.model_version == version, PredictionRow.number.between(first, last)
    )
    rows = session.scalars(
        select(GoldRow).where(GoldRow.why == AUDIT, GoldRow.note_id.in_(read)).order_by(GoldRow.id)
    ).all()
    newest = {row.note_id: row for row in rows}
    made = select(ExtractionRow).where(ExtractionRow.model_version == version, ExtractionRow.note_id.in_(read))
    found = {row.note_id: row for row in session.scalars(made) if row.note_id in newest}
    counts, ids = [], []
    for gold in open_gold(vault, [row for id_, row in newest.items() if id_ in found]):
        row = found[gold.note_id]
        own = from_json(json.loads(vault.open(row.sealed, f"extraction:{row.id}")))
        counts.append(agreement(own, gold))
        ids.append(gold.note_id)
    return measured(counts, seed), ids


def agreement(found: Extraction, gold: Extraction) -> tuple[int, int, int]:
    """When called, it will count the entities that are (right, found, marked)."""
    own, marked = (Counter((e.start, e.end, e.type) for e in side.entities) for side in (found, gold))
    return (own & marked).total(), own.total(), marked.total()


def edits(session: Session, version: str, first: int, last: int, seed: int = 0) -> Figure | None:
    """When called, it will give the share of what reviewers saw or added that they had to change, over a range.

    Blind reviews do not count: nothing was shown there to be changed.
    """
    read = select(PredictionRow.note_id).where(
        PredictionRow.model_version == version, PredictionRow.number.between(first, last)
    )
    rows = session.scalars(
        select(ReviewRow.edits).where(
            ReviewRow.state == "submitted",
            ReviewRow.blind.is_(False),
            ReviewRow.model_version == version,
            ReviewRow.note_id.in_(read),
        )
    ).all()
    counts = np.array([_edited(row) for row in rows], np.float64)
    if not len(counts) or not counts[:, 1].sum():
        return None

    def rate(times: Floats) -> Floats:
        changed, all_ = (times @ counts).T
        return np.asarray(changed / np.maximum(all_, 1e-9))

    return _bootstrapped(rate, len(counts), seed, "of the notes that reviewers were given, the doubtful first")


def _edited(counts: Mapping[str, int]) -> tuple[int, int]:
    changed = sum(counts.get(kind, 0) for kind in _EDITS)
    return changed, changed + counts.get("accepted", 0)


@dataclass(frozen=True, slots=True)
class _Doubts:
    """Of N notes: what was found by tenth of the score (N, bins), and what is believed to be there beside it (N,)."""

    found: Floats
    missed: Floats

    @classmethod
    def of(cls, observations: Sequence[Observation]) -> _Doubts:
        found = np.array([o.scores for o in observations], np.float64)
        missed = [max(0.0, sum(o.expected.values()) - o.score_sum) for o in observations]
        return cls(found, np.array(missed, np.float64))


def _bootstrapped(statistic: Callable[[Floats], Floats], notes: int, seed: int, says: str = "") -> Figure:
    drawn = statistic(_resampled(np.random.default_rng(seed), notes))
    return _figure(statistic(np.ones((1, notes))), drawn, notes, says)


def _figure(value: Floats, drawn: Floats, notes: int, says: str) -> Figure:
    low, high = np.percentile(drawn, (2.5, 97.5))
    return Figure(float(value[0]), float(low), float(high), notes, says)


def _resampled(rng: np.random.Generator, notes: int) -> Floats:
    """Give how often each of N notes is in each resample, float64 of shape (resamples, N)."""
    return rng.multinomial(notes, np.full(notes, 1 / notes), size=_DRAWS).astype(np.float64)


def _f1(right: Floats, found: Floats, marked: Floats) -> Floats:
    return np.asarray(np.minimum(1.0, 2 * right / np.maximum(found + marked, 1e-9)))

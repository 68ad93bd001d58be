"""Whether a span's score is the share of such spans that are right, and a table that makes it so.

The table maps scores of one model to probabilities; it is fitted on notes that the model had not seen, and lies in the
bundle's facts under ``calibration``, so that the watch can estimate F1 where nobody has judged: expected true positives
are the sum of the calibrated scores, expected misses the mass of entities that were not found, times a factor.

The map is Platt's (1999), on the log-odds of the score: two numbers, monotone, the identity among them, so that a few
hundred spans are enough to fit it. This module refuses to change scores: a bundle's scores stay what the model says.

The JSON form, which `monitor` reads without this module::

    {
        "spans": {"score": [0.0, ...], "probability": [0.01, ...]},  # np.interp(score, *these)
        "missed": {"factor": 0.9},  # expected misses = factor * missed mass
        "fitted_on": {"notes": 120, "spans": 1400, "missed": 210},
        "error": {"before": 0.05, "after": 0.02},
        "bins": [{"low", "high", "n", "score", "right"}, ...],
    }

Missed mass of a note: the sum over its tokens of the probability that an entity begins there (labels ``B-`` and
``S-``), less the sum of the raw scores of the spans that were found; see `expected_entities`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from behealthy.extract.batch import lay_out
from behealthy.extract.streams import tagger_with_streams
from behealthy.extract.tagger import Weights
from behealthy.extract.tokens import Vocabulary
from behealthy.learn.dataset import Knowledge
from behealthy.note import Extraction

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

BINS = 10
FEWEST_SPANS = 100  # below, the scores are taken as they are
_KNOTS = np.concatenate([[0.0], 1 / (1 + np.exp(-np.linspace(-6, 6, 33))), [1.0]])
_EDGE = 1e-6
_RIDGE = 1.0  # pull towards the identity, worth about as much as a span


@dataclass(frozen=True, slots=True)
class Calibration:
    """A monotone table from score to probability; see the module's first lines.

    Attributes
    ----------
    score, probability : tuple of float, ascending
    missed : float
        Factor of the missed mass.
    facts : mapping
        What it was fitted on and what it changed, for people.
    """

    score: tuple[float, ...]
    probability: tuple[float, ...]
    missed: float
    facts: Mapping[str, Any]

    def __call__(self, scores: npt.ArrayLike) -> Floats:
        """When called, it will give the probabilities of scores, float64 of their shape."""
        found: Floats = np.interp(np.asarray(scores, np.float64), self.score, self.probability)
        return found

    def to_json(self) -> dict[str, Any]:
        """Give the plain values that lie in a bundle's facts."""
        return {
            "spans": {"score": list(self.score), "probability": list(self.probability)},
            "missed": {"factor": self.missed},
            **self.facts,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | None) -> Calibration:
        """When called, it will read the table of a bundle's facts; where there is none, scores are as they are."""
        if not data:
            return IDENTITY
        spans = data["spans"]
        facts = {key: value for key, value in data.items() if key not in ("spans", "missed")}
        return cls(tuple(spans["score"]), tuple(spans["probability"]), float(data["missed"]["factor"]), facts)


IDENTITY = Calibration((0.0, 1.0), (0.0, 1.0), 1.0, {})


@dataclass(frozen=True, slots=True)
class Spans:
    """Found spans of documents whose gold is known.

    Attributes
    ----------
    document : int64 array of shape (spans,)
    score : float64 array of shape (spans,)
    right : bool array of shape (spans,)
        Whether gold has the same place and type.
    missed : int
        Gold entities that nothing was found for.
    """

    document: npt.NDArray[np.int64]
    score: Floats
    right: Bools
    missed: int = 0


def spans(gold: Sequence[Extraction], predicted: Sequence[Extraction]) -> Spans:
    """When called, it will hold found spans against gold, strictly; documents are paired by position."""
    rows: list[tuple[int, float, bool]] = []
    missed = 0
    for i, (truth, found) in enumerate(zip(gold, predicted, strict=True)):
        places = {(e.start, e.end, e.type) for e in truth.entities}
        hits = [(e.start, e.end, e.type) in places for e in found.entities]
        rows += [(i, e.score, hit) for e, hit in zip(found.entities, hits, strict=True)]
        missed += len(places) - sum(hits)
    document, score, right = (np.array(column) for column in zip(*rows, strict=True)) if rows else (np.zeros(0),) * 3
    return Spans(document.astype(np.int64), score.astype(np.float64), right.astype(np.bool_), missed)


def fit(found: Spans, expected: float, notes: int) -> Calibration:
    """When called, it will fit the table to spans of notes that their model had not seen.

    Parameters
    ----------
    expected : float
        Entities that the model expects in these notes, found or not; see `expected_entities`.
    notes : int
        How many they are.
    """
    mass = max(expected - float(found.score.sum()), _EDGE)
    factor = float(np.clip((found.missed + 1) / (mass + 1), 0.1, 10.0))
    before = bins(found.score, found.right)
    fitted_on = {"notes": notes, "spans": len(found.score), "missed": found.missed}
    if len(found.score) < FEWEST_SPANS or found.right.all() or not found.right.any():
        facts = {"fitted_on": fitted_on, "error": {"before": error(before), "after": error(before)}, "bins": before}
        return Calibration(IDENTITY.score, IDENTITY.probability, factor, facts)
    slope, shift = _platt(found.score, found.right)
    probability = 1 / (1 + np.exp(-(slope * _log_odds(_KNOTS) + shift)))
    table = Calibration(tuple(_KNOTS.tolist()), tuple(probability.tolist()), factor, {})
    after = bins(table(found.score), found.right)
    facts = {"fitted_on": fitted_on, "error": {"before": error(before), "after": error(after)}, "bins": after}
    return Calibration(table.score, table.probability, factor, facts)


def _platt(score: Floats, right: Bools) -> tuple[float, float]:
    from scipy import optimize

    x = _log_odds(score)
    # Platt's targets: not quite 0 and 1, so that a perfect split does not run away.
    hits = int(right.sum())
    target = np.where(right, (hits + 1) / (hits + 2), 1 / (len(right) - hits + 2))

    def loss(parameters: Floats) -> tuple[float, Floats]:
        z = parameters[0] * x + parameters[1]
        off = np.array([parameters[0] - 1, parameters[1]])
        value = float(np.logaddexp(0, z).sum() - target @ z + 0.5 * _RIDGE * off @ off)
        delta = 1 / (1 + np.exp(-z)) - target
        return value, np.array([delta @ x, delta.sum()]) + _RIDGE * off

    best = optimize.minimize(loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=[(0.05, 20), (-20, 20)])
    return float(best.x[0]), float(best.x[1])


def _log_odds(score: Floats) -> Floats:
    inside = np.clip(score, _EDGE, 1 - _EDGE)
    odds: Floats = np.log(inside) - np.log1p(-inside)
    return odds


def bins(probability: Floats, right: Bools) -> list[dict[str, Any]]:
    """When called, it will give the reliability diagram: equal widths, with mean score and share that is right."""
    place = np.minimum((probability * BINS).astype(np.int64), BINS - 1)
    out = []
    for i in range(BINS):
        own = place == i
        n = int(own.sum())
        score, hit = (float(probability[own].mean()), float(right[own].mean())) if n else (None, None)
        out.append({"low": i / BINS, "high": (i + 1) / BINS, "n": n, "score": score, "right": hit})
    return out


def error(diagram: Sequence[Mapping[str, Any]]) -> float:
    """When called, it will give the expected calibration error of a diagram: the mean gap, weighted by spans."""
    total = sum(row["n"] for row in diagram)
    return sum(row["n"] * abs(row["score"] - row["right"]) for row in diagram if row["n"]) / total if total else 0.0


def expected_entities(weights: Weights, knowledge: Knowledge, texts: Sequence[str]) -> Floats:
    """When called, it will give how many entities a model expects in each text, float64 of shape (texts,).

    The sum over tokens of the probability that an entity begins there, over all heads.
    """
    vocabulary = Vocabulary()
    batch = lay_out(texts, vocabulary)
    tagger, streams = tagger_with_streams(weights, knowledge.lexicon, knowledge.classes)
    out = np.zeros(len(texts))
    for head, layout, _, posterior in tagger.read(batch, vocabulary, streams(batch, vocabulary)):
        begins = [i for i, label in enumerate(head.labels) if label[0] in "BS"]
        chance = posterior.marginals[layout.place][:, begins].sum(axis=1)
        out += np.bincount(batch.note, chance, len(texts))
    return out

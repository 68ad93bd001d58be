"""The eight KPIs: what the system is worth, each a formula over recorded facts; or "not enough data", and what lacks.

A KPI that is computed from few facts carries an interval (percentile bootstrap over the facts, Efron and Tibshirani
1993). Nothing is assumed: what the work took before is what the business itself said (`BASELINES`). The definitions
are also docs/kpis.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from sqlalchemy.orm import Session

from behealthy.errors import BadInput
from behealthy.monitor.facts import Facts, Reviewed, gather
from behealthy.store.tables import BaselineRow, RatingRow

BASELINES: Mapping[str, tuple[str, float, float]] = {
    # name: (what it is, lowest, highest)
    "seconds_per_note": ("seconds that a person took to retype one note before", 1, 36_000),
    "cost_per_hour": ("cost of an hour of that person's work, in your currency", 0, 10_000),
    "trained_personnel_f1": ("strict F1 of trained personnel against an expert's marks, 0 to 1", 0, 1),
    "running_cost_per_month": ("what the system costs to run in a month, in your currency", 0, 10_000_000),
}
_RESAMPLES = 1000
_MOST_RESAMPLED = 5000  # facts that an interval is drawn from; evenly picked where there are more, so it is wider then
_TRENDS = 6  # points of a trend

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Definition:
    """What a KPI means, apart from its value."""

    name: str
    title: str
    unit: str
    better: Literal["higher", "lower"]
    formula: str
    source: str


@dataclass(frozen=True, slots=True)
class Value:
    """A KPI's value, or why there is none.

    Attributes
    ----------
    n : int
        Facts that it was computed from.
    baseline : float or None
        What it is held against, in the same unit.
    parts : mapping
        Numbers that explain it.
    needs : str or None
        What is lacking; then there is no value.
    """

    value: float | None
    n: int
    interval: tuple[float, float] | None = None
    baseline: float | None = None
    parts: Mapping[str, float] = field(default_factory=dict)
    needs: str | None = None


@dataclass(frozen=True, slots=True)
class Kpi:
    """A KPI of a period, with its course in it: a value, or None, for each sixth of the period."""

    definition: Definition
    value: Value
    begins_at: datetime
    ends_at: datetime
    trend: tuple[tuple[datetime, float | None], ...]

    def to_json(self) -> dict[str, Any]:
        """Give the KPI as plain values."""
        of, got = self.definition, self.value
        return {
            "name": of.name,
            "title": of.title,
            "unit": of.unit,
            "better": of.better,
            "value": got.value,
            "interval": None if got.interval is None else list(got.interval),
            "baseline": got.baseline,
            "n": got.n,
            "parts": dict(got.parts),
            "needs": got.needs,
            "formula": of.formula,
            "source": of.source,
            "begins_at": self.begins_at.isoformat(),
            "ends_at": self.ends_at.isoformat(),
            "trend": [{"at": at.isoformat(), "value": value} for at, value in self.trend],
        }


def report(session: Session, *, now: datetime, days: float = 30) -> list[Kpi]:
    """When called, it will compute the eight KPIs of the days until now."""
    facts = gather(session, now - timedelta(days=days), now)
    step = timedelta(days=days / _TRENDS)
    pieces = [facts.between(now - step * (i + 1), now - step * i) for i in reversed(range(_TRENDS))]
    out = []
    for definition, compute in KPIS:
        trend = tuple((piece.ends_at, compute(piece).value) for piece in pieces)
        out.append(Kpi(definition, compute(facts), facts.begins_at, facts.ends_at, trend))
    return out


def set_baseline(session: Session, name: str, value: float, *, by: str, now: datetime) -> None:
    """When called, it will keep what the business says of the work before.

    Raises
    ------
    BadInput
        When there is no such baseline, or the value cannot be one.
    """
    if name not in BASELINES:
        raise BadInput(f"no baseline {name[:40]!r}; there are {', '.join(BASELINES)}")
    _, lowest, highest = BASELINES[name]
    if not lowest <= value <= highest:
        raise BadInput(f"baseline {name} is {value}, must be from {lowest:g} to {highest:g}")
    session.add(BaselineRow(name=name, value=float(value), at=now, by=by))


def rate(session: Session, stars: int, *, by: str, now: datetime) -> None:
    """When called, it will keep how content a person is.

    Raises
    ------
    BadInput
        When it is not 1 to 5 stars.
    """
    if stars not in range(1, 6):
        raise BadInput(f"{stars} stars; must be 1 to 5")
    session.add(RatingRow(at=now, by=by, stars=stars))


# The eight -------------------------------------------------------------------------------------------------------


def _time(facts: Facts) -> Value:
    seconds = np.array([r.active_s for r in facts.reviews if not r.blind and r.active_s > 0])
    if len(seconds) < 10:
        return _lacking(len(seconds), "10 reviewed notes whose time was measured")
    interval = _interval(seconds, lambda drawn: np.median(drawn, axis=-1))
    reading = np.array([s for _, s in facts.readings])
    parts = {"machine_s": float(np.median(reading))} if len(reading) else {}
    baseline = facts.baselines.get("seconds_per_note")
    return Value(float(np.median(seconds)), len(seconds), interval, baseline, parts)


def _against_personnel(facts: Facts) -> Value:
    audited = _performance(facts)
    baseline = facts.baselines.get("trained_personnel_f1")
    if audited.value is None:
        return audited
    if not baseline:
        return _lacking(audited.n, "the baseline trained_personnel_f1")
    low, high = audited.interval or (audited.value, audited.value)
    parts = {"system_f1": audited.value, "personnel_f1": baseline}
    return Value(audited.value / baseline, audited.n, (low / baseline, high / baseline), 1.0, parts)


def _scalability(facts: Facts) -> Value:
    if len(facts.readings) < 100:
        return _lacking(len(facts.readings), "100 notes that were read")
    seconds = np.array([s for _, s in facts.readings])
    hours = Counter(at.replace(minute=0, second=0, microsecond=0) for at, _ in facts.readings)
    busiest, load = hours.most_common(1)[0]
    in_it = np.array([s for at, s in facts.readings if at.replace(minute=0, second=0, microsecond=0) == busiest])
    parts = {"busiest_hour_notes": float(load), "busiest_hour_p95_s": float(np.percentile(in_it, 95))}
    interval = _interval(seconds, lambda drawn: 3600 / drawn.mean(axis=-1))
    return Value(3600 / float(seconds.mean()), len(seconds), interval, float(load), parts)


def _cost(facts: Facts) -> Value:
    time, said = _time(facts), facts.baselines
    if time.value is None:
        return time
    lacking = [name for name in ("seconds_per_note", "cost_per_hour", "running_cost_per_month") if name not in said]
    if lacking:
        return _lacking(time.n, f"the baseline {', '.join(lacking)}")
    if not facts.notes:
        return _lacking(0, "a note that was stored")
    a_second = said["cost_per_hour"] / 3600
    running = said["running_cost_per_month"] * (facts.days / 30.4) / len(facts.notes)
    low, high = time.interval or (time.value, time.value)
    before = said["seconds_per_note"] * a_second
    parts = {"work": time.value * a_second, "running": running}
    return Value(
        time.value * a_second + running, time.n, (low * a_second + running, high * a_second + running), before, parts
    )


def _satisfaction(facts: Facts) -> Value:
    stars = np.array([float(s) for _, s in facts.ratings])
    if len(stars) < 5:
        return _lacking(len(stars), "5 ratings")
    return Value(float(stars.mean()), len(stars), _interval(stars, lambda drawn: drawn.mean(axis=-1)))


def _performance(facts: Facts) -> Value:
    audited = [r for r in facts.reviews if r.blind]
    if len(audited) < 20:
        return _lacking(len(audited), "20 notes of the random audit, reviewed blind")
    counts = np.array([_counts(r) for r in audited])
    precision, recall, f1 = _rates(counts.sum(axis=0))
    interval = _interval(counts, lambda drawn: _rates(drawn.sum(axis=1))[2])
    parts = {"precision": float(precision), "recall": float(recall)}
    return Value(float(f1), len(audited), interval, None, parts)


def _adaptability(facts: Facts) -> Value:
    hours = np.array([h for _, h in facts.answered])
    if not len(hours):
        return _lacking(0, "a drift that a new model answered")
    interval = _interval(hours, lambda drawn: np.median(drawn, axis=-1)) if len(hours) > 1 else None
    return Value(float(np.median(hours)), len(hours), interval)


def _integration(facts: Facts) -> Value:
    stored, held = len(facts.notes) - len(facts.mended), len(facts.held)
    sent = np.repeat([1.0, 0.0], [stored, held])
    if len(sent) < 50:
        return _lacking(len(sent), "50 records that were sent")
    parts = {"stored": float(stored), "held": float(held)}
    return Value(float(sent.mean()), len(sent), _interval(sent, lambda d: d.mean(axis=-1)), None, parts)


def _counts(review: Reviewed) -> tuple[float, float, float]:
    """Give entities in gold, entities suggested, and those of the same place and type."""
    edits = review.edits
    kept = edits.get("suggested", 0) - edits.get("rejected", 0)
    return kept + edits.get("added", 0), edits.get("suggested", 0), edits.get("exact", 0)


def _rates(counts: Floats) -> tuple[Floats, Floats, Floats]:
    """Give precision, recall and F1 of counts [..., 3]."""
    gold, suggested, exact = counts[..., 0], counts[..., 1], counts[..., 2]
    precision, recall = exact / np.maximum(suggested, 1), exact / np.maximum(gold, 1)
    return precision, recall, 2 * exact / np.maximum(suggested + gold, 1)


def _interval(facts: Floats, of: Callable[[Floats], Floats]) -> tuple[float, float]:
    rng = np.random.default_rng(0)
    facts = facts[:: max(1, -(-len(facts) // _MOST_RESAMPLED))]  # of them all: the last ones alone may be others
    values = [of(facts[rng.integers(len(facts), size=(100, len(facts)))]) for _ in range(_RESAMPLES // 100)]
    low, high = np.percentile(np.concatenate(values), (2.5, 97.5))
    return float(low), float(high)


def _lacking(n: int, needs: str) -> Value:
    return Value(None, n, needs=needs)


KPIS: Sequence[tuple[Definition, Callable[[Facts], Value]]] = (
    (
        Definition(
            "time_to_extract", "Time to extract", "s per note", "lower",
            "median of the active seconds of a person from opening a note with suggestions to submitting it",
            "reviews that were not blind; baseline: seconds_per_note",
        ),
        _time,
    ),
    (
        Definition(
            "accuracy_against_personnel", "Accuracy against trained personnel", "x", "higher",
            "strict F1 of the suggestions on the random audit, divided by trained_personnel_f1",
            "blind reviews; baseline: 1, as good as trained personnel",
        ),
        _against_personnel,
    ),
    (
        Definition(
            "scalability", "Scalability", "notes per hour", "higher",
            "3600 s divided by the mean time in which one process reads a note",
            "the prediction log; held against the notes of the busiest hour",
        ),
        _scalability,
    ),
    (
        Definition(
            "cost_per_note", "Cost per note", "currency per note", "lower",
            "time to extract x cost_per_hour, plus running_cost_per_month, for the days since the first model was "
            "served, shared among the notes",
            "reviews, notes, baselines; held against seconds_per_note x cost_per_hour",
        ),
        _cost,
    ),
    (
        Definition(
            "user_satisfaction", "User satisfaction", "stars", "higher",
            "mean of the stars, 1 to 5, that people gave in the app", "ratings",
        ),
        _satisfaction,
    ),
    (
        Definition(
            "model_performance", "Model performance", "strict F1", "higher",
            "F1 of type and both boundaries of the suggestions against what a person marked without seeing them",
            "blind reviews of the random audit",
        ),
        _performance,
    ),
    (
        Definition(
            "adaptability", "Adaptability", "h", "lower",
            "median hours from the first call of a drift to serving the next model that was trained",
            "windows, releases",
        ),
        _adaptability,
    ),
    (
        Definition(
            "integration_efficiency", "Integration efficiency", "share", "higher",
            "records that were stored as they came, divided by all records that were sent",
            "notes and quarantine",
        ),
        _integration,
    ),
)  # fmt: skip

"""The gate: a candidate must earn its place.

Pure decisions over numbers (`learn.evidence`): champion and candidate on the same notes, resampled together note by
note (paired bootstrap; Efron & Tibshirani 1993), since entities of one note resemble each other. Every rule says what
it looked at, what it found, what it asks for, and whether that is met, not met, or cannot be told.

One rule that is not met keeps the champion. None of that kind, but one that cannot be told: inconclusive, and the
champion stays as well. This module refuses to promote on anything less than every rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from behealthy.learn.evidence import ALL, FOUND, GOLD, RIGHT, Marks, Side

Floats = npt.NDArray[np.float64]
Outcome = Literal["passed", "failed", "unknown"]
Decision = Literal["promote", "keep", "inconclusive"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What is asked of a candidate; differences are candidate less champion.

    Attributes
    ----------
    f1 : float
        The lower bound of the F1 difference must be above this.
    recall : float
        The lower bound of the difference in recall, for each type.
    slice, slice_entities : float, int
        No slice of so many entities may lose more than this, as far as chance does not explain it.
    calibration : float
        By how much the calibration error may grow, as far as chance does not explain it.
    cost : float
        Share by which the slowest notes may take longer and the bundle be larger.
    free_bytes, free_s : int, float
        A bundle below this size costs nothing (it is what the shipped model may take); nor does so little time more.
    suite : float
        Share of all behavioural cases by which the candidate may fall behind; no capability may be lost, which it is
        when under a third of its cases hold.
    notes, recent_notes, entities : int
        Fewer do not tell.
    level : float
        Of the one-sided bounds.
    """

    f1: float = -0.005
    recall: float = -0.05
    slice: float = -0.03
    slice_entities: int = 30
    calibration: float = 0.02
    cost: float = 0.10
    free_bytes: int = 8 * 2**20
    free_s: float = 0.001
    suite: float = 0.10
    notes: int = 20
    recent_notes: int = 8
    entities: int = 30
    level: float = 0.95
    resamples: int = 2000
    seed: int = 0


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that was asked.

    Attributes
    ----------
    value : float or None
        What was measured, candidate less champion where both have it.
    bound : float or None
        What decides, where that is not the value itself: the end of its interval.
    limit : float or None
        What it is held against.
    says : str
        All of it in words.
    """

    name: str
    outcome: Outcome
    value: float | None
    bound: float | None
    limit: float | None
    says: str

    def to_json(self) -> dict[str, Any]:
        """Give the rule as plain values."""
        return {
            "name": self.name,
            "outcome": self.outcome,
            "value": self.value,
            "bound": self.bound,
            "limit": self.limit,
            "says": self.says,
        }


@dataclass(frozen=True, slots=True)
class Difference:
    """Strict F1 of both models on one group of entities, and the difference with its one-sided bounds."""

    name: str
    entities: int
    notes: int
    champion: float
    candidate: float
    value: float
    low: float
    high: float

    def to_json(self) -> dict[str, Any]:
        """Give the difference as plain values."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate decided, and everything that it rests on."""

    decision: Decision
    rules: tuple[Rule, ...]
    differences: tuple[Difference, ...] = ()

    @property
    def reasons(self) -> tuple[str, ...]:
        """What speaks for the decision: the rules that are not met or cannot be told, else the first one."""
        telling = [rule.says for rule in self.rules if rule.outcome != "passed"]
        return tuple(telling or [rule.says for rule in self.rules if rule.name in ("f1", "recent")])

    def to_json(self) -> dict[str, Any]:
        """Give the verdict as plain values."""
        return {
            "decision": self.decision,
            "reasons": list(self.reasons),
            "rules": [rule.to_json() for rule in self.rules],
            "differences": [difference.to_json() for difference in self.differences],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Verdict:
        """When called, it will read what `to_json` gave."""
        rules = tuple(Rule(**rule) for rule in data["rules"])
        return cls(data["decision"], rules, tuple(Difference(**row) for row in data["differences"]))


def judge(champion: Side, candidate: Side, *, trigger: str, limits: Limits = LIMITS) -> Verdict:
    """When called, it will say whether the candidate may take the champion's place.

    Parameters
    ----------
    trigger : str
        Why the candidate was trained; one that ``drift`` called for must be better on recent notes.

    Raises
    ------
    ValueError
        When the two were not held against the same notes.
    """
    if champion.version == candidate.version:
        rule = Rule("new", "failed", None, None, None, "the candidate is the champion: nothing new was learned")
        return Verdict("keep", (rule,))
    if (champion.test.notes, champion.recent.notes) != (candidate.test.notes, candidate.recent.notes):
        raise ValueError("champion and candidate were held against different notes")
    overall = compare(champion.test, candidate.test, limits)
    rules = (
        _signature(champion, candidate),
        _enough(champion.test, limits),
        _f1(overall[0], limits),
        _recent(champion.recent, candidate.recent, trigger, limits),
        *_recall(champion.test, candidate.test, limits),
        _slices(champion.test, candidate.test, limits),
        _suite(champion.suite, candidate.suite, limits),
        _calibration(champion.test, candidate.test, limits),
        _cost("latency", ("slowest notes (p95)", 1e3, "ms"), champion.p95_s, candidate.p95_s, limits, limits.free_s),
        _cost("size", ("bundle", 1e-6, "MB"), champion.size_bytes, candidate.size_bytes, limits, 0),
    )
    outcomes = {rule.outcome for rule in rules}
    decision: Decision = "keep" if "failed" in outcomes else "inconclusive" if "unknown" in outcomes else "promote"
    return Verdict(decision, rules, tuple(overall))


def compare(champion: Marks, candidate: Marks, limits: Limits = LIMITS) -> list[Difference]:
    """When called, it will give the differences in strict F1: all entities first, then group by group.

    Both must have been held against the same notes.
    """
    names = [ALL, *sorted((champion.counts.keys() | candidate.counts.keys()) - {ALL})]
    first, second = (_stack(marks, names) for marks in (champion, candidate))  # (notes, groups, 3)
    if not len(champion.notes):
        return [Difference(name, 0, 0, 0.0, 0.0, 0.0, 0.0, 0.0) for name in names]
    times = _draws(len(champion.notes), limits)
    drawn = _drawn_f1(times, second) - _drawn_f1(times, first)  # (resamples, groups)
    ours, theirs = (_f1_of(counts.sum(axis=0)) for counts in (first, second))
    out = []
    for i, name in enumerate(names):
        low, high = _bounds(drawn[:, i], len(champion.notes), limits)
        touched = int((first[:, i, GOLD] > 0).sum())
        entities = int(first[:, i, GOLD].sum())
        a, b = float(ours[i]), float(theirs[i])
        out.append(Difference(name, entities, touched, a, b, b - a, low, high))
    return out


# The rules -----------------------------------------------------------------------------------------------------------


def _signature(champion: Side, candidate: Side) -> Rule:
    same = champion.signature == candidate.signature
    lost = ", ".join(sorted(set(champion.signature) ^ set(candidate.signature)))
    says = "both take and give the same" if same else f"they differ in what they take and give: {lost}"
    return Rule("signature", "passed" if same else "failed", None, None, None, says)


def _enough(test: Marks, limits: Limits) -> Rule:
    n = len(test.notes)
    says = f"{n} test notes that neither model has learned from; at least {limits.notes} are needed to tell"
    return Rule("notes", "passed" if n >= limits.notes else "unknown", float(n), None, float(limits.notes), says)


def _f1(overall: Difference, limits: Limits) -> Rule:
    outcome: Outcome = "passed" if overall.low > limits.f1 else "failed" if overall.high < limits.f1 else "unknown"
    if overall.entities == 0:
        outcome = "unknown"
    return Rule("f1", outcome, overall.value, overall.low, limits.f1, _said("strict F1", overall, limits.f1))


def _said(what: str, d: Difference, limit: float) -> str:
    return (
        f"{what} {d.champion:.3f} -> {d.candidate:.3f} ({d.value:+.3f}, between {d.low:+.3f} and {d.high:+.3f}); "
        f"the lower bound must be above {limit:+.3f}"
    )


def _recent(champion: Marks, candidate: Marks, trigger: str, limits: Limits) -> Rule:
    n, drift = len(champion.notes), trigger == "drift"
    if n < limits.recent_notes:
        says = f"{n} recent test notes, {limits.recent_notes} are needed to tell"
        if not drift:
            return Rule("recent", "passed", None, None, None, says + "; asked only where drift called for the model")
        return Rule("recent", "unknown", None, None, 0.0, says)
    overall = compare(champion, candidate, limits)[0]
    says = _said(f"on {n} recent notes, strict F1", overall, 0.0 if drift else limits.f1)
    if drift:
        outcome: Outcome = "passed" if overall.low > 0 else "failed" if overall.high <= 0 else "unknown"
        return Rule("recent", outcome, overall.value, overall.low, 0.0, says)
    says = says.replace("the lower bound", "the upper bound")
    outcome = "failed" if overall.high < limits.f1 else "passed"
    return Rule("recent", outcome, overall.value, overall.high, limits.f1, says)


def _recall(champion: Marks, candidate: Marks, limits: Limits) -> Iterator[Rule]:
    """Not inferior: the lower bound of the difference stays above the margin."""
    names = [name for name in sorted(champion.counts) if name.startswith("type:")]
    times = _draws(len(champion.notes), limits)
    for name in names:
        kind = name.removeprefix("type:")
        n = int(champion.counts[name][:, GOLD].sum())
        ours, theirs = (_stack(marks, [name]) for marks in (champion, candidate))
        a, b = (float(counts[:, 0, RIGHT].sum()) / max(n, 1) for counts in (ours, theirs))
        if n < limits.entities:
            says = f"recall of {kind}: {n} entities, {limits.entities} are needed to tell"
            yield Rule(f"recall {kind}", "unknown", b - a, None, limits.recall, says)
            continue
        drawn = _drawn_recall(times, theirs) - _drawn_recall(times, ours)
        low, high = _bounds(drawn, len(champion.notes), limits)
        outcome: Outcome = "passed" if low > limits.recall else "failed" if high < 0 else "unknown"
        row = Difference(name, n, 0, a, b, b - a, low, high)
        yield Rule(f"recall {kind}", outcome, b - a, low, limits.recall, _said(f"recall of {kind}", row, limits.recall))


def _slices(champion: Marks, candidate: Marks, limits: Limits) -> Rule:
    """Whether any is lost. Of many that are looked at one loses by chance, so they share the level (Bonferroni)."""
    enough = {n for n, rows in champion.counts.items() if rows[:, GOLD].sum() >= limits.slice_entities}
    looked_at = {name for name in enough if name.partition(":")[0] in ("section", "source", "assertion")}
    shared = replace(limits, level=1 - (1 - limits.level) / max(len(looked_at), 1))
    slices = [d for d in compare(champion, candidate, shared) if d.name in looked_at]
    lost = sorted((d for d in slices if d.value < limits.slice and d.high < 0), key=lambda d: d.value)
    worst = min(slices, key=lambda d: d.value, default=None)
    if worst is None:
        says = f"no section, source or status has {limits.slice_entities} entities"
        return Rule("slices", "passed", None, None, limits.slice, says)
    if lost:
        said = "; ".join(f"{d.name} {d.value:+.3f} (at most {d.high:+.3f}, as one of {len(slices)})" for d in lost)
        return Rule("slices", "failed", lost[0].value, lost[0].high, limits.slice, f"lost on {said}")
    chance = ", which chance explains" if worst.value < limits.slice else ""
    says = f"of {len(slices)} sections, sources and statuses the worst is {worst.name}: {worst.value:+.3f}{chance}"
    return Rule("slices", "passed", worst.value, worst.high, limits.slice, says)


def _suite(champion: Mapping[str, tuple[int, int]], candidate: Mapping[str, tuple[int, int]], limits: Limits) -> Rule:
    cases = sum(n for _, n in candidate.values())
    a, b = (sum(held for held, _ in side.values()) for side in (champion, candidate))
    gone = [k for k, (held, n) in candidate.items() if 3 * held < n and held < champion.get(k, (0, 0))[0]]
    if not cases:
        return Rule("suite", "unknown", None, None, None, "no behavioural case was run")
    allowed = limits.suite * cases
    says = f"behavioural cases that hold: {a} -> {b} of {cases}; it may fall behind by {allowed:.0f}"
    if gone:
        says += f"; lost: {', '.join(gone)}"
    return Rule("suite", "failed" if gone or b < a - allowed else "passed", float(b - a), None, -allowed, says)


def _calibration(champion: Marks, candidate: Marks, limits: Limits) -> Rule:
    spans = [int(marks.reliability[..., 0].sum()) for marks in (champion, candidate)]
    if min(spans) < limits.entities:
        says = f"calibration: {min(spans)} found spans, {limits.entities} are needed to tell"
        return Rule("calibration", "unknown", None, None, limits.calibration, says)
    times = _draws(len(champion.notes), limits)
    a, b = (float(_gap(marks.reliability.sum(axis=0)[None])[0]) for marks in (champion, candidate))
    drawn = [_gap(np.tensordot(times, marks.reliability, 1)) for marks in (champion, candidate)]
    low, _ = _bounds(drawn[1] - drawn[0], len(champion.notes), limits)
    worse = b - a > limits.calibration and low > 0
    says = (
        f"calibration error {a:.3f} -> {b:.3f}; it may grow by {limits.calibration:.3f}"
        f"{'' if worse or b - a <= limits.calibration else ', and chance explains more'}"
    )
    return Rule("calibration", "failed" if worse else "passed", b - a, low, limits.calibration, says)


def _gap(rows: Floats) -> Floats:
    """Expected calibration error of summed reliability tables, (draws, bins, 3) to (draws,)."""
    n = np.maximum(rows[..., 0].sum(axis=1), 1)
    gaps: Floats = np.abs(rows[..., 1] - rows[..., 2]).sum(axis=1) / n
    return gaps


def _cost(name: str, shown: tuple[str, float, str], ours: float, theirs: float, limits: Limits, slack: float) -> Rule:
    """What a candidate costs more; a little costs nothing. `shown` names it, with the factor and the unit of words."""
    what, factor, unit = shown
    if ours <= 0:
        return Rule(name, "unknown", None, None, limits.cost, f"{what}: not measured")
    more = theirs / ours - 1
    free = ours + slack if slack else limits.free_bytes
    says = (
        f"{what}: {ours * factor:.2f} -> {theirs * factor:.2f} {unit} ({more:+.0%}); "
        f"at most {limits.cost:+.0%}, or {free * factor:.2f} {unit}"
    )
    return Rule(name, "passed" if more <= limits.cost or theirs <= free else "failed", more, None, limits.cost, says)


# The bootstrap -------------------------------------------------------------------------------------------------------


def _stack(marks: Marks, names: list[str]) -> Floats:
    """Counts of groups, float64 of shape (notes, groups, 3)."""
    none = np.zeros((len(marks.notes), 3), np.int64)
    return np.stack([marks.counts.get(name, none) for name in names], axis=1).astype(np.float64)


def _draws(notes: int, limits: Limits) -> Floats:
    """How often each note was drawn, float64 of shape (resamples, notes); the same for every figure."""
    rng = np.random.default_rng(limits.seed)
    if not notes:
        return np.zeros((limits.resamples, 0))
    return rng.multinomial(notes, np.full(notes, 1 / notes), size=limits.resamples).astype(np.float64)


def _drawn_f1(times: Floats, counts: Floats) -> Floats:
    return _f1_of(np.tensordot(times, counts, 1))


def _drawn_recall(times: Floats, counts: Floats) -> Floats:
    drawn = np.tensordot(times, counts, 1)[:, 0]
    recall: Floats = drawn[:, RIGHT] / np.maximum(drawn[:, GOLD], 1)
    return recall


def _f1_of(counts: Floats) -> Floats:
    """Strict F1 of counts (..., 3)."""
    f1: Floats = 2 * counts[..., RIGHT] / np.maximum(counts[..., GOLD] + counts[..., FOUND], 1)
    return f1


def _bounds(drawn: Floats, notes: int, limits: Limits) -> tuple[float, float]:
    """One-sided bounds, expanded for few notes (Hesterberg, "What teachers should know about the bootstrap", 2015)."""
    from scipy import stats

    if notes < 2:
        return -1.0, 1.0
    wide = stats.t.ppf(limits.level, notes - 1) * np.sqrt(notes / (notes - 1))
    tail = float(stats.norm.cdf(-wide))
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return float(low), float(high)

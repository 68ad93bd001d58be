"""Whether a window of notes differs from the reference, signal by signal, and by how much.

Every signal is a number that the window and the reference are compared by. Chance is judged by permutation: the notes
of both are shuffled together many times, always whole notes, and each shuffle is compared in the same way. Since all
signals see the same shuffles, one matrix product gives the null of all of them. Over the signals the false discovery
rate is held at one in a hundred a window (Benjamini and Hochberg 1995), and what is certain but tiny is not called: the
effect has to reach its floor as well.

This module refuses to decide what follows; see `monitor.states` and `flows.triggers`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from behealthy.monitor.domain import Domain
from behealthy.monitor.signals import Columns, Group, Mix, Rank, Ratio, Unit, columns
from behealthy.monitor.telemetry import Observation

Floats = npt.NDArray[np.float32]

LEVEL = 0.01
_FEW, _MANY = 499, 4_999  # shuffles: the few tell whether the many are worth their time
_WORTH = 0.02
_BAND = (0.5, 99.5)  # per cent of the shuffles


@dataclass(frozen=True, slots=True)
class Signal:
    """One number of a window beside that of the reference.

    Attributes
    ----------
    value, reference : float
        In the signal's unit.
    low, high : float or None
        95 % interval of the value, where it has one.
    band : (float, float)
        Where the value lies 99 times in 100 while nothing moved.
    effect : float
        How far it moved, 0 for not at all. Between two kinds of notes that never mix it is 1 where the signal is a
        rank or a share; a ratio's is in the signal's own unit.
    floor : float
        The effect that counts.
    p, q : float
        Of the permutation test, and after Benjamini and Hochberg.
    """

    name: str
    group: Group
    unit: Unit
    value: float
    reference: float
    low: float | None
    high: float | None
    band: tuple[float, float]
    effect: float
    floor: float
    p: float
    q: float
    moved: bool

    def to_json(self) -> dict[str, Any]:
        """Give the signal as plain values."""
        exact = {"name": self.name, "group": self.group, "unit": self.unit, "moved": self.moved, "floor": self.floor}
        numbers = {
            "value": self.value,
            "reference": self.reference,
            "low": self.low,
            "high": self.high,
            "effect": self.effect,
            "p": self.p,
            "q": self.q,
        }
        rounded = {name: None if number is None else round(number, 5) for name, number in numbers.items()}
        return exact | rounded | {"band": [round(bound, 5) for bound in self.band]}


Part = Literal["few", "many"]


def compare(reference: Sequence[Observation], window: Sequence[Observation], seed: int = 0) -> tuple[Signal, ...]:
    """When called, it will compare a window with the reference, signal by signal.

    Parameters
    ----------
    seed : int
        Of the shuffles; the same notes and seed give the same signals.

    Raises
    ------
    ValueError
        When either has no notes.
    """
    if not reference or not window:
        raise ValueError(f"{len(reference)} notes of reference and {len(window)} of the window")
    # The matrices are small: threads would only wait for one another, and on a busy machine for long.
    with threadpool_limits(1, "blas"):
        return Comparison(columns([*window, *reference]), len(window)).signals(seed)


class Comparison:
    """A window and a reference as columns of numbers, ready to be shuffled.

    Parameters
    ----------
    table : Columns
        Of the window's notes, and then of the reference's.
    size : int
        Notes of the window.
    """

    def __init__(self, table: Columns, size: int) -> None:
        self._table, self._size = table, size
        self._total = len(table.values)
        self._sums = table.values.sum(axis=0)

    def signals(self, seed: int) -> tuple[Signal, ...]:
        """When called, it will give every signal."""
        actual = np.zeros((1, self._total), np.float32)
        actual[0, : self._size] = 1
        for shuffles in (_FEW, _MANY):
            rng = np.random.default_rng(seed)
            members = np.concatenate([actual, _shuffled(rng, shuffles, self._total, self._size)])
            effects, values, signed = self._measured(members, rng)
            p = (1 + (effects[1:] >= effects[0] - 1e-6).sum(axis=0)) / (shuffles + 1)
            if p.min() > _WORTH:
                break  # none of them would be called after any number of shuffles
        q = benjamini_hochberg(p)
        return tuple(self._signal(i, effects[:, i], values[:, i], signed[0, i], p[i], q[i]) for i in range(len(q)))

    def _measured(self, members: Floats, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
        """Give the size of each effect, its value in the signal's unit, and its size with a sign: (shuffles, signals).

        The first row is of the window as it is.
        """
        sums = members @ self._table.values
        out = [spec.measure(sums, self._sums, self._size, self._total) for spec in self._table.specs]
        auc = Domain(self._table.bags, rng).areas(members, self._size)
        values = np.stack([value for value, _ in out] + [auc], axis=1)
        signed = np.stack([effect for _, effect in out] + [2 * auc - 1], axis=1)
        two_sided = np.array([spec.two_sided for spec in self._table.specs] + [False])
        return np.where(two_sided, np.abs(signed), signed), values, signed

    def _signal(self, i: int, effects: Floats, values: Floats, signed: float, p: float, q: float) -> Signal:
        spec = None if i == len(self._table.specs) else self._table.specs[i]
        low, high = (float(bound) for bound in np.percentile(values[1:], _BAND))
        value, effect = float(values[0]), float(signed)
        name, group, unit, floor = _DOMAIN if spec is None else (spec.name, spec.group, spec.unit, spec.floor)
        interval: tuple[float | None, float | None] = (None, None)
        if isinstance(spec, Rank | Ratio):
            usual = spec.usual(self._table.values[self._size :])
            interval = spec.interval(self._table.values[: self._size])
        else:
            # A distance is never below zero: what chance makes of it is no part of the effect.
            usual = float(np.median(values[1:]))
            effect = max(0.0, effect - float(np.median(effects[1:])))
            low = 0.0 if isinstance(spec, Mix) else low
        moved = bool(q <= LEVEL and abs(effect) >= floor)
        return Signal(name, group, unit, value, usual, *interval, (low, high), effect, floor, float(p), float(q), moved)


_DOMAIN: tuple[str, Group, Unit, float] = ("vocabulary", "input", "AUC", 0.1)


def benjamini_hochberg(p: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """When called, it will give the false discovery rate at which each hypothesis is rejected.

    >>> benjamini_hochberg(np.array([0.01, 0.5, 0.02])).round(3).tolist()
    [0.03, 0.5, 0.03]
    """
    order = np.argsort(p)
    ranked = p[order] * len(p) / np.arange(1, len(p) + 1)
    q = np.empty(len(p))
    q[order] = np.minimum(1.0, np.minimum.accumulate(ranked[::-1])[::-1])
    return q


def _shuffled(rng: np.random.Generator, shuffles: int, total: int, size: int) -> Floats:
    """Give `shuffles` random choices of `size` from `total`, as rows of zeros and ones."""
    keys = rng.random((shuffles, total), np.float32)
    chosen = np.argpartition(keys, size - 1, axis=1)[:, :size]
    members = np.zeros((shuffles, total), np.float32)
    np.put_along_axis(members, chosen, 1, axis=1)
    return members

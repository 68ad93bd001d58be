"""The signals of a window: which numbers of its notes are compared with the reference's, and how.

Three kinds. A *rank* compares a number of each note by how often a note of the window has more of it than one of the
reference (Cliff's delta), so that one long note does not decide. A *ratio* compares sums, for numbers that many notes
have not. A *mix* compares shares that add up to one by their total variation distance. All are made of sums over notes,
which is what lets `monitor.drift` shuffle thousands of times in one matrix product.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import numpy.typing as npt

from behealthy.monitor.telemetry import CHARACTERS, Observation

Floats = npt.NDArray[np.float32]
Group = Literal["input", "format", "output"]
GROUPS: tuple[Group, ...] = ("input", "format", "output")
Unit = Literal["words", "share", "distance", "per 100 words", "probability", "AUC"]

_RANK_FLOOR = 0.15  # of Cliff's delta
_MIX_FLOOR = 0.05  # of the notes' text, or of the entities, beyond what chance moves
_Z = 1.96
_TINY = np.float32(1e-9)


@dataclass(frozen=True, slots=True)
class Rank:
    """A number of each note, compared by ranks; columns: the centred rank, the number itself."""

    name: str
    group: Group
    unit: Unit
    floor: float
    at: int
    two_sided: bool = True

    def measure(self, sums: Floats, all_: Floats, size: int, total: int) -> tuple[Floats, Floats]:  # noqa: ARG002
        """Give the window's mean and Cliff's delta, float arrays of shape (shuffles,)."""
        delta = 2 * sums[:, self.at] / np.float32(max(size * (total - size), 1))
        return sums[:, self.at + 1] / np.float32(size), delta

    def usual(self, values: Floats) -> float:
        """Give the mean of the reference."""
        return float(values[:, self.at + 1].mean())

    def interval(self, values: Floats) -> tuple[float, float]:
        """Give the 95 % interval of the window's mean."""
        own = values[:, self.at + 1]
        half = _Z * float(own.std(ddof=1)) / len(own) ** 0.5 if len(own) > 1 else 0.0
        return float(own.mean()) - half, float(own.mean()) + half


@dataclass(frozen=True, slots=True)
class Ratio:
    """A sum over another sum; columns: what is divided, what divides."""

    name: str
    group: Group
    unit: Unit
    floor: float
    at: int
    two_sided: bool = True

    def measure(self, sums: Floats, all_: Floats, size: int, total: int) -> tuple[Floats, Floats]:  # noqa: ARG002
        """Give the window's ratio and its difference to the reference's, float arrays of shape (shuffles,)."""
        over, under = sums[:, self.at], sums[:, self.at + 1]
        own = over / np.maximum(under, _TINY)
        usual = (all_[self.at] - over) / np.maximum(all_[self.at + 1] - under, _TINY)
        return np.asarray(own, np.float32), np.asarray(own - usual, np.float32)

    def usual(self, values: Floats) -> float:
        """Give the ratio of the reference."""
        return float(values[:, self.at].sum() / max(values[:, self.at + 1].sum(), 1e-9))

    def interval(self, values: Floats) -> tuple[float, float]:
        """Give the 95 % interval of the window's ratio, by linearisation over notes."""
        over, under = values[:, self.at], values[:, self.at + 1]
        ratio, mean = self.usual(values), max(float(under.mean()), 1e-9)
        half = _Z * float((over - ratio * under).std()) / mean / len(over) ** 0.5
        return ratio - half, ratio + half


@dataclass(frozen=True, slots=True)
class Mix:
    """Shares that add up to one; columns: one a share, as amounts, and their sum."""

    name: str
    group: Group
    unit: Unit
    floor: float
    at: int
    width: int
    two_sided: bool = False

    def measure(self, sums: Floats, all_: Floats, size: int, total: int) -> tuple[Floats, Floats]:  # noqa: ARG002
        """Give the total variation distance between window and reference twice, float arrays of shape (shuffles,)."""
        end = self.at + self.width
        own = sums[:, self.at : end] / np.maximum(sums[:, end : end + 1], _TINY)
        usual = all_[self.at : end] - sums[:, self.at : end]
        usual = usual / np.maximum(all_[end] - sums[:, end : end + 1], _TINY)
        distance = np.asarray(np.abs(own - usual).sum(axis=1) / 2, np.float32)
        return distance, distance


Spec = Rank | Ratio | Mix


@dataclass(frozen=True, slots=True)
class Columns:
    """The numbers of N notes.

    Attributes
    ----------
    values : float32 array of shape (N, columns)
    bags : uint8 array of shape (N, buckets)
    """

    specs: tuple[Spec, ...]
    values: Floats
    bags: npt.NDArray[np.uint8]


def columns(observations: Sequence[Observation]) -> Columns:
    """When called, it will lay observations out as columns, with the signals that are made of them."""
    table = _Table(observations)
    table.rank("length", "input", "words", lambda o: o.words)
    table.rank("unknown_words", "input", "share", lambda o: o.unknown / max(o.words, 1))
    table.rank("dictionary", "input", "share", lambda o: o.named / max(o.words, 1))
    table.mix("sections", "input", [o.sections for o in observations], each=True)
    table.mix(
        "characters", "input", [dict(zip(CHARACTERS, o.characters, strict=True)) for o in observations], each=True
    )
    table.ratio("unreadable", "format", "share", 0.002, lambda o: o.unreadable, lambda o: max(sum(o.characters), 1))
    for kind in sorted({kind for o in observations for kind in (*o.entities, *o.expected)}):
        table.rank(f"entities:{kind}", "output", "per 100 words", partial(_density, kind))
    table.mix("assertions", "output", [o.assertions for o in observations], each=False)
    table.ratio("confidence", "output", "probability", 0.02, lambda o: o.score_sum, lambda o: sum(o.scores))
    return Columns(tuple(table.specs), np.stack(table.columns, axis=1), np.stack([o.bag for o in observations]))


def _density(kind: str, observation: Observation) -> float:
    return 100 * observation.entities.get(kind, 0) / max(observation.words, 1)


class _Table:
    """Columns in the making."""

    def __init__(self, observations: Sequence[Observation]) -> None:
        self._observations = observations
        self.specs: list[Spec] = []
        self.columns: list[Floats] = []

    def rank(self, name: str, group: Group, unit: Unit, number: Callable[[Observation], float]) -> None:
        values = np.array([number(o) for o in self._observations], np.float64)
        self.specs.append(Rank(name, group, unit, _RANK_FLOOR, len(self.columns)))
        self.columns += [_centred_ranks(values), values.astype(np.float32)]

    def ratio(
        self,
        name: str,
        group: Group,
        unit: Unit,
        floor: float,
        over: Callable[[Observation], float],
        under: Callable[[Observation], float],
    ) -> None:
        self.specs.append(Ratio(name, group, unit, floor, len(self.columns), two_sided=group != "format"))
        self.columns += [np.array([part(o) for o in self._observations], np.float32) for part in (over, under)]

    def mix(self, name: str, group: Group, amounts: Sequence[object], *, each: bool) -> None:
        """Add shares; with `each`, every note counts the same, else every entity."""
        rows: list[dict[str, float]] = [dict(a) for a in amounts]  # type: ignore[call-overload]
        names = sorted({key for row in rows for key in row})
        if not names:
            return
        values = np.array([[row.get(key, 0.0) for key in names] for row in rows], np.float64)
        whole = values.sum(axis=1)
        if each:
            values = values / np.maximum(whole, 1e-9)[:, None]
            whole = (whole > 0).astype(np.float64)
        self.specs.append(Mix(name, group, "distance", _MIX_FLOOR, len(self.columns), len(names)))
        self.columns += [*values.T.astype(np.float32), whole.astype(np.float32)]


def _centred_ranks(values: npt.NDArray[np.float64]) -> Floats:
    """Give the ranks, the mean of them where values are equal, less the mean rank."""
    ordered = np.sort(values)
    first, last = np.searchsorted(ordered, values, "left"), np.searchsorted(ordered, values, "right")
    return ((first + last) / 2 - len(values) / 2).astype(np.float32)

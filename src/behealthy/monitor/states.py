"""The state of a window: what a person needs to know of all its numbers in one word.

One window that moved is a `warning`; two of the last five, the newest among them, are a `drift`. The model reads
worse than was promised of it when the lower bound of its F1 is under the floor, and the upper one under what was
promised: `performance_breach`, whatever moved.
This module refuses to act.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from behealthy.monitor.drift import Signal
from behealthy.monitor.performance import Figure, Performance
from behealthy.monitor.windows import LOOK_BACK

State = Literal["insufficient", "ok", "warning", "drift", "performance_breach"]

ALLOWED_FALL = 0.10  # of F1, from what was promised to the lower bound
MOVES_FOR_DRIFT = 2  # windows of `LOOK_BACK`
FEWEST_AUDITED = 30  # notes
_HOLDS_WITHIN = 0.02  # of F1
TRUSTED_AUC = 0.60  # where the words tell the notes apart better, the model's doubts are not trusted


@dataclass(frozen=True, slots=True)
class Standing:
    """A state with its reasons, in words that can be shown."""

    state: State
    reasons: tuple[str, ...]


def decide(signals: Sequence[Signal], performance: Performance, history: Sequence[bool]) -> Standing:
    """When called, it will give the state of a window.

    Parameters
    ----------
    history : sequence of bool
        Whether the windows of the same version before this one moved, the newest first.
    """
    moved = [signal for signal in signals if signal.moved]
    times = bool(moved) + sum(history[: LOOK_BACK - 1])
    reasons = tuple(f"{s.name} moved: {s.value:.4g} {s.unit}, usual {s.reference:.4g}" for s in moved)
    under = breaches(performance, signals)
    if under:
        return Standing("performance_breach", (*under, *reasons))
    if moved and times >= MOVES_FOR_DRIFT:
        return Standing("drift", (f"{times} of the last {LOOK_BACK} windows moved, and the newest", *reasons))
    if moved:
        return Standing("warning", reasons)
    return Standing("ok", ("no signal moved beyond chance and the effect that matters",))


def breaches(performance: Performance, signals: Sequence[Signal]) -> tuple[str, ...]:
    """When called, it will say which F1 is certainly worse than promised, and perhaps by more than is allowed.

    An audit counts once it rests on `FEWEST_AUDITED` notes and is sharper than the fall that is allowed, an estimate
    where it is trusted. The lower bound alone does not tell: that of an audit of short notes lies a whole allowed fall
    under its value, and so now and then under the floor of a model that is as good as ever.
    """
    floor, promised = floor_of(performance), performance.promised
    if floor is None or promised is None:
        return ()
    figures: dict[str, Figure | None] = {"audited": performance.audited if sharp(performance.audited) else None}
    figures["estimated"] = performance.estimated if trusted(signals) else None
    return tuple(
        f"{name} F1 {f.value:.3f} ({f.low:.3f}-{f.high:.3f}): its lower bound is under the floor of {floor:.3f}"
        for name, f in figures.items()
        if f is not None and f.low < floor and f.high < promised.value
    )


def floor_of(performance: Performance) -> float | None:
    """When called, it will give the F1 under which no lower bound may fall, None where nothing was promised."""
    return None if performance.promised is None else performance.promised.value - ALLOWED_FALL


def telling(audited: Figure | None) -> bool:
    """When called, it will say whether an audit rests on enough notes to be shown as a figure."""
    return audited is not None and audited.notes >= FEWEST_AUDITED


def sharp(audited: Figure | None) -> bool:
    """When called, it will say whether an audit is enough to judge by."""
    return audited is not None and telling(audited) and (audited.high - audited.low) / 2 <= ALLOWED_FALL


def trusted(signals: Sequence[Signal]) -> bool:
    """When called, it will say whether the notes are like enough to the reference for an estimate to be believed."""
    return all(signal.value < TRUSTED_AUC for signal in signals if signal.unit == "AUC")


def fell(performance: Performance, signals: Sequence[Signal]) -> bool | None:
    """When called, it will say whether the model reads worse than was promised, None where nobody can tell.

    The audit decides where it is sharp, else the estimate where it is trusted.
    """
    promised, audited, estimated = performance.promised, performance.audited, performance.estimated
    if promised is None:
        return None
    if audited is not None and sharp(audited):
        return _below(audited, promised)
    if estimated is not None and trusted(signals):
        return _below(estimated, promised)
    return None


def _below(figure: Figure, promised: Figure) -> bool | None:
    if figure.high < promised.value:
        return True
    return False if figure.value >= promised.value - _HOLDS_WITHIN else None

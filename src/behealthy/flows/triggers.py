"""What follows from what: each condition of the loop as a pure decision, facts in, a decision with its reasons out.

| what is so                                              | what follows                                              |
| ------------------------------------------------------- | --------------------------------------------------------- |
| too few notes, nothing moved, or one window moved       | logged                                                    |
| records refused, or notes that no person wrote          | held, alert; the feed is mended, nothing is learned       |
| drift of outputs alone, soon after a release            | alert: look at the rollout first                          |
| drift of inputs, F1 holds                               | alert, watched                                            |
| drift, F1 fell or nobody can tell; or F1 under its floor| alert, notes drawn for labels                             |
| ... and enough of them are labelled                     | training, when the rules of training allow                |
| enough notes newly reviewed, none drawn waits           | training, when the rules of training allow                |

The rules of training: one at a time, a pause after each, a number a day. A person may begin one before the pause is
over, never beside another. This module reads no clock and no database, and starts nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Literal

Action = Literal["nothing", "log", "alert", "label", "retrain", "hold"]
Alarm = Literal["warning", "critical"]
Cause = Literal["drift", "performance", "format"]

DAY = timedelta(days=1)
REFUSED_SHARE = 0.2  # of what arrived; more is a broken feed and not a few bad records


@dataclass(frozen=True, slots=True)
class Training:
    """What the rules of training rest on.

    Attributes
    ----------
    now : datetime
    running : str or None
        The training that is waiting or running.
    newest : str or None
        The newest training of all, whatever became of it.
    ended_well_at : datetime or None
        When the newest training that came to a verdict ended.
    begun : tuple of datetime
        When the trainings of the last day began.
    new_gold : int
        Notes reviewed since the newest training that came to a verdict began.
    needed_gold : int
    cooldown_h, a_day : int
    waiting_labels : int
        Notes that were drawn for labels after a drift, are next in the queue, and are not reviewed yet.
    """

    now: datetime
    running: str | None
    newest: str | None
    ended_well_at: datetime | None
    begun: tuple[datetime, ...]
    new_gold: int
    needed_gold: int
    cooldown_h: int
    a_day: int
    waiting_labels: int = 0

    def to_json(self) -> dict[str, Any]:
        """Give the facts as plain values."""
        ended = None if self.ended_well_at is None else self.ended_well_at.isoformat()
        return {
            "running": self.running,
            "newest": self.newest,
            "ended_well_at": ended,
            "begun_today": sum(self.now - at < DAY for at in self.begun),
            "new_gold": self.new_gold,
            "needed_gold": self.needed_gold,
            "cooldown_h": self.cooldown_h,
            "a_day": self.a_day,
            "waiting_labels": self.waiting_labels,
        }


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of a window.

    Attributes
    ----------
    version : str
        The model that read it.
    first, last : int
        Its predictions.
    state : str
        As of `monitor.states`.
    inputs, outputs, format : tuple of str
        The signals that moved, by group.
    fell : bool or None
        Whether the model reads worse than was promised of it; None where nobody can tell.
    released_lately : bool
        Whether the version began to be served within the windows that are looked back on.
    refused, arrived : int
        Records in the quarantine and in all, since the window began.
    labelled : int
        Reviewed notes of the windows that moved. What was reviewed of other windows tells nothing of what is new.
    """

    version: str
    first: int
    last: int
    state: str
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    format: tuple[str, ...] = ()
    fell: bool | None = None
    released_lately: bool = False
    refused: int = 0
    arrived: int = 0
    labelled: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done.

    Attributes
    ----------
    action : str
        The furthest step of what is to be done.
    reasons : tuple of str
        In words that can be shown.
    cause : str
        What it is about.
    alarm : str or None
        How loud a person is told.
    labels : int
        Notes to draw for review.
    request : str or None
        Id of the training to ask for: the same cause has the same id, so that it is trained for once.
    """

    action: Action
    reasons: tuple[str, ...]
    cause: Cause = "drift"
    alarm: Alarm | None = None
    labels: int = 0
    request: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Give the decision as plain values."""
        return {**asdict(self), "reasons": list(self.reasons)}


def on_window(seen: Seen, training: Training) -> Decision:
    """When called, it will decide what follows from a window."""
    facts = {"seen": asdict(seen), "training": training.to_json()}
    broken = format_fault(seen)
    if broken and (seen.state in ("drift", "performance_breach") or seen.format):
        says = "a fault of the format: mend the feed; nothing is learned from these notes"
        return Decision("hold", (*broken, says), "format", "critical", facts=facts)
    if seen.state not in ("drift", "performance_breach"):
        return Decision("log", (_quiet(seen),), facts=facts)
    breach = seen.state == "performance_breach"
    loud: tuple[Cause, Alarm] = ("performance", "critical") if breach else ("drift", "warning")
    if seen.outputs and not seen.inputs and seen.released_lately:
        says = f"the notes are as before and {_listed(seen.outputs)} moved after a release: look at the rollout first"
        return Decision("alert", (says,), *loud, facts=facts)
    if seen.state == "drift" and seen.inputs and seen.fell is False:
        says = f"{_listed(seen.inputs)} moved and F1 holds: watched, nothing to learn yet"
        return Decision("alert", (says,), *loud, facts=facts)
    return _learn(seen, training, loud, facts)


def on_gold(training: Training) -> Decision:
    """When called, it will decide whether enough was reviewed for a new model."""
    facts = {"training": training.to_json()}
    if training.new_gold < training.needed_gold:
        return Decision("nothing", (_gold(training),), facts=facts)
    if training.waiting_labels:
        says = f"{training.waiting_labels} notes that were drawn after a drift wait for labels: one training for all"
        return Decision("hold", (_gold(training), says), facts=facts)
    held = forbidden(training)
    if held:
        return Decision("hold", (_gold(training), *held), facts=facts)
    return Decision("retrain", (_gold(training),), request=key("gold", training.newest or "first"), facts=facts)


def on_refused(refused: int, reasons: Sequence[str] = ()) -> Decision:
    """When called, it will decide what follows from records that break the contract: they are never learned from."""
    if not refused:
        return Decision("nothing", ("every record keeps the contract",))
    says = f"{refused} record{'s' if refused > 1 else ''} held: {_listed(reasons) or 'the contract is not kept'}"
    return Decision("hold", (says,), "format", "warning", facts={"refused": refused, "reasons": list(reasons)})


def on_person(training: Training, wish: str) -> Decision:
    """When called, it will decide whether a person may begin a training now.

    Parameters
    ----------
    wish : str
        Names the wish: an idempotency key. The same wish is one training.
    """
    facts = {"training": training.to_json()}
    if training.running is not None:
        return Decision("hold", (_one_at_a_time(training),), facts=facts)
    return Decision("retrain", ("a person asks for it",), request=key("person", wish), facts=facts)


def forbidden(training: Training) -> tuple[str, ...]:
    """When called, it will say everything that forbids to begin a training now by itself."""
    out = []
    if training.running is not None:
        out.append(_one_at_a_time(training))
    last = training.ended_well_at
    if last is not None and training.now - last < timedelta(hours=training.cooldown_h):
        out.append(
            f"the last training ended at {last:%Y-%m-%d %H:%M}: the pause of {training.cooldown_h} h is not over"
        )
    today = sum(training.now - at < DAY for at in training.begun)
    if today >= training.a_day:
        out.append(f"{today} trainings within a day, {training.a_day} are allowed")
    return tuple(out)


def format_fault(seen: Seen) -> tuple[str, ...]:
    """When called, it will say what shows that a feed is broken, rather than that notes changed."""
    out = [f"{name} moved: text that no person wrote" for name in seen.format]
    if seen.arrived and seen.refused > REFUSED_SHARE * seen.arrived:
        out.append(f"{seen.refused} of {seen.arrived} records break the contract")
    return tuple(out)


def key(*parts: object) -> str:
    """When called, it will give the id of a training: the same for the same cause.

    >>> key("gold", "first") == key("gold", "first") != key("gold", "t_1")
    True
    """
    return "t_" + sha256("\x1f".join(map(str, parts)).encode()).hexdigest()[:30]


def _learn(seen: Seen, training: Training, loud: tuple[Cause, Alarm], facts: dict[str, Any]) -> Decision:
    """Decide between labels and a training: drift alone brings nothing to learn from."""
    why = {True: "F1 fell", False: "F1 holds so far", None: "nobody can tell what became of F1"}[seen.fell]
    moved = _listed((*seen.inputs, *seen.outputs)) or "nothing else"
    first = f"{moved} moved; {why}"
    labelled = min(seen.labelled, training.new_gold)
    if labelled < training.needed_gold:
        draw = max(0, training.needed_gold - labelled - training.waiting_labels)
        says = (
            f"labels needed: {labelled} of what is new, {training.needed_gold} are asked for, "
            f"{training.waiting_labels} wait, {draw} are drawn"
        )
        return Decision("label", (first, says), *loud, labels=draw, facts=facts)
    held = forbidden(training)
    if held:
        return Decision("hold", (first, _gold(training), *held), *loud, facts=facts)
    request = key("drift", seen.version, seen.first, seen.last)
    return Decision("retrain", (first, _gold(training)), *loud, request=request, facts=facts)


def _quiet(seen: Seen) -> str:
    return {
        "insufficient": "too few notes to judge",
        "ok": "within the thresholds",
        "warning": "one window moved: it may be chance, the next one tells",
    }[seen.state]


def _gold(training: Training) -> str:
    return f"{training.new_gold} notes newly reviewed, {training.needed_gold} are asked for"


def _one_at_a_time(training: Training) -> str:
    return f"training {training.running} is not over: one at a time"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)

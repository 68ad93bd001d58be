"""What is demanded of the system itself: a number, the bound that it must keep, and whether it does.

A bound that is crossed is a breach at once; it is over when the number is well within the bound again, so that one
which lingers at the bound is one breach and not many. A number that nobody can tell changes nothing: a breach is not
over because nobody looks. Each breach is one alert, and its end is said. This module refuses to measure, see `vitals`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy.orm import Session

from behealthy.monitor import alerts
from behealthy.store import properties

State = Literal["ok", "breached", "unknown"]

_NAME = "objective:"
_RELIEF = 0.8  # of the bound: what is under it is well again
_SECONDS_KEPT = 3_600  # after which what nobody measures any more is forgotten, as the disk of a machine that left


@dataclass(frozen=True, slots=True)
class Measure:
    """A number as it is now.

    Attributes
    ----------
    name, of : str
        What is measured, and of what there: a source, a machine, a job; "" where there is one only.
    value : float or None
        None when there is too little to tell.
    floor : bool
        Whether the bound is one from below.
    """

    name: str
    unit: str
    value: float | None
    bound: float
    of: str = ""
    floor: bool = False

    @property
    def key(self) -> str:
        """The name under which it is remembered."""
        return f"{self.name}:{self.of}"


@dataclass(frozen=True, slots=True)
class Objective:
    """A measure, judged; ``since`` is when it came into its state, ``at`` when it was looked at last."""

    name: str
    of: str
    unit: str
    value: float | None
    bound: float
    floor: bool
    state: State
    since: str
    at: str

    def to_json(self) -> dict[str, Any]:
        """Give it as plain values."""
        return asdict(self)

    @property
    def sentence(self) -> str:
        """What a person is told of it."""
        what = _TITLES.get(self.name, self.name) + (f" ({self.of})" if self.of else "")
        value = "unknown" if self.value is None else _said(self.value, self.unit)
        return f"{what}: {value}, {'at least' if self.floor else 'at most'} {_said(self.bound, self.unit)} is asked for"


_TITLES = {
    "request_errors": "Requests fail",
    "reading_p95": "Reading is slow: 95 of 100 notes within",
    "reading_p99": "Reading is slow: 99 of 100 notes within",
    "held_records": "A source sends what is held",
    "review_queue": "Many notes wait for review",
    "review_oldest": "A note waits long for review",
    "silence": "Nothing was heard for long",
    "disk_free": "The disk is nearly full",
}


def _said(value: float, unit: str) -> str:
    return f"{value:,.0f} {unit}" if abs(value) >= 1000 else f"{value:.4g} {unit}"


def judge(measure: Measure, before: State, since: str, now: datetime) -> Objective:
    """When called, it will judge a measure, given its state before and since when it was in it."""
    state: State = before
    if measure.value is not None:
        limit = measure.bound if before != "breached" else _well(measure)
        state = "breached" if (measure.value < limit if measure.floor else measure.value > limit) else "ok"
    at = now.isoformat()
    known = asdict(measure)
    return Objective(**known, state=state, since=since if state == before else at, at=at)


def keep(session: Session, measures: Iterable[Measure], now: datetime) -> list[Objective]:
    """When called, it will judge measures, remember what came of it, raise an alert for a breach and end it after."""
    there = properties.under(session, _NAME)
    out = []
    for measure in measures:
        before = there.pop(measure.key, {"state": "unknown", "since": now.isoformat()})
        objective = judge(measure, before["state"], before["since"], now)
        properties.put(session, _NAME + measure.key, objective.to_json())
        if objective.state == "breached" != before["state"]:
            _raise(session, objective, now)
        elif before["state"] == "breached" != objective.state:
            alerts.resolve(session, _alert(objective.name, objective.of), now=now)
        out.append(objective)
    for key, told in there.items():
        if (now - datetime.fromisoformat(told["at"])).total_seconds() > _SECONDS_KEPT:
            properties.drop(session, _NAME + key)
            alerts.resolve(session, _alert(told["name"], told["of"]), now=now)
    return out


def known(session: Session) -> list[Objective]:
    """When called, it will give what was judged last of each, breaches first."""
    found = [Objective(**told) for told in properties.under(session, _NAME).values()]
    return sorted(found, key=lambda each: (each.state != "breached", each.name, each.of))


def _raise(session: Session, objective: Objective, now: datetime) -> None:
    alerts.raise_(
        session,
        kind="system",
        severity="critical" if objective.name == "disk_free" else "warning",
        title=objective.sentence,
        facts=objective.to_json(),
        key=_alert(objective.name, objective.of),
        now=now,
    )


def _alert(name: str, of: str) -> str:
    return f"system:{name}:{of}"


def _well(measure: Measure) -> float:
    return measure.bound / _RELIEF if measure.floor else measure.bound * _RELIEF

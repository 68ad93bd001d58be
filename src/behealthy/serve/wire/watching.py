"""Windows, drift, alerts, KPIs, and durable work."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from behealthy.serve.wire.learning import Release
from behealthy.serve.wire.terms import Facts, Given, Name, Told

WatchState = Literal["insufficient", "ok", "warning", "drift", "performance_breach"]


class Window(Told):
    """One window of notes against the model's reference."""

    number: int
    model_version: str
    begins_at: datetime
    ends_at: datetime
    judged_at: datetime
    notes: int
    state: WatchState
    signals: Facts
    performance: Facts
    decision: Facts


class SignalPoint(Told):
    """A signal in one window; ``moved`` says that it is beyond chance and beyond the effect that matters."""

    window: int
    value: float | None
    low: float | None
    high: float | None
    moved: bool


class Signal(Told):
    """One signal over the windows."""

    name: str
    unit: str
    threshold: float | None
    reference: float | None
    group: str
    points: list[SignalPoint]


class MovedTerm(Told):
    """A term that is more or less frequent than it was."""

    term: str
    count: int
    reference_count: int


class Alert(Told):
    """Something that a person must know of."""

    id: str
    at: datetime
    kind: str
    severity: Literal["info", "warning", "critical"]
    title: str
    facts: Facts
    times: int
    last_at: datetime
    state: Literal["open", "acknowledged", "resolved"]
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    sent_at: datetime | None
    sending_failed: str | None


class Drift(Told):
    """Whether the notes are still those that the model knows: a sentence, the state, and what it rests on."""

    state: WatchState
    sentence: str
    version: str
    reference_notes: int
    waiting_notes: int
    windows: list[Window]
    signals: list[Signal]
    moved_terms: list[MovedTerm]
    releases: list[Release]
    alerts: list[Alert]
    decision: Facts


class Objective(Told):
    """What is demanded of the system: a value, its bound (from below where ``floor``), and since when it is so."""

    name: str
    of: str
    unit: str
    value: float | None
    bound: float
    floor: bool
    state: Literal["ok", "breached", "unknown"]
    since: datetime
    at: datetime
    sentence: str


class SystemState(Told):
    """Whether the system keeps what is demanded of it."""

    state: Literal["ok", "breached", "unknown"]
    items: list[Objective]


class Kpi(Told):
    """A KPI and how it was computed; ``value`` is null where there is not enough data; ``says`` says what lacks."""

    name: str
    title: str
    unit: str
    better: Literal["higher", "lower"]
    value: float | None
    low: float | None
    high: float | None
    baseline: float | None
    n: int
    trend: list[float | None]
    formula: str
    window: str
    source: str
    says: str
    facts: Facts


class Kpis(Told):
    """The KPIs of the business over the last days."""

    days: int
    at: datetime
    items: list[Kpi]


class RatingRequest(Given):
    """How content a person is, 1 to 5."""

    stars: int = Field(ge=1, le=5)


class BaselineValue(Given):
    """What the work took before, as the business gives it."""

    name: Name
    value: float = Field(ge=0)


class BaselinesRequest(Given):
    """Baselines to set; those that are not named stay as they are."""

    items: list[BaselineValue] = Field(min_length=1, max_length=50)


class Baseline(Told):
    """What the work took before."""

    name: str
    value: float
    at: datetime
    by: str


class Baselines(Told):
    """The newest baseline of each name."""

    items: list[Baseline]


class Started(Told):
    """Work that was accepted; ``id`` finds it among the flows."""

    id: str


class Flow(Told):
    """A durable piece of work."""

    id: str
    name: str
    state: str
    created_at: datetime | None
    updated_at: datetime | None
    failure: str | None


class Flows(Told):
    """Durable work, the newest first."""

    items: list[Flow]

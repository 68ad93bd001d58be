"""The eight KPIs come from recorded facts alone; without enough of them they say what is lacking."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from behealthy.errors import BadInput
from behealthy.flows.system import System
from behealthy.monitor import kpi
from behealthy.monitor.facts import Facts
from behealthy.monitor.kpi import BASELINES, Kpi
from behealthy.note import Note
from behealthy.registry import releases
from behealthy.store.notes import put_note
from behealthy.store.tables import (
    PredictionRow,
    QuarantineRow,
    ReleaseRow,
    ReviewRow,
    TrainingRow,
    WindowRow,
)

EIGHT = {
    "time_to_extract", "accuracy_against_personnel", "scalability", "cost_per_note",
    "user_satisfaction", "model_performance", "adaptability", "integration_efficiency",
}  # fmt: skip


def report(system: System, days: float = 30) -> dict[str, Kpi]:
    with system.database.read() as session:
        return {k.definition.name: k for k in kpi.report(session, now=system.now(), days=days)}


def say(system: System, **baselines: float) -> None:
    with system.database.write() as session:
        for name, value in baselines.items():
            kpi.set_baseline(session, name, value, by="ann", now=system.now())


def note(session: Any, system: System, number: int, at: datetime) -> str:
    return put_note(session, system.vault, Note("", f"Gout number {number}"), source="ward", now=at).note_id


def review(system: System, number: int, *, active_s: float = 60, blind: bool = False, **edits: int) -> None:
    at = system.now() - timedelta(minutes=number)
    with system.database.write() as session:
        id_ = note(session, system, number, at)
        session.add(
            ReviewRow(
                note_id=id_, state="submitted", why="audit" if blind else "uncertain", turn=0, priority=0.0,
                blind=blind, version=1, model_version="m", queued_at=at, active_s=active_s, submitted_at=at,
                edits=edits,
            )
        )  # fmt: skip


def test_an_empty_system_says_what_it_needs(system: System) -> None:
    got = report(system)
    assert set(got) == EIGHT
    for one in got.values():
        assert one.value.value is None
        assert one.value.needs
        assert one.definition.formula
        assert len(one.trend) == 6
        json.dumps(one.to_json(), allow_nan=False)


def test_time_and_cost_against_what_the_business_said(system: System) -> None:
    for i in range(21):
        review(system, i, active_s=30 + i)
    say(system, seconds_per_note=400, cost_per_hour=36)
    got = report(system)
    time = got["time_to_extract"].value
    assert (time.value, time.n, time.baseline) == (40, 21, 400)
    assert time.interval is not None
    assert time.interval[0] < 40 < time.interval[1]
    assert "running_cost_per_month" in (got["cost_per_note"].value.needs or "")
    say(system, running_cost_per_month=30.4 / 30 * 21)  # one unit a note in these thirty days
    cost = report(system)["cost_per_note"].value
    assert cost.value == pytest.approx(40 * 0.01 + 1)
    assert cost.baseline == pytest.approx(4)
    with system.database.write() as session:
        releases.install(session, "m", by="setup", reason="", now=system.now() - timedelta(days=3))
    assert report(system)["cost_per_note"].value.value == pytest.approx(40 * 0.01 + 0.1)  # it cost nothing before


def test_performance_is_of_blind_reviews_alone(system: System) -> None:
    for i in range(25):
        review(system, i, blind=True, suggested=4, exact=3, rejected=1, added=1, edited=0)
        review(system, 100 + i, suggested=4, exact=4)  # a person who saw the suggestions tends to agree
    got = report(system)["model_performance"].value
    assert got.value == pytest.approx(0.75)
    assert (got.parts["precision"], got.parts["recall"], got.n) == (0.75, 0.75, 25)
    assert "trained_personnel_f1" in (report(system)["accuracy_against_personnel"].value.needs or "")
    say(system, trained_personnel_f1=0.6)
    assert report(system)["accuracy_against_personnel"].value.value == pytest.approx(1.25)


def test_how_much_one_process_could_read(system: System) -> None:
    with system.database.write() as session:
        for i in range(200):
            at = system.now() - timedelta(hours=i // 100, seconds=30)
            row = PredictionRow(at=at, source="w", model_version="m", duration_s=0.002, observation={})
            session.add(row)
    got = report(system)["scalability"].value
    assert got.value == pytest.approx(1_800_000)
    assert got.parts["busiest_hour_notes"] == 100


def test_stars(system: System) -> None:
    with system.database.write() as session:
        for stars in (5, 4, 4, 5, 2):
            kpi.rate(session, stars, by="ann", now=system.now())
        for wrong in (0, 6):
            with pytest.raises(BadInput):
                kpi.rate(session, wrong, by="ann", now=system.now())
    assert report(system)["user_satisfaction"].value.value == 4


def test_hours_from_drift_to_the_model_that_answers_it(system: System) -> None:
    start = system.now() - timedelta(hours=10)
    same = {"model_version": "a", "notes": 300, "signals": {}, "performance": {}, "decision": {}}
    training = {"requested_by": "watch", "reason": "", "state": "done", "stage": "promote", "reasons": []}
    with system.database.write() as session:
        session.add(ReleaseRow(at=start, action="install", version="a", by="x", reason=""))
        for number, (hour, state) in enumerate([(1, "warning"), (2, "drift"), (3, "drift")]):
            at = start + timedelta(hours=hour)
            times = {"begins_at": at, "ends_at": at, "judged_at": at}
            session.add(WindowRow(first=number, last=number, state=state, **times, **same))
        session.add(TrainingRow(id="t1", trigger="drift", started_at=start + timedelta(hours=4), **training))
        session.add(TrainingRow(id="t2", trigger="gold", started_at=start + timedelta(hours=6), **training))
        session.flush()
        served = {"action": "promote", "by": "gate", "reason": ""}
        session.add(ReleaseRow(at=start + timedelta(hours=5), version="b", training_id="t1", **served))
        session.add(ReleaseRow(at=start + timedelta(hours=7), version="c", training_id="t2", **served))
    got = report(system)["adaptability"].value
    assert (got.value, got.n) == (3.0, 1)


def held(session: Any, system: System, name: str, **decided: Any) -> None:
    session.add(
        QuarantineRow(
            id=name, at=system.now(), source="w", code="schema", kind="csv", size_bytes=1, payload_key=name,
            sealed=b"", sealed_label=b"", **{"state": "held", **decided},
        )
    )  # fmt: skip


def test_share_of_records_that_needed_nobody(system: System) -> None:
    with system.database.write() as session:
        for i in range(95):
            note(session, system, i, system.now())
        for i in range(5):
            held(session, system, f"q{i}")
    assert report(system)["integration_efficiency"].value.value == 0.95


def test_a_record_that_somebody_mended_was_not_stored_as_it_came(system: System) -> None:
    with system.database.write() as session:
        for i in range(60):
            note(session, system, i, system.now())
        for i in range(40):
            mended = note(session, system, 100 + i, system.now())
            held(session, system, f"q{i}", state="replayed", note_id=mended)
    say(system, seconds_per_note=400, cost_per_hour=36, running_cost_per_month=10)
    got = report(system)["integration_efficiency"].value
    assert (got.value, got.n, dict(got.parts)) == (0.6, 100, {"stored": 60.0, "held": 40.0})


def test_the_interval_of_many_facts_is_of_all_of_them(system: System) -> None:
    """Of more than are resampled, the last alone would be other ones: the held records, the newest readings."""
    at = system.now()
    many = Facts(
        at - timedelta(days=1), at, reviews=[], readings=[(at, 0.01)] * 20_000 + [(at, 0.1)] * 6_000,
        notes=[at] * 90_000, mended=[], held=[at] * 6_000, answered=[], ratings=[], baselines={},
    )  # fmt: skip
    for compute in (kpi._scalability, kpi._integration):
        got = compute(many)
        assert got.value is not None
        assert got.interval is not None
        assert got.interval[0] < got.value < got.interval[1]


def test_what_lies_before_the_period_does_not_count(system: System) -> None:
    for i in range(12):
        review(system, i)
    system.now.forward(days=40)  # type: ignore[attr-defined]
    assert report(system)["time_to_extract"].value.n == 0
    assert report(system, days=60)["time_to_extract"].value.n == 12


def test_the_course_is_of_sixths_of_the_period(system: System) -> None:
    for i in range(12):
        review(system, i, active_s=50)
    system.now.forward(days=10)  # type: ignore[attr-defined]
    for i in range(12):
        review(system, 100 + i, active_s=20)
    assert [v for _, v in report(system, days=12)["time_to_extract"].trend] == [50, None, None, None, None, 20]


@pytest.mark.parametrize(("name", "value"), [("nonsense", 1), ("trained_personnel_f1", 1.5), ("seconds_per_note", 0)])
def test_a_baseline_that_cannot_be_is_refused(system: System, name: str, value: float) -> None:
    with pytest.raises(BadInput), system.database.write() as session:
        kpi.set_baseline(session, name, value, by="ann", now=system.now())
    assert set(BASELINES) == {"seconds_per_note", "cost_per_hour", "trained_personnel_f1", "running_cost_per_month"}


def test_the_page_of_definitions_says_what_is_computed() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "kpis.md").read_text(encoding="utf-8")
    for definition, _ in kpi.KPIS:
        assert f"| {definition.title} | {definition.unit}, {definition.better} | {definition.formula} |" in page
    assert all(f"`{name}`" in page for name in BASELINES)

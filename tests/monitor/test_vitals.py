"""What is demanded of the system: measured from the store, breached once, told once, and over when it is well again."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from behealthy.monitor import alerts, objectives, vitals
from behealthy.monitor.objectives import Measure, Objective
from behealthy.settings import Settings
from behealthy.store import properties
from behealthy.store.session import Database, new_id
from behealthy.store.tables import NoteRow, PredictionRow, QuarantineRow, ReviewRow

SETTINGS = Settings.from_environment({"HOME": "/h", "BEHEALTHY_MAX_QUEUE_NOTES": "3"})


def measured(database: Database, now: datetime) -> dict[str, Measure]:
    with database.write() as session:
        return {each.key: each for each in vitals.measures(session, SETTINGS, now)}


def kept(database: Database, now: datetime, **values: float | None) -> dict[str, Objective]:
    with database.write() as session:
        found = objectives.keep(session, [Measure(name, "ms", value, 100.0) for name, value in values.items()], now)
    return {each.name: each for each in found}


def open_alerts(database: Database) -> list[str]:
    with database.read() as session:
        return [row.key for row in alerts.listed(session, state=alerts.OPEN)]


# Judging -------------------------------------------------------------------------------------------------------------


def test_a_breach_is_told_in_digits(clock: Any) -> None:
    measure = Measure("disk_free", "MB", 81_210.0, 99_999_999.0, of="vm", floor=True)
    found = objectives.judge(measure, "ok", clock().isoformat(), clock())
    assert found.sentence == "The disk is nearly full (vm): 81,210 MB, at least 99,999,999 MB is asked for"


def test_a_breach_is_told_once_and_over_when_it_is_well_within_the_bound(database: Database, clock: Any) -> None:
    values = (90.0, 101.0, 99.0, 81.0, 102.0, None, 80.0, 99.0, 101.0)
    states = [kept(database, clock.forward(minutes=1), slow=value)["slow"].state for value in values]
    assert states == ["ok", "breached", "breached", "breached", "breached", "breached", "ok", "ok", "breached"]
    with database.read() as session:
        told = [(row.state, row.times) for row in alerts.listed(session)][::-1]
    assert sorted(told) == [("open", 1), ("resolved", 1)]  # the first breach is over, the second has begun


def test_a_breach_that_a_person_has_seen_is_not_told_again(database: Database, clock: Any) -> None:
    kept(database, clock(), slow=200.0)
    with database.write() as session:
        (row,) = alerts.listed(session)
        alerts.acknowledge(session, row.id, by="eve", now=clock())
    kept(database, clock.forward(minutes=1), slow=300.0)
    assert open_alerts(database) == []
    kept(database, clock.forward(minutes=1), slow=10.0)
    sent: list[str] = []
    assert alerts.send_pending(database, {"a": lambda title, _: sent.append(title)}, clock()) == 1
    assert sent[0].startswith("[resolved] ")
    assert alerts.send_pending(database, {"a": lambda title, _: sent.append(title)}, clock()) == 0


def test_since_when_is_kept_and_what_nobody_can_tell_is_unknown(database: Database, clock: Any) -> None:
    assert kept(database, clock(), slow=None)["slow"].state == "unknown"
    first = clock.forward(minutes=1)
    kept(database, first, slow=200.0)
    found = kept(database, clock.forward(minutes=5), slow=300.0)["slow"]
    assert (found.since, found.at) == (first.isoformat(), clock().isoformat())
    with database.read() as session:
        assert objectives.known(session) == [found]


def test_what_nobody_measures_any_more_is_forgotten_after_a_while(database: Database, clock: Any) -> None:
    kept(database, clock(), slow=200.0, other=1.0)
    kept(database, clock.forward(minutes=30), other=1.0)
    assert open_alerts(database) == ["system:slow:"]
    kept(database, clock.forward(minutes=31), other=1.0)
    assert open_alerts(database) == []
    with database.read() as session:
        assert [each.name for each in objectives.known(session)] == ["other"]


@given(st.lists(st.floats(0, 200), min_size=1, max_size=30), st.booleans())
def test_the_state_says_on_which_side_of_the_bound_a_number_was_last(values: list[float], floor: bool) -> None:
    now = datetime(2026, 1, 1).astimezone()
    state: Any = "unknown"
    for value in values:
        found = objectives.judge(Measure("x", "", value, 100.0, floor=floor), state, now.isoformat(), now)
        bad = value < 100 if floor else value > 100
        well = value >= 125 if floor else value <= 80
        state = found.state
        assert state in ("ok", "breached")
        assert not (bad and state == "ok")
        assert not (well and state == "breached")


# Measuring -----------------------------------------------------------------------------------------------------------


def test_an_empty_store_breaches_nothing(database: Database, clock: Any) -> None:
    found = measured(database, clock())
    assert {key for key, each in found.items() if each.value is None} == {
        "request_errors:", "reading_p95:", "reading_p99:",
    }  # fmt: skip
    assert {found[key].value for key in ("review_queue:", "review_oldest:", "silence:watch", "silence:MLflow")} == {0}


def test_failed_requests_of_all_processes_count_for_a_quarter_of_an_hour(database: Database, clock: Any) -> None:
    with database.write() as session:
        vitals.count(session, "one", 15, 0, clock())
        vitals.count(session, "two", 4, 1, clock())
    assert measured(database, clock())["request_errors:"].value is None  # too few to tell
    with database.write() as session:
        vitals.count(session, "two", 6, 4, clock.forward(minutes=5))
    assert measured(database, clock())["request_errors:"].value == pytest.approx(100 * 5 / 25)
    assert measured(database, clock.forward(minutes=11))["request_errors:"].value is None  # too few are new enough
    with database.write() as session:
        vitals.count(session, "three", 1, 0, clock.forward(minutes=30))
        assert list(properties.under(session, "requests:")) == ["three"]


def test_what_was_counted_in_a_time_that_is_still_to_come_is_not_of_now(database: Database, clock: Any) -> None:
    with database.write() as session:
        vitals.count(session, "p1", 100, 50, clock())
    clock.forward(hours=-1)
    with database.write() as session:
        vitals.count(session, "p2", 100, 0, clock())
    assert measured(database, clock())["request_errors:"].value == 0


def test_the_slowest_readings_of_a_quarter_of_an_hour(database: Database, clock: Any) -> None:
    def read(duration_s: float) -> PredictionRow:
        return PredictionRow(
            at=clock(), note_id=None, source="a", model_version="m", duration_s=duration_s, observation={}
        )

    with database.write() as session:
        session.add_all([read(9.0)] * 1)
    clock.forward(minutes=16)
    with database.write() as session:
        session.add_all([read(i / 1000) for i in range(1, 101)])
    found = measured(database, clock())
    assert found["reading_p95:"].value == pytest.approx(95, abs=1)
    assert found["reading_p99:"].value == pytest.approx(99, abs=1)


def note(clock: Any, source: str, n: int) -> NoteRow:
    return NoteRow(
        id=new_id("n", clock()),
        source=source,
        content_key=f"{source}{n}",
        characters=1,
        received_at=clock(),
        sealed=b"",
    )


def held(clock: Any, source: str, n: int) -> QuarantineRow:
    return QuarantineRow(
        id=new_id("q", clock()), at=clock(), source=source, sealed_label=b"", code="schema", kind="jsonl",
        size_bytes=1, payload_key=f"{source}{n}", state="held", sealed=b"",
    )  # fmt: skip


def test_the_share_that_is_held_is_told_by_source(database: Database, clock: Any) -> None:
    with database.write() as session:
        session.add_all([note(clock, "good", n) for n in range(30)] + [note(clock, "bad", n) for n in range(15)])
        session.add_all([held(clock, "bad", n) for n in range(15)] + [held(clock, "few", n) for n in range(3)])
    found = {key: each.value for key, each in measured(database, clock()).items() if key.startswith("held")}
    assert found == {"held_records:good": 0, "held_records:bad": 50, "held_records:few": None}
    with database.write() as session:
        objectives.keep(session, vitals.measures(session, SETTINGS, clock()), clock())
    assert open_alerts(database) == ["system:held_records:bad"]


def test_the_queue_its_oldest_note_and_a_job_that_is_silent(database: Database, clock: Any) -> None:
    with database.write() as session:
        vitals.ran(session, "watch", clock())
        for n in range(4):
            row = note(clock, "a", n)
            session.add(row)
            session.flush()
            session.add(
                ReviewRow(
                    note_id=row.id, state="submitted" if n == 0 else "open", why="audit", turn=2, priority=0.0,
                    blind=True, version=1, model_version="m", queued_at=clock(), active_s=0.0, edits={},
                )
            )  # fmt: skip
            clock.forward(hours=1)
    found = measured(database, clock())
    assert (found["review_queue:"].value, found["review_oldest:"].value) == (3, 3)
    assert found["silence:watch"].value == 4 * 3600
    assert found["silence:inbox"].value == 0  # nobody asked before
    assert measured(database, clock.forward(seconds=400))["silence:inbox"].value == 400


def test_the_room_that_is_left(tmp_path: Path) -> None:
    found = vitals.disk(tmp_path, "here", SETTINGS)
    assert found.value is not None
    assert found.value > 0
    assert found.floor
    assert vitals.disk(tmp_path / "nowhere", "here", SETTINGS).value is None

"""What is served: the newest row holds, the same thing twice is once, and back is never forth."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from behealthy.errors import Conflict
from behealthy.registry import releases
from behealthy.store.session import Database

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(f"sqlite:///{tmp_path / 'store.db'}")
    opened.upgrade()
    yield opened
    opened.close()


def promote(database: Database, version: str, at: int = 0) -> releases.Release:
    with database.write() as session:
        now = NOW + timedelta(minutes=at)
        return releases.promote(session, version, by="op", reason="better", now=now, training_id="t_1")


def rollback(database: Database) -> releases.Release:
    with database.write() as session:
        return releases.rollback(session, by="op", reason="worse", now=NOW)


def test_nothing_is_served_at_first_and_then_what_was_installed(database: Database) -> None:
    with database.write() as session:
        assert releases.current(session) is None
        first = releases.install(session, "a", by="setup", reason="shipped", now=NOW)
        assert releases.install(session, "b", by="setup", reason="shipped", now=NOW) == first
    with database.read() as session:
        assert releases.current(session) == first
    assert (first.action, first.version, first.previous) == ("install", "a", None)


def test_a_promotion_remembers_what_was_before(database: Database) -> None:
    promote(database, "a")
    second = promote(database, "b", 1)
    assert (second.action, second.version, second.previous, second.training_id) == ("promote", "b", "a", "t_1")
    assert promote(database, "b", 2) == second
    with database.read() as session:
        assert [r.version for r in releases.history(session)] == ["b", "a"]
        assert [r.version for r in releases.history(session, limit=1)] == ["b"]


def test_a_rollback_leads_further_back_each_time(database: Database) -> None:
    for version in "abc":
        promote(database, version)
    assert (rollback(database).version, rollback(database).version) == ("b", "a")
    with pytest.raises(Conflict, match="no version before"):
        rollback(database)
    forth = promote(database, "c")
    assert (forth.version, forth.previous) == ("c", "a")


@settings(max_examples=30, deadline=None)
@given(steps=st.lists(st.sampled_from(["a", "b", "c", "back"]), max_size=12))
def test_back_always_ends(steps: list[str]) -> None:
    """Whatever was promoted and rolled back, so many rollbacks lead to the beginning and there they stop."""
    opened = Database("sqlite://")
    opened.upgrade()
    for step in ["a", *steps]:
        with suppress(Conflict):
            rollback(opened) if step == "back" else promote(opened, step)
    for _ in range(len(steps) + 1):
        with opened.read() as session:
            current = releases.current(session)
        assert current is not None
        assert current.version != current.previous
        if current.previous is None:
            break
        assert rollback(opened).version == current.previous
    else:
        pytest.fail("rollbacks go in a circle")
    opened.close()


def test_who_decided_on_another_release_than_holds_is_told_so(database: Database) -> None:
    first = promote(database, "a")
    promote(database, "b")
    for change in (
        lambda session: releases.promote(session, "c", by="op", reason="r", now=NOW, seen=first.number),
        lambda session: releases.rollback(session, by="op", reason="r", now=NOW, seen=first.number),
    ):
        with database.write() as session, pytest.raises(Conflict, match="released meanwhile"):
            change(session)
    with database.read() as session:
        assert [r.version for r in releases.history(session)] == ["b", "a"]

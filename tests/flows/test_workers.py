"""Which workers live, whatever the clock does."""

import os
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from behealthy.flows.system import System
from behealthy.flows.workers import Place, living
from behealthy.store.tables import WorkerRow


@pytest.fixture
def other() -> Iterator[int]:
    """The number of another process, which lives as long as the test."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process.pid
    process.kill()
    process.communicate()


def of_process(system: System, pid: int, monkeypatch: pytest.MonkeyPatch) -> str:
    """Take a place as another process would."""
    with monkeypatch.context() as patch:
        patch.setattr(os, "getpid", lambda: pid)
        return Place(system).__enter__().id


def test_a_clock_that_is_set_kills_no_worker(system: System, other: int, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = of_process(system, other, monkeypatch)
    with Place(system) as mine:
        assert mine.dead([theirs]) == []
        booted = psutil.boot_time() + 3600
        monkeypatch.setattr("psutil._pslinux.boot_time", lambda: booted)
        assert mine.dead([theirs]) == []
        assert sorted(living(system.database, system.now())) == sorted([theirs, mine.id])


def test_a_process_that_has_the_number_of_a_dead_one_is_not_that_one(
    system: System, other: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = of_process(system, other, monkeypatch)
    with system.database.write() as session:
        row = session.get_one(WorkerRow, theirs)
        row.born -= 1
    with Place(system) as mine:
        assert mine.dead([theirs]) == [theirs]
        assert living(system.database, system.now()) == [mine.id]

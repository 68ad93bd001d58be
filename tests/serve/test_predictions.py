"""The prediction log: behind the answer, never in its way."""

import threading
import time

import pytest
from sqlalchemy import func, select

from behealthy.errors import StoreBusy
from behealthy.note import Note
from behealthy.registry.engine import Engine
from behealthy.serve import predictions
from behealthy.serve.predictions import PredictionLog, Read
from behealthy.store import session
from behealthy.store.tables import PredictionRow


@pytest.fixture(scope="module")
def note() -> Note:
    return Note("", "Gout flare, on colchicine. No fever.")


@pytest.fixture
def engine(system) -> Engine:
    return Engine.of(system.settings, system.database)


@pytest.fixture
def read(engine, note, clock) -> Read:
    (found,) = engine.read([note])
    return Read(note, found, "test", 0.001, clock())


def written(system) -> int:
    with system.database.read() as session:
        return session.scalar(select(func.count()).select_from(PredictionRow)) or 0


def test_what_waits_is_written_when_it_stops(system, engine, read) -> None:
    log = PredictionLog(system.database, engine)
    log.start()
    for _ in range(450):
        log.put(read)
    log.stop()
    assert (written(system), log.dropped) == (450, 0)


def test_a_locked_database_delays_the_log_and_not_the_reader(system, engine, read) -> None:
    log = PredictionLog(system.database, engine)
    log.start()
    with system.database.write():
        began = time.monotonic()
        for _ in range(300):
            log.put(read)
        assert time.monotonic() - began < session._WAIT_MS / 1000  # nobody has waited for the lock
    log.stop()
    assert written(system) == 300


@pytest.mark.parametrize("fault", [StoreBusy("away"), MemoryError()])
def test_a_database_that_comes_back_loses_nothing(system, engine, read, monkeypatch, fault: Exception) -> None:
    log = PredictionLog(system.database, engine)
    write, refused = system.database.write, threading.Event()

    def once_away():
        if not refused.is_set():
            refused.set()
            raise fault
        return write()

    monkeypatch.setattr(system.database, "write", once_away)
    log.put(read)
    log.start()
    assert refused.wait(300)
    log.stop()
    assert (written(system), log.dropped) == (1, 0)


def test_when_too_much_waits_the_newest_are_dropped_and_counted(system, engine, read, monkeypatch) -> None:
    monkeypatch.setattr(predictions, "_MOST_WAITING", 10)
    log = PredictionLog(system.database, engine)
    for _ in range(13):
        log.put(read)
    assert log.dropped == 3
    log.start()
    log.stop()
    assert written(system) == 10


def test_a_reading_that_cannot_be_observed_does_not_stop_the_others(system, engine, read, monkeypatch) -> None:
    log = PredictionLog(system.database, engine)
    observe, failed = engine.observe, threading.Event()

    def fails_once(*given):
        if not failed.is_set():
            failed.set()
            raise ValueError("gout")
        return observe(*given)

    monkeypatch.setattr(engine, "observe", fails_once)
    for _ in range(3):
        log.put(read)
    log.start()
    log.stop()
    assert (written(system), log.dropped) == (2, 1)


def test_what_waits_is_bounded_by_its_size_too(system, engine, read) -> None:
    size = len(read.note.text)
    log = PredictionLog(system.database, engine, most_characters=3 * size)
    for _ in range(5):
        log.put(read)
    assert log.dropped == 2
    log.start()
    log.stop()
    assert written(system) == 3
    log.put(read)  # what was written makes room
    assert log.dropped == 2

"""The engine: another model takes the place of the one that reads, and no reader notices."""

import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from behealthy.errors import TrackingError
from behealthy.extract.extractor import Extractor
from behealthy.flows.system import System
from behealthy.note import Extraction, Note
from behealthy.registry import releases
from behealthy.registry.bundle import STARTER, load, load_model, package_folder, save_model
from behealthy.registry.catalogue import Catalogue, shipped_version
from behealthy.registry.engine import Engine

NOTES = [Note(f"n{i}", "Type 2 diabetes, on metformin. Denies chest pain.") for i in range(7)]


def other_model(models: Path, name: str) -> str:
    """Put a model of another version into the folder of models."""
    shipped = load_model(package_folder(STARTER))
    fresh = models / name
    save_model(fresh, shipped.weights, {**shipped.facts, "name": name})
    version = load_model(fresh).version
    fresh.rename(models / version)
    return version


def release(system: System, version: str) -> None:
    with system.database.write() as session:
        releases.promote(session, version, by="test", reason="a test", now=system.now())


@pytest.fixture
def engine(system: System) -> Iterator[Engine]:
    engine = Engine.of(system.settings, system.database)
    yield engine
    engine.stop()


@pytest.fixture
def registry_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_: Catalogue) -> None:
        raise TrackingError("it is away")

    monkeypatch.setattr(Catalogue, "versions", away)


@pytest.fixture
def second(system: System) -> str:
    system.settings.models.mkdir(parents=True, exist_ok=True)
    return other_model(system.settings.models, "second")


def test_it_reads_as_the_extractor_does(engine: Engine) -> None:
    assert engine.read(NOTES) == list(load().pipe(NOTES))
    assert engine.read([]) == []
    assert engine.version == shipped_version()


def test_a_released_model_takes_over_and_the_one_before_stays(engine: Engine, system: System, second: str) -> None:
    assert not engine.refresh()
    release(system, second)
    assert engine.refresh()
    assert engine.versions == (second, shipped_version())
    assert {e.model_version for e in engine.read(NOTES)} == {second}


def test_going_back_needs_no_folder(engine: Engine, system: System, second: str) -> None:
    first = shipped_version()
    release(system, first)
    release(system, second)
    engine.refresh()
    shutil.rmtree(system.settings.models)
    with system.database.write() as session:
        releases.rollback(session, by="test", reason="a test", now=system.now())
    assert engine.refresh()
    assert engine.versions == (first, second)
    release(system, second)
    assert engine.refresh()


def test_no_request_fails_while_models_change_places(engine: Engine, system: System, second: str) -> None:
    done = threading.Event()

    def hammer() -> Counter[str]:
        seen: Counter[str] = Counter()
        while not done.is_set():
            found = engine.read(NOTES)
            (version,) = {e.model_version for e in found}  # one request, one model
            assert [e.note_id for e in found] == [n.id for n in NOTES]
            assert all(len(e.entities) == 3 for e in found)
            assert version is not None
            seen[version] += 1
        return seen

    with ThreadPoolExecutor(6) as pool:
        readers = [pool.submit(hammer) for _ in range(6)]
        try:
            for version in (second, shipped_version()) * 3:
                release(system, version)
                assert engine.refresh()
                time.sleep(0.05)
        finally:
            done.set()
        seen = sum((reader.result() for reader in readers), Counter())
    assert min(seen[second], seen[shipped_version()]) > 0


def test_it_notices_by_itself(engine: Engine, system: System, second: str) -> None:
    engine.start(every_s=0.02)
    release(system, second)
    ends = time.monotonic() + 20
    while engine.version != second and time.monotonic() < ends:
        time.sleep(0.02)
    assert engine.version == second


@pytest.mark.usefixtures("registry_is_away")
def test_a_damaged_model_changes_nothing_and_says_so(engine: Engine, system: System, second: str) -> None:
    table = system.settings.models / second / "table_1.npy"
    table.write_bytes(table.read_bytes()[:-100])
    release(system, second)
    assert not engine.refresh()
    assert engine.version == shipped_version()
    assert second in (engine.fault or "")
    assert len(engine.read(NOTES)) == len(NOTES)
    release(system, shipped_version())
    engine.refresh()
    assert engine.fault is None


@pytest.mark.parametrize(
    ("fault", "said"), [(OSError(28, "No space left on device"), "No space left"), (MemoryError(), "MemoryError")]
)
def test_a_disk_or_a_memory_that_is_full_does_not_end_the_watch(
    engine: Engine, system: System, second: str, monkeypatch: pytest.MonkeyPatch, fault: Exception, said: str
) -> None:
    def full(*_: object) -> None:
        raise fault

    release(system, second)
    with monkeypatch.context() as patch:
        patch.setattr(Catalogue, "fetch", full)
        assert not engine.refresh()
    assert said in (engine.fault or "")
    assert engine.refresh()
    assert engine.version == second


@pytest.mark.usefixtures("registry_is_away")
def test_what_cannot_be_loaded_keeps_nothing_else_waiting(engine: Engine, system: System, second: str) -> None:
    third = other_model(system.settings.models, "third")
    (system.settings.models / second / "manifest.json").unlink()
    engine.start()
    for version, comes in ((second, lambda: engine.fault is not None), (third, lambda: engine.version == third)):
        release(system, version)
        ends = time.monotonic() + 20  # less than the time after which a damaged one is tried again
        while not comes() and time.monotonic() < ends:
            time.sleep(0.02)
        assert comes()
    assert engine.fault is None


@pytest.mark.usefixtures("registry_is_away")
def test_a_start_with_a_damaged_model_serves_the_one_before_it(system: System, second: str) -> None:
    third = other_model(system.settings.models, "third")
    release(system, second)
    release(system, third)
    (system.settings.models / third / "manifest.json").unlink()
    engine = Engine.of(system.settings, system.database)
    assert engine.version == second
    assert third in (engine.fault or "")


def test_a_long_batch_lets_others_read(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    long = [Note(f"long{i}", NOTES[0].text * 50) for i in range(600)]
    begun, order = threading.Event(), list[str]()
    whole = Extractor.pipe

    def watched(self: Extractor, notes: Iterable[Note]) -> Iterator[Extraction]:
        begun.set()
        for extraction in whole(self, notes):
            order.append(extraction.note_id)
            yield extraction

    monkeypatch.setattr(Extractor, "pipe", watched)
    batch = threading.Thread(target=engine.read, args=(long,))
    batch.start()
    assert begun.wait(60)
    engine.read(NOTES[:1])
    batch.join()
    assert order.index("n0") < order.index("long599")


def test_what_is_wrong_with_one_note_is_nobody_elses_failure(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Extractor.pipe

    def fragile(self: Extractor, notes: Iterable[Note]) -> Iterator[Extraction]:
        given = list(notes)
        if any(note.id == "bad" for note in given):
            raise ValueError("it cannot be read")
        return whole(self, given)

    monkeypatch.setattr(Extractor, "pipe", fragile)
    with ThreadPoolExecutor(16) as readers:
        wishes = [[Note("bad", "Asthma.") if i % 5 == 0 else note] for i, note in enumerate(NOTES * 20)]
        found = [readers.submit(engine.read, wish) for wish in wishes]
    for wish, each in zip(wishes, found, strict=True):
        if wish[0].id == "bad":
            with pytest.raises(ValueError, match="cannot be read"):
                each.result()
        else:
            assert [extraction.note_id for extraction in each.result()] == [wish[0].id]


def test_an_observation_is_made_by_the_model_that_read(engine: Engine, system: System, second: str) -> None:
    (found,) = engine.read(NOTES[:1])
    release(system, second)
    engine.refresh()
    observation = engine.observe(NOTES[0], found)
    assert observation.entities == {"DISEASE": 2, "TREATMENT": 1}

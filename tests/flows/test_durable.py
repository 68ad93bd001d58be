"""Durable work with real workers, on real databases, that are killed where it hurts."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from sqlalchemy import select

from behealthy.errors import Conflict, NotThere
from behealthy.flows import durable, jobs, training
from behealthy.flows.durable import Work
from behealthy.flows.runs import Flow
from behealthy.flows.system import System
from behealthy.settings import Settings
from behealthy.store.tables import NoteRow, ReleaseRow, TrainingRow, WorkerRow

PROGRAM = Path(__file__).with_name("worker.py")
LONG_S = 300.0


class Ward:
    """A home, its workers, and what they wrote into their diary."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url
        environment = {"BEHEALTHY_HOME": str(folder), "BEHEALTHY_DATABASE_URL": url, "HOME": str(folder)}
        self.system = System.open(Settings.from_environment(environment, folder))
        self.work = Work(self.system.settings)
        self.workers: list[subprocess.Popen[bytes]] = []

    def start(self) -> "subprocess.Popen[bytes]":
        begun = self.diary().count("ready")
        worker = subprocess.Popen([sys.executable, PROGRAM, self.folder, self.url])
        self.workers.append(worker)
        self.wait(lambda: self.diary().count("ready") > begun)
        return worker

    def diary(self) -> list[str]:
        """What the workers and their children wrote, without their numbers."""
        return [line.rsplit(" ", 1)[0] for line in self._lines()]

    def pid(self, word: str) -> int:
        """The number of the process that wrote a word last."""
        return int(next(line for line in reversed(self._lines()) if line.startswith(word)).rsplit(" ", 1)[1])

    def _lines(self) -> list[str]:
        path = self.folder / "diary"
        return path.read_text().splitlines() if path.exists() else []

    def wait(self, until: Callable[[], object]) -> None:
        end = time.monotonic() + LONG_S
        while not until():
            assert time.monotonic() < end, self._lines()
            time.sleep(0.05)

    def begins(self, word: str) -> None:
        self.wait(lambda: f"begin {word}" in self.diary())

    def ends(self, id: str, state: str = "done") -> None:
        self.wait(lambda: self.work.get(id).state == state)

    def ask(self, id: str) -> bool:
        return self.work.enqueue("training", id, trigger="person", by="ann", reason="to see")

    def hold(self, step: str) -> Path:
        path = self.folder / f"hold {step}"
        path.touch()
        return path

    def training(self, id: str) -> TrainingRow:
        with self.system.database.read() as session:
            return session.get_one(TrainingRow, id)

    def releases(self) -> list[str | None]:
        with self.system.database.read() as session:
            return list(session.scalars(select(ReleaseRow.training_id).where(ReleaseRow.action == "promote")))

    def close(self) -> None:
        for worker in self.workers:
            worker.kill()
            worker.wait()
        self.work.close()
        self.system.close()


@pytest.fixture
def ward(tmp_path: Path) -> Iterator[Ward]:
    ward = Ward(tmp_path, f"sqlite:///{tmp_path}/behealthy.db")
    yield ward
    ward.close()


@pytest.fixture
def each_ward(tmp_path: Path, database_url: str) -> Iterator[Ward]:
    ward = Ward(tmp_path, database_url)
    yield ward
    ward.close()


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_worker_killed_in_training_and_the_run_is_done_once(each_ward: Ward) -> None:
    ward = each_ward
    hold = ward.hold("train")
    first = ward.start()
    assert ward.ask("t1")
    ward.begins("train t1")
    first.send_signal(signal.SIGKILL)
    first.wait()
    ward.wait(lambda: gone(ward.pid("begin train")))  # what worked apart went with it
    hold.unlink()
    ward.start()
    ward.ends("t1")
    diary = ward.diary()
    assert diary.count("begin snapshot t1") == 1  # it had ended: nobody does it again
    assert diary.count("begin train t1") == 2
    assert [diary.count(f"end {step} t1") for step in jobs.TRAINING] == [1] * len(jobs.TRAINING)
    assert ward.releases() == ["t1"]
    assert ward.training("t1").state == "done"
    assert ward.work.get("t1").starts == 2


@pytest.mark.slow
def test_of_two_workers_the_other_goes_on(each_ward: Ward) -> None:
    ward = each_ward
    hold = ward.hold("gate")
    pids = {ward.start().pid, ward.start().pid}
    for id in ("t1", "t2"):
        ward.ask(id)
    ward.wait(lambda: any(word.startswith("begin gate") for word in ward.diary()))
    running = next(flow for flow in ward.work.list(name="training") if flow.state == "running")
    with ward.system.database.read() as session:
        pid = session.get_one(WorkerRow, running.worker).pid
    assert pid in pids
    os.kill(pid, signal.SIGKILL)
    hold.unlink()
    for id in ("t1", "t2"):
        ward.ends(id)
    assert sorted(map(str, ward.releases())) == ["t1", "t2"]
    # One at a time, whoever does it: between the first word of one and its last, the other says nothing.
    words = [word.split()[-1] for word in ward.diary() if word.startswith("begin") or word.startswith("done")]
    assert words == sorted(words, key=words.index)


def test_the_same_id_at_once_is_one_run(ward: Ward) -> None:
    ward.start()
    other = Work(ward.system.settings)
    said: list[bool] = []
    asking = [
        threading.Thread(
            target=lambda w=w: said.append(w.enqueue("training", "t1", trigger="person", by="b", reason=""))
        )
        for w in (ward.work, other) * 4
    ]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert sorted(said) == [False] * 7 + [True]
    ward.ends("t1")
    assert not ward.ask("t1")
    assert ward.diary().count("end promote t1") == 1
    assert [flow.id for flow in ward.work.list(name="training")] == ["t1"]
    other.close()


def test_a_cancelled_run_stops_midway_and_serves_nothing(ward: Ward) -> None:
    ward.hold("train")
    ward.start()
    ward.ask("t1")
    ward.ask("t2")
    ward.begins("train t1")
    child = ward.pid("begin train")
    ward.work.cancel("t2")  # it waits
    ward.work.cancel("t1")
    ward.wait(lambda: gone(child))
    for id in ("t1", "t2"):
        assert ward.work.get(id).state == "cancelled"
        with pytest.raises(Conflict, match="has ended: cancelled"):
            ward.work.cancel(id)
    ward.wait(lambda: ward.training("t1").state == "cancelled")
    assert ward.releases() == []
    assert "begin snapshot t2" not in ward.diary()
    (ward.folder / "hold train").unlink()
    ward.ask("t3")  # the queue is free again
    ward.ends("t3")
    assert ward.releases() == ["t3"]


@pytest.mark.slow
def test_a_foreign_error_fails_the_run_and_keeps_its_words_to_itself(ward: Ward) -> None:
    (ward.folder / "break train").touch()
    ward.start()
    ward.ask("t1")
    ward.ends("t1", "failed")
    failure = ward.work.get("t1").failure
    assert failure is not None
    assert "ValueError at worker.py" in failure
    ward.wait(lambda: ward.training("t1").state == "failed")
    assert "ValueError" in str(ward.training("t1").failure)
    kept = b"".join(file.read_bytes() for file in ward.folder.glob("*.db*"))
    assert b"ValueError" in kept
    assert b"words of a note" not in kept


def test_what_a_crash_left_unasked_is_asked_for(ward: Ward) -> None:
    with ward.system.database.write() as session:
        facts = {"trigger": "person", "requested_by": "ann", "reason": "", "stage": "snapshot", "reasons": []}
        session.add(TrainingRow(id="t1", state="waiting", started_at=ward.system.now(), **facts))
    ward.start()
    ward.wait(lambda: ward.training("t1").state == "done")
    assert ward.work.get("t1").arguments == {"trigger": "person", "by": "ann", "reason": ""}


@pytest.mark.slow
def test_a_worker_that_is_told_to_end_does_so_at_once_and_the_next_goes_on(ward: Ward) -> None:
    hold = ward.hold("evaluate")
    worker = ward.start()
    ward.ask("t1")
    ward.begins("evaluate t1")
    worker.terminate()
    assert worker.wait(LONG_S) == 0  # though the step that it is at goes on for as long as it is held
    hold.unlink()
    ward.start()
    ward.ends("t1")
    assert ward.diary().count("end promote t1") == 1


@pytest.mark.slow
def test_the_clock_empties_the_inbox(ward: Ward) -> None:
    inbox = ward.system.settings.inbox
    inbox.mkdir()
    (inbox / "visit.txt").write_text("Asthma, stable. Continue albuterol.")
    (inbox / "scan.pdf").write_bytes(b"%PDF-1.7")
    ward.start()
    ward.wait(lambda: (inbox / "done" / "visit.txt").exists() and (inbox / "held" / "scan.pdf").exists())
    with ward.system.database.read() as session:
        assert session.scalars(select(NoteRow.source)).all() == ["inbox"]

    def emptied() -> list[Flow]:
        return [flow for flow in ward.work.list(name="inbox") if flow.result and flow.result.get("files")]

    ward.wait(emptied)  # what came of a run is written down after it has put the files away
    assert all(flow.schedule for flow in emptied())
    assert ward.work.list(name="inbox", schedules=False) == []


@pytest.mark.slow
def test_what_the_clock_asked_for_is_forgotten_and_trainings_are_not(ward: Ward) -> None:
    ward.start()
    ward.ask("t1")
    ward.work.enqueue("outbox", "o1")
    ward.ends("t1")
    ward.ends("o1")
    assert ward.work.forget(ward.system.now() - timedelta(days=1)) == 0
    assert ward.work.forget(ward.system.now() + timedelta(minutes=1)) >= 1
    with pytest.raises(NotThere):
        ward.work.get("o1")
    assert ward.work.get("t1").state == "done"


@pytest.mark.parametrize("step_s", [3600.0, -3600.0])
def test_a_worker_whose_clock_was_set_ends_so_that_another_is_started(
    ward: Ward, monkeypatch: pytest.MonkeyPatch, step_s: float
) -> None:
    """After a night asleep the library's schedules ask for every time that was missed; set back, for none."""
    clock = iter([0.0, 0.5, 0.0, step_s])
    for name, fake in (
        ("_launched", lambda *_: None), ("_adopt", lambda *_: None), ("_BEAT_S", 0.0), ("_clock", lambda: next(clock)),
    ):  # fmt: skip
        monkeypatch.setattr(durable, name, fake)
    assert not durable.run_worker(ward.system, stop=threading.Event())
    assert next(clock, None) is None
    wished = threading.Event()
    wished.set()
    monkeypatch.setattr(durable, "_clock", lambda: 0.0)
    assert durable.run_worker(ward.system, stop=wished)


def test_nobody_can_ask_for_what_is_not_there(ward: Ward) -> None:
    with pytest.raises(NotThere, match="there is no flow nonsense"):
        ward.work.enqueue("nonsense", "x")
    for call in (ward.work.get, ward.work.cancel):
        with pytest.raises(NotThere, match="there is no run x"):
            call("x")


def test_the_steps_are_those_of_the_story() -> None:
    assert tuple(name for name, _ in training.STEPS) == jobs.TRAINING


def test_runs_that_a_person_asked_for_are_found_page_by_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Rows:
        """A library with so many runs of the clock that few of them fit into a page."""

        def __init__(self) -> None:
            self.most = 0

        def list_workflows(self, **wanted: Any) -> list[SimpleNamespace]:
            ids = wanted.get("workflow_ids")
            if ids is not None:
                return [SimpleNamespace(**ROW | {"workflow_id": id_, "schedule_name": None}) for id_ in ids]
            self.most = max(self.most, wanted["limit"])
            assert not wanted["load_input"]
            begin = wanted["offset"]
            names = [None if n % 700 == 3 else "watch" for n in range(2000)][begin : begin + wanted["limit"]]
            return [
                SimpleNamespace(**ROW | {"workflow_id": f"r_{begin + n}", "schedule_name": name})
                for n, name in enumerate(names)
            ]

    rows = Rows()
    monkeypatch.setattr(Work, "_client", property(lambda _: rows))
    work = Work(Settings.from_environment({"BEHEALTHY_HOME": str(tmp_path)}))
    assert [flow.id for flow in work.list(schedules=False, limit=2)] == ["r_3", "r_703"]
    assert [flow.id for flow in work.list(schedules=False)] == ["r_3", "r_703", "r_1403"]
    assert rows.most <= 500


ROW: dict[str, Any] = {
    "name": "training", "status": "SUCCESS", "input": None, "output": None, "error": None, "executor_id": None,
    "recovery_attempts": 0, "created_at": 1, "updated_at": 1, "dequeued_at": 1, "completed_at": 1,
}  # fmt: skip

"""A worker as the tests start it: ``python worker.py FOLDER [URL]``.

The story of a training is replaced by a slow one that keeps a diary, so that a test can kill the worker at a place that
it chooses. Work that is done apart runs this file's top again, so the replacement holds there as well.
"""

import os
import signal
import sys
import threading
import time
from pathlib import Path

from sqlalchemy import select

from behealthy.flows import durable, jobs, training
from behealthy.flows.system import System
from behealthy.registry import releases
from behealthy.settings import Settings
from behealthy.store.tables import TrainingRow

FOLDER = Path(sys.argv[1])
URL = sys.argv[2] if len(sys.argv) > 2 else ""


def settings() -> Settings:
    environment = {"BEHEALTHY_HOME": str(FOLDER), "HOME": str(FOLDER)}
    if URL:
        environment["BEHEALTHY_DATABASE_URL"] = URL
    return Settings.from_environment(environment, FOLDER)


def diary(word: str) -> None:
    with (FOLDER / "diary").open("a") as file:
        file.write(f"{word} {os.getpid()}\n")


def slow(name: str):
    def step(system: System, training_id: str) -> str:
        diary(f"begin {name} {training_id}")
        hold = FOLDER / f"hold {name}"
        while hold.exists():
            time.sleep(0.02)
        if (FOLDER / f"break {name}").exists():
            raise ValueError("words of a note")
        if name == "promote":
            with system.database.write() as session:
                releases.promote(
                    session, f"m-{training_id}", by="test", reason="", now=system.now(), training_id=training_id
                )
        diary(f"end {name} {training_id}")
        return name

    return step


def request(system: System, asked: training.Request) -> dict:
    with system.database.write() as session:
        if session.get(TrainingRow, asked.id) is None:
            facts = {"id": asked.id, "trigger": asked.trigger, "requested_by": asked.by, "reason": asked.reason}
            session.add(TrainingRow(**facts, state="running", stage="snapshot", started_at=system.now(), reasons=[]))
    return {}


def close(state: str):
    def end(system: System, training_id: str, failure: object = None) -> dict:
        with system.database.write() as session:
            row = session.scalars(select(TrainingRow).where(TrainingRow.id == training_id)).one()
            row.state, row.ended_at, row.failure = state, system.now(), failure and str(failure)
        diary(f"{state} {training_id}")
        return {"state": state}

    return end


if __name__ in ("__main__", "__mp_main__"):  # and not when somebody only looks at the file
    jobs.JOBS = {name: job for name, job in jobs.JOBS.items() if name != "mirror"}  # it would load MLflow each time
    training.STEPS = tuple((name, slow(name)) for name in jobs.TRAINING)
    training.request, training.finish, training.fail = request, close("done"), close("failed")

if __name__ == "__main__":
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    durable.run_worker(System.open(settings()), stop=stop, ready=lambda: diary("ready"))
    diary("stopped")
    os._exit(0)

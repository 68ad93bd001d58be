"""Trainings and their runs agree in the end, whatever one of them has forgotten."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from behealthy.errors import NotThere
from behealthy.flows import jobs, workbench
from behealthy.flows.system import System
from behealthy.note import Extraction, Note
from behealthy.store.notes import put_gold, put_note


class Runs:
    """Durable work that knows one run, in some state, or none."""

    def __init__(self, state: str | None) -> None:
        self.state = state
        self.asked: list[str] = []

    def get(self, _: str) -> Any:
        if self.state is None:
            raise NotThere("there is no run")
        return SimpleNamespace(state=self.state, failure=None)

    def enqueue(self, name: str, id: str, **_: Any) -> bool:
        self.asked.append(f"{name} {id}")
        return True


def settled(system: System, run: str | None, verdict: str | None = None) -> tuple[str, list[str]]:
    workbench.written(system, "t1", "person", "ann", "to see")
    with system.database.write() as session:
        workbench.change(session, "t1", state="running", verdict=verdict)
    work: Any = Runs(run)
    jobs.settle(system, work)
    return workbench.row_of(system, "t1").state, work.asked


@pytest.mark.parametrize(
    ("run", "verdict", "state"),
    [
        ("running", None, "running"),
        ("waiting", None, "running"),
        ("failed", None, "failed"),
        ("cancelled", None, "cancelled"),
        ("done", "keep", "done"),  # the training's own last writes were lost
        ("done", None, "failed"),
    ],
)
def test_a_training_ends_with_its_run(system: System, run: str, verdict: str | None, state: str) -> None:
    assert settled(system, run, verdict) == (state, [])


def test_a_training_without_a_run_is_asked_for_again(system: System) -> None:
    assert settled(system, None) == ("running", ["training t1"])


def test_what_was_closed_meanwhile_stays_as_it_is(system: System) -> None:
    """The rows are read before the runs are asked, and a run that is over has closed its training."""
    workbench.written(system, "t1", "person", "ann", "to see")
    work: Any = Runs("done")
    close = work.get

    def closing(id: str) -> Any:
        workbench.close(system, id, "done")
        return close(id)

    work.get = closing
    jobs.settle(system, work)
    assert workbench.row_of(system, "t1").state == "done"


def test_a_training_whose_run_failed_before_it_had_begun_uses_no_cause_up(system: System) -> None:
    """The id of a training is that of its cause: else enough was reviewed, and nothing came of it for good."""
    demanding = replace(system, settings=replace(system.settings, gold_to_retrain=1))
    with system.database.write() as session:
        note_id = put_note(session, system.vault, Note("", "Gout."), source="w", now=system.now()).note_id
        put_gold(session, system.vault, Extraction(note_id, "Gout."), by="ann", why="sent", now=system.now())
    work: Any = Runs("failed")
    (first,) = jobs.consider_gold(demanding, {})["asks"]
    jobs.ask(demanding, work, first)
    jobs.settle(demanding, work)
    assert workbench.row_of(system, first["id"]).state == "failed"
    (second,) = jobs.consider_gold(demanding, {})["asks"]
    assert second["id"] != first["id"]

"""Where a training's things lie: its row, its folder, its run in the tracker, and the bundle that comes of it.

Everything is written whole or not at all, so that whoever goes on with a training can trust what is there. This module
refuses to know the order of the steps.
"""

from __future__ import annotations

import json
import logging
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy.orm import Session

from behealthy.errors import BadInput, Conflict, NotThere, TrackingError
from behealthy.flows.system import System
from behealthy.learn.tracking import Recording, Tracker
from behealthy.monitor import alerts, logs
from behealthy.registry.bundle import load_model, save_model
from behealthy.store.tables import TrainingRow

if TYPE_CHECKING:  # whoever only asks for a training needs nothing of how it is done
    from behealthy.learn.candidate import Candidate

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")


@dataclass(frozen=True, slots=True)
class TrainingFolder:
    """The files of a training: numbers, hashes and ids, never words of a note."""

    path: Path

    @classmethod
    def of(cls, system: System, training_id: str) -> TrainingFolder:
        """When called, it will name the folder of a training."""
        return cls(system.settings.home / "trainings" / training_id)

    @property
    def evidence(self) -> Path:
        """What champion and candidate did on the test notes."""
        return self.path / "evidence.json"

    @property
    def dossier(self) -> Path:
        """The dossier as JSON."""
        return self.path / "dossier.json"

    @property
    def page(self) -> Path:
        """The dossier as a page."""
        return self.path / "dossier.html"

    def write_text(self, path: Path, text: str) -> None:
        """When called, it will put a file in its place, whole or not at all."""
        self.path.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            with fresh.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)

    def write_json(self, path: Path, data: Any) -> None:
        """When called, it will put plain values in their place, whole or not at all."""
        self.write_text(path, json.dumps(data, allow_nan=False))

    def read_json(self, path: Path) -> Any:
        """When called, it will read what was written.

        Raises
        ------
        NotThere
            When it was not.
        """
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as exc:
            raise NotThere(f"training {self.path.name} has no {path.name} yet") from exc


# The row -------------------------------------------------------------------------------------------------------------


def written(system: System, id_: str, trigger: str, by: str, reason: str) -> dict[str, Any]:
    """When called, it will write a training down unless it is there, and give its facts."""
    if not _ID.fullmatch(id_):
        raise BadInput("a training's id has up to 40 letters, digits, '.', '_' and '-'")
    with system.database.write() as session:
        row = session.get(TrainingRow, id_)
        if row is None:
            row = TrainingRow(
                id=id_,
                trigger=trigger,
                requested_by=by,
                reason=reason,
                state="waiting",
                stage="snapshot",
                started_at=system.now(),
                reasons=[],
            )
            session.add(row)
            session.flush()
        return row_facts(row)


def row_of(system: System, training_id: str) -> TrainingRow:
    """When called, it will give a training's row, to be read only.

    Raises
    ------
    NotThere
    """
    with system.database.read() as session:
        row = _found(session, training_id)
        session.expunge(row)
        return row


def begin(system: System, training_id: str, stage: str) -> TrainingRow:
    """When called, it will say in the row that a step begins, and give the row, to be read only.

    A training that failed is gone on with; one that was cancelled is not.

    Raises
    ------
    NotThere, Conflict
    """
    with system.database.write() as session:
        row = _found(session, training_id)
        if row.state == "cancelled":
            raise Conflict(f"training {training_id} was cancelled")
        if row.state != "done":
            row.state, row.stage, row.ended_at, row.failure = "running", stage, None, None
        session.flush()
        session.expunge(row)
    logs.event("flows.training", "training-step", training=training_id, step=stage)
    return row


def change(session: Session, training_id: str, **values: Any) -> None:
    """When called, it will write facts into a training's row.

    Raises
    ------
    NotThere
    """
    row = _found(session, training_id)
    for name, value in values.items():
        setattr(row, name, value)


def close(system: System, training_id: str, state: str, failure: str | None = None) -> dict[str, Any]:
    """When called, it will end a training and tell people what came of it; twice is once."""
    now = system.now()
    with system.database.write() as session:
        row = _found(session, training_id)
        ends = row.state not in (state, "cancelled")
        if ends:
            row.state, row.ended_at, row.failure = state, now, failure
            failed = failure is not None
            title = f"training failed in step {row.stage}: {failure}" if failed else _told(row)
            alerts.raise_(
                session,
                kind="training",
                severity="warning" if failed else "info",
                title=title[:400],
                facts=row_facts(row),
                key=f"training:{training_id}:{state}",
                now=now,
            )
        facts = row_facts(row)
    if ends:
        told = {
            name: facts[name] for name in ("state", "stage", "trigger", "champion", "candidate", "verdict", "failure")
        }
        level = logging.INFO if failure is None else logging.WARNING
        logs.event("flows.training", "training-ended", level, training=training_id, **told)
    return facts


def _told(row: TrainingRow) -> str:
    came_of_it = {"promote": "earned its place", "keep": "was refused", "inconclusive": "could not be told apart"}
    return f"candidate {row.candidate} {came_of_it.get(row.verdict or '', 'was made')}"


def _found(session: Session, training_id: str) -> TrainingRow:
    row = session.get(TrainingRow, training_id)
    if row is None:
        raise NotThere(f"there is no training {training_id}")
    return row


def row_facts(row: TrainingRow) -> dict[str, Any]:
    """When called, it will give a training's row as plain values."""
    out = {column.key: getattr(row, column.key) for column in TrainingRow.__table__.columns}
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in out.items()}


# The run and the bundle ----------------------------------------------------------------------------------------------


@contextmanager
def recorded(system: System, training_id: str, *, last: bool = False) -> Iterator[Recording]:
    """Give the training's run in the tracker to go on with; the first call makes it.

    A tracker that is away fails the recording, never the step, unless it is the last: that one raises.

    Raises
    ------
    TrackingError
    """
    row = row_of(system, training_id)
    settings = system.settings
    tracker = Tracker(settings.tracking_uri, settings.home / "mlartifacts")
    name = f"training {training_id}"
    with Recording(tracker, name, resume=row.run_id, keep_open=not last) as record:
        if record.run_id is not None and record.run_id != row.run_id:
            with system.database.write() as session:
                change(session, training_id, run_id=record.run_id)
        yield record
    if last and record.failure is not None:
        raise TrackingError(str(record.failure))


def keep_bundle(system: System, training_id: str, made: Candidate) -> str:
    """When called, it will put a candidate's bundle at ``models/<version>`` and give its version.

    The same candidate is the same version, so one that is there already stays.
    """
    models = system.settings.models
    making = models / f".{training_id}.making"
    shutil.rmtree(making, ignore_errors=True)
    save_model(making, made.weights, made.facts, dtype=np.float16)
    version = load_model(making).version
    try:
        if not (models / version).exists():
            making.rename(models / version)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return version

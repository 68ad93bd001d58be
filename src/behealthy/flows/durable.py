"""Durable work: what is begun is finished once, whoever is killed on the way. The only file that knows DBOS.

Programs that serve or command use `Work` to ask for runs and to see them; a worker process calls `run_worker` and does
them. A run has an id, and the same id twice is one run. Its steps are recorded as they end, so that after a crash
another worker goes on with the first step that did not. What each run does is written in `flows.jobs`.

DBOS keeps its tables in the system's own database (see `system_url`). What it keeps of ours is JSON: ids, reasons and
numbers, never words of a note, and nothing that could run when it is read.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from behealthy.errors import BeHealthyError, Conflict, NotThere, StoreBusy, StoreError, TrackingError
from behealthy.flows import jobs, workers
from behealthy.flows.apart import Apart
from behealthy.flows.system import System
from behealthy.settings import Settings

_APPLICATION = "behealthy"
_FORM = "1"  # of the runs' steps; raised when their order changes, and then what was begun before is not gone on with
_MAX_RECOVERIES = 10  # of one run; one that takes its worker down each time must end
_BEAT_S = 5.0
_LOOK_S = 1.0  # how often a queue is looked at

_STATES = {
    "DELAYED": "waiting",
    "ENQUEUED": "waiting",
    "PENDING": "running",
    "SUCCESS": "done",
    "ERROR": "failed",
    "CANCELLED": "cancelled",
    "MAX_RECOVERY_ATTEMPTS_EXCEEDED": "failed",
}
STATES = ("waiting", "running", "done", "failed", "cancelled")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a run that has ended."""

    name: str
    started_at: datetime | None
    ended_at: datetime | None
    failure: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """One run: what was asked for and how far it has come.

    Attributes
    ----------
    state : str
        One of `STATES`.
    schedule : bool
        Whether the clock asked for it, and nobody else.
    worker : str or None
        Who runs it, or ran it last.
    starts : int
        How often it was started; more than once means that a worker was lost.
    steps : tuple of Step
        What has ended; only `Work.get` fills it.
    """

    id: str
    name: str
    state: str
    arguments: Mapping[str, Any]
    schedule: bool
    queued_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    worker: str | None
    starts: int
    result: Any = None
    failure: str | None = None
    steps: Sequence[Step] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """Give the facts as plain values, times as RFC 3339."""
        return {
            "id": self.id,
            "name": self.name,
            "state": self.state,
            "arguments": dict(self.arguments),
            "schedule": self.schedule,
            "queued_at": _shown(self.queued_at),
            "started_at": _shown(self.started_at),
            "ended_at": _shown(self.ended_at),
            "worker": self.worker,
            "starts": self.starts,
            "result": self.result,
            "failure": self.failure,
            "steps": [
                {
                    "name": step.name,
                    "started_at": _shown(step.started_at),
                    "ended_at": _shown(step.ended_at),
                    "failure": step.failure,
                }
                for step in self.steps
            ],
        }


def system_url(settings: Settings) -> str:
    """Give the URL under which DBOS keeps its tables: the system's own database.

    On PostgreSQL they lie in a schema of their own, ``dbos``.
    """
    url = make_url(settings.database_url)
    return url.set(drivername=url.get_backend_name()).render_as_string(hide_password=False)


class Work:
    """Asks for runs and looks at them, without running any; safe to share between threads.

    Nothing is opened before the first call, since DBOS takes a second to load.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._opened: Any = None

    def enqueue(self, name: str, id: str, **arguments: Any) -> bool:
        """When called, it will ask for a run, and say whether this call was the first with its id.

        Raises
        ------
        NotThere
            When no run has this name.
        StoreError
            When the database is away.
        """
        if name not in jobs.JOBS:
            raise NotThere(f"there is no flow {name}; there are {', '.join(jobs.JOBS)}")
        from dbos.error import DBOSWorkflowIDInUseError

        options = {
            "workflow_name": name,
            "queue_name": _queue(name),
            "workflow_id": id,
            "workflow_id_reuse_policy": "reject",
            "app_version": _FORM,
        }
        with _mapped():
            try:
                self._client.enqueue(options, **arguments)
            except DBOSWorkflowIDInUseError:
                return False
        return True

    def list(
        self, *, name: str | None = None, state: str | None = None, limit: int = 50, schedules: bool = True
    ) -> list[Flow]:
        """When called, it will give the newest runs first; without those of the clock if so asked.

        Raises
        ------
        StoreError
            When the database is away.
        """
        status = None if state is None else [theirs for theirs, ours in _STATES.items() if ours == state]
        wanted: dict[str, Any] = {"name": name, "status": status, "sort_desc": True}
        with _mapped():
            if schedules:
                return [_flow(row) for row in self._client.list_workflows(limit=limit, **wanted)]
            rows = self._client.list_workflows(limit=100 * limit, **wanted)
            return [_flow(row) for row in rows if row.schedule_name is None][:limit]

    def get(self, id: str) -> Flow:
        """When called, it will give one run with the steps that have ended.

        Raises
        ------
        NotThere
            When no run has this id.
        StoreError
            When the database is away.
        """
        with _mapped():
            rows = self._client.list_workflows(workflow_ids=[id])
            if not rows:
                raise NotThere(f"there is no run {id}")
            return _flow(rows[0], self._client.list_workflow_steps(id, load_output=False))

    def cancel(self, id: str) -> None:
        """When called, it will stop a run: a step that works apart at once, any other after the step that runs.

        Raises
        ------
        NotThere, Conflict
            When no run has this id, or it has ended.
        StoreError
            When the database is away.
        """
        flow = self.get(id)
        if flow.state not in ("waiting", "running"):
            raise Conflict(f"run {id} has ended: {flow.state}")
        with _mapped():
            self._client.cancel_workflow(id)

    def close(self) -> None:
        """When called, it will let go of the database."""
        with self._lock:
            if self._opened is not None:
                self._opened.destroy()
                self._opened = None

    @property
    def _client(self) -> Any:
        with self._lock:
            if self._opened is None:
                from dbos import DBOS, DBOSClient

                _quiet()
                url = system_url(self._settings)
                DBOS.migrate(url)  # whoever comes first makes the tables
                self._opened = DBOSClient(
                    system_database_url=url,
                    serializer=_serializer(),
                    application_name=_APPLICATION,
                    retry_connection_errors=False,
                )
            return self._opened


def run_worker(system: System, *, stop: threading.Event, ready: Callable[[], None] = lambda: None) -> None:
    """When called, it will do what is asked for until `stop` is set; `ready` is called once it has begun.

    The process should end soon after: what it was in the middle of is gone on with by the next worker.

    Raises
    ------
    StoreError
        When the database is away at the start.
    """
    with workers.Place(system) as place, _mapped():
        dbos = _launched(system, place.id, stop)
        ready()
        while True:
            with suppress(StoreError):  # it may be back by the next beat
                place.beat()
                _adopt(dbos, place)
            if stop.wait(_BEAT_S):
                return


def _launched(system: System, worker: str, stop: threading.Event) -> Any:
    """Give DBOS, started: what it can run, the queues that it looks at and the clock."""
    from dbos import DBOS

    _quiet()
    dbos = DBOS(
        config={
            "name": _APPLICATION,
            "system_database_url": system_url(system.settings),
            "application_version": _FORM,
            "executor_id": worker,
            "serializer": _serializer(),
            "enable_otlp": False,
            "log_level": "WARNING",
            "sys_db_pool_size": 5,
            "run_migrations": True,
        }
    )
    runs = {name: _register(dbos, system, job, stop) for name, job in jobs.JOBS.items()}
    DBOS.launch()
    for name, job in jobs.JOBS.items():
        # One at a time everywhere: two trainings, or two windows of the same notes, would only undo each other.
        DBOS.register_queue(_queue(name), global_concurrency=1, polling_interval_sec=_LOOK_S, on_conflict="always_update")
        if job.cron is None:
            with suppress(StoreError):
                DBOS.delete_schedule(name)
    DBOS.apply_schedules(
        [
            {
                "schedule_name": name,
                "workflow_fn": runs[name],
                "schedule": job.cron,
                "queue_name": _queue(name),
                "context": None,
            }
            for name, job in jobs.JOBS.items()
            if job.cron is not None
        ]
    )
    return DBOS

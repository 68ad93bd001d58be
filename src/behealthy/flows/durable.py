"""Durable work: what is begun is finished once, whoever is killed on the way. The only file that knows DBOS.

Programs that serve or command use `Work` to ask for runs and to see them; a worker process calls `run_worker` and does
them. A run has an id, and the same id twice is one run. Its steps are recorded as they end, so that after a crash
another worker goes on with the first step that did not. What each run does is written in `flows.jobs`.

DBOS keeps its tables beside the system's own (see `system_url`). What it keeps of ours is JSON: ids, reasons and
numbers, never words of a note, and nothing that could run when it is read.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from behealthy.errors import BeHealthyError, Conflict, NotThere, StoreBusy, StoreError, TrackingError
from behealthy.flows import jobs, workers
from behealthy.flows.apart import Apart
from behealthy.flows.facts import Facts, Part, kind, read, says, written
from behealthy.flows.runs import BY_LIBRARY, Flow, of_row
from behealthy.flows.system import System
from behealthy.settings import Settings

_APPLICATION = "behealthy"
_FORM = "1"  # of the runs' steps; raised when their order changes, and then what was begun before is not gone on with
_MAX_RECOVERIES = 10  # of one run; one that takes its worker down each time must end
_BEAT_S = 5.0
_TIDY_S = 600.0
_STEP_S = 60.0  # by which a clock may be set and nothing comes of it
_KEPT = timedelta(days=1)  # of what the clock asked for; there are ten thousand a day
_FORGOTTEN = 2_000  # at once at most
_PAGE, _MOST_PAGES = 500, 60  # runs that are looked through at most: those of the clock of three days
_LOOK_S = 1.0  # how often a queue is looked at

_log = logging.getLogger(__name__)


def system_url(settings: Settings) -> str:
    """Give the URL under which DBOS keeps its tables: beside ours, so that one backup takes both.

    On PostgreSQL that is the system's own database, in a schema ``dbos``. On SQLite it is a second file: one file has
    one lock, which whoever asks for most often gets. With two threads of ours writing batches all the time, to ask for
    a run took a second in the middle and thirteen at worst in one file, and 0.02 and 1 in two.
    """
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and url.database:
        ours = Path(url.database)
        return f"sqlite:///{ours.with_name(f'{ours.stem}-work.db').as_posix()}"
    return url.set(drivername=url.get_backend_name()).render_as_string(hide_password=False)


def _prepare(url: str) -> None:
    """Make the tables, whoever comes first; and let readers of a file not wait for its writer."""
    from dbos import DBOS

    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), timeout=20)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
    DBOS.migrate(url)


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
        from dbos._error import DBOSWorkflowIDInUseError

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
        """When called, it will give the newest runs first; without those of the clock if so asked (StoreError)."""
        status = None if state is None else [theirs for theirs, ours in BY_LIBRARY.items() if ours == state]
        wanted: dict[str, Any] = {"name": name, "status": status, "sort_desc": True}
        with _mapped():
            if schedules:
                return [of_row(row) for row in self._client.list_workflows(limit=limit, **wanted)]
            return [of_row(row) for row in islice(self._asked_for(wanted), limit)]

    def _asked_for(self, wanted: dict[str, Any]) -> Iterator[Any]:
        """Give the runs that the clock did not ask for, page by page, as far as they are wanted; ids, then the runs."""
        seen: set[str] = set()  # a run that is asked for meanwhile moves the others down
        for page in range(_MOST_PAGES):
            rows = self._client.list_workflows(
                limit=_PAGE, offset=page * _PAGE, load_input=False, load_output=False, **wanted
            )
            ids = [row.workflow_id for row in rows if row.schedule_name is None and row.workflow_id not in seen]
            seen.update(ids)
            if ids:
                yield from self._client.list_workflows(workflow_ids=ids, sort_desc=True)
            if len(rows) < _PAGE:
                return

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
            return of_row(rows[0], self._client.list_workflow_steps(id, load_output=False))

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

    def forget(self, before: datetime) -> int:
        """When called, it will drop runs that ended before a time and give their number; trainings are kept."""
        names = [name for name in jobs.JOBS if name != "training"]
        wanted: dict[str, Any] = {"completed_before": before.isoformat(), "name": names, "limit": _FORGOTTEN}
        with _mapped():
            rows = self._client.list_workflows(load_input=False, load_output=False, **wanted)
            if rows:
                self._client.delete_workflows([row.workflow_id for row in rows])
        return len(rows)

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
                from dbos import DBOSClient

                _quiet()
                url = system_url(self._settings)
                _prepare(url)
                self._opened = DBOSClient(
                    system_database_url=url,
                    serializer=_serializer(),
                    application_name=_APPLICATION,
                    retry_connection_errors=False,
                )
            return self._opened


def run_worker(system: System, *, stop: threading.Event, ready: Callable[[], None] = lambda: None) -> bool:
    """When called, it will do what is asked for until `stop` is set, and say so; `ready` is called once it has begun.

    The process must end with it, and may be killed instead: what it was in the middle of, the next worker goes on with.
    When the database is away at the start, a StoreError is raised.

    Where the clock was set, or the machine slept, it ends as well and gives False: another is to be started. The
    library goes from one time of a schedule to the next: it would ask for every one that was missed, thousands for a
    night, or for none before the old time has come again.
    """
    work = Work(system.settings)
    with workers.Place(system) as place, _mapped():
        dbos = _launched(system, place.id, work)
        for name in (name for name, job in jobs.JOBS.items() if job.at_start):
            work.enqueue(name, f"{name}-{place.id}")
        ready()
        tidied, clock = 0.0, _clock()
        while True:
            try:
                place.beat()
                _adopt(dbos, place)
                jobs.settle(system, work)
                if time.monotonic() > tidied + _TIDY_S:
                    tidied = time.monotonic()
                    work.forget(datetime.now(UTC) - _KEPT)
            except (SQLAlchemyError, StoreError) as exc:  # it may be back by the next beat
                _log.warning("the worker's round failed: %s", says(exc))
            if stop.wait(_BEAT_S):
                return True
            before, clock = clock, _clock()
            if abs(clock - before) > _STEP_S:
                _log.warning("the clock was set, or the machine slept: %.0f s", clock - before)
                return False


def _clock() -> float:
    """Give by how much the time of day is ahead of how long the machine was awake: what only a step changes."""
    return time.time() - time.monotonic()


def _launched(system: System, worker: str, work: Work) -> Any:
    """Give DBOS, started: what it can run, the queues that it looks at and the clock."""
    from dbos import DBOS

    _quiet()
    url = system_url(system.settings)
    _prepare(url)
    DBOS(
        config={
            "name": _APPLICATION,
            "system_database_url": url,
            "application_version": _FORM,
            "executor_id": worker,
            "serializer": _serializer(),
            "enable_otlp": False,
            "log_level": "WARNING",
            "sys_db_pool_size": 5,
        }
    )
    runs = {name: _registered(DBOS, name, job, system, work) for name, job in jobs.JOBS.items()}
    DBOS.launch()
    for name in runs:
        # One at a time everywhere: two trainings, or two looks at the same window, would only undo each other.
        DBOS.register_queue(
            _queue(name), global_concurrency=1, polling_interval_sec=_LOOK_S, on_conflict="always_update"
        )
    clock = [
        {"schedule_name": name, "workflow_fn": runs[name], "schedule": job.cron, "queue_name": _queue(name)}
        for name, job in jobs.JOBS.items()
        if job.cron is not None
    ]
    DBOS.apply_schedules(clock)
    return DBOS


def _registered(dbos: Any, name: str, job: jobs.Job, system: System, work: Work) -> Any:
    """Make a job known as a workflow whose parts are its steps."""
    again = {"retries_allowed": True, "interval_seconds": 5.0, "max_attempts": 8, "should_retry": _may_do_later}

    def run(*_: Any, **arguments: Any) -> Facts:
        facts: Facts = {**arguments, "id": dbos.workflow_id}
        with Apart(system.settings, partial(_wanted, work, facts["id"])) as apart:
            try:
                for step, part in job.parts.items():
                    do = partial(apart, part) if step in job.apart else partial(_here, part, system)
                    facts |= dbos.run_step({"name": step, **again}, do, {**facts, "step": step})
            except Exception as exc:
                if job.failed is not None:
                    dbos.run_step(
                        {"name": "fail", **again}, partial(job.failed, system, facts, BeHealthyError(says(exc)))
                    )
                raise
        for wish in facts.get("asks", []):
            dbos.run_step({"name": f"ask for {wish['name']}", **again}, partial(jobs.ask, system, work, wish))
        return facts

    run.__qualname__ = run.__name__ = name
    return dbos.workflow(name=name, max_recovery_attempts=_MAX_RECOVERIES)(run)


def _here(part: Part, system: System, facts: Facts) -> Facts:
    """Do a part in this process; what a foreign error says may quote anything and goes no further."""
    try:
        return part(system, facts)
    except BeHealthyError:
        raise
    except Exception as exc:  # noqa: BLE001 - whatever it is
        raise BeHealthyError(f"{facts['step']} failed: {kind(exc)}") from None


def _wanted(work: Work, id: str) -> bool:
    try:
        return work.get(id).state == "running"
    except StoreError:
        return True


def _may_do_later(error: BaseException) -> bool:
    return isinstance(error, StoreBusy | TrackingError)


def _adopt(dbos: Any, place: workers.Place) -> None:
    """Put what dead workers were in the middle of back into its queue.

    The library does this for an id that is used again; ours never are, so that no two living workers share one. It
    changes only rows that still bear a dead worker's id, and a worker that was taken for dead can record nothing more.
    """
    running = dbos.list_workflows(status="PENDING", load_input=False, load_output=False)
    dead = place.dead(row.executor_id for row in running if row.executor_id)
    if dead:
        _log.warning("gone on with what %d lost worker(s) began", len(dead))
        dbos._recover_pending_workflows(dead)


# What DBOS is told, and what it says ---------------------------------------------------------------------------------


def _queue(name: str) -> str:
    return f"behealthy-{name}"


def _quiet() -> None:
    """Let what the library logs go where everything goes; it brings a handler of its own where it finds none."""
    logger = logging.getLogger("dbos")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    logger.setLevel(logging.WARNING)


def _serializer() -> Any:
    """Give how facts are written down: as JSON. The library's own way runs what it reads."""
    from dbos import Serializer

    class Json(Serializer):  # type: ignore[misc, unused-ignore]
        def name(self) -> str:
            return "behealthy_json"

        def serialize(self, data: Any) -> str:
            return written(data)

        def deserialize(self, serialized_data: str) -> Any:
            return read(serialized_data)

    return Json()


@contextmanager
def _mapped() -> Iterator[None]:
    """Turn what the library and the driver raise into our errors; statements and values are left out."""
    from dbos._error import DBOSException

    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as exc:
        busy = any(word in str(getattr(exc, "orig", exc)) for word in ("locked", "busy"))
        raise (StoreBusy if busy else StoreError)(f"the database of the work cannot do it now: {kind(exc)}") from None
    except DBOSException as exc:
        raise StoreError(f"the work cannot be asked for: {kind(exc)}") from None

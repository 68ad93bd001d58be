"""The system looks at itself: a worker that is gone, a tracker that is away, a disk that is nearly full."""

import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from behealthy.flows import jobs, vitals
from behealthy.flows.system import System
from behealthy.monitor import alerts
from behealthy.monitor.objectives import Objective
from behealthy.registry import connection
from behealthy.store.session import Database


def looked(system: System) -> dict[tuple[str, str], Objective]:
    return {(each.name, each.of): each for each in vitals.look(system)}


def open_alerts(system: System) -> set[str]:
    with system.database.read() as session:
        return {row.key for row in alerts.listed(session, state=alerts.OPEN)}


def test_a_worker_that_is_gone_is_told_of_once_and_its_return_too(system: System, clock: Any) -> None:
    def work() -> None:
        jobs.empty_inbox(system, {})
        jobs.judge_windows(system, {})
        assert jobs.look_at_system(system, {})["tracker"]

    work()
    assert open_alerts(system) == set()
    for _ in range(3):
        clock.forward(seconds=301)
        found = looked(system)
    gone = {f"system:silence:{what}" for what in ("watch", "inbox", "MLflow")}
    assert {f"system:{n}:{of}" for (n, of), each in found.items() if each.state == "breached"} == gone
    assert open_alerts(system) == gone
    work()
    assert open_alerts(system) == set()
    with system.database.read() as session:
        assert [row.times for row in alerts.listed(session, state=alerts.RESOLVED)] == [1, 1, 1]


def test_a_worker_that_is_gone_is_seen_though_the_clock_is_set_back(system: System, clock: Any) -> None:
    jobs.judge_windows(system, {})
    clock.forward(hours=-2)
    assert looked(system)["silence", "watch"].state == "ok"
    clock.forward(seconds=301)
    assert looked(system)["silence", "watch"].state == "breached"


def test_a_disk_that_is_nearly_full_is_told_of(system: System) -> None:
    (room,) = [key for key in looked(system) if key[0] == "disk_free"]
    demanding = replace(system, settings=replace(system.settings, min_disk_mb=10**9))
    found = looked(demanding)[room]
    assert (found.state, found.floor) == ("breached", True)
    with system.database.read() as session:
        (row,) = alerts.listed(session, state=alerts.OPEN)
    assert (row.kind, row.severity) == ("system", "critical")
    assert looked(system)[room].state == "ok"


def test_whoever_looks_at_once_tells_once(database: Database, system: System) -> None:
    looker = replace(system, database=database, settings=replace(system.settings, min_disk_mb=10**9))
    gate, faults = threading.Barrier(4), []

    def look() -> None:
        gate.wait()
        try:
            vitals.look(looker)
        except Exception as exc:  # noqa: BLE001
            faults.append(exc)

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    with database.read() as session:
        assert [row.times for row in alerts.listed(session)] == [1]


@pytest.mark.parametrize("status", [200, 401, 500])
def test_a_server_that_says_anything_is_there(status: int) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        assert connection.answers(f"http://ann:hush@127.0.0.1:{server.server_port}/")
        server.shutdown()
    assert not connection.answers(f"http://127.0.0.1:{server.server_port}")


def test_a_database_of_the_tracker_is_asked(tmp_path: Any, postgres_url: str) -> None:
    assert connection.answers(f"sqlite:///{tmp_path}/not-made-yet.db")
    (tmp_path / "torn.db").write_bytes(b"no database at all")
    assert not connection.answers(f"sqlite:///{tmp_path}/torn.db")
    assert connection.answers(postgres_url)
    assert not connection.answers("postgresql+psycopg://127.0.0.1:9/mlflow?connect_timeout=2")

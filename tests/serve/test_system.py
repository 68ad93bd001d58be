"""What is demanded of the system, as the application shows it and adds to it."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from behealthy.errors import StoreError
from behealthy.flows import jobs
from behealthy.monitor import objectives
from behealthy.serve.pulse import Pulse


def test_failed_requests_are_counted_judged_and_shown(app, program, person, system, monkeypatch) -> None:
    sender, watcher, here = program("extract"), person("operator"), TestClient(app, client=("127.0.0.1", 1))
    assert watcher.get("/api/v1/system").json() == {"state": "unknown", "items": []}

    def away(*_: object) -> None:
        raise StoreError("gone")

    for _ in range(15):
        assert sender.post("/api/v1/extract", json={"text": "Gout."}).status_code == 200
        assert sender.post("/api/v1/extract", json={}).status_code == 422  # the caller's own fault
    with monkeypatch.context() as patch:
        patch.setattr("behealthy.flows.answering.read", away)
        for _ in range(10):
            assert sender.post("/api/v1/extract", json={"text": "Gout."}).status_code == 503
    for _ in range(2):
        app.state.pulse.beat()
    told = watcher.get("/api/v1/system").json()
    assert told["state"] == "breached"
    first = told["items"][0]
    assert (first["name"], first["state"], first["bound"]) == ("request_errors", "breached", 2)
    assert 20 < first["value"] < 30  # ten of some forty
    assert "Requests fail" in first["sentence"]
    (alert,) = watcher.get("/api/v1/alerts?state=open").json()["items"]
    assert (alert["kind"], alert["times"]) == ("system", 1)
    assert 'behealthy_objective_breached{objective="request_errors",of=""} 1.0' in here.get("/metrics").text
    assert 'behealthy_objective_breached{objective="review_queue",of=""} 0.0' in here.get("/metrics").text


def test_who_sees_that_no_worker_works_sends_the_alerts_itself(app, anonymous, system, clock) -> None:
    asked = []
    pulse = Pulse(system, app.state.parts.metrics, lambda part, facts: asked.append(part) or {})
    pulse.beat()
    assert asked == []
    clock.forward(minutes=6)
    pulse.beat()
    assert asked == [jobs.send_alerts]


@pytest.mark.parametrize("fault", [StoreError("gone"), MemoryError()])
def test_a_store_that_is_away_does_not_end_the_pulse(app, anonymous, system, fault: Exception) -> None:
    class Away:
        calls = 0

        def write(self) -> None:
            Away.calls += 1
            raise fault

    pulse = Pulse(replace(system, database=Away()), app.state.parts.metrics, lambda part, facts: {})
    pulse.start(every_s=0.001)
    while Away.calls < 3:  # it would hang here if the thread had ended
        pass
    pulse.stop()


def test_two_who_ask_for_the_metrics_at_once_get_all_of_them(app, anonymous, system, monkeypatch) -> None:
    app.state.pulse.beat()
    here, page = TestClient(app, client=("127.0.0.1", 1)), app.state.parts.metrics.page
    assert 'objective="review_queue"' in here.get("/metrics").text
    first, known = threading.Event(), objectives.known

    def slowly(session: object) -> object:
        """Let the second, who has thrown away what was set, wait for what is new."""
        if first.is_set():
            time.sleep(0.5)
        return known(session)

    def waiting() -> bytes:
        if not first.is_set():
            first.set()
            time.sleep(0.3)
        return page()

    monkeypatch.setattr(objectives, "known", slowly)
    monkeypatch.setattr(app.state.parts.metrics, "page", waiting)
    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(here.get, "/metrics")
        assert first.wait(300)
        two = pool.submit(here.get, "/metrics")
        assert all('objective="review_queue"' in each.result().text for each in (one, two))

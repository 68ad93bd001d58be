"""The first steps: each is done when the system itself sees that it is, and nothing secret is told."""

from dataclasses import replace

import pytest

from behealthy.data.contract import Raw
from behealthy.flows.ingest import Sender, take_in

TEXT = "Gout flare in the left foot, on colchicine."


@pytest.fixture
def told(person):
    admin = person("admin")
    return lambda: admin.get("/api/v1/first-steps").json()


def sent(system, source: str) -> None:
    raw = Raw("n1", "text", TEXT.encode(), {"id": "n1", "text": f"{TEXT} {source}."})
    take_in(system, [raw], Sender(source, "test"))


def test_at_first_nothing_is_done(told, system) -> None:
    assert told() == {
        "source": False,
        "reviewer": False,
        "alerts": False,
        "baseline": False,
        "inbox": str(system.settings.inbox),
        "channels": [],
    }


@pytest.mark.parametrize(("source", "done"), [("inbox", True), ("upload", True), ("hospital", False), ("app", False)])
def test_a_source_is_what_brings_notes_of_its_own(told, system, source: str, done: bool) -> None:
    sent(system, source)
    assert told()["source"] is done


@pytest.mark.parametrize(("scopes", "done"), [("notes:write", True), ("extract", True), ("models:read", False)])
def test_a_program_that_has_called_is_a_source(told, program, scopes: str, done: bool) -> None:
    caller = program(scopes)
    assert not told()["source"]
    caller.get("/api/v1/me")
    assert told()["source"] is done


def test_a_reviewer_counts_when_they_have_come_in(told, person, anonymous) -> None:
    admin = person("admin.second")
    ann = admin.post("/api/v1/users", json={"name": "ann", "role": "reviewer"}).json()
    assert not told()["reviewer"]
    body = {"token": ann["link"].partition("=")[2], "password": "four quiet herons wade"}
    anonymous.post("/api/v1/first-start", json=body, headers={"X-BeHealthy": "1"})
    assert told()["reviewer"]
    admin.post(f"/api/v1/users/{ann['user']['id']}:deactivate")
    assert not told()["reviewer"]


def test_baselines_and_channels_are_seen_and_passwords_are_not(person, app, told) -> None:
    operator = person("operator")
    operator.put("/api/v1/kpis/baselines", json={"items": [{"name": "cost_per_hour", "value": 41.5}]})
    urls = ("mailtos://bob:secret@example.org", "slack://tokenA/tokenB", "mailtos://ann:other@example.org")
    system = replace(app.state.parts.system, settings=replace(app.state.parts.system.settings, alert_urls=urls))
    app.state.parts = replace(app.state.parts, system=system)
    found = told()
    assert (found["baseline"], found["alerts"], found["channels"]) == (True, True, ["mailtos", "slack"])
    assert "secret" not in str(found)


@pytest.mark.parametrize("role", ["reviewer", "data_scientist", "operator"])
def test_they_are_the_admins(person, role: str) -> None:
    assert person(role).get("/api/v1/first-steps").status_code == 403

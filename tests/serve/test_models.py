"""Models, trainings, drift, alerts and KPIs over HTTP."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Semaphore

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from behealthy.errors import DamagedBundle
from behealthy.flows import approval, rollout, shelf, workbench
from behealthy.monitor import alerts
from behealthy.registry import releases
from behealthy.registry.bundle import STARTER, load_model, package_folder, save_model
from behealthy.registry.catalogue import shipped_version
from behealthy.registry.folder import read_folder
from behealthy.serve.app import create_app
from behealthy.store.tables import AuditRow, ReleaseRow, TrainingRow

NOTE = "Type 2 diabetes, on metformin. Denies chest pain."


@pytest.fixture
def second(system, monkeypatch) -> str:
    """Another model, at hand; the registry is away."""
    monkeypatch.setattr("behealthy.flows.rollout._mirrored", lambda *_: "the registry is away")
    shipped = load_model(package_folder(STARTER))
    fresh: Path = system.settings.models / "fresh"
    fresh.parent.mkdir(parents=True, exist_ok=True)
    save_model(fresh, shipped.weights, {**shipped.facts, "name": "second"})
    version = load_model(fresh).version
    fresh.rename(system.settings.models / version)
    return version


def test_the_models_are_listed_with_their_figures(person, second: str) -> None:
    items = {m["version"]: m for m in person("data_scientist").get("/api/v1/models").json()["items"]}
    assert set(items) == {second, shipped_version()}
    shipped = items[shipped_version()]
    assert shipped["serving"]
    assert shipped["aliases"] == ["champion"]
    assert 0 < shipped["figures"]["strict"]["low"] < shipped["figures"]["strict"]["f1"] < 1
    assert {t["type"] for t in shipped["figures"]["per_type"]} == {"DISEASE", "TREATMENT"}
    assert shipped["size_bytes"] > 100_000
    assert not items[second]["serving"]


def test_a_bundle_that_moves_meanwhile_ends_no_list(
    person, system, second: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def moved(path: Path, *rest, **more):
        folder = read_folder(path, *rest, **more)
        if path.name == second:
            path.rename(path.with_name(f".{second}.previous"))
        return folder

    scientist = person("data_scientist")
    monkeypatch.setattr(shelf, "read_folder", moved)
    for _ in range(2):
        answer = scientist.get("/api/v1/models")
        assert [item["version"] for item in answer.json()["items"]] == [shipped_version()]


def test_a_version_is_as_old_as_its_bundle_whether_the_registry_was_asked_or_not(person, second: str, system) -> None:
    written = datetime(2026, 3, 1, 12, tzinfo=UTC)
    manifest = system.settings.models / second / "manifest.json"
    os.utime(manifest, (written.timestamp(), written.timestamp()))
    entry = {"number": "2", "created_at": "2026-03-04T00:00:00+00:00"}
    for known in ({}, {second: entry, shipped_version(): entry}):
        by_name = {each.version: each for each in shelf.versions(system, known)}
        assert by_name[second].created_at == written
        assert not by_name[second].shipped
        assert (by_name[shipped_version()].created_at, by_name[shipped_version()].shipped) == (None, True)
    told = {m["version"]: m for m in person("data_scientist").get("/api/v1/models").json()["items"]}
    assert datetime.fromisoformat(told[second]["created_at"]) == written
    assert (told[shipped_version()]["created_at"], told[shipped_version()]["shipped"]) == (None, True)


def test_a_bundle_that_was_fetched_again_is_as_old_as_its_release(second: str, system) -> None:
    at = datetime(2026, 3, 2, tzinfo=UTC)
    with system.database.write() as session:
        releases.install(session, second, by="test", reason="it was there before", now=at)
    assert shelf.version(system, second).created_at == at


def test_a_promoted_model_reads_the_next_note_and_can_be_taken_back(person, program, second: str, system) -> None:
    operator, sender = person("operator"), program("extract")
    first = sender.post("/api/v1/extract", json={"text": NOTE}).json()["model_version"]
    told = operator.post(f"/api/v1/models/{second}:promote", json={"reason": "it is better"})
    assert told.status_code == 200, told.text
    assert (told.json()["version"], told.json()["previous"], told.json()["by"]) == (second, first, "operator")
    assert sender.post("/api/v1/extract", json={"text": NOTE}).json()["model_version"] == second
    back = operator.post("/api/v1/models:rollback", json={"reason": "it is not"})
    assert back.json()["action"] == "rollback"
    assert sender.post("/api/v1/extract", json={"text": NOTE}).json()["model_version"] == first
    again = operator.post("/api/v1/models:rollback", json={"reason": "twice", "instead_of": second})
    assert again.status_code == 409
    assert f"{first} is served by now" in again.json()["errors"][0]["message"]
    assert operator.post("/api/v1/models:rollback", json={"reason": "again"}).status_code == 409
    assert [r["action"] for r in operator.get("/api/v1/releases").json()["items"]] == ["rollback", "promote", "install"]
    with system.database.read() as session:
        actions = session.scalars(select(AuditRow.action).where(AuditRow.actor == "operator")).all()
    assert list(actions) == ["login", "promote", "roll back"]  # of the second, that there was nothing to do


def test_no_answer_says_that_a_model_is_served_when_it_is_not(person, app, second: str, monkeypatch) -> None:
    def torn(_: str) -> None:
        raise DamagedBundle(second, "torn on its way here")

    operator, engine = person("operator"), app.state.parts.engine
    with monkeypatch.context() as patch:
        patch.setattr(engine, "_load", torn)
        told = operator.post(f"/api/v1/models/{second}:promote", json={"reason": "it is better"})
    assert (told.status_code, told.json()["code"]) == (409, "model_unusable")
    assert engine.version == shipped_version()
    assert operator.get("/api/v1/releases").json()["items"][0]["version"] == second  # and so it is tried again
    assert operator.post(f"/api/v1/models/{second}:promote", json={"reason": "again"}).status_code == 200
    assert engine.version == second


def test_what_is_not_there_cannot_be_promoted(person, second: str, system) -> None:
    operator = person("operator")
    answer = operator.post("/api/v1/models/nothing-12345678:promote", json={"reason": "a slip"})
    assert answer.status_code == 404
    assert operator.post(f"/api/v1/models/{second}:promote", json={"reason": ""}).status_code == 422
    with system.database.read() as session:
        assert session.scalars(select(ReleaseRow)).all() == []


def test_a_candidate_that_waits_for_a_person_is_listed_refused_or_approved(person, second: str, system, clock) -> None:
    facts = {"trigger": "gold", "requested_by": "watch", "reason": "", "state": "done", "stage": "promote"}
    with system.database.write() as session:
        rows = [TrainingRow(id=i, started_at=clock(), verdict="promote", reasons=[], **facts) for i in ("t_1", "t_2")]
        for row in rows:
            row.champion, row.candidate = shipped_version(), {"t_1": "worse-01234567", "t_2": second}[row.id]
        session.add_all(rows)
    operator, scientist = person("operator"), person("data_scientist")
    rollout.served(system)

    def shown() -> dict[str, tuple[str, str | None] | None]:
        items = scientist.get("/api/v1/trainings").json()["items"]
        return {t["id"]: t["approval"] and (t["approval"]["state"], t["approval"]["by"]) for t in items}

    assert shown() == {"t_1": None, "t_2": None}
    for row in rows:
        approval.ask(system, row.id, row.candidate)
    assert shown() == {"t_1": ("waiting", None), "t_2": ("waiting", None)}
    refusal = "/api/v1/models/worse-01234567:refuse"
    assert scientist.post(refusal, json={"reason": "x"}).status_code == 403
    assert operator.post(refusal, json={"reason": ""}).status_code == 422
    assert operator.post(refusal, json={"reason": "it misses statins"}).json()["state"] == "refused"
    assert operator.post(f"/api/v1/models/{shipped_version()}:refuse", json={"reason": "x"}).status_code == 409
    assert operator.post(f"/api/v1/models/{second}:promote", json={"reason": "good"}).json()["training_id"] == "t_2"
    assert shown() == {"t_1": ("refused", "operator"), "t_2": ("approved", "operator")}
    with system.database.read() as session:
        acts = session.scalars(select(AuditRow.object).where(AuditRow.action.in_(("refuse", "promote")))).all()
        assert {"model:worse-01234567", f"model:{second}"} <= set(acts)
        assert alerts.listed(session, state=alerts.OPEN) == []


def test_two_comparisons_run_at_a_time_and_a_third_is_told_when_to_come_back(person, app, second: str) -> None:
    going, over = Semaphore(0), Event()
    found = {"notes": 0, "left_out": 0, "differences": [], "verdict": {"decision": "keep", "rules": []}, "changes": []}

    def slow(part: object, facts: object) -> dict[str, object]:
        going.release()
        assert over.wait(300)
        return found

    app.state.parts = replace(app.state.parts, apart=slow)
    url = f"/api/v1/models/{shipped_version()}/compare/{second}"
    operator = person("operator")
    with ThreadPoolExecutor(2) as pool:
        try:
            first = [pool.submit(operator.get, url) for _ in range(2)]
            assert all(going.acquire(timeout=300) for _ in first)
            third = operator.get(url)
        finally:
            over.set()
        assert [answer.result().status_code for answer in first] == [200, 200]
    assert (third.status_code, third.headers["content-type"]) == (429, "application/problem+json")
    assert int(third.headers["retry-after"]) > 0
    assert operator.get(url).status_code == 200  # the places are free again


def test_a_model_without_a_gate_has_no_dossier(person) -> None:
    scientist = person("data_scientist")
    for form in ("dossier", "dossier.html"):
        assert scientist.get(f"/api/v1/models/{shipped_version()}/{form}").status_code == 404


def test_dossiers_of_another_machine_are_brought_a_few_at_a_time(app, person, system) -> None:
    """Each takes a process with MLflow in it: a dozen at once would be gigabytes."""
    with system.database.write() as session:
        session.add(
            TrainingRow(
                id="t1", trigger="person", requested_by="ann", reason="to see", state="done", stage="promote",
                started_at=system.now(), candidate="m-1", verdict="keep", reasons=[],
            )
        )  # fmt: skip
    scientist, parts = person("data_scientist"), app.state.parts
    with parts.comparing.one(), parts.comparing.one():
        assert scientist.get("/api/v1/models/m-1/dossier").status_code == 429
    assert scientist.get("/api/v1/models/m-1/dossier").status_code == 404  # it was never put there


@pytest.mark.slow
def test_the_registrys_number_comes_when_it_has_been_asked(system, wait_until) -> None:
    from behealthy.flows import rollout
    from behealthy.serve import auth

    rollout.served(system)  # nobody has told the registry yet
    app = create_app(system)
    with system.database.write() as session:
        _, key = auth.make_key(session, "k", ["models:read"], by="test", requests_per_minute=1000, now=system.now())
    with TestClient(app, headers={"Authorization": f"Bearer {key}"}) as client:
        wait_until(lambda: client.get("/api/v1/models").json()["items"][0]["number"] == 1)


# Trainings and datasets ------------------------------------------------------------------------------------------


def test_a_training_is_asked_for_once_with_one_key(person, app, system) -> None:
    scientist = person("data_scientist")
    body, headers = {"reason": "new gold"}, {"Idempotency-Key": "monday"}
    first, again = (scientist.post("/api/v1/trainings", json=body, headers=headers) for _ in range(2))
    beside = scientist.post("/api/v1/trainings", json=body)
    assert (first.status_code, again.status_code, beside.status_code) == (202, 202, 409)
    assert first.json()["id"] == again.json()["id"]
    assert "one at a time" in beside.json()["errors"][0]["message"]
    assert scientist.get(first.headers["location"]).json()["state"] == "waiting"
    asked = [(name, id_) for name, id_, _ in app.state.parts.work.asked]
    assert asked == [("training", first.json()["id"])] * 2
    with system.database.read() as session:
        assert len(session.scalars(select(TrainingRow)).all()) == 1
    workbench.close(system, first.json()["id"], "done")
    assert scientist.post("/api/v1/trainings", json=body, headers=headers).json()["id"] == first.json()["id"]
    assert scientist.post("/api/v1/trainings", json=body).status_code == 202
    assert len(scientist.get("/api/v1/trainings").json()["items"]) == 2


def test_the_key_of_one_caller_is_not_anothers(person, system) -> None:
    ids = []
    for name in ("admin.ann", "admin.bob"):
        asked = person(name).post("/api/v1/trainings", json={"reason": "r"}, headers={"Idempotency-Key": "k"})
        ids.append(asked.json()["id"])
        workbench.close(system, ids[-1], "done")
    assert len(set(ids)) == 2


def test_a_dataset_is_frozen_and_compared(person, program) -> None:
    import json

    sender, scientist = program("notes:write,reviews"), person("data_scientist")
    assert scientist.post("/api/v1/datasets").status_code in (409, 422)  # there is no gold yet

    def gold(text: str) -> None:
        entity = {"id": "e1", "start": 0, "end": 4, "text": text[:4], "type": "DISEASE"}
        line = json.dumps({"text": text, "entities": [entity]})
        sender.post("/api/v1/notes", content=line, headers={"content-type": "application/x-ndjson"})

    gold("Gout flare in the left foot, on colchicine.")
    first = scientist.post("/api/v1/datasets")
    assert (first.status_code, first.json()["documents"]) == (201, 1)
    assert scientist.post("/api/v1/datasets").json()["id"] == first.json()["id"]
    gold("Gout is gone, colchicine was stopped.")
    second = scientist.post("/api/v1/datasets").json()
    diff = scientist.get(f"/api/v1/datasets/{first.json()['id']}/diff/{second['id']}").json()
    assert (len(diff["added"]), diff["removed"], diff["changed"]) == (1, [], [])
    assert len(scientist.get("/api/v1/datasets").json()["items"]) == 2


# Watching --------------------------------------------------------------------------------------------------------


def test_drift_says_that_there_are_too_few_notes(person) -> None:
    told = person("operator").get("/api/v1/drift").json()
    assert told["state"] == "insufficient"
    assert told["version"] == shipped_version()
    assert "Too few notes" in told["sentence"]


def test_a_look_can_be_asked_for(person, app) -> None:
    answer = person("operator").post("/api/v1/drift:check")
    assert answer.status_code == 202
    assert [(name, id_) for name, id_, _ in app.state.parts.work.asked] == [("watch", answer.json()["id"])]


def test_an_alert_is_acknowledged_by_whoever_saw_it_first(person, system) -> None:
    with system.database.write() as session:
        row = alerts.raise_(
            session, kind="system", severity="warning", title="a disk fills", facts={}, key="d", now=system.now()
        )
    ann, bob = person("operator.ann"), person("operator.bob")
    assert [a["id"] for a in ann.get("/api/v1/alerts?state=open").json()["items"]] == [row.id]
    for operator in (ann, bob):
        told = operator.post(f"/api/v1/alerts/{row.id}:acknowledge").json()
        assert (told["state"], told["acknowledged_by"]) == ("acknowledged", "operator.ann")
    assert ann.get("/api/v1/alerts?state=open").json()["items"] == []


def test_kpis_say_what_they_lack(person) -> None:
    told = person("reviewer").get("/api/v1/kpis?days=7").json()
    assert len(told["items"]) == 8
    assert all(item["value"] is None and item["says"].startswith("not enough data") for item in told["items"])
    assert all(item["formula"] and item["source"] for item in told["items"])


def test_baselines_and_ratings_are_kept(person) -> None:
    operator, reviewer = person("operator"), person("reviewer")
    body = {"items": [{"name": "cost_per_hour", "value": 40.0}, {"name": "seconds_per_note", "value": 300.0}]}
    assert operator.put("/api/v1/kpis/baselines", json=body).status_code == 200
    operator.put("/api/v1/kpis/baselines", json={"items": [{"name": "cost_per_hour", "value": 41.5}]})
    shown = {b["name"]: b["value"] for b in reviewer.get("/api/v1/kpis/baselines").json()["items"]}
    assert shown == {"cost_per_hour": 41.5, "seconds_per_note": 300.0}
    bad = {"items": [{"name": "cost_per_hour", "value": 1.0}, {"name": "luck", "value": 1.0}]}
    assert operator.put("/api/v1/kpis/baselines", json=bad).status_code == 422
    assert {b["name"]: b["value"] for b in operator.get("/api/v1/kpis/baselines").json()["items"]} == shown
    assert [reviewer.post("/api/v1/kpis/rating", json={"stars": s}).status_code for s in (5, 0, 6, True)] == [
        204,
        422,
        422,
        422,
    ]


def test_the_audit_trail_is_listed_and_verified(person, system) -> None:
    admin = person("admin")
    for name in ("ann", "bob"):
        admin.post("/api/v1/users", json={"name": name, "role": "reviewer"})
    page = admin.get("/api/v1/audit?limit=1").json()
    assert page["items"][0]["object"] == "user:bob"
    assert admin.get(f"/api/v1/audit?limit=1&cursor={page['next']}").json()["items"][0]["object"] == "user:ann"
    assert admin.get("/api/v1/audit/verify").json()["whole"]
    with system.database.write() as session:
        session.get_one(AuditRow, 2).object = "user:eve"
    assert admin.get("/api/v1/audit/verify").json()["broken_at"] == 2

"""The commands for people, keys and the audit trail, and the description of the API."""

import json
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from behealthy.cli.commands import app
from behealthy.flows.system import System
from behealthy.serve import auth
from behealthy.settings import Settings
from behealthy.store.tables import AuditRow


@pytest.fixture
def run(home: Path):
    def run(*arguments: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == code, result.output
        return result.output

    return run


def opened() -> System:
    return System.open(Settings.from_environment())


def test_an_invited_person_can_set_a_password(run) -> None:
    link = next(line for line in run("users", "add", "ann", "--role", "admin").splitlines() if "/start#token=" in line)
    system = opened()
    caller, _ = auth.accept_invitation(system, link.partition("token=")[2], "four quiet herons wade", "")
    assert (caller.name, caller.role) == ("ann", "admin")
    (user,) = json.loads(run("users", "list", "--json"))["users"]
    assert (user["name"], user["active"]) == ("ann", True)
    run("users", "add", "bob", "--role", "king", code=1)
    run("users", "add", "ann", "--role", "reviewer", code=1)
    run("users", "deactivate", user["id"], code=1)  # the last admin
    system.close()


def test_a_key_works_until_it_is_revoked(run) -> None:
    key = run("keys", "create", "ward-7", "--scope", "extract", "--days", "3").strip().splitlines()[-1]
    system = opened()
    assert "extract" in auth.of_key(system, key).rights
    (shown,) = json.loads(run("keys", "list", "--json"))["keys"]
    assert shown["state"] == "good"
    assert key not in json.dumps(shown)
    run("keys", "revoke", shown["id"])
    assert json.loads(run("keys", "list", "--json"))["keys"][0]["state"] == "revoked"
    run("keys", "create", "x", "--scope", "everything", code=2)
    system.close()


def test_a_changed_audit_trail_is_noticed(run) -> None:
    run("keys", "create", "ward-7", "--scope", "extract")
    run("keys", "create", "ward-8", "--scope", "extract")
    assert run("audit", "verify").startswith("2 rows, whole")
    assert "make key" in run("audit", "list")
    system = opened()
    with system.database.write() as session:
        session.scalars(select(AuditRow)).first().actor = "eve"
    assert "broken at row 1" in run("audit", "verify", code=1)
    system.close()


def test_the_document_of_the_api_is_printed(run) -> None:
    document = json.loads(run("openapi"))
    assert document["paths"]["/api/v1/extract"]["post"]["operationId"] == "extract"
    ids = [what["operationId"] for methods in document["paths"].values() for what in methods.values()]
    assert len(set(ids)) == len(ids)


def test_what_a_command_does_to_patient_data_is_written_down(run, tmp_path: Path) -> None:
    feed = tmp_path / "feed.jsonl"
    feed.write_text('{"text": "Gout of the toe."}\n{"text": "Asthma.", "mood": "good"}\n')
    told = json.loads(run("data", "ingest", str(feed), "--source", "ward", "--json", code=3))
    held = next(item["quarantine_id"] for item in told["items"] if item["quarantine_id"])
    run("data", "quarantine", "show", held, "--payload")
    run("data", "quarantine", "replay", held, code=1)
    run("data", "quarantine", "drop", held)
    system = opened()
    with system.database.read() as session:
        acts = session.execute(select(AuditRow.action, AuditRow.object).order_by(AuditRow.number)).all()
        assert all(actor.startswith("cli") for actor in session.scalars(select(AuditRow.actor)))
    system.close()
    seen = [(action, f"quarantine:{held}") for action in ("read", "replay", "drop")]
    assert [tuple(act) for act in acts] == [("store", "notes:2"), *seen]

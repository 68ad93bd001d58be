"""``behealthy flows``: what is asked for waits until a worker comes."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from behealthy.cli import app

pytestmark = pytest.mark.usefixtures("home")
runner = CliRunner()


def flows(*words: str, code: int = 0) -> str:
    done = runner.invoke(app, ["flows", *words])
    assert done.exit_code == code, done.output
    return done.output


def test_a_run_is_asked_for_once_shown_and_cancelled(home: Path) -> None:
    id = flows("run", "training", "--id", "t1", "--reason", "a new guideline").strip()
    assert id == "t1"
    assert "was asked for before" in flows("run", "training", "--id", "t1")
    (item,) = json.loads(flows("list", "--json"))["items"]
    assert (item["id"], item["state"], item["schedule"]) == ("t1", "waiting", False)
    assert item["arguments"] == {"trigger": "person", "by": "command line", "reason": "a new guideline"}
    assert "a new guideline" in flows("show", "t1")
    flows("cancel", "t1")
    assert json.loads(flows("show", "t1", "--json"))["state"] == "cancelled"
    assert "has ended: cancelled" in flows("cancel", "t1", code=1)
    assert json.loads(flows("list", "--state", "waiting", "--json"))["items"] == []
    assert (home / "behealthy-work.db").exists()


def test_wrong_names_are_told() -> None:
    assert "there is no flow nonsense" in flows("run", "nonsense", code=1)
    assert "there is no run t9" in flows("show", "t9", code=1)
    assert "'lost' is none of waiting, running" in flows("list", "--state", "lost", code=2)

"""Work in a process of its own: what its libraries say goes into the one log, in its form, without what they quote."""

import json
import logging
from pathlib import Path

import pytest

from behealthy.errors import TrainingError
from behealthy.flows.apart import Apart
from behealthy.flows.facts import Facts
from behealthy.flows.system import System
from behealthy.settings import Settings

SECRET = "Zosterella rash"


def quoting(_: System, facts: Facts) -> Facts:
    """A part in which a library logs an error that quotes a note."""
    try:
        int(SECRET)
    except ValueError:
        logging.getLogger("library").exception("it failed")
    return facts


def test_what_a_library_logs_there_is_in_our_form(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    settings = Settings.from_environment({"BEHEALTHY_HOME": str(tmp_path)})
    with Apart(settings) as apart:
        assert apart(quoting, {"n": 1}) == {"n": 1}
    said = capfd.readouterr().err
    (line,) = [json.loads(line) for line in said.splitlines() if "it failed" in line]
    assert line["error"]["type"] == "builtins.ValueError"
    assert SECRET not in said


def test_a_process_that_cannot_be_started_is_one_that_was_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    settings = Settings.from_environment({"BEHEALTHY_HOME": str(tmp_path)})
    with Apart(settings) as apart:
        with monkeypatch.context() as patch:
            patch.setattr("multiprocessing.context.SpawnProcess.start", full)
            with pytest.raises(TrainingError, match="was lost"):
                apart(quoting, {})
        assert apart(quoting, {"n": 1}) == {"n": 1}

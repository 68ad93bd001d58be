"""What the loop does stands in the log, an event each, at a level that tells it from what is as ever; never a word."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from behealthy.data import intake
from behealthy.flows import rollout, watch
from behealthy.flows.ingest import Sender, take_in
from behealthy.flows.system import System
from behealthy.flows.workbench import begin, change, close, written
from behealthy.monitor import alerts, logs
from behealthy.registry.bundle import STARTER, package_folder
from behealthy.registry.folder import read_folder, write_folder

SECRET = "Zosterella"
Events = Callable[[], list[tuple[str, str, dict[str, Any]]]]


@pytest.fixture
def events() -> Iterator[Events]:
    """Everything that was logged since this was last asked: level, action and facts."""
    root = logging.getLogger()
    before, level, stream = root.handlers[:], root.level, io.StringIO()
    logs.configure("test", stream=stream)

    def since() -> list[tuple[str, str, dict[str, Any]]]:
        lines = [json.loads(line) for line in stream.getvalue().splitlines()]
        stream.seek(0)
        stream.truncate()
        assert SECRET not in json.dumps(lines)
        return [(x["log.level"], x["message"], x.get("behealthy", {})) for x in lines if "event" in x]

    yield since
    root.handlers[:] = before
    root.setLevel(level)


def sent(system: System, *records: object) -> None:
    data = "\n".join(json.dumps(record) for record in records).encode()
    take_in(system, intake.read(data, "jsonl", SECRET), Sender("ward", "feed"))


def told_people(system: System, failing: str = "") -> None:
    def send(title: str, body: str) -> None:
        if failing:
            raise OSError(failing)

    alerts.send_pending(system.database, {"pager": send}, system.now())


def test_what_comes_in_and_what_is_held(system: System, events: Events) -> None:
    sent(system, {"text": f"{SECRET} rash, has gout."})
    counts = {"source": "ward", "stored": 1, "known": 0, "held": 0}
    assert events() == [("info", "records-taken-in", counts)]
    sent(system, {"txet": SECRET}, {"text": SECRET * 2, "written_at": "31.02.2026"}, {"text": "Gout."})
    *raised, (level, action, facts) = events()
    assert (level, action) == ("warning", "records-taken-in")
    assert facts == {"source": "ward", "stored": 1, "known": 0, "held": 2, "reasons": "date:1,schema:1"}
    assert [(level, action, facts["kind"]) for level, action, facts in raised] == [
        ("warning", "alert-raised", "quarantine")
    ] * 2
    sent(system, {"txet": SECRET})
    assert [action for _, action, _ in events()] == ["records-taken-in"]  # the alert is raised already


def test_what_was_not_kept_is_not_told(system: System, events: Events) -> None:
    alert = {"kind": "drift", "severity": "critical", "title": "Notes changed", "facts": {}, "key": "drift:a"}
    with suppress(KeyError), system.database.write() as session:
        alerts.raise_(session, now=system.now(), **alert)
        raise KeyError
    assert events() == []
    with system.database.write() as session:
        alerts.raise_(session, now=system.now(), **alert)
        assert events() == []
    assert [(level, action) for level, action, _ in events()] == [("error", "alert-raised")]


def test_who_cannot_be_told_and_what_is_over(system: System, events: Events) -> None:
    sent(system, {"txet": SECRET})
    events()
    for _ in range(2):
        told_people(system, failing="nobody listens")
    ((level, action, facts),) = events()  # once, however often it was tried
    assert (level, action, facts["kind"], facts["why"]) == ("warning", "alert-not-sent", "quarantine", "nobody listens")
    told_people(system)
    assert events() == []
    with system.database.write() as session:
        assert alerts.resolve(session, "quarantine:ward:schema", now=system.now())
    assert [(level, action) for level, action, _ in events()] == [("info", "alert-resolved")]


def test_windows_within_the_threshold_and_beyond(
    watched: System, arrive: Callable[..., list[str]], events: Events
) -> None:
    """Within it the log is all that tells; beyond it people are told as well."""
    for seed, kind in enumerate(("usual", "usual", "other", "other"), 1):
        arrive(watched, kind, seed=seed)
        watch.watch(watched)
    logged = events()
    judged = [(level, facts) for level, action, facts in logged if action == "window-judged"]
    assert [(level, facts["state"], facts["decision"]) for level, facts in judged] == [
        ("info", "insufficient", "log"),
        ("info", "ok", "log"),
        ("info", "warning", "log"),
        ("warning", "drift", "label"),
    ]
    assert "moved" not in judged[1][1]
    assert "vocabulary" in judged[3][1]["moved"].split(",")
    assert judged[3][1]["labels"] > 0
    assert [facts["kind"] for _, action, facts in logged if action == "alert-raised"] == ["drift"]


def test_the_steps_of_a_training_and_its_end(system: System, events: Events) -> None:
    written(system, "t_1", "gold", "watch", "enough was reviewed")
    begin(system, "t_1", "snapshot")
    begin(system, "t_1", "train")
    with system.database.write() as session:
        change(session, "t_1", champion="a", candidate="b", verdict="keep")
    for _ in range(2):
        close(system, "t_1", "done")
    steps = [("info", "training-step", {"training": "t_1", "step": step}) for step in ("snapshot", "train")]
    told = {"trigger": "gold", "champion": "a", "candidate": "b", "verdict": "keep", "state": "done", "stage": "train"}
    found = [each for each in events() if not each[1].startswith("alert")]
    assert found == [*steps, ("info", "training-ended", {"training": "t_1", **told})]
    written(system, "t_2", "gold", "watch", "")
    close(system, "t_2", "failed", "there is no gold")
    level, action, facts = events()[-1]
    assert (level, action, facts["failure"]) == ("warning", "training-ended", "there is no gold")


def test_what_is_served_from_now_on(system: System, events: Events) -> None:
    away = replace(system, settings=replace(system.settings, tracking_uri="http://127.0.0.1:9"))
    first = rollout.served(away).version
    folder = read_folder(package_folder(STARTER), "model")
    write_folder(away.settings.models / "ours", "model", folder.arrays, {**folder.meta, "name": "ours"}, folder.texts)
    second = f"ours-{read_folder(away.settings.models / 'ours', 'model').seal[:8]}"
    for _ in range(2):
        rollout.promote(away, second, by="olga", reason="better", mirror=False)
    rollout.rollback(away, by="olga", reason="worse", mirror=False)
    assert [(level, action, facts["how"], facts["version"]) for level, action, facts in events()] == [
        ("info", "model-released", "promote", second),
        ("info", "model-released", "rollback", first),
    ]

"""A whole training on real parts: SQLite, MLflow's registry, notes of our own; and what happens when a part is away."""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from behealthy.cli import app
from behealthy.data.formats import read_corpus
from behealthy.data.lineage import fingerprints
from behealthy.errors import BadInput, Conflict, NotThere, TrackingError
from behealthy.flows import rollout, shelf, training
from behealthy.flows.contests import compare
from behealthy.flows.facts import Facts, Part
from behealthy.flows.ingest import import_gold
from behealthy.flows.system import System
from behealthy.flows.training import Request
from behealthy.flows.workbench import TrainingFolder
from behealthy.learn import behaviour, crf, dossier
from behealthy.learn.crf import Recipe
from behealthy.learn.dataset import Knowledge
from behealthy.learn.sentences import own_notes
from behealthy.monitor import windows
from behealthy.note import DISEASE, TREATMENT, Extraction
from behealthy.registry import releases
from behealthy.registry.bundle import knowledge_versions, load_classes, load_lexicon, load_model, save_model
from behealthy.registry.catalogue import Catalogue
from behealthy.serve import auth
from behealthy.serve.app import create_app
from behealthy.settings import Settings
from behealthy.store.tables import AlertRow, GoldRow, SnapshotRow, TrainingRow

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "notes"
NOTES = read_corpus(EXAMPLES, "brat").documents
RECIPE = Recipe((DISEASE, TREATMENT), iterations=10)
LEARNED = NOTES[30:100]
NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at


def settings_at(home: Path) -> Settings:
    """Settings of a home whose key is always the same: it decides which notes judge."""
    home.mkdir(parents=True, exist_ok=True)
    key = home / "note.key"
    key.write_text(f"behealthy-note-key-1:{'57' * 32}\n")
    key.chmod(0o600)
    return Settings.from_environment({"BEHEALTHY_HOME": str(home)})


def weak_model(models: Path, documents: list[Extraction]) -> str:
    """A first model that has seen little; gives its version."""
    knowledge = Knowledge(load_lexicon(), load_classes())
    weights = crf.train(documents, RECIPE, knowledge)
    data = {"hash": "0" * 64, "documents": len(documents), "seen": fingerprints(documents)}
    facts = {"name": "first", "recipe": RECIPE.to_json(), "data": data, "knowledge": knowledge_versions()}
    save_model(models / "first", weights, facts, dtype="float16")
    return load_model(models / "first").version


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[System, dict[str, object]]]:
    """A system that served a weak model, got gold, and trained once."""
    system = System.open(settings_at(tmp_path_factory.mktemp("taught")), Clock())
    first = weak_model(system.settings.models, list(NOTES[:6]))
    rollout.install(system, first, reason="test")
    import_gold(system, LEARNED, source="clinic-a", by="ann")
    outcome = training.train(system, Request("t_1", "person", "ann", "more <gold>"))
    yield system, outcome
    system.close()


def test_a_better_candidate_is_served(taught: tuple[System, dict[str, object]]) -> None:
    system, outcome = taught
    assert outcome["verdict"] == "promote", outcome["reasons"]
    assert (outcome["state"], outcome["stage"], outcome["failure"]) == ("done", "promote", None)
    with system.database.read() as session:
        current = releases.current(session)
    assert current is not None
    assert current.version == outcome["candidate"] != outcome["champion"]
    assert (current.previous, current.training_id, current.by) == (outcome["champion"], "t_1", "gate")


def test_what_is_normal_for_it_is_known(taught: tuple[System, dict[str, object]]) -> None:
    system, outcome = taught
    with system.database.read() as session:
        reference = windows.get_reference(session, str(outcome["candidate"]))
    assert reference is not None
    assert len(reference.held_out) == 22
    assert all(o.truth is not None for o in reference.held_out)


def test_the_registry_mirrors_it(taught: tuple[System, dict[str, object]]) -> None:
    system, outcome = taught
    catalogue = Catalogue.of(system.settings)
    assert catalogue.aliases() == {"champion": outcome["candidate"], "previous": outcome["champion"]}
    entry = catalogue.get(str(outcome["candidate"]))
    assert entry.run_id == outcome["run_id"]
    assert entry.tags["verdict"] == "promote"
    assert 0 < float(entry.tags["strict_f1_low"]) < float(entry.tags["strict_f1"]) < 1


def test_the_run_tells_the_whole_story(taught: tuple[System, dict[str, object]]) -> None:
    from mlflow import MlflowClient

    system, outcome = taught
    client = MlflowClient(system.settings.tracking_uri)
    run = client.get_run(str(outcome["run_id"]))
    assert run.info.status == "FINISHED"
    assert run.data.tags["verdict"] == "promote"
    assert run.data.params["trigger"] == "person"
    assert run.data.metrics["test/micro/strict_f1"] > run.data.metrics["champion/micro/strict_f1"]
    assert any(name.startswith("loss/candidate") for name in run.data.metrics)
    kept = {file.path for file in client.list_artifacts(run.info.run_id)}
    assert {"model", "dossier.html", "dossier.json"} <= kept


def test_the_dossier_tells_all_and_quotes_nobody(taught: tuple[System, dict[str, object]]) -> None:
    system, outcome = taught
    folder = TrainingFolder.of(system, "t_1")
    told = json.loads(folder.dossier.read_text())
    assert told["training"]["trigger"] == "person"
    assert told["data"]["snapshot"] == outcome["snapshot_id"]
    assert {r["name"] for r in told["verdict"]["rules"]} >= {"f1", "recent", "slices", "suite", "size", "latency"}
    assert told["candidate"]["version"] == outcome["candidate"]
    page = folder.page.read_text()
    assert "more &lt;gold&gt;" in page
    assert "<gold>" not in page
    assert "clinic-a" in page
    assert "<script" not in page
    everything = page + folder.dossier.read_text() + folder.evidence.read_text()
    sentences = {s.strip() for d in LEARNED for s in re.split(r"[.\n]", d.text) if len(s.split()) >= 6}
    assert len(sentences) > 500
    assert not [s for s in sentences if s in everything]


def test_the_candidate_says_what_it_came_from(taught: tuple[System, dict[str, object]]) -> None:
    system, outcome = taught
    facts = load_model(system.settings.models / str(outcome["candidate"])).facts
    assert facts["adapted_from"] == outcome["champion"]
    assert facts["data"]["snapshot"] == outcome["snapshot_id"]
    assert set(fingerprints(NOTES[:6])) <= set(facts["data"]["seen"])
    calibration = facts["calibration"]
    assert calibration["fitted_on"]["notes"] > 40
    probability = calibration["spans"]["probability"]
    assert probability == sorted(probability)
    assert calibration["error"]["after"] <= calibration["error"]["before"] + 0.01


def test_the_same_request_again_changes_nothing(taught: tuple[System, dict[str, object]]) -> None:
    system, outcome = taught
    with system.database.read() as session:
        normal = windows.get_reference(session, str(outcome["candidate"]))
    assert training.train(system, Request("t_1", "person", "bob", "other words")) == outcome
    for _, step in training.STEPS:
        step(system, "t_1")
    assert training.facts(system, "t_1") == outcome
    with system.database.read() as session:
        assert len(releases.history(session)) == 2
        assert session.query(SnapshotRow).count() == 1
        assert session.query(AlertRow).filter(AlertRow.kind == "training").count() == 1
        assert windows.get_reference(session, str(outcome["candidate"])) == normal
    assert len(Catalogue.of(system.settings).versions()) == 2


def test_the_same_gold_again_is_the_same_model_and_stays(taught: tuple[System, dict[str, object]]) -> None:
    """The line goes on from its first model, so nothing new is learned from the same notes."""
    system, outcome = taught
    again = training.train(system, Request("t_2", "gold", "watch", "nothing new"))
    assert again["candidate"] == outcome["candidate"]
    assert again["verdict"] == "keep"
    with system.database.read() as session:
        current = releases.current(session)
    assert current is not None
    assert current.version == outcome["candidate"]
    assert Catalogue.of(system.settings).aliases()["champion"] == outcome["candidate"]


def test_versions_are_compared_with_what_neither_has_seen(taught: tuple[System, dict[str, object]]) -> None:
    system, outcome = taught
    told = compare(system, str(outcome["champion"]), str(outcome["candidate"]))
    assert told["notes"] >= 20
    assert told["left_out"] == 0
    assert told["differences"][0]["name"] == "all"
    assert told["differences"][0]["value"] > 0
    ours = {case.text for case in behaviour.cases()} | {line for note in own_notes() for line in note.text.split("\n")}
    assert told["changes"]
    assert {change["text"] for change in told["changes"]} <= ours
    assert told == compare(system, str(outcome["champion"]), str(outcome["candidate"]))
    back = compare(system, str(outcome["candidate"]), str(outcome["champion"]))
    assert back["verdict"]["decision"] == "keep"


def test_a_rollback_leads_back_and_is_mirrored(taught: tuple[System, dict[str, object]]) -> None:
    system, outcome = taught
    change = rollout.rollback(system, by="op", reason="complaints")
    assert change.not_mirrored is None
    assert change.release.version == outcome["champion"]
    assert Catalogue.of(system.settings).aliases()["champion"] == outcome["champion"]
    with pytest.raises(Conflict, match="no version before"):
        rollout.rollback(system, by="op", reason="again")
    forth = rollout.promote(system, str(outcome["candidate"]), by="op", reason="it was something else")
    assert (forth.release.version, forth.release.previous) == (outcome["candidate"], outcome["champion"])


# Apart from the whole story ------------------------------------------------------------------------------------------


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    opened = System.open(settings_at(tmp_path / "home"), Clock())
    yield opened
    opened.close()


def test_without_gold_a_training_fails_and_says_so(system: System) -> None:
    with pytest.raises(BadInput, match="no gold"):
        training.train(system, Request("t_1", "person", "ann", ""))
    told = training.facts(system, "t_1")
    assert (told["state"], told["stage"]) == ("failed", "snapshot")
    assert "no gold" in told["failure"]
    with system.database.read() as session:
        alert = session.query(AlertRow).one()
    assert (alert.kind, alert.severity) == ("training", "warning")


def test_a_failure_that_is_not_ours_is_named_and_not_quoted(system: System) -> None:
    training.request(system, Request("t_1", "person", "ann", ""))
    told = training.fail(system, "t_1", ValueError("Mr. Vega has gout"))
    assert told["failure"] == "ValueError"


@pytest.mark.parametrize("id_", ["", "../up", "a/b", "x" * 41, ".hidden"])
def test_an_id_cannot_lead_elsewhere(system: System, id_: str) -> None:
    with pytest.raises(BadInput):
        training.request(system, Request(id_, "person", "ann", ""))


def test_a_cancelled_training_is_not_gone_on_with(system: System) -> None:
    training.request(system, Request("t_1", "person", "ann", ""))
    with system.database.write() as session:
        session.get_one(TrainingRow, "t_1").state = "cancelled"
    with pytest.raises(Conflict, match="cancelled"):
        training.take_snapshot(system, "t_1")
    assert training.finish(system, "t_1")["state"] == "cancelled"
    with pytest.raises(NotThere):
        training.take_snapshot(system, "t_2")


def test_with_the_registry_away_all_is_made_up_to_it_and_then_gone_on_with(tmp_path: Path) -> None:
    here = settings_at(tmp_path / "home")
    away = replace(here, tracking_uri="http://127.0.0.1:9")
    system = System.open(away, Clock())
    first = weak_model(system.settings.models, list(NOTES[:6]))
    rollout.install(system, first, reason="test")
    import_gold(system, NOTES[30:60], source="a", by="ann")
    asked = Request("t_1", "person", "ann", "")
    with pytest.raises(TrackingError, match=r"127\.0\.0\.1:9"):
        training.train(system, asked)
    told = training.facts(system, "t_1")
    assert (told["state"], told["stage"], told["run_id"]) == ("failed", "register", None)
    assert told["verdict"] in ("promote", "inconclusive")
    with system.database.read() as session:
        current = releases.current(session)
    assert current is not None
    assert current.version == first
    made = sorted(p.name for p in system.settings.models.iterdir())
    with system.database.write() as session:  # as if the worker had died before it wrote the version down
        session.get_one(TrainingRow, "t_1").candidate = None
    assert training.fit(system, "t_1") == told["candidate"]
    back = System(here, system.database, system.vault, system.now)
    outcome = training.train(back, asked)
    assert outcome["state"] == "done"
    assert outcome["candidate"] == told["candidate"]
    assert sorted(p.name for p in system.settings.models.iterdir()) == made
    assert Catalogue.of(here).get(told["candidate"]).run_id == outcome["run_id"]
    system.close()


def test_gold_of_the_first_model_alone_is_inconclusive(system: System) -> None:
    """Notes that the champion has learned from do not judge it."""
    import_gold(system, NOTES[:30], source="a", by="ann")
    outcome = training.train(system, Request("t_1", "gold", "watch", ""))
    assert outcome["verdict"] == "inconclusive"
    told = json.loads(TrainingFolder.of(system, "t_1").dossier.read_text())
    assert told["data"]["test_notes_left_out"] > 0
    (notes,) = [rule for rule in told["verdict"]["rules"] if rule["name"] == "notes"]
    assert notes["value"] == 0
    with system.database.read() as session:
        assert session.query(GoldRow).count() == 30
    assert rollout.served(system).version == outcome["champion"]
    assert Catalogue.of(system.settings).aliases()["challenger"] == outcome["candidate"]


# Another machine -----------------------------------------------------------------------------------------------------


def test_another_machine_shows_figures_and_dossier_of_what_was_trained_here(
    taught: tuple[System, dict[str, object]], tmp_path: Path
) -> None:
    """It shares the database, the key and the registry, and none of the files of the home."""
    system, outcome = taught
    there = replace(system.settings, home=tmp_path / "other")
    other = System(there, system.database, system.vault, system.now)
    version, asked = str(outcome["candidate"]), []

    def apart(part: Part, facts: Facts) -> Facts:
        asked.append(part.__name__)
        return part(other, facts)

    listed = shelf.versions(other, shelf.registered_versions(other, {}))
    (shown,) = [each for each in listed if each.version == version]
    own = json.loads(TrainingFolder.of(system, "t_1").dossier.read_text())["candidate"]["figures"]["micro"]["strict"]
    assert shown.figures["micro"]["strict"] == {"f1": own["f1"], "interval": own["interval"]}

    application = create_app(other)
    application.state.parts = replace(application.state.parts, apart=apart)
    with other.database.write() as session:
        _, key = auth.make_key(session, "p", ["models:read"], by="test", requests_per_minute=10**6, now=other.now())
    client = TestClient(application, headers={"Authorization": f"Bearer {key}"})
    page = client.get(f"/api/v1/models/{version}/dossier.html")
    assert page.status_code == 200, page.text
    assert page.text == dossier.to_html(shelf.dossier(system, version) or {})
    told = client.get(f"/api/v1/models/{version}/dossier").json()
    assert told["candidate"]["version"] == version
    assert asked == ["bring_dossier"]  # once: it is at hand then


def test_another_machine_goes_on_with_a_training_and_does_again_what_it_misses(tmp_path: Path) -> None:
    system = System.open(settings_at(tmp_path / "one"), Clock())
    first = weak_model(system.settings.models, list(NOTES[:6]))
    rollout.install(system, first, reason="test")
    import_gold(system, NOTES[30:60], source="a", by="ann")
    asked = Request("t_1", "person", "ann", "")
    training.request(system, asked)
    training.take_snapshot(system, "t_1")
    made = training.fit(system, "t_1")
    training.evaluate(system, "t_1")
    home = tmp_path / "two"
    shutil.copytree(system.settings.models / "first", home / "models" / "first")
    other = System(replace(system.settings, home=home), system.database, system.vault, system.now)
    verdict = training.judge(other, "t_1")  # as a worker there would, since the steps before are recorded as done
    assert training.facts(other, "t_1")["candidate"] == made
    assert training.facts(other, "t_1")["stage"] == "gate"
    here, there = (TrainingFolder.of(each, "t_1") for each in (system, other))
    own, theirs = (json.loads(folder.evidence.read_text())["sides"] for folder in (here, there))
    assert own[1]["test"] == theirs[1]["test"]
    shutil.rmtree(there.path)
    training.register(other, "t_1")
    assert training.facts(other, "t_1")["verdict"] == verdict
    assert Catalogue.of(system.settings).get(made).version == made
    system.close()


# The command line ----------------------------------------------------------------------------------------------------


def test_versions_are_listed_served_and_taken_back_by_command(
    taught: tuple[System, dict[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    system, outcome = taught
    monkeypatch.setenv("BEHEALTHY_HOME", str(system.settings.home))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    first, second = str(outcome["champion"]), str(outcome["candidate"])
    runner = CliRunner()

    def run(*arguments: str) -> dict[str, object]:
        done = runner.invoke(app, ["models", *arguments, "--json"], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return dict(json.loads(done.stdout))

    listed = run("list")
    assert listed["serving"] == second
    assert {e["version"]: e["aliases"] for e in listed["registered"]} == {first: ["previous"], second: ["champion"]}  # type: ignore[attr-defined, index]
    assert run("compare", first, second)["verdict"]["decision"] == "promote"  # type: ignore[index]
    assert run("rollback", "--reason", "test")["version"] == first
    assert run("promote", second, "--reason", "test")["previous"] == first
    released = run("history")["releases"]
    assert [r["version"] for r in released[:2]] == [second, first]  # type: ignore[index]
    for arguments in (["list"], ["compare", first, second], ["history"]):
        done = runner.invoke(app, ["models", *arguments], catch_exceptions=False)
        assert (done.exit_code, first in done.stdout) == (0, True)
    done = runner.invoke(app, ["models", "promote", "nobody-01234567", "--reason", "x"])
    assert done.exit_code == 1
    assert "no version nobody-01234567" in done.stderr

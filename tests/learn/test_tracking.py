"""Runs are kept by a real tracker, hold no text of a note, and a tracker that is away stops nothing."""

import inspect
import sqlite3
import time
from contextlib import suppress
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow import exceptions as mlflow_exceptions

from behealthy.errors import TrackingError
from behealthy.learn.crf import Recipe
from behealthy.learn.dataset import Knowledge
from behealthy.learn.evaluate import evaluate
from behealthy.learn.experiment import Outcome, run
from behealthy.learn.tracking import DataFacts, Recording, Tracker, code_version, mapped, masked
from behealthy.note import Extraction, entity_at

SENTINEL = "zyxomatic"
STARTED = "Started {} for {} today."
PAIRS = [("aspirin", "gout"), ("insulin", "diabetes"), ("heparin", "thrombosis"), ("lisinopril", "hypertension")]


def note(number: int) -> Extraction:
    """A note of two entities; the sentinel stands in the text beside them, and once in each note."""
    drug, disease = PAIRS[number % 4]
    text = STARTED.format(drug, disease) + f" {SENTINEL}{number} Vega was {SENTINEL}."
    at = {word: text.index(word) for word in (drug, disease)}
    entities = [entity_at(text, at[drug], at[drug] + len(drug), "TREATMENT", id="e1")]
    entities.append(entity_at(text, at[disease], at[disease] + len(disease), "DISEASE", id="e2"))
    return Extraction(f"n{number}", text, tuple(entities))


NOTES = [note(i) for i in range(12)]
RECIPE = Recipe(("DISEASE", "TREATMENT"), iterations=6, fewest=13)


def tracked(tracker: Tracker, output: Path, *, public: bool = False) -> Outcome:
    return run(NOTES, RECIPE, Knowledge(), name="trial", output=output, tracker=tracker, public=public, source="vega")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home folder")


@pytest.fixture(scope="module")
def tracker(store: Path) -> Tracker:
    return Tracker(f"sqlite:///{store / 'mlflow.db'}", store / "mlartifacts")


@pytest.fixture(scope="module")
def outcome(tracker: Tracker, store: Path) -> Outcome:
    return tracked(tracker, store / "model")


def stored(folder: Path) -> dict[str, bytes]:
    """Give every byte that a tracker keeps."""
    found = {}
    for path in folder.rglob("*"):
        with suppress(IsADirectoryError, FileNotFoundError):  # a journal is gone when its writer is done
            found[str(path.relative_to(folder))] = path.read_bytes()
    return found


def test_a_run_holds_what_is_needed_to_do_it_again(tracker: Tracker, outcome: Outcome) -> None:
    assert outcome.tracking_failure is None
    kept = MlflowClient(tracker.uri).get_run(outcome.run_id)
    assert kept.info.status == "FINISHED"
    assert kept.info.run_name == "trial"
    expected = {"types": "DISEASE, TREATMENT", "iterations": "6", "fewest": "13", "judged_by": outcome.judged_by}
    assert expected.items() <= kept.data.params.items()
    assert kept.data.params["data_hash"] == outcome.model.facts["data"]["hash"]
    assert kept.data.tags["model"] == outcome.model.version
    assert kept.data.tags["behealthy.version"]
    (used,) = kept.inputs.dataset_inputs
    assert used.dataset.name == "vega"
    assert outcome.model.facts["data"]["hash"].startswith(used.dataset.digest)
    assert '"documents": 12' in used.dataset.profile


def test_a_run_holds_the_figures_and_every_loss(tracker: Tracker, outcome: Outcome) -> None:
    client = MlflowClient(tracker.uri)
    metrics = client.get_run(outcome.run_id).data.metrics
    micro = outcome.report.micro
    assert metrics["micro/strict_f1"] == pytest.approx(micro.strict.f1)
    assert metrics["DISEASE/relaxed_recall"] == pytest.approx(outcome.report.types["DISEASE"].relaxed.recall)
    assert micro.strict.interval is not None
    assert metrics["micro/strict_f1_low"] == pytest.approx(micro.strict.interval[0])
    for stage in ("held-out part", "all documents"):
        losses = sorted(client.get_metric_history(outcome.run_id, f"loss/{stage}"), key=lambda m: m.step)
        assert [m.step for m in losses] == list(range(1, len(losses) + 1))
        assert len(losses) > 1
        assert losses[-1].value < losses[0].value


def test_a_run_holds_the_model(tracker: Tracker, outcome: Outcome, store: Path) -> None:
    kept = {p.name: p.read_bytes() for p in (store / "mlartifacts").rglob("artifacts/model/*")}
    assert kept == {p.name: p.read_bytes() for p in outcome.model.path.iterdir()}


def test_a_store_holds_no_text(outcome: Outcome, store: Path) -> None:
    assert SENTINEL in "".join(d.text for d in NOTES)
    kept = stored(store)
    assert any(name.endswith("mlflow.db") for name in kept)
    assert [name for name, content in kept.items() if SENTINEL.encode() in content] == []
    assert [name for name, content in kept.items() if b" for gout" in content] == []


def test_only_public_documents_are_quoted(tracker: Tracker, outcome: Outcome, tmp_path: Path) -> None:
    client = MlflowClient(tracker.uri)
    assert [f.path for f in client.list_artifacts(outcome.run_id)] == ["model"]
    public = tracked(tracker, tmp_path / "model", public=True)
    assert sorted(f.path for f in client.list_artifacts(public.run_id)) == ["mistakes.html", "model"]


def test_a_server_keeps_the_same(mlflow_server: tuple[str, Path], tmp_path: Path) -> None:
    url, folder = mlflow_server
    tracker = Tracker(url, tmp_path / "unused")
    tracker.check()
    outcome = tracked(tracker, tmp_path / "model")
    assert outcome.tracking_failure is None
    client = MlflowClient(url)
    kept = client.get_run(outcome.run_id)
    assert kept.data.metrics["micro/strict_f1"] == pytest.approx(outcome.report.micro.strict.f1)
    assert {f.path for f in client.list_artifacts(outcome.run_id, "model")} == {
        f"model/{p.name}" for p in outcome.model.path.iterdir()
    }
    assert not (tmp_path / "unused").exists()
    assert [name for name, content in stored(folder).items() if SENTINEL.encode() in content] == []


@pytest.mark.parametrize(
    "uri", ["http://ann:hush@127.0.0.1:9", "sqlite:////proc/none/mlflow.db", "postgresql://ann:hush@127.0.0.1:9/d"]
)
def test_a_tracker_that_is_away_stops_nothing(uri: str, tmp_path: Path) -> None:
    tracker = Tracker(uri, tmp_path / "artifacts")
    begin = time.monotonic()
    outcome = tracked(tracker, tmp_path / "model")
    assert time.monotonic() - begin < 240  # some seconds; as MLflow is by itself, it would try for five minutes
    assert isinstance(outcome.tracking_failure, TrackingError)
    assert "hush" not in str(outcome.tracking_failure)
    assert "\n" not in str(outcome.tracking_failure)
    assert outcome.run_id is None
    assert outcome.model.path == tmp_path / "model"
    with pytest.raises(TrackingError, match=r"^tracker (http|sqlite|postgresql)://"):
        tracker.check()


def test_a_tracker_that_goes_away_keeps_what_it_has(tmp_path: Path) -> None:
    tracker = Tracker(f"sqlite:///{tmp_path / 'mlflow.db'}", tmp_path / "artifacts")
    with Recording(tracker, "trial") as record:
        record.parameters({"a": 1})
        with sqlite3.connect(tmp_path / "mlflow.db") as database:
            database.execute("drop table params")
        record.parameters({"b": {"c": 2}})
        assert record.failure is not None
        first = record.failure
        record.loss("x", 1, 0.5)
        record.page("<p>", "page.html")
    assert record.failure is first


@pytest.mark.parametrize(("exc", "status"), [(ValueError, "FAILED"), (KeyboardInterrupt, "KILLED")])
def test_a_run_that_breaks_off_is_not_left_running(exc: type[BaseException], status: str, tracker: Tracker) -> None:
    with pytest.raises(exc), Recording(tracker, "broken") as record:  # noqa: PT012
        record.loss("x", 1, 0.25)
        raise exc
    run = MlflowClient(tracker.uri).get_run(record.run_id)
    assert (run.info.status, run.data.metrics) == (status, {"loss/x": 0.25})


def test_no_tracker_records_nothing(tmp_path: Path) -> None:
    with Recording(None, "trial") as record:
        record.parameters({"a": 1})
        record.data(DataFacts.of("d", "h", NOTES), "training")
        record.loss("x", 1, 0.5)
        record.figures(evaluate(NOTES, NOTES, resamples=0))
        record.folder(tmp_path, "f")
    assert (record.run_id, record.failure) == (None, None)


@pytest.mark.parametrize(
    "name", [n for n, c in inspect.getmembers(mlflow_exceptions, inspect.isclass) if issubclass(c, Exception)]
)
def test_every_error_of_mlflow_is_mapped(name: str) -> None:
    kind = getattr(mlflow_exceptions, name)
    made = kind.__new__(kind)
    Exception.__init__(made, "no such thing at sqlite:///x")
    with pytest.raises(TrackingError, match=r"^tracker sqlite:///x: ") as caught, mapped("sqlite:///x"):
        raise made
    assert caught.value.__cause__ is made


def test_a_password_is_shown_nowhere() -> None:
    uri = "https://ann:hush@host:5000/mlflow"
    assert masked(uri) == "https://host:5000/mlflow"
    assert "hush" not in repr(Tracker(uri, Path()))
    with pytest.raises(TrackingError) as caught, mapped(uri):
        raise OSError(f"no answer from {uri}/api, tried hush twice")
    assert "hush" not in str(caught.value)


def test_what_data_is_used_is_told_in_numbers() -> None:
    facts = DataFacts.of("set", "abc", NOTES)
    assert facts.to_json() == {
        "name": "set",
        "hash": "abc",
        "documents": 12,
        "characters": sum(len(d.text) for d in NOTES),
        "entities": {"DISEASE": 12, "TREATMENT": 12},
    }


def test_the_version_of_the_code_is_known() -> None:
    version = code_version()
    assert version["behealthy.version"]
    if "mlflow.source.git.commit" in version:
        assert len(version["mlflow.source.git.commit"]) == 40

"""The commands around a model: evaluate is a contract, train keeps what it made, doctor says what is wrong."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from behealthy.cli import app
from behealthy.cli.options import spread
from behealthy.data.formats import read_corpus, write_corpus
from behealthy.note import Extraction, entity_at
from behealthy.registry.folder import MANIFEST

ROOT = Path(__file__).resolve().parent.parent
NOTE = "She takes lisinopril for hypertension . His asthma needs albuterol . MRI today ."
SPANS = [("lisinopril", "treatment"), ("hypertension", "problem"), ("asthma", "problem"), ("albuterol", "treatment")]
MAP = ("--map", "problem=DISEASE", "--map", "treatment=TREATMENT")


pytestmark = pytest.mark.usefixtures("home")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments])


def document(id_: str = "a") -> Extraction:
    """A note with what a corpus of its own convention marks in it, a test among it that is neither."""
    spans = [*SPANS, ("MRI", "test")]
    entities = [entity_at(NOTE, NOTE.index(w), NOTE.index(w) + len(w), kind, id=w) for w, kind in spans]
    return Extraction(id_, NOTE, tuple(entities))


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    write_corpus([document()], tmp_path / "gold.jsonl", "jsonl")
    return tmp_path / "gold.jsonl"


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few of our own example notes, to train on."""
    place = tmp_path_factory.mktemp("few") / "notes"
    write_corpus(read_corpus(ROOT / "examples" / "notes", "brat").documents[:6], place, "brat")
    return place


# evaluate ------------------------------------------------------------------------------------------------------------

TARGETS = {"conll": "g.conll", "brat": "g", "pubtator": "g.pubtator", "biotext": "g", "jsonl": "g.jsonl"}


@pytest.mark.parametrize("form", sorted(TARGETS))
def test_a_model_is_judged_by_documents_of_every_format(form: str, tmp_path: Path) -> None:
    write_corpus([document()], tmp_path / "corpus" / TARGETS[form], form)
    path = tmp_path / "corpus" / ("g" if form == "brat" else "")
    command = [Path(sys.executable).with_name("behealthy"), "evaluate", path, "--format", form, *MAP, "--json"]
    done = subprocess.run(list(map(str, command)), capture_output=True, env=os.environ)
    assert (done.returncode, done.stderr) == (0, b"")
    report = json.loads(done.stdout)
    assert set(report) >= {"micro", "DISEASE", "TREATMENT", "documents", "model"}
    assert "test" not in report
    for figures in (report["micro"], report["DISEASE"], report["TREATMENT"]):
        for match in ("strict", "relaxed"):
            assert set(figures[match]) >= {"precision", "recall", "f1", "n"}
    assert (report["micro"]["strict"]["n"], report["DISEASE"]["strict"]["n"]) == (4, 2)
    assert report["micro"]["relaxed"]["f1"] == 1


def report(*arguments: object) -> dict[str, Any]:
    done = run("evaluate", *arguments, "--json")
    assert done.exit_code == 0, done.stderr
    out: dict[str, Any] = json.loads(done.stdout)
    return out


def test_a_folder_is_a_document_a_file(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        write_corpus([document(name)], tmp_path / "corpus" / f"{name}.jsonl", "jsonl")
    assert report(tmp_path / "corpus", "--format", "jsonl", *MAP)["documents"] == 3


def test_maps_may_follow_one_another(gold: Path) -> None:
    both = report(gold, "--format", "jsonl", *MAP)
    assert report("--map", "problem=DISEASE", "treatment=TREATMENT", "--format", "jsonl", gold) == both
    assert report(gold, "--format", "jsonl", "--labels", "mtsamples") == both
    one = report(gold, "--format", "jsonl", "--map", "problem=DISEASE")
    assert (one["micro"]["n"], "TREATMENT" in one) == (2, False)
    assert one["DISEASE"] == both["DISEASE"]


def test_only_pairs_behind_a_map_are_maps() -> None:
    assert spread(["a=b", "--map", "x=y", "z=w", "path", "c=d"]) == ["a=b", *"--map x=y --map z=w path c=d".split()]
    assert spread(["--map=x=y", "z=w"]) == ["--map=x=y", "--map", "z=w"]


def test_types_and_determiners(gold: Path) -> None:
    assert set(report(gold, "--format", "jsonl", *MAP, "--types", "DISEASE")["types"]) == {"DISEASE"}
    assert set(report(gold, "--format", "jsonl", *MAP, "--types", "DISEASE, TREATMENT")["types"]) == {
        "DISEASE",
        "TREATMENT",
    }
    his = Extraction("a", NOTE, (entity_at(NOTE, NOTE.index("His"), NOTE.index("needs") - 1, "DISEASE"),))
    write_corpus([his], gold, "jsonl")
    assert report(gold, "--format", "jsonl")["DISEASE"]["strict"]["recall"] == 0
    trimmed = report(gold, "--format", "jsonl", "--trim-determiners")
    assert (trimmed["DISEASE"]["strict"]["recall"], trimmed["trimmed"]) == (1, True)


def test_intervals_can_be_left_out(tmp_path: Path) -> None:
    write_corpus([document("a"), document("b")], tmp_path / "g.jsonl", "jsonl")
    assert report(tmp_path / "g.jsonl", "--format", "jsonl", *MAP)["micro"]["strict"]["interval"]
    without = report(tmp_path / "g.jsonl", "--format", "jsonl", *MAP, "--no-intervals")
    assert without["micro"]["strict"]["interval"] is None


def test_without_json_it_is_a_table_that_fits_a_terminal(gold: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    write_corpus([document("a"), document("b")], gold, "jsonl")
    done = run("evaluate", gold, "--format", "jsonl", *MAP)
    rows = [line.split() for line in done.stdout.splitlines()]
    assert ["TREATMENT", "4"] in [row[:2] for row in rows]
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_mistakes_are_shown_beside_the_figures(gold: Path, tmp_path: Path) -> None:
    command = ("evaluate", gold, "--format", "jsonl", "--map", "test=DISEASE")
    done = run(*command, "--json", "--show-errors", "--errors", tmp_path / "errors.html")
    assert json.loads(done.stdout)
    assert "False negatives: 1" in done.stderr
    assert "mri" in (tmp_path / "errors.html").read_text()
    assert "False negatives: 1" in run(*command, "--show-errors").stdout


def test_what_of_a_corpus_is_left_out_is_listed(tmp_path: Path) -> None:
    write_corpus([document()], tmp_path / "c" / "good.jsonl", "jsonl")
    (tmp_path / "c" / "bad.jsonl").write_text('{"text": "secret words"\n')
    done = run("evaluate", tmp_path / "c", "--format", "jsonl", *MAP, "--json")
    assert done.exit_code == 3
    assert json.loads(done.stdout)["rejected"] == 1
    assert f"rejected: {tmp_path / 'c' / 'bad.jsonl'}:1: not JSON" in done.stderr
    assert "secret" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (["{}", "--format", "jsonl", "--map", "D"], 2, "'D' is not OLD=NEW"),
        (["{}", "--format", "jsonl", "--labels", "unheard"], 2, "'unheard' is none of biotext"),
        (["{}", "--format", "xml"], 2, "xml"),
        (["{}"], 2, "--format"),
        (["{}", "--format", "jsonl", "--model", "nosuch"], 1, "error: bundle nosuch"),
        (["{}.away", "--format", "jsonl"], 1, "no such file or folder"),
        (["{}", "--format", "pubtator"], 1, "error: "),
    ],
)
def test_a_wrong_evaluation_is_refused(arguments: list[str], code: int, reason: str, gold: Path) -> None:
    done = run("evaluate", *(a.format(gold) for a in arguments), "--json")
    assert (done.exit_code, done.stdout) == (code, "")
    assert reason in done.stderr
    assert "lisinopril" not in done.stderr


def test_types_that_never_meet_are_told_of(gold: Path) -> None:
    done = run("evaluate", gold, "--format", "jsonl")
    assert done.exit_code == 0
    assert "the documents have problem, test, treatment and the model finds DISEASE, TREATMENT" in done.stderr


# train and models ----------------------------------------------------------------------------------------------------


def test_a_model_is_trained_kept_and_used(notes: Path, home: Path) -> None:
    done = run("train", notes, "--format", "brat", "--name", "ours", "--iterations", 12, "--no-tracking")
    assert done.exit_code == 0, done.stderr
    assert f"The model is in {home / 'models' / 'ours'}" in done.stdout
    assert "Training 2 of 2: all documents" in done.stderr
    assert "figures are of models that had not seen theirs" in done.stderr
    assert not (home / "mlflow.db").exists()
    listed = json.loads(run("models", "list", "--json").stdout)["models"]
    assert [(m["name"], m["shipped"]) for m in listed] == [("starter", True), ("ours", False)]
    shown = json.loads(run("models", "show", "ours", "--json").stdout)
    assert shown == listed[1]
    assert shown["data"]["documents"] == 6
    assert shown["recipe"]["iterations"] == 12
    assert "judged by" in run("models", "show", "ours").stdout
    assert "ours" in run("models", "list").stdout
    used = report(notes, "--format", "brat", "--model", "ours")
    assert used["model"] == shown["version"]
    assert used["micro"]["strict"]["f1"] > shown["metrics"]["micro"]["strict"]["f1"]


def test_the_options_of_a_training_are_taken(notes: Path, tmp_path: Path) -> None:
    options = ("--iterations", 2, "--l2", 3, "--trainer", "crfsuite", "--seed", 4, "--no-tracking", "--json")
    done = run("train", notes, "--format", "brat", "--folds", 2, "-o", tmp_path / "m", *options)
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["judged_by"], told["path"], told["run_id"]) == ("2 folds of 6 documents", str(tmp_path / "m"), None)
    shown = json.loads(run("models", "show", tmp_path / "m", "--json").stdout)
    assert {"trainer": "crfsuite", "iterations": 2, "l2": 3}.items() <= shown["recipe"].items()
    assert shown["metrics"]["micro"]["n"] == told["micro"]["n"]


def test_a_test_set_judges_and_nothing_is_held_out(notes: Path, tmp_path: Path) -> None:
    done = run(
        *("train", notes, "--format", "brat", "--test", notes, "--map", "DISEASE=PROBLEM", "--iterations", 2),
        *("-o", tmp_path / "m", "--no-tracking", "--json"),
    )
    told = json.loads(done.stdout)
    assert told["judged_by"] == "6 documents of their own"
    assert set(told["types"]) == {"PROBLEM"}
    assert "had not seen" not in done.stderr


def test_a_training_without_its_tracker_is_done_but_not_good(notes: Path, tmp_path: Path) -> None:
    options = ("--iterations", 2, "-o", tmp_path / "m", "--tracking-uri", "http://127.0.0.1:9")
    done = run("train", notes, "--format", "brat", *options)
    assert done.exit_code == 3
    assert (tmp_path / "m" / MANIFEST).exists()
    assert "error: the run is not recorded, or not all of it: tracker http://127.0.0.1:9" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (["--name", "../out"], 2, "cannot name a model"),
        (["--name", "starter"], 2, "cannot name a model"),
        (["--holdout", "1.5"], 2, "not a share"),
        (["--holdout", "nan"], 2, "not a share"),
        (["--folds", "1"], 2, "--folds"),
        (["--folds", "3", "--holdout", "0.2"], 2, "choose one"),
        (["--folds", "7"], 1, "6 documents are 6 groups; parting them takes at least 7"),
        (["--map", "GENE=X"], 1, "none of the types"),
        (["--output", "{}"], 1, "holds something else"),
    ],
)
def test_a_wrong_training_is_refused(arguments: list[str], code: int, reason: str, notes: Path, home: Path) -> None:
    given = (a.format(notes) for a in arguments)
    done = run("train", notes, "--format", "brat", "--no-tracking", "--iterations", 1, *given)
    assert (done.exit_code, done.stdout) == (code, "")
    assert reason in done.stderr
    assert not home.exists()


def test_an_unusable_model_is_listed_as_such(home: Path) -> None:
    (home / "models" / "broken").mkdir(parents=True)
    done = run("models", "list")
    assert done.exit_code == 3
    assert "rejected: bundle" in done.stderr
    assert run("models", "show", "broken").exit_code == 1

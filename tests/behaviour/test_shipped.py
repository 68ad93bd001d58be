"""The model that ships: small, quick to load, says where it comes from, and knows the notes it was made of."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import behealthy
from behealthy.data.formats import read_corpus
from behealthy.learn.evaluate import evaluate
from behealthy.note import DISEASE, TREATMENT, Note
from behealthy.registry.bundle import STARTER, Model, knowledge_versions, load_model, package_folder

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "notes"


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model(package_folder(STARTER))


def test_it_is_small() -> None:
    assert sum(f.stat().st_size for f in package_folder(STARTER).iterdir()) <= 8 * 2**20


def test_it_loads_within_a_second(seconds_of_process: Callable[..., float]) -> None:
    """In processor time, so that a busy machine does not matter; the imports are counted in."""
    command = [sys.executable, "-c", "import behealthy; behealthy.load()"]
    assert seconds_of_process(lambda: subprocess.run(command, check=True)) < 1  # usually a quarter


def test_its_facts_say_what_it_is_made_of(model: Model) -> None:
    data, metrics = model.facts["data"], model.facts["metrics"]
    assert len(data["hash"]) == 64
    assert data["documents"] == sum(data["sources"].values()) > 0
    assert model.facts["knowledge"] == knowledge_versions()
    assert model.facts["recipe"]["types"] == [DISEASE, TREATMENT]
    assert metrics["judged_by"]
    for match in ("strict", "relaxed"):
        assert 0.5 < metrics["micro"][match]["f1"] < 1
    assert model.version.startswith(f"{STARTER}-")


def test_it_knows_the_notes_it_was_made_of() -> None:
    """Seen notes: this says nothing of its worth, only that model, dictionary and tokens belong together."""
    gold = read_corpus(EXAMPLES, "brat").documents
    found = list(behealthy.load().pipe([Note(d.note_id, d.text) for d in gold]))
    assert evaluate(gold, found, resamples=0).micro.strict.f1 > 0.9

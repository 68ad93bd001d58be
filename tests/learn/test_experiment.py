"""The story of a training: honest figures, a model that was taught by everything, and nothing lost on the way."""

from dataclasses import replace
from pathlib import Path

import pytest

from behealthy.data.formats import read_corpus
from behealthy.data.lineage import data_hash
from behealthy.errors import BadInput, ForeignBundle, TrainingError
from behealthy.learn import experiment
from behealthy.learn.crf import Recipe
from behealthy.learn.dataset import Knowledge
from behealthy.learn.evaluate import evaluate
from behealthy.learn.experiment import FINAL, Measure, Outcome, run
from behealthy.note import Extraction
from behealthy.registry.bundle import knowledge_versions, load, load_lexicon
from behealthy.registry.models import card

ROOT = Path(__file__).resolve().parents[2]
RECIPE = Recipe(("DISEASE", "TREATMENT"), iterations=12)


@pytest.fixture(scope="module")
def notes() -> list[Extraction]:
    """Ten of our own example notes, with gold."""
    return list(read_corpus(ROOT / "examples" / "notes", "brat").documents[:10])


@pytest.fixture(scope="module")
def seen(notes: list[Extraction], tmp_path_factory: pytest.TempPathFactory) -> tuple[Outcome, list[tuple[str, int]]]:
    """An experiment with part of the notes held out, and the progress that it told."""
    told: list[tuple[str, int]] = []
    outcome = run(
        notes,
        RECIPE,
        Knowledge(load_lexicon()),
        name="trial",
        output=tmp_path_factory.mktemp("out") / "model",
        progress=lambda stage, iteration, loss: told.append((stage, iteration)),
    )
    return outcome, told


def test_the_figures_are_of_the_held_out_notes_alone(
    seen: tuple[Outcome, list[tuple[str, int]]], notes: list[Extraction]
) -> None:
    outcome, _ = seen
    assert len(outcome.gold) == 2
    assert all(document in notes for document in outcome.gold)
    assert outcome.report == evaluate(outcome.gold, outcome.predicted, types=RECIPE.types)
    assert outcome.judged_by == "20% held out of 10 documents"


def test_the_model_is_trained_on_all_notes(seen: tuple[Outcome, list[tuple[str, int]]]) -> None:
    outcome, _ = seen
    extractor = load(outcome.model.path)
    again = [extractor(document.text) for document in outcome.gold]
    known = evaluate([replace(d, note_id="") for d in outcome.gold], again, types=RECIPE.types)
    assert known.micro.strict.f1 > outcome.report.micro.strict.f1 + 0.1
    assert outcome.trained_on_all


def test_the_model_tells_how_it_was_made(seen: tuple[Outcome, list[tuple[str, int]]], notes: list[Extraction]) -> None:
    outcome, _ = seen
    facts = card(outcome.model.path)
    assert facts.data["hash"] == data_hash(notes)
    assert facts.data["documents"] == 10
    assert facts.data["entities"]["DISEASE"] == sum(e.type == "DISEASE" for d in notes for e in d.entities)
    assert facts.recipe["iterations"] == 12
    assert facts.metrics["micro"]["strict"]["f1"] == outcome.report.micro.strict.f1
    assert facts.metrics["judged_by"] == outcome.judged_by
    assert facts.knowledge == {"lexicon": knowledge_versions()["lexicon"]}


def test_progress_is_told_for_each_training(seen: tuple[Outcome, list[tuple[str, int]]]) -> None:
    _, told = seen
    assert list(dict.fromkeys(stage for stage, _ in told)) == ["held-out part", FINAL]
    for stage in ("held-out part", FINAL):
        counted = [iteration for s, iteration in told if s == stage]
        assert counted == list(range(1, len(counted) + 1))
        assert 0 < len(counted) <= 12


def test_the_same_experiment_gives_the_same_model(
    seen: tuple[Outcome, list[tuple[str, int]]], notes: list[Extraction], tmp_path: Path
) -> None:
    again = run(notes, RECIPE, Knowledge(load_lexicon()), name="trial", output=tmp_path / "m")
    assert again.model.version == seen[0].model.version
    assert again.report == seen[0].report


def test_folds_judge_every_note(notes: list[Extraction], tmp_path: Path) -> None:
    quick = replace(RECIPE, iterations=2)
    outcome = run(notes, quick, Knowledge(), name="t", output=tmp_path / "m", measure=Measure(folds=3))
    assert sorted(d.note_id for d in outcome.gold) == sorted(d.note_id for d in notes)
    assert [d.note_id for d in outcome.gold] == [d.note_id for d in outcome.predicted]
    assert outcome.judged_by == "3 folds of 10 documents"


def test_groups_are_kept_together(notes: list[Extraction]) -> None:
    patients = ["one"] * 5 + ["two"] * 5
    parts = Measure(holdout=0.5, groups=patients).parts(notes)
    ((_, judged),) = parts.values()
    assert judged in (notes[:5], notes[5:])


def test_with_documents_of_their_own_one_training_is_enough(notes: list[Extraction], tmp_path: Path) -> None:
    told: list[str] = []
    outcome = run(
        notes[:7],
        replace(RECIPE, iterations=3, head_per_type=True),
        Knowledge(),
        name="t",
        output=tmp_path / "m",
        test=notes[7:],
        progress=lambda stage, iteration, _: told.append(f"{stage} {iteration}"),
    )
    assert outcome.gold == tuple(notes[7:])
    assert outcome.judged_by == "3 documents of their own"
    assert not outcome.trained_on_all
    assert told == [f"{FINAL} {i}" for i in range(1, len(told) + 1)]
    assert len(outcome.model.weights.heads) == 2


def test_nothing_is_trained_when_the_model_could_not_be_kept(
    notes: list[Extraction], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "thesis.txt").touch()
    monkeypatch.setattr(experiment, "train", lambda *_: pytest.fail("trained in vain"))
    with pytest.raises(ForeignBundle):
        run(notes, RECIPE, Knowledge(), name="t", output=tmp_path)


def test_what_cannot_become_a_model_is_refused(notes: list[Extraction], tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="none of the types GENE"):
        run(notes, replace(RECIPE, types=("GENE",)), Knowledge(), name="t", output=tmp_path / "m")
    with pytest.raises(BadInput, match="1 documents are 1 groups"):
        run(notes[:1], RECIPE, Knowledge(), name="t", output=tmp_path / "m")
    assert not (tmp_path / "m").exists()

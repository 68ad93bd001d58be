"""One experiment from start to end: part the documents, train, judge, train on all, keep the model, record it.

The figures always come from documents that their model has not seen. This module refuses to read files of annotations
and to choose a recipe.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from behealthy.data.lineage import data_hash, fingerprints
from behealthy.data.split import Part, folds, holdout
from behealthy.errors import TrackingError
from behealthy.extract.extractor import Extractor
from behealthy.extract.tagger import Weights
from behealthy.learn.crf import Recipe, train
from behealthy.learn.dataset import Knowledge
from behealthy.learn.evaluate import Report, evaluate
from behealthy.learn.mistakes import Mistakes, browse, to_html
from behealthy.learn.tracking import DataFacts, Recording, Tracker
from behealthy.note import Extraction, Note
from behealthy.registry.bundle import Model, knowledge_versions, load_model, save_model
from behealthy.registry.models import refuse_taken

Progress = Callable[[str, int, float], None]  # stage, iteration, loss

FINAL = "all documents"


@dataclass(frozen=True, slots=True)
class Measure:
    """How the figures are come by: on a share that is held out, or, with ``folds`` above 1, by cross-validation.

    Attributes
    ----------
    groups : sequence of str, optional
        The group of each document, such as its patient; by default its id. A group is never torn apart.
    """

    holdout: float = 0.2
    folds: int = 0
    seed: int = 0
    groups: Sequence[str] | None = None

    def parts(self, documents: Sequence[Extraction]) -> dict[str, Part]:
        """When called, it will give the trainings that judge a recipe: documents to learn from and to judge by."""
        if self.folds:
            parts = folds(documents, self.folds, seed=self.seed, groups=self.groups)
            return {f"fold {i} of {self.folds}": part for i, part in enumerate(parts, 1)}
        return {"held-out part": holdout(documents, self.holdout, seed=self.seed, groups=self.groups)}

    def __str__(self) -> str:
        return f"{self.folds} folds" if self.folds else f"{self.holdout:.0%} held out"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an experiment.

    Attributes
    ----------
    judged_by : str
        Where the figures come from, in words.
    trained_on_all : bool
        Whether the model has seen the documents that its recipe was judged by.
    run_id : str or None
        Of the tracker.
    tracking_failure : TrackingError or None
        Why the experiment is not, or not wholly, recorded.
    """

    model: Model
    report: Report
    judged_by: str
    gold: tuple[Extraction, ...]
    predicted: tuple[Extraction, ...]
    trained_on_all: bool = True
    run_id: str | None = None
    tracking_failure: TrackingError | None = None


def run(
    documents: Sequence[Extraction],
    recipe: Recipe,
    knowledge: Knowledge,
    *,
    name: str,
    output: Path,
    test: Sequence[Extraction] | None = None,
    measure: Measure | None = None,
    source: str = "",
    public: bool = False,
    tracker: Tracker | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """When called, it will judge a recipe on unseen documents, train the model on all of them and leave it at `output`.

    Parameters
    ----------
    name : str
        Of the model.
    test : sequence of Extraction, optional
        Documents to judge by. Without them `measure` says which of `documents` judge the recipe.
    source : str
        What the data set is called.
    public : bool
        Whether everybody may read the documents; only then are mistakes shown in the tracker.

    Raises
    ------
    TrainingError
        When the documents hold none of the wanted types.
    BadInput
        When the documents cannot be parted.
    BundleError
        When something else is at `output`.
    """
    refuse_taken(output)
    measure = measure or Measure()
    parts = measure.parts(documents) if test is None else {FINAL: (list(documents), list(test))}
    judged_by = f"{measure} of {len(documents)} documents" if test is None else f"{len(test)} documents of their own"
    facts = DataFacts.of(source or name, data_hash(documents), documents)
    with Recording(tracker, name) as record:
        _record_plan(record, recipe, facts, judged_by, test)
        gold: list[Extraction] = []
        predicted: list[Extraction] = []
        for stage, (learned, judged) in parts.items():
            weights = _trained(learned, recipe, knowledge, stage, record, progress)
            gold += judged
            predicted += predictions(weights, knowledge, judged)
        report = evaluate(gold, predicted, types=recipe.types)
        if test is None:
            weights = _trained(documents, recipe, knowledge, FINAL, record, progress)
        taught = {*fingerprints(documents), *knowledge.seen}
        save_model(output, weights, _facts(name, recipe, knowledge, facts, report, judged_by, taught))
        model = load_model(output)
        _record_result(record, model, report, browse(gold, predicted) if public else None)
    return Outcome(model, report, judged_by, tuple(gold), tuple(predicted), test is None, record.run_id, record.failure)


def predictions(weights: Weights, knowledge: Knowledge, documents: Sequence[Extraction]) -> list[Extraction]:
    """When called, it will give what a model finds in the documents' texts."""
    extractor = Extractor(weights, knowledge.lexicon, knowledge.classes)
    return list(extractor.pipe(Note(d.note_id, d.text) for d in documents))


def _record_plan(
    record: Recording, recipe: Recipe, facts: DataFacts, judged_by: str, test: Sequence[Extraction] | None
) -> None:
    record.parameters(recipe.to_json() | {"judged_by": judged_by, "data_hash": facts.hash})
    record.data(facts, "training")
    if test is not None:
        record.data(DataFacts.of(f"{facts.name} test", data_hash(test), test), "test")


def _record_result(record: Recording, model: Model, report: Report, mistakes: Mistakes | None) -> None:
    record.figures(report)
    record.tags({"model": model.version})
    record.folder(model.path, "model")
    if mistakes is not None:
        record.page(to_html(mistakes, f"Mistakes of {model.version}"), "mistakes.html")


def _trained(
    documents: Sequence[Extraction],
    recipe: Recipe,
    knowledge: Knowledge,
    stage: str,
    record: Recording,
    progress: Progress | None,
) -> Weights:
    done = 0  # a recipe with a head for each type counts from 1 again for each

    def report(_: int, loss: float) -> None:
        nonlocal done
        done += 1
        record.loss(stage, done, loss)
        if progress is not None:
            progress(stage, done, loss)

    return train(documents, recipe, knowledge, report)


def _facts(
    name: str,
    recipe: Recipe,
    knowledge: Knowledge,
    data: DataFacts,
    report: Report,
    judged_by: str,
    taught: set[str],
) -> Mapping[str, Any]:
    used = {"lexicon": knowledge.lexicon, "classes": knowledge.classes}
    return {
        "name": name,
        "recipe": recipe.to_json(),
        "data": {**data.to_json(), "seen": sorted(taught)},
        "metrics": report.to_json() | {"judged_by": judged_by},
        "knowledge": {part: v for part, v in knowledge_versions().items() if used[part] is not None},
    }

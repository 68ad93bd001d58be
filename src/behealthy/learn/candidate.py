"""Make a candidate from gold: learn on from the first model of the champion's line, and calibrate what comes of it.

The recipe is the champion's. Where the first model can be learned on from it is (`learn.adapt`), else the candidate is
trained from nothing. Scores are calibrated, and figures come, from models that had not seen the notes they are judged
by: the notes in a few parts, each read by a model of the others. This module refuses to say whether the candidate is
any good; see `learn.gate`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from behealthy.data.lineage import data_hash, fingerprints, seen
from behealthy.data.split import folds
from behealthy.errors import TrainingError
from behealthy.extract.tagger import Weights
from behealthy.learn import calibrate, crf
from behealthy.learn.adapt import adapt, adaptable
from behealthy.learn.calibrate import Calibration
from behealthy.learn.crf import Recipe
from behealthy.learn.dataset import Knowledge
from behealthy.learn.evaluate import Report, evaluate
from behealthy.learn.experiment import predictions
from behealthy.learn.starter import with_capitals
from behealthy.note import Extraction
from behealthy.registry.bundle import Model, load_classes, load_lexicon

Progress = Callable[[str, int, float], None]  # stage, iteration, loss

NAME = "learned"
PARTS = 3
FEWEST_PATIENTS = 3  # that must share a word before a model that is made from the store may hold it
FEWEST = 12  # documents below which no part is held out

_DONE = "candidate"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model that was just made.

    Attributes
    ----------
    facts : mapping
        What its bundle will say of itself.
    report : Report or None
        Figures on the parts that were held out; None where the documents were too few.
    """

    weights: Weights
    facts: Mapping[str, Any]
    calibration: Calibration
    report: Report | None


def recipe_of(model: Model) -> Recipe:
    """When called, it will give the recipe that a bundle was made by, for notes of patients.

    Raises
    ------
    TrainingError
        When it is of another version of this package.
    """
    told = dict(model.facts["recipe"])
    unknown = set(told) - {f.name for f in fields(Recipe)}
    if unknown or "types" not in told:
        raise TrainingError(f"the recipe of {model.version} cannot be used again: {', '.join(sorted(unknown))}")
    return Recipe(**{**told, "types": tuple(told["types"]), "fewest_patients": FEWEST_PATIENTS})


def first_of_line(model: Model) -> str:
    """When called, it will give the version that a model's line began with: itself, where it was made from nothing."""
    return str(model.facts.get("adapted_from", model.version))


def make(
    first: Model,
    documents: Sequence[Extraction],
    data: Mapping[str, Any],
    progress: Progress | None = None,
) -> Candidate:
    """When called, it will make a candidate of all documents.

    The same model, documents and facts give the same candidate, to the last bit.

    Parameters
    ----------
    first : Model
        Where the line begins; see `first_of_line`.
    data : mapping
        What to say of the documents: ``name``, ``snapshot``, ``sources``.

    Raises
    ------
    TrainingError
        When the documents hold none of the types.
    """
    recipe = recipe_of(first)
    knowledge = _knowledge(first)
    weights = _taught(first, documents, recipe, knowledge, _DONE, progress)
    gold, predicted, expected = _held_out(first, documents, recipe, knowledge, progress)
    calibration, report, metrics = calibrate.IDENTITY, None, {}
    if gold:
        calibration = calibrate.fit(calibrate.spans(gold, predicted), expected, len(gold))
        report = evaluate(gold, predicted, types=recipe.types)
        metrics = {"judged_by": f"{PARTS} parts of the {len(gold)} training notes", **report.to_json()}
    taught = {*fingerprints(documents), *first.facts["data"].get("seen", ())}
    facts = {
        "name": NAME,
        "recipe": recipe.to_json(),
        "data": {**data, "hash": data_hash(documents), "documents": len(documents), "seen": sorted(taught)},
        "knowledge": dict(first.facts["knowledge"]),
        "metrics": metrics,
        "calibration": calibration.to_json() if gold else {},
    }
    if adaptable(first.weights, recipe):
        facts["adapted_from"] = first.version
    return Candidate(weights, facts, calibration, report)


def _knowledge(first: Model) -> Knowledge:
    uses = first.facts["knowledge"]
    base = first.weights.base if first.weights.hears == "opinion" else None
    return Knowledge(load_lexicon() if "lexicon" in uses else None, load_classes() if "classes" in uses else None, base)


def _taught(
    first: Model,
    documents: Sequence[Extraction],
    recipe: Recipe,
    knowledge: Knowledge,
    stage: str,
    progress: Progress | None,
) -> Weights:
    def report(iteration: int, loss: float) -> None:
        if progress is not None:
            progress(stage, iteration, loss)

    everything = with_capitals(documents)
    if adaptable(first.weights, recipe):
        return adapt(first.weights, everything, recipe, knowledge, report)
    return crf.train(everything, recipe, knowledge, report)


def _held_out(
    first: Model,
    documents: Sequence[Extraction],
    recipe: Recipe,
    knowledge: Knowledge,
    progress: Progress | None,
) -> tuple[list[Extraction], list[Extraction], float]:
    """Gold, what models that had not seen it found, and how many entities these expected in all.

    Notes that the first model has learned from are never held out: nothing that learns on from it is new to them.
    """
    fresh = [d for d in documents if not seen(first.facts, [d])]
    gold: list[Extraction] = []
    predicted: list[Extraction] = []
    expected = 0.0
    groups = [d.patient_id or d.note_id for d in fresh]
    if len(fresh) < FEWEST or len({*groups}) < PARTS:
        return gold, predicted, expected
    for i, (_, held) in enumerate(folds(fresh, PARTS, groups=groups), 1):
        out = {id(d) for d in held}
        learned = [d for d in documents if id(d) not in out]
        if not any(e.type in recipe.types for d in learned for e in d.entities):
            continue
        weights = _taught(first, learned, recipe, knowledge, f"part {i} of {PARTS}", progress)
        gold += held
        predicted += predictions(weights, knowledge, held)
        expected += float(calibrate.expected_entities(weights, knowledge, [d.text for d in held]).sum())
    return gold, predicted, expected

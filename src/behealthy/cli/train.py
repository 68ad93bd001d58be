"""``behealthy train``: annotated documents in, a judged model out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from behealthy.cli import terminal
from behealthy.cli.evaluate import figures
from behealthy.cli.options import CorpusPath, FormatOption, JsonOption, LabelsOption, MapOption, label_map, read
from behealthy.errors import TrainingError
from behealthy.settings import Settings

if TYPE_CHECKING:
    from behealthy.learn.crf import Recipe
    from behealthy.learn.dataset import Knowledge
    from behealthy.learn.experiment import Measure, Outcome, Progress
    from behealthy.learn.tracking import Tracker
    from behealthy.note import Extraction
    from behealthy.registry.bundle import Model


class Trainer(StrEnum):
    """The two ways to fit the same kind of model."""

    likelihood = "likelihood"
    crfsuite = "crfsuite"


TestOption = Annotated[
    Path | None, typer.Option("--test", metavar="PATH", help="Documents to judge by, in the same format.")
]
HoldoutOption = Annotated[
    float | None, typer.Option("--holdout", help="The share of documents to judge by.  [default: 0.2]")
]
FoldsOption = Annotated[
    int | None, typer.Option("--folds", min=2, help="Judge by cross-validation with so many parts instead.")
]
OutputOption = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FOLDER", help="Where it goes; by default the models folder.")
]
L2Option = Annotated[float | None, typer.Option("--l2", min=0, help="How strongly weights are held near zero.")]
BaseOption = Annotated[
    str | None,
    typer.Option(
        "--base", metavar="MODEL", help="A model whose opinion the new one hears: starter, a bundle, or none."
    ),
]
SecondLookOption = Annotated[
    bool, typer.Option("--second-look", help="Hear what a first reading thought of the same word elsewhere.")
]
IterationsOption = Annotated[
    int | None, typer.Option("--iterations", min=1, help="How many steps a training takes at most.")
]
SeedOption = Annotated[int, typer.Option("--seed", help="Decides which documents are held out.")]
PublicOption = Annotated[
    bool, typer.Option("--public", help="Everybody may read the documents: keep the mistakes in the tracker.")
]
UriOption = Annotated[
    str | None, typer.Option("--tracking-uri", metavar="URI", help="The tracker; else MLFLOW_TRACKING_URI says.")
]


def train(
    path: CorpusPath,
    format: FormatOption,
    maps: MapOption = None,
    labels: LabelsOption = None,
    test: TestOption = None,
    holdout: HoldoutOption = None,
    folds: FoldsOption = None,
    name: Annotated[str, typer.Option("--name", help="What the model is called.")] = "trained",
    output: OutputOption = None,
    base: BaseOption = None,
    second_look: SecondLookOption = False,
    trainer: Annotated[Trainer, typer.Option("--trainer", help="What fits the weights.")] = Trainer.likelihood,
    l2: L2Option = None,
    iterations: IterationsOption = None,
    seed: SeedOption = 0,
    public: PublicOption = False,
    tracking: Annotated[bool, typer.Option("--tracking/--no-tracking", help="Record the run with MLflow.")] = True,
    tracking_uri: UriOption = None,
    json: JsonOption = False,
) -> None:
    """Train a model, judge it on documents it has not seen, keep it and record how it was made.

    Unless --base says otherwise, the new model hears the opinion of the shipped one.
    """
    from behealthy.learn import experiment

    settings = Settings.from_environment()
    _check(name, test, holdout, folds)
    mapped = label_map(maps, labels)
    corpus = read(path, format, mapped, settings)
    judges = None if test is None else read(test, format, mapped, settings)
    recipe = _recipe(corpus.documents, trainer, l2, iterations, second_look)
    everything = [*corpus.documents, *(judges.documents if judges else ())]
    knowledge = _knowledge("none" if second_look else base, everything, settings)
    if second_look and base not in (None, "none"):
        raise typer.BadParameter("goes without a base model", param_hint="--second-look")
    measure = experiment.Measure(0.2 if holdout is None else holdout, folds or 0, seed)
    place = output or settings.models / name
    with _progress(recipe, measure, judged=test is not None) as progress:
        outcome = experiment.run(
            corpus.documents,
            recipe,
            knowledge,
            name=name,
            output=place,
            test=None if judges is None else judges.documents,
            measure=measure,
            source=terminal.printable(path.name),
            public=public,
            tracker=_tracker(tracking, tracking_uri, settings),
            progress=progress,
        )
    _tell(outcome, place, json)
    if corpus.problems or (judges and judges.problems) or outcome.tracking_failure:
        raise typer.Exit(terminal.REJECTS)


def _check(name: str, test: Path | None, holdout: float | None, folds: int | None) -> None:
    from behealthy.registry.models import is_name

    if not is_name(name):
        reason = f"{terminal.printable(name)!r} cannot name a model: letters, digits, '.', '_' and '-', and not starter"
        raise typer.BadParameter(reason, param_hint="--name")
    ways = {"--test": test, "--holdout": holdout, "--folds": folds}
    given = [way for way, value in ways.items() if value is not None]
    if len(given) > 1:
        raise typer.BadParameter("is one of three ways to judge a model; choose one", param_hint=" / ".join(given))
    if holdout is not None and not 0 < holdout < 1:
        raise typer.BadParameter(f"{holdout} is not a share between 0 and 1", param_hint="--holdout")


def _knowledge(base: str | None, documents: Sequence[Extraction], settings: Settings) -> Knowledge:
    from behealthy.learn.dataset import Knowledge
    from behealthy.registry.bundle import load_classes, load_lexicon

    known = Knowledge(load_lexicon(), load_classes())
    heard = _base(base, documents, settings)
    return known if heard is None else replace(known, base=heard.weights, seen=heard.facts["data"].get("seen", ()))


def _base(name: str | None, documents: Sequence[Extraction], settings: Settings) -> Model | None:
    """The model to be heard; the shipped one by default, unless it has learned from these very documents."""
    from behealthy.data.lineage import seen
    from behealthy.registry.bundle import STARTER, load_model
    from behealthy.registry.models import find

    if name == "none":
        return None
    model = load_model(find(name or STARTER, settings.models))
    known = seen(model.facts, documents)
    if not known:
        return model
    share = f"{model.version} has learned from {known:,} of these {len(documents):,} documents"
    if name is None:
        terminal.say(f"notice: {share}, so its opinion of them is worth nothing here; training without a base")
        return None
    raise TrainingError(f"{share}; its opinion of them cannot be trusted. Choose another --base, or none")


def _recipe(
    documents: Sequence[Extraction], trainer: Trainer, l2: float | None, iterations: int | None, second_look: bool
) -> Recipe:
    from behealthy.learn.crf import Recipe

    chosen: dict[str, Any] = {"trainer": trainer.value, "l2": l2, "iterations": iterations}
    types = tuple(sorted({e.type for d in documents for e in d.entities}))
    if not types:
        raise TrainingError(f"none of the types that count is marked in the {len(documents):,} documents")
    chosen["second_look"] = second_look
    return Recipe(types, **{option: value for option, value in chosen.items() if value is not None})


def _tracker(wanted: bool, uri: str | None, settings: Settings) -> Tracker | None:
    from behealthy.learn.tracking import Tracker

    return Tracker(uri or settings.tracking_uri, settings.home / "mlartifacts") if wanted else None


def _tell(outcome: Outcome, place: Path, json: bool) -> None:
    version = outcome.model.version
    if json:
        failure = outcome.tracking_failure
        terminal.write_json(
            outcome.report.to_json()
            | {
                "model": version,
                "path": str(place),
                "judged_by": outcome.judged_by,
                "run_id": outcome.run_id,
                "tracking_failure": None if failure is None else str(failure),
            }
        )
    else:
        terminal.show(figures(outcome.report.to_json(), f"{version}, judged by {outcome.judged_by}"))
        terminal.write(f"The model is in {place}\n")
    if outcome.trained_on_all:
        terminal.say("The model was trained on all documents; the figures are of models that had not seen theirs.")
    if outcome.tracking_failure is not None:
        terminal.error(f"the run is not recorded, or not all of it: {outcome.tracking_failure}")


@contextmanager
def _progress(recipe: Recipe, measure: Measure, *, judged: bool) -> Iterator[Progress | None]:
    """Show how far the training is and how its loss falls: a bar on a terminal, else a line a training."""
    trainings = 1 if judged else (measure.folds or 1) + 1
    if not terminal.watched():
        yield _Lines(trainings)
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("iteration {task.completed}, loss {task.fields[loss]:,.1f}", markup=False),
        TimeElapsedColumn(),
    )
    steps = recipe.iterations * (len(recipe.types) if recipe.head_per_type else 1) * (6 if recipe.second_look else 1)
    with Progress(*columns, console=terminal.console(stderr=True)) as bars:
        tasks: dict[str, Any] = {}

        def progress(stage: str, iteration: int, loss: float) -> None:
            if stage not in tasks:
                for task in tasks.values():  # it stopped early: its loss fell no more
                    bars.update(task, total=bars.tasks[task].completed)
                tasks[stage] = bars.add_task(f"Training: {stage}", total=steps, loss=loss)
            bars.update(tasks[stage], completed=iteration, loss=loss)

        yield progress
        for task in tasks.values():
            bars.update(task, total=bars.tasks[task].completed)


class _Lines:
    """Say which training begins, for logs."""

    def __init__(self, trainings: int) -> None:
        self._trainings = trainings
        self._stages: list[str] = []

    def __call__(self, stage: str, _iteration: int, _loss: float) -> None:
        if stage not in self._stages:
            self._stages.append(stage)
            terminal.say(f"Training {len(self._stages)} of {self._trainings}: {stage}")

"""Measure how well notes are read: ``python -m benchmarks.accuracy [TASK ...] [--rivals] [--quick] [--json]``.

Trains our model, and with ``--rivals`` the others, on each task's training documents and judges them on its test
documents with `behealthy.learn.evaluate`. Where a task has folds, the predictions of all folds are judged together.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from behealthy.errors import BeHealthyError
from behealthy.extract.extractor import Extractor
from behealthy.learn.crf import Recipe, train
from behealthy.learn.evaluate import evaluate
from behealthy.note import Extraction, Note
from behealthy.registry.bundle import STARTER, load, load_model, package_folder
from benchmarks import recipes, report, rivals
from benchmarks.corpora import TASKS, Task, corpora_folder

_EVERY_IN_QUICK = 10


def extracted(extractor: Extractor, documents: Sequence[Extraction]) -> list[Extraction]:
    """Read documents as the raw text they are."""
    return list(extractor.pipe([Note(d.note_id, d.text) for d in documents]))


def ours(
    train_documents: Sequence[Extraction],
    test: Sequence[Extraction],
    types: Sequence[str],
    *,
    recipe: Recipe,
    from_shipped: bool = False,
) -> list[Extraction]:
    """Our model, trained by a recipe with the knowledge that ships with the package."""
    knowledge = recipes.knowledge(from_shipped=from_shipped)
    weights = train(train_documents, replace(recipe, types=tuple(types)), knowledge)
    return extracted(Extractor(weights, knowledge.lexicon, knowledge.classes), test)


def shipped(
    train_documents: Sequence[Extraction],  # noqa: ARG001 -- it was trained long ago
    test: Sequence[Extraction],
    types: Sequence[str],  # noqa: ARG001
) -> list[Extraction]:
    """The model that comes with the package, as it is."""
    return extracted(load(find_only=True), test)


def systems(task: Task, options: argparse.Namespace) -> dict[str, rivals.Rival]:
    """Name what is compared on a task."""
    own: dict[str, rivals.Rival] = {}
    if task.name == "shipped":
        own["behealthy, shipped"] = shipped
    else:
        recipe = recipes.RECIPES[task.name]
        recipe = replace(recipe, iterations=10) if options.quick else recipe
        own["behealthy"] = partial(ours, recipe=recipe)
        if task.name in recipes.FROM_SHIPPED:
            own["behealthy, on the shipped model"] = partial(ours, recipe=recipe, from_shipped=True)
    if not options.rivals:
        return own
    crf = partial(rivals.sklearn_crfsuite, iterations=10 if options.quick else 100)
    spacy = partial(rivals.spacy_ner, seed=options.seed, epochs=2 if options.quick else 12)
    return own | rivals.RIVALS | {"sklearn-crfsuite": crf, "spaCy NER": spacy}


def judge(name: str, system: rivals.Rival, task: Task, seed: int) -> dict[str, Any]:
    """Run a system over all splits and give a row: its figures, those of each fold, its seconds."""
    begin = time.perf_counter()
    predicted = [system(train, test, task.types) for train, test in task.splits]
    seconds = time.perf_counter() - begin
    gold = [d for _, test in task.splits for d in test]
    found = [d for part in predicted for d in part]
    whole, trimmed = (
        evaluate(gold, found, types=task.types, trim_determiners=trim, seed=seed) for trim in (False, True)
    )
    by_fold = [
        evaluate(test, part, types=task.types, resamples=0).micro.strict.f1
        for (_, test), part in zip(task.splits, predicted, strict=True)
    ]
    report.progress(f"{task.name}: {name}: strict F1 {report.f1(whole.micro.strict.f1)}, {seconds:.0f} s")
    return {
        "system": name,
        "report": whole.to_json(),
        "trimmed": trimmed.to_json(),
        "strict_f1_by_fold": by_fold,
        "seconds": seconds,
    }


def facts(task: Task, options: argparse.Namespace) -> dict[str, Any]:
    """What a table stands on."""
    train = " / ".join(str(len(train)) for train, _ in task.splits)
    test = " / ".join(str(len(test)) for _, test in task.splits)
    out: dict[str, Any] = {"training documents": train, "test documents": test, "seed": options.seed}
    if task.name == "shipped":
        model = load_model(package_folder(STARTER))
        taught = {
            f"its training {name}": value for name, value in model.facts["data"].items() if name not in ("hash", "seen")
        }
        out |= {"model": model.version, **taught, "rivals learn from": "our example notes"}
    if options.quick:
        out["QUICK"] = "a tenth of the documents and of the training: no figure to quote"
    return out


def _pair(row: report.Row, part: str, kind: str) -> str:
    figures = row[part]["types"].get(kind) if kind != "micro" else row[part]["micro"]
    return f"{report.f1(figures['strict']['f1'])} / {report.f1(figures['relaxed']['f1'])}" if figures else "-"


def _strict(row: report.Row) -> str:
    strict = row["report"]["micro"]["strict"]
    interval = strict["interval"]
    return report.f1(strict["f1"]) + (f" ({report.f1(interval[0])}-{report.f1(interval[1])})" if interval else "")


def _folds(row: report.Row) -> str:
    return "-".join(report.f1(x) for x in (min(row["strict_f1_by_fold"]), max(row["strict_f1_by_fold"])))


def columns(task: Task) -> report.Columns:
    """The columns of a task's table."""
    out: dict[str, Any] = {
        "system": lambda row: row["system"],
        "strict F1 (95 %)": _strict,
        "precision": lambda row: report.f1(row["report"]["micro"]["strict"]["precision"]),
        "recall": lambda row: report.f1(row["report"]["micro"]["strict"]["recall"]),
        "relaxed F1": lambda row: report.f1(row["report"]["micro"]["relaxed"]["f1"]),
    }
    if len(task.types) > 1:
        for kind in task.types:
            out[f"{kind} strict / relaxed"] = partial(_pair, part="report", kind=kind)
    out["determiners trimmed"] = partial(_pair, part="trimmed", kind="micro")
    if len(task.splits) > 1:
        out["strict F1 by fold"] = _folds
    return out | {"s": lambda row: f"{row['seconds']:.0f}"}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the tasks that are asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=__doc__)
    parser.add_argument("tasks", nargs="*", metavar="TASK", help=f"{', '.join(TASKS)} or all (the default)")
    parser.add_argument("--rivals", action="store_true", help="sklearn-crfsuite, spaCy and the dictionary as well")
    parser.add_argument("--quick", action="store_true", help="a small share of everything, to see that it runs")
    parser.add_argument("--seed", type=int, default=0, help="for folds, intervals and spaCy (default 0)")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of tables")
    options = parser.parse_args(arguments)
    unknown = set(options.tasks) - {*TASKS, "all"}
    if unknown:
        parser.error(f"no task {', '.join(sorted(unknown))}; there are {', '.join(TASKS)}")
    chosen = list(TASKS) if "all" in options.tasks or not options.tasks else options.tasks
    corpora = corpora_folder()
    show = report.Printer(as_json=options.json)
    for name in chosen:
        task = TASKS[name](corpora, options.seed)
        if options.quick:
            task = task.thinned(_EVERY_IN_QUICK)
        rows = [judge(label, system, task, options.seed) for label, system in systems(task, options).items()]
        show(report.Table(task.title, facts(task, options), rows), columns(task))
    show.close()


if __name__ == "__main__":
    try:
        main()
    except BeHealthyError as exc:
        sys.exit(str(exc))

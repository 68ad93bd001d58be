"""Measure the gate by replay: ``python -m benchmarks.gate [--quick] [--json]``.

How often it takes, keeps back or cannot tell a candidate of which the truth is known. Two models, taught on different
halves of MTSamples' training notes, read what neither has seen. *As good*: for each note a coin says which of the two
readings is the champion's, so that the sides differ by chance alone. *Better*: one of them against the shipped model,
which has seen none. *Blind in one place*: as good, but for some of the entities of one slice, which the candidate no
longer finds. Fewer notes than there are come from drawing without replacement.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from behealthy.errors import BeHealthyError
from behealthy.extract.understanding import assertions
from behealthy.learn import gate
from behealthy.learn.adapt import adapt
from behealthy.learn.calibrate import IDENTITY
from behealthy.learn.candidate import recipe_of
from behealthy.learn.evidence import Marks, Side, marks
from behealthy.learn.experiment import predictions
from behealthy.note import Extraction
from behealthy.registry.bundle import STARTER, load_model, package_folder
from benchmarks import recipes, report
from benchmarks.corpora import BOTH, corpora_folder, mtsamples

SIZES = (30, 60, 98)
_SUITE = {"all": (1, 1)}  # what this leaves out: capabilities, speed and size are the same for both


@dataclass(frozen=True)
class Readings:
    """Gold notes, and what three models found in them: two that learned from half of the others, and the shipped."""

    gold: list[Extraction]
    one: list[Extraction]
    other: list[Extraction]
    shipped: list[Extraction]

    def marked(self, found: Sequence[Extraction]) -> Marks:
        """Count what was found against gold."""
        return marks(self.gold, found, ["mtsamples"] * len(self.gold), BOTH, IDENTITY)


Pairs = Callable[[np.random.Generator], tuple[Marks, Marks]]


def read(seed: int, *, quick: bool) -> Readings:
    """Teach two models a fold, on halves of its training notes, and let them and the shipped one read the rest."""
    first = load_model(package_folder(STARTER))
    recipe = replace(recipe_of(first), fewest_patients=1, iterations=5 if quick else recipe_of(first).iterations)
    knowledge = recipes.knowledge()
    out = Readings([], [], [], [])
    for number, (training, test) in enumerate(mtsamples(corpora_folder(), seed).splits, 1):
        out.gold.extend(test)
        for half, found in enumerate((out.one, out.other)):
            weights = adapt(first.weights, training[half::2], recipe, knowledge)
            found.extend(predictions(weights, knowledge, test))
        out.shipped.extend(predictions(first.weights, knowledge, test))
        report.progress(f"fold {number} read")
    return out


def mixed(rows: npt.NDArray[np.bool_], yes: Marks, no: Marks) -> Marks:
    """Take each note's counts from one side or from the other."""
    names = sorted(yes.counts.keys() | no.counts.keys())
    none = np.zeros((len(rows), 3), np.int64)
    counts = {n: np.where(rows[:, None], yes.counts.get(n, none), no.counts.get(n, none)) for n in names}
    return Marks(yes.notes, counts, np.where(rows[:, None, None], yes.reliability, no.reliability))


def some(marked: Marks, keep: npt.NDArray[np.int64]) -> Marks:
    """Take some notes of them, and give those new names, so that the order does not matter."""
    counts = {name: rows[keep] for name, rows in marked.counts.items()}
    return Marks(tuple(marked.notes[i] for i in keep), counts, marked.reliability[keep])


def blinded(found: Sequence[Extraction], share: float, seed: int) -> list[Extraction]:
    """Take away a share of what was found and is negated."""
    rng = np.random.default_rng(seed)
    out = []
    for reading in found:
        said = assertions(reading.text, [(e.start, e.end, e.type) for e in reading.entities])
        pairs = zip(reading.entities, said, strict=True)
        out.append(replace(reading, entities=tuple(e for e, a in pairs if a != "negated" or rng.random() >= share)))
    return out


def side(version: str, test: Marks) -> Side:
    """What the gate needs, all but the marks alike."""
    return Side(version, test, test.only([False] * len(test.notes)), _SUITE, 0.01, 100.0, 1_000_000, BOTH)


def judged(pairs: Pairs, notes: int, runs: int, seed: int) -> report.Row:
    """Let the gate judge many candidates of one kind, and count what it said and which rules stood in the way."""
    rng = np.random.default_rng(seed)
    decisions: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    for _ in range(runs):
        ours, theirs = pairs(rng)
        keep = rng.permutation(len(ours.notes))[:notes]
        verdict = gate.judge(side("champion", some(ours, keep)), side("candidate", some(theirs, keep)), trigger="gold")
        decisions[verdict.decision] += 1
        failed.update({rule.name.partition(" ")[0] for rule in verdict.rules if rule.outcome == "failed"})
    return {
        "notes": notes,
        "runs": runs,
        **{d: decisions[d] for d in ("promote", "keep", "inconclusive")},
        "failed": dict(failed.most_common()),
    }


def kinds(readings: Readings) -> dict[str, Pairs]:
    """The candidates whose truth is known."""
    one, other, shipped = (readings.marked(x) for x in (readings.one, readings.other, readings.shipped))

    def coin(rng: np.random.Generator) -> npt.NDArray[np.bool_]:
        return rng.random(len(one.notes)) < 0.5

    def as_good(rng: np.random.Generator) -> tuple[Marks, Marks]:
        heads = coin(rng)
        return mixed(heads, one, other), mixed(~heads, one, other)

    def blind(share: float) -> Pairs:
        worse = [readings.marked(blinded(x, share, 0)) for x in (readings.one, readings.other)]

        def pair(rng: np.random.Generator) -> tuple[Marks, Marks]:
            heads = coin(rng)
            return mixed(heads, one, other), mixed(~heads, worse[0], worse[1])

        return pair

    return {
        "as good": as_good,
        "better: taught on 39 notes, against the shipped": lambda _: (shipped, one),
        "worse: the shipped, against it": lambda _: (one, shipped),
        "as good, blind to .1 of the negated": blind(0.1),
        "as good, blind to .3 of the negated": blind(0.3),
        "as good, blind to .5 of the negated": blind(0.5),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Replay."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gate", description=__doc__)
    parser.add_argument("--runs", type=int, default=1_000, help="candidates of each kind (default 1000)")
    parser.add_argument("--quick", action="store_true", help="a small share of everything, to see that it runs")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="one JSON document instead of tables")
    options = parser.parse_args(arguments)
    runs = 10 if options.quick else options.runs
    show = report.Printer(as_json=options.json)
    readings = read(options.seed, quick=options.quick)
    rows: list[report.Row] = [
        {"candidate": name, **judged(pairs, notes, runs, options.seed)}
        for name, pairs in kinds(readings).items()
        for notes in SIZES
    ]

    def share(name: str) -> Callable[[report.Row], str]:
        return lambda row: f"{row[name] / row['runs']:.1%}"

    def by_rule(row: report.Row) -> str:
        return ", ".join(f"{name} {n / row['runs']:.1%}" for name, n in row["failed"].items()) or "none"

    columns: report.Columns = {
        "candidate": lambda row: str(row["candidate"]),
        "notes": lambda row: str(row["notes"]),
        "taken": share("promote"),
        "cannot be told": share("inconclusive"),
        "kept back": share("keep"),
        "by which rule": by_rule,
    }
    show(report.Table("The gate, where the truth is known", {"runs": runs, "seed": options.seed}, rows), columns)
    show.close()


if __name__ == "__main__":
    report.one_core()
    try:
        main()
    except BeHealthyError as exc:
        sys.exit(str(exc))

"""Measure assertion on given entities: ``python -m benchmarks.assertion [--rivals] [--json]``.

Negation and history on the NegEx and ConText test kit, ours and medspaCy's in one run; then all classes on our own
example notes. A row of the kit is found by its concept's text, whatever its case and white space. Whatever the kit
calls neither Recent nor Historical counts as not historical. An entity has one assertion, so what is denied and past
counts as negated alone; "also said" counts whatever `what_is_said` gives. Intervals are a bootstrap over reports.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from behealthy.data.formats import read_corpus
from behealthy.errors import BeHealthyError, UnreadableFile
from behealthy.extract.assertion import judge, what_is_said
from behealthy.extract.marked import mark
from behealthy.extract.tokens import Vocabulary
from behealthy.extract.triggers import HISTORICAL, NEGATED, load_triggers
from behealthy.note import ASSERTIONS, DISEASE
from benchmarks import report
from benchmarks.corpora import EXAMPLES, corpora_folder

Bools = npt.NDArray[np.bool_]

_ROOT = Path(__file__).resolve().parent.parent
_MEDSPACY = _ROOT / ".venv-medspacy" / "bin" / "python"
_DEVELOPED_ON = 30  # reports up to this number were looked at, the others only counted
_RESAMPLES = 1000

COLUMNS: report.Columns = {
    "what": lambda row: row["what"],
    "system": lambda row: row["system"],
    "F1 (95 %)": lambda row: f"{report.f1(row['f1'])} ({report.f1(row['low'])}-{report.f1(row['high'])})",
    "precision": lambda row: report.f1(row["precision"]),
    "recall": lambda row: report.f1(row["recall"]),
    "gold": lambda row: str(row["gold"]),
}


@dataclass(frozen=True)
class Row:
    """A sentence of the kit with its concept."""

    report: int
    text: str
    start: int
    end: int
    negated: bool
    historical: bool


def read_kit(path: Path) -> tuple[list[Row], int]:
    """Read the kit; give also how many concepts were not found in their sentence.

    Raises
    ------
    UnreadableFile
        When there is no such file.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()[1:]
    except OSError as exc:
        raise UnreadableFile(f"no NegEx kit at {path}") from exc
    rows = []
    for line in lines:
        number, concept, text, negation, _, temporality, _ = line.split("\t")
        found = re.search(r"\s*".join(map(re.escape, concept.split())), text, re.IGNORECASE)
        if found:
            rows.append(Row(int(number), text, *found.span(), negation == "Negated", temporality == "Historical"))
    return rows, len(lines) - len(rows)


def scores(gold: Bools, said: Bools, groups: npt.NDArray[np.int64], seed: int) -> dict[str, Any]:
    """Give F1, precision and recall, and the interval of F1 when whole groups are drawn again.

    >>> one = np.array([True, True, False])
    >>> {k: round(v, 2) for k, v in scores(one, ~one, np.arange(3), 0).items()}["f1"]
    0.0
    """
    _, group = np.unique(groups, return_inverse=True)
    counts = np.stack([np.bincount(group, weights) for weights in (gold & said, gold, said)])  # (3, groups)
    drawn = np.random.default_rng(seed).integers(0, counts.shape[1], (_RESAMPLES, counts.shape[1]))
    f1 = _f1(counts[:, drawn].sum(axis=2))
    hit, wanted, given = counts.sum(axis=1)
    return {
        "f1": float(_f1(counts.sum(axis=1))),
        "low": float(np.quantile(f1, 0.025)),
        "high": float(np.quantile(f1, 0.975)),
        "precision": float(hit / max(1, given)),
        "recall": float(hit / max(1, wanted)),
        "gold": int(wanted),
    }


def _f1(counts: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    hit, wanted, given = counts
    out: npt.NDArray[np.float64] = 2 * hit / np.maximum(1, wanted + given)
    return out


def ours(rows: Sequence[Row]) -> dict[str, dict[str, Bools]]:
    """Judge the rows, each a text of its own."""
    marked = mark([row.text for row in rows], [[(row.start, row.end, DISEASE)] for row in rows], Vocabulary())
    chosen, said = judge(marked, load_triggers()), what_is_said(marked, load_triggers())
    return {
        "behealthy": {"negated": chosen == NEGATED, "historical": chosen == HISTORICAL},
        "behealthy, also said": {"negated": said[NEGATED], "historical": said[HISTORICAL]},
    }


def medspacy(rows: Sequence[Row]) -> dict[str, dict[str, Bools]]:
    """Let medspaCy judge the rows, in its own environment.

    Raises
    ------
    UnreadableFile
        When that environment is not there, or fails.
    """
    if not _MEDSPACY.exists():
        raise UnreadableFile(f"no environment for medspaCy at {_MEDSPACY}: make bench sets it up")
    asked = json.dumps([[row.text, row.start, row.end] for row in rows])
    command = [str(_MEDSPACY), str(_ROOT / "benchmarks" / "medspacy_side.py")]
    done = subprocess.run(command, input=asked, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UnreadableFile(f"medspaCy ended with {done.returncode}: {done.stderr.strip().splitlines()[-1:]}")
    answer = json.loads(done.stdout.strip().splitlines()[-1])
    told = {name: np.array([row[name] for row in answer["rows"]], np.bool_) for name in ("negated", "historical")}
    return {f"medspaCy {answer['version']}": told}


def kit_tables(rows: Sequence[Row], systems: dict[str, dict[str, Bools]], seed: int) -> list[report.Table]:
    """Make a table of all reports, and of those developed on and those only counted."""
    number = np.array([row.report for row in rows])
    gold = {name: np.array([getattr(row, name) for row in rows], np.bool_) for name in ("negated", "historical")}
    parts = {
        "reports 1-60": number > 0,
        f"reports 1-{_DEVELOPED_ON}, developed on": number <= _DEVELOPED_ON,
        f"reports {_DEVELOPED_ON + 1}-60, counted only": number > _DEVELOPED_ON,
    }
    return [
        report.Table(
            f"NegEx and ConText kit, {part}",
            {"sentences": int(own.sum()), "seed": seed},
            [
                {"what": what, "system": name, **scores(gold[what][own], said[what][own], number[own], seed)}
                for what in gold
                for name, said in systems.items()
            ],
        )
        for part, own in parts.items()
    ]


def example_tables(seed: int) -> list[report.Table]:
    """Judge the entities of our example notes: those of every other note were looked at."""
    documents = read_corpus(EXAMPLES, "brat").documents
    spans = [[(e.start, e.end, e.type) for e in d.entities] for d in documents]
    marked = mark([d.text for d in documents], spans, Vocabulary())
    chosen = judge(marked, load_triggers())
    gold = np.array([ASSERTIONS.index(e.assertion or "present") for d in documents for e in d.entities])
    note = marked.batch.note[marked.first]
    return [
        report.Table(
            f"Example notes, {part}",
            {"entities": int(own.sum()), "right": report.f1(float((gold == chosen)[own].mean())), "seed": seed},
            [
                {"what": name, "system": "behealthy", **scores(gold[own] == i, chosen[own] == i, note[own], seed)}
                for i, name in enumerate(ASSERTIONS)
            ],
        )
        for part, own in {"odd, developed on": note % 2 == 1, "even, counted only": note % 2 == 0}.items()
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.assertion", description=__doc__)
    parser.add_argument("--rivals", action="store_true", help="medspaCy as well")
    parser.add_argument("--seed", type=int, default=0, help="for intervals (default 0)")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of tables")
    options = parser.parse_args(arguments)
    rows, missing = read_kit(corpora_folder() / "negex_context" / "reports_1_60.tsv")
    systems = ours(rows) | (medspacy(rows) if options.rivals else {})
    show = report.Printer(as_json=options.json)
    if missing:
        report.progress(f"{missing} concepts are not in their sentence and are left out")
    for table in [*kit_tables(rows, systems, options.seed), *example_tables(options.seed)]:
        show(table, COLUMNS)
    show.close()


if __name__ == "__main__":
    try:
        main()
    except BeHealthyError as exc:
        sys.exit(str(exc))

"""How well treatments are linked with diseases, gold entities given: PHEE, BC5CDR, BioText and our example notes.

Each figure stands beside that of linking every treatment with every disease, with an interval of 95 % from drawing
documents again. The shipped model saw none of what it is judged by here; on the example notes a model is trained for
each fold. Prints the time a note, too. `PYTHONPATH=. python benchmarks/relations.py`
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from behealthy.data.formats import read_corpus
from behealthy.extract.relations import Linker
from behealthy.extract.tokens import Vocabulary
from behealthy.learn.prose import read_prose
from behealthy.learn.relation_sources import bc5cdr, biotext, concepts_of, phee
from behealthy.learn.relations import LEAST, PROSE, fit, lessons_of, marked_of
from behealthy.note import DISEASE, RELATION_TYPES, TREATMENT, Extraction
from behealthy.registry.bundle import load_classes, load_linker
from benchmarks.corpora import EXAMPLES, corpora_folder, in_folds
from benchmarks.report import Columns, Printer, Table, f1, one_core, progress

COLUMNS: Columns = {
    "measured on": lambda r: r["corpus"],
    "relation": lambda r: r["relation"],
    "gold": lambda r: str(r["gold"]),
    "every pair": lambda r: f1(r["every"]),
    "linker": lambda r: f1(r["f1"]),
    "precision": lambda r: f1(r["precision"]),
    "recall": lambda r: f1(r["recall"]),
    "95 %": lambda r: f"{f1(r['low'])} to {f1(r['high'])}",
    "points over every pair": lambda r: (
        f"{100 * r['gain']:.1f} ({100 * r['gain_low']:.1f} to {100 * r['gain_high']:.1f})"
    ),
}
WHOLE = 2830  # lines of BioText's relation file that are whole titles and abstracts

Key = tuple[str, str]


@dataclass(frozen=True)
class Judged:
    """What one document states, what was found, and every pair that could be."""

    gold: set[Key]
    found: set[Key]
    every: set[Key]

    def counts(self) -> tuple[int, ...]:
        """Right, found, stated; right and found of every pair."""
        return (
            len(self.gold & self.found),
            len(self.found),
            len(self.gold),
            len(self.gold & self.every),
            len(self.every),
        )


def linked(linker: Linker, documents: Sequence[Extraction]) -> list[dict[Key, str]]:
    """When called, it will give for each document the type of each pair of entity ids that the linker finds."""
    owner = [(i, e.id) for i, d in enumerate(documents) for e in d.entities]
    out: list[dict[Key, str]] = [{} for _ in documents]
    links = linker.link(marked_of(documents, Vocabulary()))
    for head, tail, kind in zip(links.head.tolist(), links.tail.tolist(), links.type.tolist(), strict=True):
        number, name = owner[head]
        out[number][name, owner[tail][1]] = RELATION_TYPES[kind]
    return out


def judged(linker: Linker, documents: Sequence[Extraction], kind: str) -> Iterator[Judged]:
    """When called, it will hold what is found against what is stated, mention by mention."""
    for document, found in zip(documents, linked(linker, documents), strict=True):
        gold = {(r.head, r.tail) for r in document.relations if r.type == kind}
        ours = {pair for pair, type_ in found.items() if type_ == kind}
        yield Judged(gold, ours, every_pair(document))


def every_pair(document: Extraction) -> set[Key]:
    """When called, it will give every treatment with every disease of a document."""
    of = {kind: [e.id for e in document.entities if e.type == kind] for kind in (TREATMENT, DISEASE)}
    return {(head, tail) for head in of[TREATMENT] for tail in of[DISEASE]}


def by_concepts(linker: Linker, path: Path) -> Iterator[Judged]:
    """When called, it will hold what is found in BC5CDR against its pairs of concepts."""
    documents = bc5cdr(path)
    plain = [d for d, _ in documents]
    for (document, stated), found in zip(documents, linked(linker, plain), strict=True):
        names = {e.id: concepts_of(e) for e in document.entities}
        ours = {pair for pair, kind in found.items() if kind == "CAUSES"}
        yield Judged(
            set(stated),
            {(a, b) for head, tail in ours for a in names[head] for b in names[tail]},
            {(a, b) for head, tail in every_pair(document) for a in names[head] for b in names[tail]},
        )


def row(corpus: str, relation: str, documents: Sequence[Judged], seed: int) -> dict[str, object]:
    """When called, it will give one line of the table."""
    counts = np.array([d.counts() for d in documents], np.float64)
    rng = np.random.default_rng(seed)
    drawn = np.stack([counts[rng.integers(0, len(counts), len(counts))].sum(axis=0) for _ in range(1000)])
    ours, every = _f1(drawn[:, 0], drawn[:, 1], drawn[:, 2]), _f1(drawn[:, 3], drawn[:, 4], drawn[:, 2])
    low, high = np.percentile(ours, [2.5, 97.5])
    gain_low, gain_high = np.percentile(ours - every, [2.5, 97.5])
    right, found, gold, right_every, all_ = counts.sum(axis=0)
    f, base = float(_f1(right, found, gold)), float(_f1(right_every, all_, gold))
    return {
        "corpus": corpus,
        "relation": relation,
        "gold": int(gold),
        "every": base,
        "f1": f,
        "precision": right / max(found, 1),
        "recall": right / max(gold, 1),
        "low": float(low),
        "high": float(high),
        "gain": f - base,
        "gain_low": float(gain_low),
        "gain_high": float(gain_high),
    }


def _f1(right: np.ndarray, found: np.ndarray, gold: np.ndarray) -> np.ndarray:
    f1: np.ndarray = 2 * right / np.maximum(found + gold, 1)
    return f1


def public(corpora: Path, seed: int) -> Iterator[dict[str, object]]:
    """When called, it will judge the shipped model by the parts it has not seen."""
    linker = load_linker()
    sentences = phee(corpora / "phee" / "dev.jsonl")
    for kind in ("TREATS", "CAUSES"):
        yield row("PHEE dev", kind, list(judged(linker, sentences, kind)), seed)
    path = corpora / "bc5cdr" / "CDR_DevelopmentSet.PubTator.txt"
    yield row("BC5CDR dev, pairs of concepts of a document", "CAUSES", list(by_concepts(linker, path)), seed)
    lines = biotext(corpora / "biotext" / "relations" / "sentences_with_roles_and_relations.txt")
    whole = [d for number, _, d in lines if number <= WHOLE]
    picked = [d for number, _, d in lines if number > WHOLE]
    yield row("BioText, whole documents", "TREATS", list(judged(linker, whole, "TREATS")), seed)
    yield row("BioText, picked sentences", "TREATS", list(judged(linker, picked, "TREATS")), seed)


def examples(corpora: Path, seed: int) -> Iterator[dict[str, object]]:
    """When called, it will judge models trained without the notes they are judged by."""
    notes, prose = read_corpus(EXAMPLES, "brat").documents, read_prose(EXAMPLES.parent / PROSE)
    sentences = phee(corpora / "phee" / "train.jsonl")
    abstracts = bc5cdr(corpora / "bc5cdr" / "CDR_TrainingSet.PubTator.txt")
    classes = load_classes()
    results: dict[str, list[Judged]] = {kind: [] for kind in RELATION_TYPES}
    for number, (train, test) in enumerate(in_folds(notes, [d.note_id for d in notes], seed), 1):
        progress(f"example notes, fold {number}")
        linker = Linker(fit(lessons_of(train, prose, sentences, abstracts, classes)), np.array(LEAST), classes)
        for kind, found in results.items():
            found += judged(linker, test, kind)
    for kind, found in results.items():
        yield row("example notes, folds", kind, found, seed)


def speed() -> dict[str, object]:
    """When called, it will time the shipped model on the example notes, warm, laying out not counted."""
    linker, notes = load_linker(), read_corpus(EXAMPLES, "brat").documents
    marked = marked_of(notes, Vocabulary())
    linker.link(marked)
    times = []
    for _ in range(9):
        start = time.perf_counter()
        linker.link(marked)
        times.append(time.perf_counter() - start)
    return {"notes": len(notes), "entities": len(marked), "ms": 1000 * min(times) / len(notes)}


def main() -> int:
    """When called, it will measure what is asked for and give the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-folds", action="store_true", help="leave out the example notes, which take minutes")
    given = parser.parse_args()
    corpora = corpora_folder()
    one_core()
    printer = Printer(as_json=given.json)
    rows = list(public(corpora, given.seed))
    printer(Table("Relations, the shipped model", {"entities": "gold"}, rows), COLUMNS)
    if not given.no_folds:
        rows = list(examples(corpora, given.seed))
        printer(Table("Relations, example notes", {"entities": "gold", "seed": given.seed}, rows), COLUMNS)
    timed: Columns = {
        "notes": lambda r: str(r["notes"]),
        "entities": lambda r: str(r["entities"]),
        "ms a note": lambda r: f"{r['ms']:.2f}",
    }
    printer(Table("Relations, time", {"batch": "all at once"}, [speed()]), timed)
    printer.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Learn again what tells that an entity is past. Needs the example notes alone, and only the odd ones of them.

With ``--check`` nothing is replaced; it fails when what was made differs from what ships. With ``--folds`` it prints
what the model is worth on odd notes that it has not seen, for several thresholds.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import minimize

from behealthy.data.formats import read_corpus
from behealthy.extract.assertion import first_of, what_is_said
from behealthy.extract.marked import Marked, mark
from behealthy.extract.past import PLACES, facts_of, sort_of, stretches, tense_of
from behealthy.extract.reach import sentences_of
from behealthy.extract.tokens import Vocabulary
from behealthy.extract.triggers import HISTORICAL, PRESENT, load_triggers
from behealthy.note import ASSERTIONS
from behealthy.registry.bundle import package_folder

EXAMPLES = Path(__file__).resolve().parent.parent / "examples" / "notes"
SHIPPED = package_folder("extract/knowledge") / "past.tsv"
HEAD = """\
# How much a word near an entity, or a fact of it, tells that it is past: place, word or fact, weight (log odds).
# Learned from the odd example notes by tools/past.py, where no phrase and no section speaks; see extract/past.py.
"""

IN_NOTES = 20  # a word in a place must be seen in as many notes
PENALTY = 3.0
SCALE = {"sentence": 0.5}  # a word anywhere in the sentence tells less than one that is near
FOLDS = 5
Seen = list[dict[str, float]]


def seen_of(marked: Marked, status: npt.NDArray[np.int64]) -> Seen:
    """When called, it will count what is seen of each entity, by "place<tab>word" and "fact<tab>what it is"."""
    words = [sort_of(word.lower()) for word in marked.vocabulary.words]
    tokens = marked.batch.words.tolist()
    low, high = sentences_of(marked)
    start, stop = stretches(marked, low, high)
    out: Seen = [defaultdict(float) for _ in range(len(marked))]
    for i, own in enumerate(out):
        for place, name in enumerate(PLACES):
            for token in tokens[start[place, i] : stop[place, i]]:
                own[f"{name}\t{words[token]}"] += SCALE.get(name, 1.0)
    tense = np.array([tense_of(words[i]) for i in tokens], np.int64)
    dated = np.array([words[i] == "<date>" for i in tokens], np.bool_)
    for kind, values, which in facts_of(marked, low, high, status, tense, dated):
        for own, value in zip(out, which.tolist(), strict=True):
            own[f"{kind}\t{values[value]}"] = 1.0
    return out


def learn(seen: Seen, note: npt.NDArray[np.int64], past: npt.NDArray[np.bool_]) -> dict[str, float]:
    """When called, it will learn a weight for whatever is seen in enough notes."""
    notes: dict[str, set[int]] = defaultdict(set)
    for own, where in zip(seen, note.tolist(), strict=True):
        for name in own:
            notes[name].add(where)
    names = sorted(name for name, places in notes.items() if len(places) >= IN_NOTES)
    table = matrix(seen, names)
    signs = np.where(past, 1.0, -1.0)

    def loss(weights: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        margin = signs * (table @ weights)
        slope = -signs / (1 + np.exp(margin))
        value = np.logaddexp(0, -margin).sum() + PENALTY / 2 * (weights @ weights)
        return float(value), table.T @ slope + PENALTY * weights

    found = minimize(loss, np.zeros(len(names)), jac=True, method="L-BFGS-B", options={"maxiter": 2000})
    return dict(zip(names, found.x.tolist(), strict=True))


def matrix(seen: Seen, names: list[str]) -> sparse.csr_array:
    """When called, it will lay out what is seen, one row an entity, one column a name."""
    column = {name: i for i, name in enumerate(names)}
    cells = [(i, column[k], v) for i, own in enumerate(seen) for k, v in own.items() if k in column]
    rows, columns, values = zip(*cells, strict=True)
    return sparse.csr_array((values, (rows, columns)), shape=(len(seen), len(names)))


def folds(seen: Seen, note: npt.NDArray[np.int64], gold: npt.NDArray[np.int64]) -> None:
    """Print, for several thresholds, how many are called past and how many of these are."""
    odds = np.zeros(len(seen))
    for fold in range(FOLDS):
        out = (note // 2) % FOLDS == fold
        weights = learn([seen[i] for i in np.flatnonzero(~out)], note[~out], gold[~out] == HISTORICAL)
        odds[out] = matrix([seen[i] for i in np.flatnonzero(out)], list(weights)) @ np.array(list(weights.values()))
    for least in (-1.0, -0.5, 0.0, 0.5, 1.0):
        called = odds > least
        right, lost = int((gold[called] == HISTORICAL).sum()), int((gold[called] == PRESENT).sum())
        print(f"log odds > {least}: {int(called.sum())} called past, {right} are, {lost} were present")


def main() -> int:
    """When called, it will build, compare or measure, and give the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with what ships instead of replacing it")
    parser.add_argument("--folds", action="store_true", help="measure in folds instead")
    options = parser.parse_args()
    documents = read_corpus(EXAMPLES, "brat").documents
    spans = [[(e.start, e.end, e.type) for e in d.entities] for d in documents]
    marked = mark([d.text for d in documents], spans, Vocabulary(2**62))
    gold = np.array([ASSERTIONS.index(e.assertion or "present") for d in documents for e in d.entities])
    note = marked.batch.note[marked.first]
    said = what_is_said(marked, load_triggers())
    chosen = np.flatnonzero(~said.any(axis=0) & (note % 2 == 1))
    every = seen_of(marked, first_of(said))
    seen = [every[i] for i in chosen]
    if options.folds:
        folds(seen, note[chosen], gold[chosen])
        return 0
    weights = learn(seen, note[chosen], gold[chosen] == HISTORICAL)
    scaled = {name: round(weight * SCALE.get(name.split("\t")[0], 1.0), 2) for name, weight in weights.items()}
    text = HEAD + "".join(f"{name}\t{weight:g}\n" for name, weight in sorted(scaled.items()) if weight)
    if not options.check:
        SHIPPED.write_text(text, encoding="utf-8")
        return 0
    same = SHIPPED.read_text(encoding="utf-8") == text
    print("what ships is what the notes give" if same else "differs from what ships: past.tsv")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())

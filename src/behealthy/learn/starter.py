"""How the shipped model comes to be: word classes from free text, then a tagger from notes and public corpora.

Everything is made again, bit for bit, from the corpora folder and `examples/notes`. Only corpora whose terms allow it
are read; see `SOURCES`. The example notes set the convention; the corpora mark diseases of another convention and few
treatments, so they are learned from as partial labels of small weight. What else was tried is in docs/experiments.md.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from behealthy.data.formats import KNOWN_LABELS, read_corpus
from behealthy.data.lineage import data_hash, fingerprints
from behealthy.data.split import holdout
from behealthy.errors import UnreadableFile
from behealthy.extract.classes import compile_classes
from behealthy.extract.extractor import Extractor
from behealthy.learn.crf import Partial, Progress, Recipe, train
from behealthy.learn.dataset import Knowledge
from behealthy.learn.evaluate import Report, evaluate
from behealthy.learn.word_classes import learn_classes
from behealthy.note import DISEASE, TREATMENT, Entity, Extraction, Note
from behealthy.registry.bundle import STARTER, knowledge_versions, load_classes, load_lexicon, save_model
from behealthy.registry.folder import write_folder

RECIPE = Recipe(
    (DISEASE, TREATMENT), l2=2.0, scales=MappingProxyType({"d": 1.7, "k": 0.6}), fewest=2, iterations=80, lean=0.2
)
OTHERS = 0.02  # what a sentence of a public corpus counts, chosen on held-out example notes and out-of-domain text
CAPITALS = 4  # every fourth note is learned from once more in capitals, as many reports are written

Texts = Callable[[Path], Iterator[str]]


@dataclass(frozen=True)
class Source:
    """A corpus of which the text, never the labels, teaches the word classes."""

    terms: str
    texts: Texts


def _pubtator(*names: str) -> Texts:
    return lambda folder: (d.text for name in names for d in read_corpus(folder / name, "pubtator").documents)


def _psytar(folder: Path) -> Iterator[str]:
    corpus = read_corpus(folder / "psytar" / "train.conll", "conll", KNOWN_LABELS["psytar"])
    return (d.text for d in corpus.documents)


def _phee(folder: Path) -> Iterator[str]:
    for name in ("train", "dev"):
        with (folder / "phee" / f"{name}.jsonl").open(encoding="utf-8") as file:
            yield from (json.loads(line)["context"] for line in file)


def _column(path: Path, *columns: str) -> Iterator[str]:
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield from (row[column] for column in columns)


def _dialogues(folder: Path) -> Iterator[str]:
    # Not the sections: they share text with the MTSamples notes that the shipped model is judged by.
    for name in ("Training", "Validation"):
        yield from _column(folder / "mts_dialog" / f"MTS-Dialog-{name}Set.csv", "dialogue")


def _visits(folder: Path) -> Iterator[str]:
    for name in ("train", "valid"):
        yield from _column(folder / "aci_bench" / f"{name}.csv", "note", "dialogue")


# The parts by which tasks are judged (BC5CDR development, NCBI test) are left out.
SOURCES: Mapping[str, Source] = MappingProxyType(
    {
        "bc5cdr": Source("public domain", _pubtator("bc5cdr/CDR_TrainingSet.PubTator.txt")),
        "ncbi_disease": Source(
            "public domain", _pubtator("ncbi_disease/train.PubTator.txt", "ncbi_disease/devel.PubTator.txt")
        ),
        "phee": Source("MIT", _phee),
        "psytar": Source("CC BY 4.0", _psytar),
        "mts_dialog": Source("CC BY 4.0", _dialogues),
        "aci_bench": Source("CC BY 4.0", _visits),
    }
)


def build_classes(corpora: Path, examples: Path, out: Path) -> int:
    """Learn the word classes from the sources' texts and write them; give the number of words.

    Raises
    ------
    UnreadableFile
        When a source is not in the corpora folder.
    """
    texts: list[str] = []
    for name, source in SOURCES.items():
        try:
            texts += source.texts(corpora)
        except FileNotFoundError as exc:
            raise UnreadableFile(f"corpus {name} is not at {corpora}: {exc.filename}") from exc
    texts += [d.text for d in read_corpus(examples, "brat").documents]
    words, classes = learn_classes([t for t in texts if t])
    meta = {"texts": len(texts), "words": len(words), "sources": {n: s.terms for n, s in SOURCES.items()}}
    write_folder(out, "classes", compile_classes(words, classes), meta)
    return len(words)


def marked(corpora: Path) -> dict[str, tuple[Extraction, ...]]:
    """Documents of the corpora whose labels are learned from, each by its name."""
    parts = {
        "bc5cdr": [(f"bc5cdr/CDR_{part}Set.PubTator.txt", "pubtator") for part in ("Training", "Development")],
        "ncbi_disease": [(f"ncbi_disease/{part}.PubTator.txt", "pubtator") for part in ("train", "devel")],
        "psytar": [("psytar/train.conll", "conll")],
    }
    return {
        name: tuple(
            d
            for file, format in files
            for d in read_corpus(corpora / file, format, KNOWN_LABELS[name.removesuffix("_disease")]).documents
        )
        for name, files in parts.items()
    }


def build_model(corpora: Path, examples: Path, out: Path, progress: Progress | None = None) -> Report:
    """Train, judge by a fifth of the example notes held out, write the bundle, and give the figures."""
    documents = read_corpus(examples, "brat").documents
    others = marked(corpora)
    partials = [Partial(d, (DISEASE,), OTHERS) for d in others.values()]
    report = judged(documents, partials, progress)
    weights = train(with_capitals(documents), RECIPE, knowledge(), progress, partials)
    everything = [*documents, *(d for of_one in others.values() for d in of_one)]
    facts: dict[str, Any] = {
        "name": STARTER,
        "recipe": RECIPE.to_json(),
        "data": {
            "name": "examples/notes, " + ", ".join(others),
            "hash": data_hash(everything),
            "documents": len(everything),
            "seen": fingerprints(everything),
            "sources": {"examples": len(documents), **{name: len(d) for name, d in others.items()}},
        },
        "knowledge": knowledge_versions(),
        "metrics": {"judged_by": "a fifth of the example notes, held out", **report.to_json()},
    }
    save_model(out, weights, facts, dtype=np.float16)
    return report


def knowledge() -> Knowledge:
    """What the shipped model leans on."""
    return Knowledge(load_lexicon(), load_classes())


def judged(documents: Sequence[Extraction], partials: Sequence[Partial], progress: Progress | None = None) -> Report:
    """Figures of the recipe on example notes that the judged model has not seen."""
    learn, test = holdout(documents, 0.2)
    known = knowledge()
    weights = train(with_capitals(learn), RECIPE, known, progress, partials)
    extractor = Extractor(weights, known.lexicon, known.classes)
    return evaluate(test, list(extractor.pipe([Note(d.note_id, d.text) for d in test])))


def with_capitals(documents: Sequence[Extraction]) -> list[Extraction]:
    """Add every fourth document in capitals, where that changes no offset."""
    shouted = []
    for document in documents[::CAPITALS]:
        text = document.text.upper()
        if len(text) == len(document.text):
            entities = tuple(_at(text, e) for e in document.entities)
            shouted.append(replace(document, note_id=f"{document.note_id}-capitals", text=text, entities=entities))
    return [*documents, *shouted]


def _at(text: str, entity: Entity) -> Entity:
    return replace(entity, text=text[entity.start : entity.end])

"""The public corpora as tasks: what to train on, what to be judged on, which types count.

Reads with the project's own readers and nothing else; leaves no text anywhere.
"""

from __future__ import annotations

import csv
import random
from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from behealthy.data.formats import KNOWN_LABELS, read_corpus
from behealthy.errors import UnreadableFile
from behealthy.note import DISEASE, TREATMENT, Extraction
from behealthy.settings import Settings

Documents = tuple[Extraction, ...]
Split = tuple[Documents, Documents]

BOTH = (DISEASE, TREATMENT)
FOLDS = 5
EXAMPLES = Path(__file__).resolve().parent.parent / "examples" / "notes"


@dataclass(frozen=True)
class Task:
    """Splits into training and test documents; several when every document is tested once, in folds."""

    name: str
    title: str
    types: tuple[str, ...]
    splits: tuple[Split, ...]

    def thinned(self, every: int) -> Task:
        """Keep one document in `every`, and two folds at most: enough to see that a script runs, not a figure."""
        return replace(self, splits=tuple((train[::every], test[::every]) for train, test in self.splits[:2]))


def corpora_folder() -> Path:
    """Find the folder of annotated corpora.

    Raises
    ------
    UnreadableFile
        When there is none; the message says how to name it.
    """
    folder = Settings.from_environment().corpora
    if not folder.is_dir():
        raise UnreadableFile(f"no corpora at {folder}: set BEHEALTHY_CORPORA to the folder that holds them")
    return folder


def folds(groups: Sequence[Hashable], number: int, seed: int) -> list[list[int]]:
    """Divide items into folds of about equal size, those of one group always together.

    Groups are shuffled and each goes to the fold that is smallest so far, large groups first.

    Examples
    --------
    >>> sorted(map(sorted, folds(["a", "b", "a", "c"], 2, seed=0)))
    [[0, 2], [1, 3]]
    """
    members: dict[Hashable, list[int]] = defaultdict(list)
    for i, group in enumerate(groups):
        members[group].append(i)
    order = list(members.values())
    random.Random(seed).shuffle(order)
    out: list[list[int]] = [[] for _ in range(number)]
    for own in sorted(order, key=len, reverse=True):
        min(out, key=len).extend(own)
    return [sorted(fold) for fold in out]


def in_folds(documents: Documents, groups: Sequence[Hashable], seed: int) -> tuple[Split, ...]:
    """Give the splits in which each fold is tested by what the others teach."""
    out = []
    for fold in folds(groups, FOLDS, seed):
        held = set(fold)
        train = tuple(d for i, d in enumerate(documents) if i not in held)
        out.append((train, tuple(documents[i] for i in fold)))
    return tuple(out)


def _biotext_parts(corpora: Path) -> Split:
    parts = ("train", "test")
    train, test = (
        read_corpus(corpora / "biotext" / "ner" / part, "biotext", KNOWN_LABELS["biotext"]).documents for part in parts
    )
    return train, test


def biotext(corpora: Path, seed: int) -> Task:  # noqa: ARG001 -- every task is made alike
    """The official split by sentence, in which abstracts lie on both sides."""
    return Task("biotext", "BioText, official test", BOTH, (_biotext_parts(corpora),))


def document_of(corpora: Path) -> dict[str, str]:
    """Tell the document of every BioText sentence, by note id; a sentence of unknown origin is its own document."""
    with (corpora / "biotext" / "doc_map.tsv").open(encoding="utf-8", newline="") as file:
        rows = [(f"{r['split']}:{r['sentence_index']}", r["doc_id"]) for r in csv.DictReader(file, delimiter="\t")]
    return {sentence: sentence if document == "-" else document for sentence, document in rows}


def biotext_folds(corpora: Path, seed: int) -> Task:
    """All of BioText, with every sentence of an abstract in the same fold."""
    train, test = _biotext_parts(corpora)
    documents, origin = train + test, document_of(corpora)
    groups = [origin[d.note_id] for d in documents]
    return Task("biotext-folds", "BioText, document-disjoint folds", BOTH, in_folds(documents, groups, seed))


def ncbi(corpora: Path, seed: int) -> Task:  # noqa: ARG001
    """NCBI-disease; the abstract that is in the training set twice is taken once."""
    train, devel, test = (
        read_corpus(corpora / "ncbi_disease" / f"{part}.PubTator.txt", "pubtator", KNOWN_LABELS["ncbi"]).documents
        for part in ("train", "devel", "test")
    )
    once = tuple({d.note_id: d for d in train + devel}.values())
    return Task("ncbi", "NCBI-disease test, trained on train + devel", (DISEASE,), ((once, test),))


def bc5cdr(corpora: Path, seed: int) -> Task:  # noqa: ARG001
    """BC5CDR; a chemical counts as TREATMENT."""
    train, dev = (
        read_corpus(corpora / "bc5cdr" / f"CDR_{part}Set.PubTator.txt", "pubtator", KNOWN_LABELS["bc5cdr"]).documents
        for part in ("Training", "Development")
    )
    return Task("bc5cdr", "BC5CDR dev, trained on train (TREATMENT is Chemical)", BOTH, ((train, dev),))


def mtsamples_notes(corpora: Path) -> Documents:
    """MTSamples, a document a note; its tests are left out."""
    return read_corpus(corpora / "mtsamples_ner" / "notes", "conll", KNOWN_LABELS["mtsamples"]).documents


def mtsamples(corpora: Path, seed: int) -> Task:
    """MTSamples in folds of whole notes."""
    documents = mtsamples_notes(corpora)
    splits = in_folds(documents, [d.note_id for d in documents], seed)
    return Task("mtsamples", "MTSamples, folds by note", BOTH, splits)


def shipped(corpora: Path, seed: int) -> Task:  # noqa: ARG001
    """MTSamples for a model that has seen none of it; what rivals learn from are our own example notes."""
    examples = read_corpus(EXAMPLES, "brat").documents
    return Task("shipped", "Shipped model on MTSamples", BOTH, ((examples, mtsamples_notes(corpora)),))


TASKS: Mapping[str, Callable[[Path, int], Task]] = {
    "biotext": biotext,
    "biotext-folds": biotext_folds,
    "ncbi": ncbi,
    "bc5cdr": bc5cdr,
    "mtsamples": mtsamples,
    "shipped": shipped,
}


def note_texts(corpora: Path | None) -> dict[str, list[str]]:
    """Raw texts of whole notes by source: our examples, and the note corpora that are there."""
    out = {"example notes": [p.read_text(encoding="utf-8") for p in sorted(EXAMPLES.glob("*.txt"))]}
    sources = {
        "ACI-Bench notes": ("note", ("aci_bench/train.csv", "aci_bench/valid.csv")),
        "MTS-Dialog sections": (
            "section_text",
            ("mts_dialog/MTS-Dialog-TrainingSet.csv", "mts_dialog/MTS-Dialog-ValidationSet.csv"),
        ),
    }
    for name, (column, files) in sources.items():
        texts = [text for file in files if corpora for text in _column(corpora / file, column)]
        if texts:
            out[name] = texts
    return out


def _column(path: Path, name: str) -> list[str]:
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return [row[name] for row in csv.DictReader(file)]

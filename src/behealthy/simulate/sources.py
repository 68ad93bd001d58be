"""Whose notes come in: two sources that differ, each note with what people marked in it.

Where the corpora are at hand: sentences of BioText, which are of abstracts, and then sentences of MTSamples notes,
which are of clinics. Otherwise the example notes in short pieces: those in whole sentences, and then those in telegram
style, told apart by how many of their words only hold a sentence together.

What the first model learns from shares no document with anything that comes in. What comes in is in no order: as in a
clinic, where a patient is seen more than once, pieces of one document come on several days. This module refuses to know
what is done with the notes.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from behealthy.data.formats import KNOWN_LABELS, read_corpus
from behealthy.errors import UnreadableFile
from behealthy.extract.sentences import sentences
from behealthy.extract.tokens import tokenize
from behealthy.learn.crf import Recipe
from behealthy.note import DISEASE, TREATMENT, Extraction

Notes = tuple[Extraction, ...]

_BOTH = (DISEASE, TREATMENT)
_FEWEST_LETTERS = 3  # the contract asks for them
_STYLES = 90  # example notes of each style
_SENTENCES = 2  # in a piece of an example note
_HOLD_TOGETHER = frozenset(
    "a an and are as at been by for from had has have he her his in is it of on she that the to was were who"
    " with".split()
)


@dataclass(frozen=True, slots=True)
class Cast:
    """The notes of a story, in the order in which they come; each knows its document as its patient.

    Attributes
    ----------
    usual, other : str
        The two sources.
    says : str
        What they are, in words.
    recipe : Recipe
        Of the first model.
    gold : int
        Reviewed notes that are asked for before a training; short notes tell little each.
    knows : bool
        Whether the first model leans on the dictionary and the word classes that ship with the package.
    taught : tuple of Extraction
        What the first model learns from.
    held_out : tuple of Extraction
        What people marked beside that: by it the first model is judged.
    earlier, steady : tuple of Extraction
        Notes of the usual source from before there was a model, and while nothing changes.
    changed : tuple of Extraction
        Notes of the other source.
    """

    usual: str
    other: str
    says: str
    recipe: Recipe
    gold: int
    knows: bool
    taught: Notes
    held_out: Notes
    earlier: Notes
    steady: Notes
    changed: Notes


def has_corpora(folder: Path) -> bool:
    """When called, it will tell whether a folder holds both corpora of the story."""
    return (folder / "biotext" / "doc_map.tsv").is_file() and (folder / "mtsamples_ner" / "notes").is_dir()


def from_corpora(folder: Path, window: int, seed: int) -> Cast:
    """When called, it will cast BioText's training part and the MTSamples notes.

    Raises
    ------
    UnreadableFile, FormatError
        When they cannot be read.
    """
    rng = Random(seed)
    usual, other = _Deck(_abstracts(folder), rng), _Deck(_clinic_notes(folder), rng)
    taught, held_out = usual.deal(800), usual.deal(3 * window)
    arrive, others = usual.deal(4 * window, mixed=rng), other.deal(other.left, mixed=rng)
    return Cast(
        usual="abstracts",
        other="clinic",
        says="a model that was trained on BioText meets MTSamples notes, both a sentence a note",
        recipe=Recipe(_BOTH, lean=0.3, iterations=60),
        gold=window,
        knows=True,
        taught=taught,
        held_out=held_out,
        earlier=arrive[:window],
        steady=arrive[window:],
        changed=others,
    )


def from_examples(folder: Path, window: int, seed: int) -> Cast:
    """When called, it will cast annotated notes by their style: whole sentences first, then telegrams.

    Raises
    ------
    UnreadableFile, FormatError
        When they cannot be read, or are too few.
    """
    rng = Random(seed)
    documents = sorted(read_corpus(folder, "brat").documents, key=lambda d: (-_whole_sentences(d.text), d.note_id))
    usual, other = (
        _Deck([_cut(d, _SENTENCES) for d in own], rng) for own in (documents[:_STYLES], documents[-_STYLES:])
    )
    taught, held_out = usual.deal(150), usual.deal(3 * window // 4)
    arrive, others = usual.deal(3 * window, mixed=rng), other.deal(other.left, mixed=rng)
    cast = Cast(
        usual="letters",
        other="telegrams",
        says="a model that was trained on notes in whole sentences meets telegram style, two sentences a note",
        recipe=Recipe(_BOTH, iterations=60),
        gold=window // 2,
        knows=False,
        taught=taught,
        held_out=held_out,
        earlier=arrive[:window],
        steady=arrive[window:],
        changed=others,
    )
    if len(cast.steady) < window or len(cast.changed) < 4 * window:
        raise UnreadableFile(f"{folder}: {len(documents)} notes are too few for a story in windows of {window}")
    return cast


class _Deck:
    """Documents in pieces, to be dealt out one after another; a text that comes twice is dealt once."""

    def __init__(self, documents: Sequence[Notes], rng: Random) -> None:
        order = rng.sample(list(documents), len(documents))
        known: set[str] = set()
        self._documents: list[Notes] = []
        for document in order:
            fresh = []
            for piece in document:
                if piece.text not in known and sum(map(str.isalpha, piece.text)) >= _FEWEST_LETTERS:
                    known.add(piece.text)
                    fresh.append(piece)
            self._documents.append(tuple(fresh))

    @property
    def left(self) -> int:
        """Pieces that were not dealt."""
        return sum(map(len, self._documents))

    def deal(self, pieces: int, mixed: Random | None = None) -> Notes:
        """When called, it will give whole documents of so many pieces or a few more; mixed, or one after another."""
        out: list[Extraction] = []
        while self._documents and len(out) < pieces:
            out += self._documents.pop(0)
        if mixed is not None:
            mixed.shuffle(out)
        return tuple(out)


def _abstracts(folder: Path) -> list[Notes]:
    """Give BioText's training sentences, those of an abstract together; one of unknown origin stands alone."""
    with (folder / "biotext" / "doc_map.tsv").open(encoding="utf-8", newline="") as file:
        rows = [(f"{r['split']}:{r['sentence_index']}", r["doc_id"]) for r in csv.DictReader(file, delimiter="\t")]
    origin = {sentence: sentence if document == "-" else document for sentence, document in rows}
    groups: dict[str, list[Extraction]] = {}
    for d in read_corpus(folder / "biotext" / "ner" / "train", "biotext", KNOWN_LABELS["biotext"]).documents:
        own = origin.get(d.note_id, d.note_id)
        groups.setdefault(own, []).append(_of_two_types(replace(d, patient_id=f"abstract {own}")))
    return [tuple(group) for group in groups.values()]


def _clinic_notes(folder: Path) -> list[Notes]:
    documents = read_corpus(folder / "mtsamples_ner" / "notes", "conll", KNOWN_LABELS["mtsamples"]).documents
    return [_cut(document, 1) for document in documents]


def _cut(document: Extraction, many: int) -> Notes:
    """Cut a document into pieces of so many sentences, each with what is marked in it."""
    tokens = tokenize(document.text)
    found = [(int(tokens.starts[first]), int(tokens.ends[after - 1])) for first, after in sentences(tokens)]
    return tuple(_pieces(document, [found[i : i + many] for i in range(0, len(found), many)]))


def _pieces(document: Extraction, groups: Sequence[Sequence[tuple[int, int]]]) -> Iterator[Extraction]:
    for group in groups:
        start, end = group[0][0], group[-1][1]
        own = [e for e in document.entities if start <= e.start and e.end <= end]
        moved = tuple(replace(e, start=e.start - start, end=e.end - start) for e in own)
        name = Path(document.note_id).name
        yield _of_two_types(
            Extraction(f"{name}:{start}", document.text[start:end], moved, patient_id=f"document {name}")
        )


def _of_two_types(document: Extraction) -> Extraction:
    return replace(document, entities=tuple(e for e in document.entities if e.type in _BOTH), relations=())


def _whole_sentences(text: str) -> float:
    """Give the share of words that only hold a sentence together: about a third in prose, few in a telegram.

    >>> _whole_sentences("She was seen in the clinic.") > _whole_sentences("pt stable, cont abx")
    True
    """
    words = [word.strip(".,;:()") for word in text.lower().split()]
    return sum(word in _HOLD_TOGETHER for word in words) / max(1, len(words))

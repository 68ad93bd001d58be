"""A note in, an extraction out: the whole core as one callable value."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from behealthy.extract.batch import Batch, lay_out
from behealthy.extract.classes import WordClasses
from behealthy.extract.lexicon import Lexicon
from behealthy.extract.marked import Marked, mark
from behealthy.extract.outline import outline
from behealthy.extract.streams import tagger_with_streams
from behealthy.extract.tagger import Spans, Weights
from behealthy.extract.tokens import Vocabulary
from behealthy.extract.understanding import Span, Understanding, assertions, without_denied
from behealthy.note import DISEASE, Assertion, Code, Entity, Extraction, Note, Relation

_BATCH_CHARACTERS = 400_000  # per batch of `pipe`: enough to fill the vector units, small enough for the cache


class Extractor:
    """Find the entities of notes with one model.

    Not safe to share between threads: it keeps caches of the words it has seen. Make one for each thread.

    Parameters
    ----------
    weights : Weights
    lexicon, classes : the knowledge the model was trained with, None where it was trained without
    version : str
        Name of the model, copied into every extraction.
    understanding : Understanding, optional
        What judges, codes and links the entities; without it they are found only.
    """

    def __init__(
        self,
        weights: Weights,
        lexicon: Lexicon | None = None,
        classes: WordClasses | None = None,
        *,
        version: str = "",
        understanding: Understanding | None = None,
        cache_words: int = 200_000,
    ) -> None:
        self.version = version
        self.weights = weights
        self.lexicon = lexicon
        self.types = tuple(dict.fromkeys(t for head in weights.heads for t in head.types))
        self._understanding = understanding
        self._vocabulary = Vocabulary(cache_words)
        self._tagger, self._streams = tagger_with_streams(weights, lexicon, classes)

    def __call__(self, note: str | Note) -> Extraction:
        """Extract from one note."""
        return self._extract([note if isinstance(note, Note) else Note("", note)])[0]

    def pipe(self, notes: Iterable[str | Note]) -> Iterator[Extraction]:
        """Extract from many notes, in order, batched for speed; memory stays bounded."""
        batch: list[Note] = []
        size = 0
        for note in notes:
            batch.append(note if isinstance(note, Note) else Note("", note))
            size += len(batch[-1].text)
            if size >= _BATCH_CHARACTERS:
                yield from self._extract(batch)
                batch, size = [], 0
        if batch:
            yield from self._extract(batch)

    def assertion(self, text: str, spans: Sequence[Span]) -> list[Assertion]:
        """When called, it will judge spans that somebody else found; see `understanding.assertions`.

        Examples
        --------
        >>> import behealthy
        >>> behealthy.load().assertion("Denies fever.", [(7, 12)])
        ['negated']
        """
        self._vocabulary.forget_if_full()
        return assertions(text, spans, self._vocabulary)

    def relate(self, text: str, entities: Sequence[Entity]) -> list[Relation]:
        """When called, it will say which of the given treatments treats, prevents or causes which disease.

        The relations name the entities by their ids; one without an id is ``e1``, ``e2``, ... by its place.

        Raises
        ------
        ValueError
            When an entity is no range inside the text, or the extractor was made without understanding.
        """
        self._vocabulary.forget_if_full()
        marked = mark([text], [[(e.start, e.end, e.type) for e in entities]], self._vocabulary)
        ids = {f"e{i}": e.id or f"e{i}" for i, e in enumerate(entities, 1)}
        (found,) = self._understood().relations(marked)
        return [replace(r, head=ids[r.head], tail=ids[r.tail]) for r in found]

    def code(self, mention: str, type: str = DISEASE) -> tuple[Code, ...]:
        """When called, it will give the codes of a mention, the best first; none where none is likely enough.

        Raises
        ------
        ValueError
            When the extractor was made without understanding.
        """
        return self._understood().coder.code(mention, type)

    def _understood(self) -> Understanding:
        if self._understanding is None:
            raise ValueError("this extractor was made without understanding: it finds entities only")
        return self._understanding

    def _extract(self, notes: Sequence[Note]) -> list[Extraction]:
        self._vocabulary.forget_if_full()
        texts = [note.text for note in notes]
        batch = lay_out(texts, self._vocabulary)
        found: list[list[Entity]] = [[] for _ in notes]
        links: list[list[Relation]] = [[] for _ in notes]
        expected: list[dict[str, float]] = [{} for _ in notes]
        if len(batch.words):
            symbols = self._streams(batch, self._vocabulary)
            read = self._tagger.tag(batch, self._vocabulary, symbols)
            _expect(batch, read, expected)
            spans = merge(read)
            if self._understanding is None:
                _collect(texts, batch, spans, found)
            else:
                around = outline(texts, batch, self._vocabulary)
                marked = Marked(texts, batch, self._vocabulary, around, spans.first, spans.last, spans.type)
                found = self._understanding.entities(marked, spans.score.tolist())
                stated = self._understanding.relations(marked)
                links = [without_denied(own, given) for own, given in zip(found, stated, strict=True)]
        return [
            Extraction(
                note.id,
                note.text,
                tuple(own),
                tuple(linked),
                self.version,
                patient_id=note.patient_id,
                expected=thought,
            )
            for note, own, linked, thought in zip(notes, found, links, expected, strict=True)
        ]


def merge(heads: Sequence[Spans]) -> Spans:
    """Put the spans of several heads into reading order; where two overlap, the more probable stays."""
    if len(heads) == 1:
        return heads[0]
    first = np.concatenate([s.first for s in heads])
    last = np.concatenate([s.last for s in heads])
    score = np.concatenate([s.score for s in heads])
    types = [t for s in heads for t in s.type]
    kept: list[int] = []  # in reading order, none overlapping another
    starts: list[int] = []
    for i in np.argsort(-score, kind="stable").tolist():
        at = bisect(starts, int(first[i]))
        clear_before = at == 0 or last[kept[at - 1]] < first[i]
        if clear_before and (at == len(kept) or last[i] < first[kept[at]]):
            kept.insert(at, i)
            starts.insert(at, int(first[i]))
    chosen = np.array(kept, np.int64)
    return Spans(first[chosen], last[chosen], [types[i] for i in kept], score[chosen])


def _expect(batch: Batch, read: Sequence[Spans], expected: list[dict[str, float]]) -> None:
    """Add up, for each text and type, the probabilities that an entity begins."""
    for spans in read:
        for kind, begins in spans.begins.items():
            for own, number in zip(expected, np.bincount(batch.note, begins, len(expected)).tolist(), strict=True):
                own[kind] = own.get(kind, 0.0) + number


def _collect(texts: Sequence[str], batch: Batch, spans: Spans, found: list[list[Entity]]) -> None:
    rows = zip(
        batch.note[spans.first].tolist(),
        batch.starts[spans.first].tolist(),
        batch.ends[spans.last].tolist(),
        spans.type,
        spans.score.tolist(),
        strict=True,
    )
    for note, start, end, kind, score in rows:
        entities = found[note]
        entities.append(Entity(start, end, texts[note][start:end], kind, score, id=f"e{len(entities) + 1}"))

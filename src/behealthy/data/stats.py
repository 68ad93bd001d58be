"""What a set of annotated documents holds, in numbers: the first thing to look at before training on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from behealthy.extract.sentences import sentences
from behealthy.extract.tokens import Vocabulary, tokenize
from behealthy.note import Extraction


@dataclass(frozen=True, slots=True)
class TypeStats:
    """The entities of one type.

    Attributes
    ----------
    count : int
    mean_tokens : float
        Length of an entity in tokens that it touches.
    frequent : tuple of (str, int)
        The most frequent entity texts, lower-cased with single spaces, and how often; empty unless asked for.
    """

    count: int
    mean_tokens: float
    frequent: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class CorpusStats:
    """Counts over a set of documents.

    Attributes
    ----------
    documents, sentences, tokens : int
        Sentences and tokens are those of this package, not those of the source.
    entities : mapping of str to TypeStats
        By type, in alphabetical order.
    relations : mapping of str to int
    overlaps : int
        Entities that share a code point with an entity before them.
    unaligned : int
        Entities that begin or end inside a token.
    empty : int
        Documents without any entity.
    """

    documents: int
    sentences: int
    tokens: int
    entities: Mapping[str, TypeStats]
    relations: Mapping[str, int]
    overlaps: int
    unaligned: int
    empty: int

    @property
    def tokens_per_document(self) -> float:
        """Mean length of a document in tokens, 0 where there is none."""
        return self.tokens / self.documents if self.documents else 0.0


def corpus_stats(documents: Iterable[Extraction], frequent: int = 0) -> CorpusStats:
    """Count what the documents hold.

    Parameters
    ----------
    frequent : int
        How many of the most frequent entity texts to give for each type. They are note text: show them to people
        who may see the notes, never log them.
    """
    vocabulary = Vocabulary()
    totals: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    lengths: Counter[str] = Counter()
    relations: Counter[str] = Counter()
    texts: dict[str, Counter[str]] = {}
    for document in documents:
        vocabulary.forget_if_full()
        tokens = tokenize(document.text, vocabulary)
        totals["documents"] += 1
        totals["tokens"] += len(tokens)
        totals["sentences"] += len(sentences(tokens))
        totals["empty"] += not document.entities
        totals["overlaps"] += _overlaps(document)
        relations.update(r.type for r in document.relations)
        starts, ends = set(tokens.starts.tolist()), set(tokens.ends.tolist())
        firsts = tokens.ends.searchsorted([e.start for e in document.entities], side="right").tolist()
        afters = tokens.starts.searchsorted([e.end for e in document.entities], side="left").tolist()
        for e, first, after in zip(document.entities, firsts, afters, strict=True):
            counts[e.type] += 1
            lengths[e.type] += after - first
            totals["unaligned"] += e.start not in starts or e.end not in ends
            texts.setdefault(e.type, Counter())[" ".join(e.text.lower().split())] += 1
    return CorpusStats(
        documents=totals["documents"],
        sentences=totals["sentences"],
        tokens=totals["tokens"],
        entities={
            t: TypeStats(counts[t], lengths[t] / counts[t], tuple(texts[t].most_common(frequent)))
            for t in sorted(counts)
        },
        relations=dict(sorted(relations.items())),
        overlaps=totals["overlaps"],
        unaligned=totals["unaligned"],
        empty=totals["empty"],
    )


def _overlaps(document: Extraction) -> int:
    overlaps, reached = 0, 0
    for e in sorted(document.entities, key=lambda e: (e.start, e.end)):
        overlaps += e.start < reached
        reached = max(reached, e.end)
    return overlaps

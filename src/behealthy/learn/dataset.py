"""Documents laid out for training: tokens, streams, and what each token may be labelled.

Refuses to know how a model is fitted; both trainers take what is made here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from behealthy.data.lineage import fingerprint
from behealthy.extract.batch import Batch, lay_out
from behealthy.extract.classes import WordClasses
from behealthy.extract.features import word_attributes
from behealthy.extract.lattice import FloatArray
from behealthy.extract.lexicon import Lexicon
from behealthy.extract.streams import (
    Streams,
    echo_attributes,
    echo_symbols,
    tagger_with_streams,
    type_probabilities,
)
from behealthy.extract.tagger import Weights
from behealthy.extract.tokens import IntArray, Vocabulary
from behealthy.note import Extraction

Scheme = Literal["BIO", "BIOES"]

_SPELL = "wps"  # templates of `extract.features` whose attributes hold a word, or five letters of one


@dataclass(frozen=True)
class Knowledge:
    """What a model may lean on beside its training text.

    ``base`` must not have seen the documents to be learned from, or its opinion of them would be too good to trust;
    ``seen`` are the fingerprints of those that it has (`data.lineage`).
    """

    lexicon: Lexicon | None = None
    classes: WordClasses | None = None
    base: Weights | None = None
    seen: Sequence[str] = ()


@dataclass(frozen=True)
class Dataset:
    """Documents laid out as one batch.

    Attributes
    ----------
    batch : Batch
    symbols : list of int64 arrays of shape (P,)
        The words first, renumbered from 0 (no token), then the other streams.
    attributes : list of list of list of str
        Attributes of each symbol, for each stream.
    """

    documents: tuple[Extraction, ...]
    batch: Batch
    symbols: list[IntArray]
    attributes: list[list[list[str]]]
    vocabulary: Vocabulary

    def hearing(self, probabilities: FloatArray, types: Sequence[str]) -> Dataset:
        """Add the echo of what a first reading thought: float64 of shape (N, types), see `extract.streams`."""
        echo = self.batch.spread(echo_symbols(self.batch, self.vocabulary, probabilities))
        return replace(self, symbols=[*self.symbols, echo], attributes=[*self.attributes, echo_attributes(types, "0")])


def lay_out_documents(documents: Sequence[Extraction], knowledge: Knowledge) -> Dataset:
    """Tokenise documents and look their words up."""
    vocabulary = Vocabulary(limit=2**62)
    batch = lay_out([d.text for d in documents], vocabulary)
    base = None
    if knowledge.base is not None:
        base = tagger_with_streams(knowledge.base, knowledge.lexicon, knowledge.classes)
    streams = Streams(knowledge.lexicon, base)
    used, words = np.unique(batch.padded, return_inverse=True)
    of_words = [word_attributes(vocabulary.words[i], knowledge.classes) for i in used.tolist()]
    return Dataset(
        tuple(documents),
        batch,
        [words.astype(np.int64), *streams(batch, vocabulary)],
        [of_words, *streams.attributes],
        vocabulary,
    )


def attribute_counts(symbols: IntArray, attributes: Sequence[Sequence[str]]) -> dict[str, int]:
    """How often each attribute of a stream occurs; those that no bundle could hold count as never."""
    counts: dict[str, int] = {}
    for own, n in zip(attributes, np.bincount(symbols, minlength=len(attributes)).tolist(), strict=True):
        for attribute in own:
            counts[attribute] = counts.get(attribute, 0) + (n if attribute.isprintable() else 0)
    return counts


def of_few(dataset: Dataset, fewest: int) -> frozenset[str]:
    """Give the attributes that spell a word, or how it begins or ends, which fewer patients than so many have.

    A name that one patient's notes repeat must not stand in a model that leaves the store. A document whose patient
    nobody named is a patient of its own; a copy of it in capitals is the same one.
    """
    numbers: dict[str, int] = {}
    owners = [d.patient_id or fingerprint(d.text) for d in dataset.documents]
    patient = np.array([numbers.setdefault(owner, len(numbers)) for owner in owners], np.int64)
    batch, symbols = dataset.batch, len(dataset.attributes[0])
    said = np.unique(patient[batch.note] * symbols + dataset.symbols[0][batch.positions])
    by_attribute: dict[str, set[int]] = {}
    for who, symbol in zip((said // symbols).tolist(), (said % symbols).tolist(), strict=True):
        for attribute in dataset.attributes[0][symbol]:
            if attribute[0] in _SPELL:
                by_attribute.setdefault(attribute, set()).add(who)
    return frozenset(attribute for attribute, patients in by_attribute.items() if len(patients) < fewest)


def label_names(types: Sequence[str], scheme: Scheme) -> tuple[str, ...]:
    """Labels of a head: O, then the prefixes of the scheme for each type."""
    return ("O", *(f"{prefix}-{kind}" for kind in types for prefix in scheme if prefix != "O"))


def encode(dataset: Dataset, types: Sequence[str], scheme: Scheme) -> IntArray:
    """Label every token, int64 of shape (N,), numbers into `label_names`.

    An entity covers every token it touches. Of overlapping entities the longest is kept, since a chain can only carry
    one; entities of other types are left out.
    """
    names = label_names(types, scheme)
    number = {name: i for i, name in enumerate(names)}
    batch = dataset.batch
    out = np.zeros(len(batch.words), np.int64)
    bounds = np.searchsorted(batch.note, np.arange(len(dataset.documents) + 1))
    for d, document in enumerate(dataset.documents):
        a, b = int(bounds[d]), int(bounds[d + 1])
        starts, ends = batch.starts[a:b], batch.ends[a:b]
        for entity in sorted(document.entities, key=lambda e: (e.start - e.end, e.start)):
            if entity.type not in types:
                continue
            i = a + int(np.searchsorted(ends, entity.start, "right"))
            j = a + int(np.searchsorted(starts, entity.end, "left"))
            if i < j and not out[i:j].any():
                out[i:j] = [number[f"{p}-{entity.type}"] for p in _prefixes(j - i, scheme)]
    return out


def _prefixes(tokens: int, scheme: Scheme) -> str:
    if scheme == "BIO":
        return "B" + "I" * (tokens - 1)
    return "S" if tokens == 1 else "B" + "I" * (tokens - 2) + "E"


def read_once(documents: Sequence[Extraction], weights: Weights, knowledge: Knowledge) -> list[FloatArray]:
    """What a model with one head thinks of documents: for each, probabilities of shape (tokens, types)."""
    vocabulary = Vocabulary(limit=2**62)
    batch = lay_out([d.text for d in documents], vocabulary)
    tagger, streams = tagger_with_streams(weights, knowledge.lexicon, knowledge.classes)
    ((head, layout, _, posterior),) = tagger.read(batch, vocabulary, streams(batch, vocabulary))
    probabilities = type_probabilities(head, layout, posterior)
    return np.split(probabilities, np.searchsorted(batch.note, np.arange(1, len(documents))))

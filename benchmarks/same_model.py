"""One CRFsuite model, tagged with in several ways: as people use python-crfsuite, and compiled into tables.

Every way is given the same tokens, and the dictionary matches where the features have any, and must give the label
names of every sentence. Tokenising and matching are left out of all of them, except where a name says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pycrfsuite

from behealthy.extract.batch import Batch, lay_out
from behealthy.extract.features import WIDEST, radius, word_attributes
from behealthy.extract.lattice import Layout, viterbi
from behealthy.extract.streams import Streams, dictionary_attributes
from behealthy.extract.tagger import Tagger, Weights
from behealthy.extract.tokens import IntArray, Vocabulary
from behealthy.learn.crfsuite import read_model
from behealthy.learn.dataset import Dataset, Knowledge, Scheme, encode, label_names
from behealthy.note import DISEASE, TREATMENT, Extraction
from benchmarks.rivals import sentences_of

Attributes = Callable[[str], list[str]]
Labels = list[list[str]]

_TYPES = (DISEASE, TREATMENT)
_DIGIT = re.compile(r"\d")
_OFFSET = {k: f"{k:+d}|" for k in range(-WIDEST, WIDEST + 1)}


@dataclass(frozen=True)
class Features:
    """What a model sees: attributes of a word, how far each is seen, and what else it knows.

    `of_word` must give a part of what `word_attributes` gives, or the compiled tagger would not find it.
    """

    name: str
    scheme: Scheme
    of_word: Attributes
    of_symbol: Sequence[list[str]]  # attributes of the dictionary's symbols
    reach: Callable[[str], int]
    knowledge: Knowledge


@dataclass(frozen=True)
class Sentences:
    """Sentences as every way is given them: words, and the dictionary's symbol of each (0 where there is none)."""

    words: list[list[str]]
    symbols: list[list[int]]
    padded: list[IntArray]  # the symbols again, as the compiled tagger takes them


@dataclass(frozen=True)
class Way:
    """A way to tag: `make` prepares it and gives what is timed.

    ``warm`` tells whether repeated calls count; otherwise the first call of each preparation does.
    """

    name: str
    make: Callable[[], Callable[[], Labels | None]]
    warm: bool = True


def plain_attributes(word: str) -> list[str]:
    """The word, its endings of two and three letters, capitals and digits; an empty word is a sentence's edge."""
    if not word:
        return ["x"]
    lower = _DIGIT.sub("0", word.lower())
    out = [f"w={lower}"]
    out += [f"s{lower[-size:]}" for size in (2, 3) if len(lower) >= size]
    if word[0].isupper():
        out.append("fU" if len(word) > 1 and word.isupper() else "fT")
    if word.isdigit():
        out.append("fD")
    return out


PLAIN = Features("plain: word, endings, form, of three tokens", "BIO", plain_attributes, [[]], lambda _: 1, Knowledge())


def full(knowledge: Knowledge) -> Features:
    """Everything that our own models see."""
    return Features(
        "ours: all templates, classes, dictionary",
        "BIOES",
        lambda word: word_attributes(word, knowledge.classes),
        dictionary_attributes(),
        radius,
        knowledge,
    )


def sentences(batch: Batch, vocabulary: Vocabulary, knowledge: Knowledge) -> Sentences:
    """Take a laid-out batch apart into what every way is given."""
    words = list(sentences_of(batch, vocabulary))
    padded = list(Streams(knowledge.lexicon)(batch, vocabulary))
    flat = iter((padded[0] if padded else np.zeros(len(batch.padded), np.int64))[batch.positions].tolist())
    return Sentences(words, [[next(flat) for _ in own] for own in words], padded)


def given_sentences(texts: Sequence[str], knowledge: Knowledge) -> Sentences:
    """Give the sentences of texts."""
    vocabulary = Vocabulary(limit=2**62)
    return sentences(lay_out(texts, vocabulary), vocabulary, knowledge)


def train_file(path: Path, features: Features, documents: Sequence[Extraction], iterations: int) -> None:
    """Fit with python-crfsuite and leave its model file at `path`."""
    vocabulary = Vocabulary(limit=2**62)
    batch = lay_out([d.text for d in documents], vocabulary)
    names = label_names(_TYPES, features.scheme)
    labels = iter(encode(Dataset(tuple(documents), batch, [], [], vocabulary), _TYPES, features.scheme).tolist())
    trainer = pycrfsuite.Trainer(verbose=False)
    for item in joined(sentences(batch, vocabulary, features.knowledge), by_word(features)):
        trainer.append(item, [names[next(labels)] for _ in item])
    trainer.set_params({"c1": 0.0, "c2": 0.5, "max_iterations": iterations})
    trainer.train(str(path))


# The usual way -------------------------------------------------------------------------------------------------------


def attribute_strings(words: Sequence[str], symbols: Sequence[int], features: Features) -> list[list[str]]:
    """Build what CRFsuite reads, as feature functions do: the strings of each token, from what is around it."""
    edge = [features.of_word("")] * WIDEST
    around = edge + [features.of_word(w) + features.of_symbol[s] for w, s in zip(words, symbols, strict=True)] + edge
    out: list[list[str]] = [[] for _ in words]
    for place, own in enumerate(around, -WIDEST):
        for attribute in own:
            reach = features.reach(attribute)
            for i in range(max(place - reach, 0), min(place + reach + 1, len(words))):
                out[i].append(_OFFSET[place - i] + attribute)
    return out


# The usual way, with all that can be remembered of a word remembered -------------------------------------------------


def by_word(features: Features) -> Callable[[str, int], list[list[str]]]:
    """Give a function from a word and its symbol to its strings at each offset, computed once."""

    @cache
    def strings(word: str, symbol: int) -> list[list[str]]:
        own = features.of_word(word) + features.of_symbol[symbol]
        return [[_OFFSET[k] + a for a in own if abs(k) <= features.reach(a)] for k in _OFFSET]

    return strings


def joined(given: Sentences, strings: Callable[[str, int], list[list[str]]]) -> Iterable[list[list[str]]]:
    """Join the remembered strings of the tokens around each token."""
    steps = range(2 * WIDEST + 1)
    for words, symbols in zip(given.words, given.symbols, strict=True):
        edge = [strings("", 0)] * WIDEST
        around = edge + list(map(strings, words, symbols)) + edge
        yield [[a for k in steps for a in around[i + k][k]] for i in range(len(words))]


# Compiled ------------------------------------------------------------------------------------------------------------


def lay_out_tokens(words: Sequence[Sequence[str]], vocabulary: Vocabulary) -> Batch:
    """Look tokens up and lay them out; without a text, there are no places in it."""
    ids = np.array([vocabulary[w] for own in words for w in own], np.int64)
    lengths = np.array([len(own) for own in words], np.int64)
    sentence = np.repeat(np.arange(len(lengths)), lengths)
    positions = np.arange(len(ids)) + WIDEST * (sentence + 1)
    padded = np.zeros(len(ids) + WIDEST * (len(lengths) + 1), np.int64)
    padded[positions] = ids
    nowhere = np.zeros(len(ids), np.int64)
    return Batch(ids, nowhere, nowhere, sentence, nowhere, lengths, sentence, positions, padded)


def compiled(given: Sentences, tagger: Tagger, vocabulary: Vocabulary) -> Labels:
    """Label sentences with the tables."""
    batch = lay_out_tokens(given.words, vocabulary)
    emissions = tagger.emissions(batch, vocabulary, given.padded)
    layout, head = Layout.of(batch.lengths), tagger.heads[0]
    path = viterbi(layout, emissions[layout.order], head.transitions)[layout.place].tolist()
    names, ends = head.labels, np.cumsum(batch.lengths).tolist()
    return [[names[i] for i in path[a:b]] for a, b in zip([0, *ends], ends, strict=False)]


# All of them ---------------------------------------------------------------------------------------------------------


def ways(features: Features, given: Sentences, path: Path) -> list[Way]:
    """Name the ways to tag with the model at `path`; the first is the usual one."""
    tagger = pycrfsuite.Tagger()
    tagger.open(str(path))
    weights = read_model(path)
    dictionary = features.knowledge.lexicon is not None

    def usual() -> Labels:
        each = zip(given.words, given.symbols, strict=True)
        return [tagger.tag(attribute_strings(words, symbols, features)) for words, symbols in each]

    def remembering() -> Callable[[], Labels]:
        strings = by_word(features)
        return lambda: [tagger.tag(item) for item in joined(given, strings)]

    def strings_given() -> Callable[[], Labels]:
        items = list(joined(given, by_word(features)))
        return lambda: [tagger.tag(item) for item in items]

    def tables() -> Callable[[], Labels]:
        own, vocabulary = _tagger(weights, features), Vocabulary()
        return lambda: compiled(given, own, vocabulary)

    def everything() -> Callable[[], None]:
        own, vocabulary, streams = _tagger(weights, features), Vocabulary(), Streams(features.knowledge.lexicon)

        def run() -> None:
            batch = lay_out_tokens(given.words, vocabulary)
            own.tag(batch, vocabulary, streams(batch, vocabulary))

        return run

    return [
        Way("python-crfsuite: build strings, tag", lambda: usual),
        Way("python-crfsuite: strings of a word kept, joined, tag", remembering),
        Way("python-crfsuite: all strings given, tag", strings_given),
        Way("compiled: first sight of every word", tables, warm=False),
        Way("compiled", tables),
        Way(f"compiled, and {'match the dictionary, and ' * dictionary}score every span", everything),
    ]


def _tagger(weights: Weights, features: Features) -> Tagger:
    return Tagger(weights, features.knowledge.classes, Streams(features.knowledge.lexicon).attributes)

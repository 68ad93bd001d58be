"""What others would use in our place, trained on the same documents and judged on the same ones.

Each rival is a function of training documents, test documents and types that gives the test documents with the
entities it found. Refuses to tune them: each has the settings that its own documentation or the usual tutorial gives.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from behealthy.extract.batch import Batch, lay_out
from behealthy.extract.lexicon import BEGIN, END, KINDS, SINGLE, Lexicon, exact_key, token_key
from behealthy.extract.tagger import spans_of
from behealthy.extract.tokens import Vocabulary
from behealthy.learn.dataset import Dataset, encode, label_names
from behealthy.note import DISEASE, TREATMENT, Entity, Extraction, entity_at
from behealthy.registry.bundle import load_lexicon

Rival = Callable[[Sequence[Extraction], Sequence[Extraction], Sequence[str]], list[Extraction]]

_TYPE_OF_KIND = {"disease": DISEASE, "finding": DISEASE, "drug": TREATMENT, "treatment": TREATMENT}


def annotated(document: Extraction, entities: Sequence[Entity]) -> Extraction:
    """Give the document with these entities instead of its own."""
    return replace(document, entities=tuple(entities), relations=(), warnings=())


# sklearn-crfsuite ----------------------------------------------------------------------------------------------------


def plain_features(words: Sequence[str], i: int) -> dict[str, str | bool]:
    """The features of the usual tutorial: a word, its endings and form, and the same of both neighbours."""
    out: dict[str, str | bool] = {"bias": True}
    for k in (-1, 0, 1):
        if 0 <= i + k < len(words):
            word = words[i + k]
            out |= {
                f"{k}:word.lower": word.lower(),
                f"{k}:word[-3:]": word[-3:],
                f"{k}:word[-2:]": word[-2:],
                f"{k}:word.isupper": word.isupper(),
                f"{k}:word.istitle": word.istitle(),
                f"{k}:word.isdigit": word.isdigit(),
            }
        else:
            out["BOS" if k < 0 else "EOS"] = True
    return out


def sentences_of(batch: Batch, vocabulary: Vocabulary) -> Iterator[list[str]]:
    """Give the words of each sentence."""
    words = [vocabulary.words[i] for i in batch.words.tolist()]
    at = 0
    for length in batch.lengths.tolist():
        yield words[at : at + length]
        at += length


def plain_crf(train: Sequence[Extraction], types: Sequence[str], *, iterations: int = 100) -> Any:
    """Train a CRF with plain features, over our tokens and sentences, in the BIO scheme."""
    import sklearn_crfsuite as library

    vocabulary = Vocabulary(limit=2**62)
    names = label_names(types, "BIO")
    batch = lay_out([d.text for d in train], vocabulary)
    sentences = list(sentences_of(batch, vocabulary))
    labels = iter(encode(Dataset(tuple(train), batch, [], [], vocabulary), types, "BIO").tolist())
    model = library.CRF(algorithm="lbfgs", c1=0.1, c2=0.1, max_iterations=iterations, all_possible_transitions=True)
    return model.fit(_plain(sentences), [[names[next(labels)] for _ in s] for s in sentences])


def read_with_crf(model: Any, test: Sequence[Extraction], types: Sequence[str]) -> list[Extraction]:
    """Read documents with a model of `plain_crf`."""
    vocabulary = Vocabulary(limit=2**62)
    names = label_names(types, "BIO")
    number = {name: i for i, name in enumerate(names)}
    batch = lay_out([d.text for d in test], vocabulary)
    predicted = predict_plain(model, list(sentences_of(batch, vocabulary)))
    path = np.array([number[label] for sentence in predicted for label in sentence], np.int64)
    first, last, kind = spans_of(path, names, batch.sentence)
    return _from_tokens(test, batch, first.tolist(), last.tolist(), [types[i] for i in kind.tolist()])


def predict_plain(model: Any, sentences: Sequence[Sequence[str]]) -> Any:
    """Label sentences that are given as words, with a model of `plain_crf`."""
    return model.predict(_plain(sentences))


def sklearn_crfsuite(
    train: Sequence[Extraction], test: Sequence[Extraction], types: Sequence[str], *, iterations: int = 100
) -> list[Extraction]:
    """A CRF with plain features, trained and read with."""
    return read_with_crf(plain_crf(train, types, iterations=iterations), test, types)


def _plain(sentences: Sequence[Sequence[str]]) -> list[list[dict[str, str | bool]]]:
    return [[plain_features(words, i) for i in range(len(words))] for words in sentences]


def _from_tokens(
    documents: Sequence[Extraction], batch: Batch, first: Sequence[int], last: Sequence[int], kinds: Sequence[str]
) -> list[Extraction]:
    found: list[list[Entity]] = [[] for _ in documents]
    for i, j, kind in zip(first, last, kinds, strict=True):
        note = int(batch.note[i])
        found[note].append(entity_at(documents[note].text, int(batch.starts[i]), int(batch.ends[j]), kind))
    return [annotated(d, own) for d, own in zip(documents, found, strict=True)]


# spaCy ---------------------------------------------------------------------------------------------------------------


def spacy_model(train: Sequence[Extraction], types: Sequence[str], *, epochs: int = 20, seed: int = 0) -> Any:
    """Train the named-entity recogniser of a blank English pipeline (a CNN without vectors), its configuration as is.

    Batches grow from 100 to 1,000 words and dropout is 0.1, as in the configuration that spaCy writes by default.
    """
    import spacy
    from spacy.training import Example
    from spacy.training.batchers import minibatch_by_words
    from spacy.util import compounding, filter_spans, fix_random_seed

    fix_random_seed(seed)
    nlp = spacy.blank("en")
    recogniser = nlp.add_pipe("ner")
    for kind in types:
        recogniser.add_label(kind)
    examples = []
    for document in train:
        gold = nlp.make_doc(document.text)
        own = [e for e in document.entities if e.type in types]
        spans = [gold.char_span(e.start, e.end, e.type, alignment_mode="expand") for e in own]
        gold.ents = filter_spans([span for span in spans if span is not None])
        examples.append(Example(nlp.make_doc(document.text), gold))
    optimizer = nlp.initialize(lambda: examples)
    order, sizes = random.Random(seed), compounding(100.0, 1000.0, 1.001)
    for _ in range(epochs):
        order.shuffle(examples)
        for batch in minibatch_by_words(examples, sizes):
            nlp.update(batch, sgd=optimizer, drop=0.1)
    return nlp


def spacy_ner(
    train: Sequence[Extraction],
    test: Sequence[Extraction],
    types: Sequence[str],
    *,
    epochs: int = 20,
    seed: int = 0,
) -> list[Extraction]:
    """SpaCy's recogniser with its own tokens; it sees each document as one."""
    nlp = spacy_model(train, types, epochs=epochs, seed=seed)
    read = nlp.pipe(d.text for d in test)
    return [
        annotated(document, [entity_at(document.text, e.start_char, e.end_char, e.label_) for e in doc.ents])
        for document, doc in zip(test, read, strict=True)
    ]


# The dictionary alone ------------------------------------------------------------------------------------------------


def dictionary(
    train: Sequence[Extraction],  # noqa: ARG001 -- learns nothing
    test: Sequence[Extraction],
    types: Sequence[str],
    *,
    lexicon: Lexicon | None = None,
) -> list[Extraction]:
    """The phrases of our own dictionary, the longest where they overlap, from left to right."""
    lexicon = load_lexicon() if lexicon is None else lexicon
    vocabulary = Vocabulary(limit=2**62)
    batch = lay_out([d.text for d in test], vocabulary)
    keys = np.array([token_key(w) for w in vocabulary.words], np.uint64)
    exact = np.array([exact_key(w) for w in vocabulary.words], np.uint64)
    tags = lexicon.match(keys[batch.padded], exact[batch.padded])[:, batch.positions]  # (kinds, tokens)
    matches: list[tuple[int, int, str]] = []
    for kind, row in zip(KINDS, tags, strict=True):
        if _TYPE_OF_KIND[kind] in types:
            first = np.flatnonzero((row == BEGIN) | (row == SINGLE)).tolist()
            last = np.flatnonzero((row == END) | (row == SINGLE)).tolist()
            matches += [(i, j, _TYPE_OF_KIND[kind]) for i, j in zip(first, last, strict=True)]
    chosen = longest(matches)
    return _from_tokens(test, batch, [m[0] for m in chosen], [m[1] for m in chosen], [m[2] for m in chosen])


def longest(matches: Sequence[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Choose from (first, last, type), from left to right, the longest at each place; none overlap.

    >>> longest([(4, 4, "DISEASE"), (3, 5, "TREATMENT"), (3, 3, "DISEASE"), (6, 6, "DISEASE")])
    [(3, 5, 'TREATMENT'), (6, 6, 'DISEASE')]
    """
    chosen: list[tuple[int, int, str]] = []
    for match in sorted(matches, key=lambda m: (m[0], -m[1])):
        if not chosen or match[0] > chosen[-1][1]:
            chosen.append(match)
    return chosen


RIVALS: dict[str, Rival] = {"sklearn-crfsuite": sklearn_crfsuite, "spaCy NER": spacy_ner, "dictionary": dictionary}

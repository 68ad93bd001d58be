"""Training: what is fitted, what the weights hold, and that the compiled model says what CRFsuite says."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pycrfsuite
import pytest
from scipy import sparse

from behealthy.data.formats import read_corpus
from behealthy.errors import ForeignBundle, TrainingError
from behealthy.extract.batch import lay_out
from behealthy.extract.extractor import Extractor
from behealthy.extract.lattice import forward_backward
from behealthy.extract.streams import tagger_with_streams
from behealthy.extract.tagger import Weights
from behealthy.extract.tokens import Vocabulary
from behealthy.learn import crfsuite
from behealthy.learn.crf import Recipe, data_hash, join, train
from behealthy.learn.dataset import Knowledge, encode, label_names, lay_out_documents
from behealthy.learn.likelihood import Likelihood, Stream, minimise
from behealthy.note import Extraction, entity_at
from behealthy.registry.bundle import load_classes, load_lexicon

ROOT = Path(__file__).resolve().parents[2]
TYPES = ("DISEASE", "TREATMENT")


def marked(text: str, **types: str) -> Extraction:
    """A note with each word marked once: ``marked("Aspirin for gout", TREATMENT="Aspirin", DISEASE="gout")``."""
    spans = ((text.index(word), word, kind) for kind, word in types.items())
    return Extraction("n", text, tuple(entity_at(text, a, a + len(word), kind) for a, word, kind in sorted(spans)))


SMALL = [
    marked("Aspirin for gout.", TREATMENT="Aspirin", DISEASE="gout"),
    marked("Insulin for type 2 diabetes.", TREATMENT="Insulin", DISEASE="type 2 diabetes"),
    marked("No heart failure. Rest at home.", DISEASE="heart failure", TREATMENT="Rest"),
    marked("Seen in clinic today."),
]


@pytest.fixture(scope="module")
def notes() -> tuple[Extraction, ...]:
    """Our own example notes, with gold."""
    return read_corpus(ROOT / "examples" / "notes", "brat").documents


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return Knowledge(load_lexicon(), load_classes())


def found(weights: Weights, documents: Sequence[Extraction], knowledge: Knowledge | None = None) -> list[set[object]]:
    extractor = Extractor(weights, *(() if knowledge is None else (knowledge.lexicon, knowledge.classes)))
    return [{(e.start, e.end, e.type) for e in extractor(d.text).entities} for d in documents]


def gold(documents: Sequence[Extraction]) -> list[set[object]]:
    return [{(e.start, e.end, e.type) for e in d.entities} for d in documents]


@pytest.mark.parametrize("trainer", ["likelihood", "crfsuite"])
@pytest.mark.parametrize("scheme", ["BIO", "BIOES"])
@pytest.mark.parametrize("head_per_type", [False, True])
def test_what_was_taught_is_found(trainer: str, scheme: str, head_per_type: bool) -> None:
    losses: list[float] = []
    recipe = Recipe(TYPES, scheme=scheme, trainer=trainer, head_per_type=head_per_type, l2=0.01, lean=0.0)  # type: ignore[arg-type]
    weights = train(SMALL, recipe, progress=lambda _, loss: losses.append(loss))
    assert found(weights, SMALL) == gold(SMALL)
    assert len(weights.heads) == (2 if head_per_type else 1)
    if not head_per_type:
        assert losses[-1] < losses[0]


def test_the_same_documents_give_the_same_weights() -> None:
    one, two = (train(SMALL, Recipe(TYPES, iterations=5)) for _ in range(2))
    for a, b in zip(one.blocks, two.blocks, strict=True):
        assert a.attributes == b.attributes
        np.testing.assert_array_equal(a.table, b.table)


def test_the_compiled_model_says_what_crfsuite_says(
    notes: tuple[Extraction, ...], knowledge: Knowledge, tmp_path: Path
) -> None:
    recipe = Recipe(TYPES, trainer="crfsuite", iterations=25, lean=0.0)
    dataset = lay_out_documents(notes[:8], knowledge)
    path = tmp_path / "model.crfsuite"
    crfsuite.train_file(path, dataset, encode(dataset, TYPES, "BIOES"), recipe)
    reference = pycrfsuite.Tagger()
    reference.open(str(path))

    weights = crfsuite.read_model(path)
    unseen = lay_out_documents(notes[100:110], knowledge)
    vocabulary = Vocabulary()
    tagger, streams = tagger_with_streams(weights, knowledge.lexicon, knowledge.classes)
    batch = lay_out([d.text for d in unseen.documents], vocabulary)
    ((head, layout, best, posterior),) = tagger.read(batch, vocabulary, streams(batch, vocabulary))
    marginals = posterior.marginals[layout.place]
    at = 0
    assert set(head.labels) == set(reference.labels())
    for sentence in crfsuite.items(unseen):
        expected = reference.tag(sentence)
        own = best[at : at + len(sentence)].tolist()
        assert [head.labels[i] for i in own] == expected
        for t, label in enumerate(own):
            assert marginals[at + t, label] == pytest.approx(reference.marginal(head.labels[label], t), abs=1e-6)
        at += len(sentence)
    assert at == len(batch.words) > 500


@pytest.mark.parametrize("known", [True, False])
def test_the_gradient_is_that_of_the_objective(known: bool) -> None:
    rng = np.random.default_rng(5)
    symbols = np.concatenate([[0, 0, 0], rng.integers(1, 6, 5), [0, 0, 0], rng.integers(1, 6, 4), [0, 0, 0]])
    attributes = sparse.csr_matrix((rng.random((6, 4)) < 0.5).astype(float))
    streams = [Stream(symbols, attributes, 1), Stream(symbols, sparse.csr_matrix(np.eye(6)), 0)]
    positions = np.flatnonzero(symbols)
    allowed = np.eye(3, dtype=bool)[rng.integers(0, 3, 9)]
    if not known:
        allowed |= rng.random((9, 3)) < 0.4
    objective = Likelihood(streams, positions, np.array([5, 4]), allowed, l2=0.3)
    point = rng.normal(size=objective.size)
    _, gradient = objective(point)
    for i in rng.choice(objective.size, 25, replace=False):
        step = np.zeros(objective.size)
        step[i] = 1e-5
        slope = (objective(point + step)[0] - objective(point - step)[0]) / 2e-5
        assert gradient[i] == pytest.approx(slope, abs=1e-6)


def test_open_labels_cost_nothing() -> None:
    dataset = lay_out_documents(SMALL, Knowledge())
    allowed = np.ones((len(dataset.batch.words), 3), np.bool_)
    eye = sparse.csr_matrix(np.eye(len(dataset.attributes[0])))
    objective = Likelihood(
        [Stream(dataset.symbols[0], eye, 0)], dataset.batch.positions, dataset.batch.lengths, allowed, l2=1.0
    )
    assert objective(np.zeros(objective.size))[0] == pytest.approx(0)
    assert not minimise(objective, start=np.full(objective.size, 0.1)).round(3).any()


def test_probabilities_sum_to_one(notes: tuple[Extraction, ...]) -> None:
    weights = train(SMALL, Recipe(TYPES, iterations=10))
    tagger, streams = tagger_with_streams(weights, None, None)
    vocabulary = Vocabulary()
    batch = lay_out([d.text for d in notes[:3]], vocabulary)
    for head, layout, _, posterior in tagger.read(batch, vocabulary, streams(batch, vocabulary)):
        assert posterior.marginals.shape == (len(batch.words), len(head.labels))
        np.testing.assert_allclose(posterior.marginals.sum(axis=1), 1, atol=1e-9)
        again = forward_backward(layout, np.zeros(posterior.marginals.shape), head.transitions)
        np.testing.assert_allclose(again.marginals.sum(axis=1), 1, atol=1e-9)


def test_heads_side_by_side_find_what_each_finds_alone(notes: tuple[Extraction, ...]) -> None:
    models = [train(notes[:6], Recipe((kind,), iterations=15)) for kind in TYPES]
    together = join(models)
    assert [h.types for h in together.heads] == [("DISEASE",), ("TREATMENT",)]
    alone = [found(model, notes[200:206]) for model in models]
    for both, first, second in zip(found(together, notes[200:206]), *alone, strict=True):
        overlaps = {(a, b) for a in first for b in second if a[0] < b[1] and b[0] < a[1]}  # type: ignore[index]
        assert both == first | second or overlaps


def test_a_lean_calls_more_entities(notes: tuple[Extraction, ...]) -> None:
    weights = train(notes[:6], Recipe(TYPES, iterations=15, lean=0.0))

    def leaning(lean: float) -> int:
        heads = tuple(replace(head, lean=lean) for head in weights.heads)
        return sum(map(len, found(replace(weights, heads=heads), notes[50:60])))

    assert leaning(-2) < leaning(0) < leaning(2)


def test_rare_words_are_left_out() -> None:
    doubled = [*SMALL, *SMALL[:1]]
    names = {a for block in train(doubled, Recipe(TYPES, iterations=1, fewest=2)).blocks for a in block.attributes}
    assert "w=gout" in names
    assert "w=diabetes" not in names
    assert not any("clinic" in name for name in names)


def test_what_cannot_be_learned_is_refused() -> None:
    for documents in ([], [marked("Seen in clinic today.")], SMALL):
        with pytest.raises(TrainingError, match=f"none of the types GENE occurs in {len(documents)} documents"):
            train(documents, Recipe(("GENE",)))


@pytest.mark.parametrize("content", [b"", b"lCRF", b"PK\x03\x04" + bytes(100)])
def test_another_file_is_no_crfsuite_model(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(content)
    with pytest.raises(ForeignBundle, match="not a CRFsuite model"):
        crfsuite.read_model(tmp_path / "m")


# Labels --------------------------------------------------------------------------------------------------------------


def labels(document: Extraction, types: tuple[str, ...] = TYPES, scheme: str = "BIOES") -> list[str]:
    dataset = lay_out_documents([document], Knowledge())
    names = label_names(types, scheme)  # type: ignore[arg-type]
    return [names[i] for i in encode(dataset, types, scheme)]  # type: ignore[arg-type]


def test_entities_become_labels() -> None:
    assert labels(SMALL[1]) == ["S-TREATMENT", "O", "B-DISEASE", "I-DISEASE", "E-DISEASE", "O"]
    assert labels(SMALL[1], scheme="BIO") == ["B-TREATMENT", "O", "B-DISEASE", "I-DISEASE", "I-DISEASE", "O"]
    assert labels(SMALL[1], types=("TREATMENT",)) == ["S-TREATMENT", "O", "O", "O", "O", "O"]


def test_of_overlapping_entities_the_longest_is_learned() -> None:
    text = "acute heart failure"
    spans = [(6, 11), (0, 19), (12, 19)]
    document = Extraction("n", text, tuple(entity_at(text, a, b, "DISEASE") for a, b in spans))
    assert labels(document) == ["B-DISEASE", "I-DISEASE", "E-DISEASE"]


def test_an_entity_covers_every_token_that_it_touches() -> None:
    document = Extraction("n", "postherpetic pain", (entity_at("postherpetic pain", 4, 14, "DISEASE"),))
    assert labels(document) == ["B-DISEASE", "E-DISEASE"]


# Hash ----------------------------------------------------------------------------------------------------------------


def test_the_hash_is_that_of_texts_and_marks() -> None:
    base = data_hash(SMALL)
    assert len(base) == 64
    assert data_hash(list(SMALL)) == base
    other = replace(SMALL[0], entities=SMALL[0].entities[:1])
    for changed in ([other, *SMALL[1:]], SMALL[::-1], SMALL[1:], [replace(SMALL[0], text="x"), *SMALL[1:]]):
        assert data_hash(changed) != base

"""Training: what is fitted, what the weights hold, what partly marked documents leave open."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from behealthy.data.formats import read_corpus
from behealthy.data.lineage import data_hash
from behealthy.errors import ForeignBundle, TrainingError
from behealthy.extract.batch import lay_out
from behealthy.extract.extractor import Extractor
from behealthy.extract.lattice import forward_backward
from behealthy.extract.streams import tagger_with_streams
from behealthy.extract.tagger import Weights
from behealthy.extract.tokens import Vocabulary
from behealthy.learn import crfsuite
from behealthy.learn.crf import Recipe, train
from behealthy.learn.dataset import Knowledge, encode, label_names, lay_out_documents
from behealthy.learn.likelihood import Likelihood, Stream, minimise
from behealthy.learn.starter import with_capitals
from behealthy.note import Extraction, entity_at

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


def found(weights: Weights, documents: Sequence[Extraction]) -> list[set[object]]:
    extractor = Extractor(weights)
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


def test_what_few_patients_share_is_not_in_the_model() -> None:
    def document(number: int, patient: str | None, name: str) -> Extraction:
        text = f"{name} {name} has gout, {name} says; visit {number}."
        at = text.index("gout")
        return Extraction(f"d{number}", text, (entity_at(text, at, at + 4, "DISEASE"),), patient_id=patient)

    own = [document(i, f"p{i % 2}", "Zostera") for i in range(10)]  # two patients, however many notes
    others = [document(10 + i, None, "Miller") for i in range(4)]
    everything = with_capitals([*own, *others])
    learned = {fewest: _attributes(everything, fewest) for fewest in (1, 3, 4)}
    assert {"w=zostera", "pzoste", "sstera", "w=miller"} <= learned[1]
    assert not {a for a in learned[3] if a[0] in "wps" and a[1:].removeprefix("=") in ("zostera", "zoste", "stera")}
    assert "w=miller" in learned[3] & learned[4]  # its copies in capitals are of the same patients
    assert "w=gout" in learned[4]


def _attributes(documents: list[Extraction], fewest_patients: int) -> set[str]:
    recipe = Recipe(("DISEASE",), iterations=5, fewest_patients=fewest_patients)
    return {a for block in train(documents, recipe).blocks for a in block.attributes}

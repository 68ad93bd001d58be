"""Learning on from a model: it takes up what is new, keeps what it knew, and gives one model of the same kind."""

from pathlib import Path

import numpy as np
import pytest

from behealthy.data.formats import read_corpus
from behealthy.errors import TrainingError
from behealthy.extract.extractor import Extractor
from behealthy.learn import crf
from behealthy.learn.adapt import adapt, adaptable
from behealthy.learn.crf import Recipe
from behealthy.learn.dataset import Knowledge
from behealthy.learn.evaluate import evaluate
from behealthy.note import DISEASE, TREATMENT, Extraction, Note, entity_at

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "notes"
RECIPE = Recipe((DISEASE, TREATMENT), iterations=25)
PLAIN = Knowledge()


def note(number: int, drug: str, disease: str) -> Extraction:
    text = f"Visit {number}. Started {drug} for {disease} today."
    at = {word: text.index(word) for word in (drug, disease)}
    marks = [entity_at(text, at[w], at[w] + len(w), t) for w, t in ((drug, TREATMENT), (disease, DISEASE))]
    return Extraction(f"n{number}", text, tuple(marks))


KNOWN = [note(i, d, s) for i, (d, s) in enumerate([("aspirin", "gout"), ("insulin", "diabetes")] * 6)]
NEW = [note(50 + i, "zorbatrine", "quillosis") for i in range(6)]


def found(weights: crf.Weights, documents: list[Extraction]) -> float:
    read = list(Extractor(weights).pipe(Note(d.note_id, d.text) for d in documents))
    return evaluate(documents, read, resamples=0).micro.strict.f1


@pytest.fixture(scope="module")
def first() -> crf.Weights:
    return crf.train(KNOWN, RECIPE, PLAIN)


def test_it_takes_up_what_is_new_and_keeps_what_it_knew(first: crf.Weights) -> None:
    # The new words stand where nothing else gives them away.
    bare = Extraction("b", "zorbatrine; quillosis", (entity_at("zorbatrine; quillosis", 0, 10, TREATMENT),))
    new = [*NEW, *(Extraction(f"b{i}", bare.text, bare.entities) for i in range(4))]
    weights = adapt(first, new, RECIPE, PLAIN)
    assert found(first, [bare]) < 1
    assert found(weights, [bare]) == 1
    assert found(weights, KNOWN) == 1
    assert "w=zorbatrine" in {a for block in weights.blocks for a in block.attributes}


def test_nothing_to_learn_changes_next_to_nothing(first: crf.Weights) -> None:
    """The first model explains its own documents, so the difference stays small beside the weights."""
    weights = adapt(first, KNOWN, RECIPE, PLAIN)
    moved = max(
        float(np.abs(a.table[: len(b.table)] - b.table).max())
        for a, b in zip(weights.blocks, first.blocks, strict=True)
    )
    largest = max(float(np.abs(block.table).max()) for block in first.blocks)
    assert moved < 0.5 * largest


def test_the_same_documents_give_the_same_weights(first: crf.Weights) -> None:
    once, again = adapt(first, NEW, RECIPE, PLAIN), adapt(first, NEW, RECIPE, PLAIN)
    assert all(np.array_equal(a.table, b.table) for a, b in zip(once.blocks, again.blocks, strict=True))
    assert [b.attributes for b in once.blocks] == [b.attributes for b in again.blocks]


def test_the_sum_says_what_its_parts_say(first: crf.Weights) -> None:
    """With so narrow a prior nothing is learned, and the sum tags exactly as the first model does."""
    weights = adapt(first, [*KNOWN, *NEW], Recipe((DISEASE, TREATMENT), l2=1e9, iterations=3), PLAIN)
    texts = [d.text for d in [*KNOWN, *NEW]]
    ours, theirs = (list(Extractor(w).pipe(texts)) for w in (weights, first))
    assert [[(e.start, e.end, e.type) for e in x.entities] for x in ours] == [
        [(e.start, e.end, e.type) for e in x.entities] for x in theirs
    ]
    scores = [[e.score for x in side for e in x.entities] for side in (ours, theirs)]
    assert scores[0] == pytest.approx(scores[1], abs=1e-4)


def test_what_cannot_be_learned_on_from_is_refused(first: crf.Weights) -> None:
    other = Recipe(("DRUG",), iterations=5)
    assert adaptable(first, RECIPE)
    assert not adaptable(first, other)
    with pytest.raises(TrainingError, match="same labels"):
        adapt(first, KNOWN, other, PLAIN)
    with pytest.raises(TrainingError, match="none of the types"):
        adapt(first, [Extraction("n", "Nothing here.")], RECIPE, PLAIN)
    two = crf.train(KNOWN, Recipe((DISEASE, TREATMENT), iterations=5, head_per_type=True), PLAIN)
    assert not adaptable(two, RECIPE)


def test_it_is_better_than_either_alone_on_notes_of_a_kind() -> None:
    """Example notes of two styles: a model of the one learns on from a few of the other."""
    notes = sorted(read_corpus(EXAMPLES, "brat").documents, key=lambda d: d.note_id.rsplit("-", 1)[0])
    few, judged = notes[100:112], notes[112:150]
    recipe = Recipe((DISEASE, TREATMENT), iterations=20)
    old = crf.train(notes[:50], recipe, PLAIN)
    alone = crf.train(few, recipe, PLAIN)
    figures = [found(w, judged) for w in (old, alone, adapt(old, few, recipe, PLAIN))]
    assert figures[2] >= max(figures[:2]) - 0.005


def test_what_many_taught_outweighs_the_oversights_of_a_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dozen notes in which every second mention was overlooked: without the tighter prior they undo more."""
    notes = sorted(read_corpus(EXAMPLES, "brat").documents, key=lambda d: d.note_id)
    careless = [Extraction(d.note_id, d.text, d.entities[::2]) for d in notes[60:72]]
    recipe = Recipe((DISEASE, TREATMENT), iterations=20)
    first = crf.train(notes[:60], recipe, PLAIN)
    kept = found(adapt(first, careless, recipe, PLAIN), notes[72:120])
    monkeypatch.setattr("behealthy.learn.adapt.HOLD", 1.0)
    undone = found(adapt(first, careless, recipe, PLAIN), notes[72:120])
    assert kept > undone + 0.02

"""The compiled tagger against CRFsuite itself, and span probabilities against enumeration."""

import itertools
from pathlib import Path

import numpy as np
import pycrfsuite
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from behealthy.extract.batch import lay_out
from behealthy.extract.extractor import Extractor, merge
from behealthy.extract.lattice import Layout, forward_backward
from behealthy.extract.streams import echo_attributes, echo_symbols, tagger_with_streams
from behealthy.extract.tagger import Block, Head, Spans, Weights, span_probabilities, spans_of
from behealthy.extract.tokens import Vocabulary
from behealthy.learn import crfsuite
from behealthy.learn.crf import Recipe, join, train
from behealthy.learn.dataset import Dataset, Knowledge, encode, lay_out_documents
from behealthy.note import DISEASE, TREATMENT, Extraction, entity_at
from behealthy.registry.bundle import load_classes, load_lexicon, load_model, save_model

WORDS = [
    "fever",
    "Asthma",
    "aspirin",
    "knee",
    "pain",
    "HTN",
    "500",
    "mg",
    "b.i.d.",
    "no",
    "the",
    "of",
    "surgery",
    "β",
    ",",
]
KNOWLEDGE = Knowledge(load_lexicon(), load_classes())


@st.composite
def documents(draw: st.DrawFn, types: tuple[str, ...] = (DISEASE, TREATMENT)) -> list[Extraction]:
    out = []
    for number in range(draw(st.integers(3, 6))):
        words = draw(st.lists(st.sampled_from(WORDS), min_size=2, max_size=14))
        text, entities = "", []
        for word in words:
            start = len(text) + bool(text)
            text += (" " if text else "") + word
            kind = draw(st.sampled_from([None, None, *types]))
            if kind:
                entities.append(entity_at(text, start, len(text), kind))
        out.append(Extraction(str(number), text, tuple(entities)))
    text = " ".join(WORDS[:4])
    out.append(Extraction("both", text, (entity_at(text, 0, 5, DISEASE), entity_at(text, 13, 20, TREATMENT))))
    return out


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(learn=documents(), unseen=documents(), scheme=st.sampled_from(["BIO", "BIOES"]), c2=st.sampled_from([0.01, 1.0]))
def test_compiled_tagger_gives_crfsuites_labels_and_marginals(tmp_path_factory, learn, unseen, scheme, c2):
    path = tmp_path_factory.mktemp("crf") / "model"
    recipe = Recipe((DISEASE, TREATMENT), scheme=scheme, l2=c2, iterations=15, trainer="crfsuite")
    dataset = lay_out_documents(learn, KNOWLEDGE)
    crfsuite.train_file(path, dataset, encode(dataset, recipe.types, scheme), recipe)
    reference = pycrfsuite.Tagger()
    reference.open(str(path))
    weights = crfsuite.read_model(path)
    tagger, streams = tagger_with_streams(weights, KNOWLEDGE.lexicon, KNOWLEDGE.classes)
    vocabulary = Vocabulary()
    batch = lay_out([d.text for d in unseen], vocabulary)
    ((head, layout, labels, posterior),) = tagger.read(batch, vocabulary, streams(batch, vocabulary))
    marginals = posterior.marginals[layout.place]
    at = 0
    for sentence in crfsuite.items(lay_out_documents(unseen, KNOWLEDGE)):
        wanted = reference.tag(pycrfsuite.ItemSequence(sentence))
        assert [head.labels[i] for i in labels[at : at + len(sentence)]] == wanted
        for i in range(len(sentence)):
            for j, label in enumerate(head.labels):
                assert abs(marginals[at + i, j] - reference.marginal(label, i)) < 1e-6
        at += len(sentence)
    assert at == len(batch.words)


@pytest.mark.parametrize("scheme", ["BIO", "BIOES"])
@pytest.mark.parametrize("seed", range(5))
def test_a_spans_score_is_the_probability_of_exactly_that_span(scheme: str, seed: int):
    rng = np.random.default_rng(seed)
    labels = ("O", *(f"{p}-{t}" for t in "XY" for p in scheme if p != "O"))
    lengths = np.array([4, 1, 5])
    layout = Layout.of(lengths)
    sentence = np.repeat(np.arange(3), lengths)
    emissions = rng.normal(size=(10, len(labels))) * 1.5
    transitions = rng.normal(size=(len(labels), len(labels)))
    posterior = forward_backward(layout, emissions[layout.order], transitions)
    # Paths that begin entities as the scheme wants; any labelling of a span must decode to it alone.
    path = np.array([_number(labels, w) for w in _well_formed(scheme)])
    first, last, _ = spans_of(path, labels, sentence)
    scores = span_probabilities(posterior, layout, labels, path, first, last, sentence)
    assert len(first) == 5
    for a, b, score in zip(first, last, scores, strict=True):
        assert score == pytest.approx(
            _enumerated(labels, emissions, transitions, lengths, sentence, path, a, b), abs=1e-9
        )


def _well_formed(scheme: str) -> list[str]:
    if scheme == "BIO":
        return ["B-X", "I-X", "O", "B-Y", "B-X", "O", "B-Y", "I-Y", "I-Y", "B-Y"]
    return ["B-X", "E-X", "O", "S-Y", "S-X", "O", "B-Y", "I-Y", "E-Y", "S-Y"]


def _number(labels: tuple[str, ...], name: str) -> int:
    return labels.index(name)


def _enumerated(labels, emissions, transitions, lengths, sentence, path, a, b) -> float:
    """Sum the probability of all paths of the sentence that carry the span's labels and do not go on behind it."""
    own = np.flatnonzero(sentence == sentence[a])
    total = hit = 0.0
    for candidate in itertools.product(range(len(labels)), repeat=len(own)):
        y = dict(zip(own, candidate, strict=True))
        score = sum(emissions[i, y[i]] for i in own) + sum(transitions[y[i], y[i + 1]] for i in own[:-1])
        p = np.exp(score)
        total += p
        if any(y[i] != path[i] for i in range(a, b + 1)):
            continue
        after = labels[y[b + 1]] if b + 1 in y else "O"
        kind = labels[path[b]]
        if kind[0] in "BI" and after[0] in "IE" and after[2:] == kind[2:]:
            continue
        hit += p
    return hit / total


def test_empty_notes_and_notes_without_words_go_through():
    extractor = Extractor(_tiny())
    for text in ("", "   \n\t", "\u200b", "\ud800"):
        assert extractor(text).entities == ()
    assert [e.text for e in extractor.pipe(["", "fever", " "])] == ["", "fever", " "]


def _tiny() -> Weights:
    head = Head(("O", "S-DISEASE"), np.zeros((2, 2)))
    table = np.zeros((1, 1, 2))
    table[0, 0, 1] = 5.0
    return Weights((head,), (Block(0, ("w=fever",), table),))


def test_batching_and_a_forgetful_cache_change_nothing():
    text = "Fever and cough. No asthma.\nfever again with a rash, aspirin given."
    notes = [text[i:] for i in range(0, 40)] * 3
    alone = [_rounded(Extractor(_tiny())(note)) for note in notes]
    forgetful = Extractor(_tiny(), cache_words=3)
    assert [_rounded(x) for x in Extractor(_tiny()).pipe(notes)] == alone
    assert [_rounded(forgetful(note)) for note in notes] == alone
    assert any(alone)


def _rounded(extraction: Extraction) -> list[tuple[int, int, str, float]]:
    """Sums over a batch may differ in the last bits from sums over a note."""
    return [(e.start, e.end, e.type, round(e.score, 9)) for e in extraction.entities]


def test_heads_side_by_side_give_what_each_gives_alone():
    documents = [
        Extraction(
            "1",
            "aspirin for fever",
            (entity_at("aspirin for fever", 0, 7, TREATMENT), entity_at("aspirin for fever", 12, 17, DISEASE)),
        ),
        Extraction("2", "no asthma today", (entity_at("no asthma today", 3, 9, DISEASE),)),
    ]
    single = [train(documents, Recipe((kind,), iterations=30)) for kind in (DISEASE, TREATMENT)]
    both = Extractor(join(single))("aspirin for asthma")
    apart = [e for w in single for e in Extractor(w)("aspirin for asthma").entities]
    assert sorted((e.start, e.end, e.type) for e in both.entities) == sorted((e.start, e.end, e.type) for e in apart)
    assert [round(e.score, 9) for e in both.entities] == [
        round(e.score, 9) for e in sorted(apart, key=lambda e: e.start)
    ]


def test_a_base_model_is_heard():
    text = "zzqx given for qqjv"
    base = train([Extraction("1", text, (entity_at(text, 15, 19, DISEASE),))] * 3, Recipe((DISEASE,), iterations=30))
    plain = [Extraction("2", "fever", (entity_at("fever", 0, 5, DISEASE),)), Extraction("3", "zzqx", ())]
    learn = [*plain, Extraction("4", "for qqjv", (entity_at("for qqjv", 4, 8, DISEASE),))] * 3
    stacked = train(learn, Recipe((DISEASE,), iterations=30), Knowledge(base=base))
    assert stacked.base is base
    assert any(a.startswith("b0:") for block in stacked.blocks for a in block.attributes)
    assert [e.text for e in Extractor(stacked)("for qqjv").entities] == ["qqjv"]


def test_dataset_symbols_and_attributes_fit_together():
    dataset: Dataset = lay_out_documents([Extraction("1", "aspirin for heart failure", ())], KNOWLEDGE)
    for symbols, attributes in zip(dataset.symbols, dataset.attributes, strict=True):
        assert symbols.max() < len(attributes)
    assert dataset.attributes[1][0] == []


def test_an_echo_tells_what_was_thought_of_the_same_word_elsewhere_in_the_note_only():
    vocabulary = Vocabulary()
    batch = lay_out(["qqjv then qqjv , x , x", "qqjv alone"], vocabulary)
    thought = np.zeros((len(batch.words), 1))
    thought[0] = 0.95
    symbols = echo_symbols(batch, vocabulary, thought)
    attributes = echo_attributes((DISEASE,), "0")
    said = [set(attributes[s]) for s in symbols]
    assert said[0] == said[2] != set()
    assert f"e0:{DISEASE}:max>0.9" in said[2]
    assert f"e0:{DISEASE}:mean>0.6" not in said[2]
    assert not any(said[1:2] + said[3:])  # once only, signs, single letters, and another note


def test_a_second_look_hears_the_first_and_survives_the_bundle(tmp_path: Path):
    texts = ["qqjv is known. Later qqjv came back.", "zzqx given. Then zzqx stopped.", "nothing here , nothing there"]
    learn = [
        Extraction(
            str(i), t, tuple(entity_at(t, a, a + 4, DISEASE) for a in (t.find("qqjv"), t.rfind("qqjv")) if a >= 0)
        )
        for i, t in enumerate(t + " ." * n for n in range(4) for t in texts)
    ]
    weights = train(learn, Recipe((DISEASE,), iterations=30, second_look=True))
    assert weights.hears == "echo"
    assert any(a.startswith("e0:") for block in weights.blocks for a in block.attributes)
    facts = {"name": "n", "recipe": {}, "data": {"hash": "0"}, "knowledge": {}}
    save_model(tmp_path / "m", weights, facts, dtype=np.float64)
    loaded = load_model(tmp_path / "m").weights
    assert loaded.hears == "echo"
    assert Extractor(loaded)(texts[0]).entities == Extractor(weights)(texts[0]).entities
    assert [e.text for e in Extractor(loaded)(texts[0]).entities] == ["qqjv", "qqjv"]


def test_a_base_may_have_a_base_of_its_own():
    text = "zzqx given for qqjv"
    first = train([Extraction("1", text, (entity_at(text, 15, 19, DISEASE),))] * 3, Recipe((DISEASE,), iterations=30))
    second = train(
        [Extraction("2", "for qqjv", (entity_at("for qqjv", 4, 8, DISEASE),)), Extraction("3", "zzqx", ())] * 3,
        Recipe((DISEASE,), iterations=30),
        Knowledge(KNOWLEDGE.lexicon, base=first),
    )
    third = train(
        [Extraction("4", "had qqjv", (entity_at("had qqjv", 4, 8, DISEASE),)), Extraction("5", "zzqx", ())] * 3,
        Recipe((DISEASE,), iterations=30),
        Knowledge(KNOWLEDGE.lexicon, base=second),
    )
    assert third.base is second
    assert second.base is first
    assert [e.text for e in Extractor(third, KNOWLEDGE.lexicon)("had qqjv").entities] == ["qqjv"]


def test_of_overlapping_spans_the_most_probable_stay_and_none_is_lost_to_one_that_goes():
    def spans(*rows: tuple[int, int, float]) -> Spans:
        first, last, score = (np.array(x) for x in zip(*rows, strict=True))
        return Spans(first, last, [DISEASE] * len(rows), score)

    merged = merge([spans((0, 2, 0.5), (5, 6, 0.7)), spans((2, 5, 0.6))])
    assert list(zip(merged.first, merged.last, strict=True)) == [(0, 2), (5, 6)]

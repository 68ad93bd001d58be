"""Our figures against nervaluate, seqeval and brute force; intervals; trimming; refusals."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nervaluate import Evaluator
from seqeval.metrics import f1_score, precision_score, recall_score
from seqeval.scheme import IOB2

from behealthy.learn.evaluate import evaluate
from behealthy.note import Entity, Extraction, entity_at

TYPES = ("DISEASE", "DRUG", "SIGN")


def document(spans, text="x" * 400, note_id="n"):
    return Extraction(note_id, text, tuple(entity_at(text, s, e, t) for s, e, t in spans))


def flat_spans(rng, tokens=40, density=0.4):
    """Spans over whole tokens that do not overlap one another; a token is one code point."""
    spans, at = [], 0
    while at < tokens:
        length = int(rng.integers(1, 5))
        if rng.random() < density and at + length <= tokens:
            spans.append((at, at + length, str(rng.choice(TYPES))))
        at += length
    return spans


def perturbed(rng, spans, tokens=40):
    """Gold seen through a poor model: lost, moved, merged and retyped spans, still flat."""
    out, reached = [], 0
    for start, end, kind in spans:
        if rng.random() < 0.2:
            continue
        begin = max(reached, start + int(rng.integers(-2, 3)) * int(rng.random() < 0.4))
        stop = min(tokens, end + int(rng.integers(0, 8)) * int(rng.random() < 0.4))
        if begin < stop:
            out.append((begin, stop, str(rng.choice(TYPES)) if rng.random() < 0.3 else kind))
            reached = stop
    return out


def corpus(seed, documents=60):
    rng = np.random.default_rng(seed)
    gold = [flat_spans(rng, density=rng.choice([0.0, 0.3, 0.9])) for _ in range(documents)]
    predicted = [perturbed(rng, g) if rng.random() < 0.8 else flat_spans(rng) for g in gold]
    return gold, predicted


def as_nervaluate(side):
    return [[{"label": t, "start": s, "end": e - 1} for s, e, t in spans] for spans in side]


def as_iob(spans, tokens=40):
    tags = ["O"] * tokens
    for start, end, kind in spans:
        tags[start:end] = [f"B-{kind}"] + [f"I-{kind}"] * (end - start - 1)
    return tags


def numbers(score):
    return pytest.approx((score.precision, score.recall, score.f1))


def assert_like_nervaluate(gold, predicted):
    report = evaluate(list(map(document, gold)), list(map(document, predicted)), types=TYPES, resamples=0)
    theirs = Evaluator(as_nervaluate(gold), as_nervaluate(predicted), tags=list(TYPES), loader="dict").evaluate()
    for ours, result in [(report.micro, theirs["overall"])] + [
        (report.types[name], result) for name, result in theirs["entities"].items()
    ]:
        for score, key in ((ours.strict, "strict"), (ours.type_only, "ent_type")):
            assert (result[key].precision, result[key].recall, result[key].f1) == numbers(score)
        assert (ours.n, ours.predicted) == (result["strict"].possible, result["strict"].actual)


@pytest.mark.parametrize("seed", range(6))
def test_strict_and_type_only_are_those_of_nervaluate(seed):
    assert_like_nervaluate(*corpus(seed))


@pytest.mark.parametrize(
    ("gold", "predicted"),
    [
        ([[]], [[]]),
        ([[(0, 4, "DRUG")]], [[]]),
        ([[]], [[(0, 4, "DRUG")]]),
        # one prediction over three gold entities; the second prediction must take what is left
        ([[(0, 2, "DRUG"), (3, 5, "DRUG"), (6, 9, "SIGN")]], [[(1, 8, "DRUG"), (8, 9, "DRUG")]]),
        # a wrong type uses up the gold entity that the next prediction has right
        ([[(0, 9, "DRUG")]], [[(0, 2, "SIGN"), (3, 9, "DRUG")]]),
        # the overlap is less than a hundredth of the gold entity
        ([[(0, 300, "DRUG")]], [[(298, 310, "DRUG")]]),
        ([[(0, 300, "DRUG")]], [[(297, 310, "DRUG")]]),
    ],
)
def test_awkward_documents_are_counted_as_nervaluate_does(gold, predicted):
    assert_like_nervaluate(gold, predicted)


spans_in_any_disorder = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 12), st.sampled_from(TYPES)).map(lambda s: (s[0], s[0] + s[1], s[2])),
    max_size=8,
)


@given(spans_in_any_disorder, spans_in_any_disorder)
def test_type_only_is_nervaluates_even_for_nested_spans(gold, predicted):
    gold, predicted = sorted(gold), sorted(predicted)
    ours = evaluate([document(gold)], [document(predicted)], resamples=0)
    theirs = Evaluator(as_nervaluate([gold]), as_nervaluate([predicted]), tags=list(TYPES), loader="dict").evaluate()
    result = theirs["overall"]["ent_type"]
    assert (result.precision, result.recall, result.f1) == numbers(ours.micro.type_only)


@pytest.mark.parametrize("seed", range(6))
def test_strict_is_that_of_seqeval(seed):
    gold, predicted = corpus(seed)
    ours = evaluate(list(map(document, gold)), list(map(document, predicted)), resamples=0)
    tags = [as_iob(spans) for spans in gold], [as_iob(spans) for spans in predicted]
    for average, expected in (("micro", ours.micro), (None, [ours.types[t] for t in sorted(ours.types)])):
        theirs = [
            f(*tags, mode="strict", scheme=IOB2, average=average) for f in (precision_score, recall_score, f1_score)
        ]
        if average:
            assert tuple(theirs) == numbers(expected.strict)
        else:
            for i, figures in enumerate(expected):
                assert tuple(measure[i] for measure in theirs) == numbers(figures.strict)


@given(st.lists(st.tuples(spans_in_any_disorder, spans_in_any_disorder), max_size=4))
def test_relaxed_is_brute_force(documents):
    ours = evaluate([document(g) for g, _ in documents], [document(p) for _, p in documents], resamples=0)

    def touches(a, others):
        return any(a[2] == b[2] and set(range(*a[:2])) & set(range(*b[:2])) for b in others)

    hit_predictions = sum(touches(span, g) for g, p in documents for span in p)
    hit_gold = sum(touches(span, p) for g, p in documents for span in g)
    assert ours.micro.relaxed.precision == pytest.approx(hit_predictions / max(1, sum(len(p) for _, p in documents)))
    assert ours.micro.relaxed.recall == pytest.approx(hit_gold / max(1, sum(len(g) for g, _ in documents)))


@given(spans_in_any_disorder, spans_in_any_disorder)
def test_relaxed_is_never_below_strict_and_order_does_not_matter(gold, predicted):
    report = evaluate([document(gold)], [document(predicted)])
    assert report.micro.relaxed.f1 >= report.micro.strict.f1 - 1e-12
    assert report == evaluate([document(gold[::-1])], [document(predicted[::-1])])


def test_a_repeated_prediction_is_right_once():
    report = evaluate([document([(0, 3, "DRUG")])], [document([(0, 3, "DRUG")] * 2)])
    assert (report.micro.strict.precision, report.micro.strict.recall) == (0.5, 1.0)
    twice = evaluate([document([(0, 3, "DRUG")] * 2)], [document([(0, 3, "DRUG")] * 2)])
    assert twice.micro.strict.f1 == 1.0


def test_types_that_are_not_asked_for_do_not_count():
    gold, predicted = [document([(0, 3, "DRUG"), (5, 9, "SIGN")])], [document([(0, 3, "DRUG"), (5, 8, "DISEASE")])]
    report = evaluate(gold, predicted, types=["DRUG", "WOUND"])
    assert report.micro.strict.f1 == report.micro.type_only.f1 == 1.0
    assert set(report.types) == {"DRUG", "WOUND"}
    assert (report.types["WOUND"].n, report.types["WOUND"].strict.f1) == (0, 0.0)


def noisy(rng, documents, chance):
    """Documents whose predictions are right with this chance and touch nothing otherwise: every F1 is the chance."""
    gold, predicted = [], []
    for _ in range(documents):
        spans = [(10 * i, 10 * i + 4, "DRUG") for i in range(int(rng.integers(1, 8)))]
        gold.append(document(spans))
        predicted.append(document([s if rng.random() < chance else (s[0] + 5, s[1] + 5, s[2]) for s in spans]))
    return gold, predicted


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(7)
    covered = 0
    for _ in range(100):
        low, high = evaluate(*noisy(rng, 60, 0.7), resamples=300).micro.strict.interval
        covered += low <= 0.7 <= high
    assert 88 <= covered <= 99


def test_the_interval_is_that_of_a_plain_bootstrap():
    gold, predicted = noisy(np.random.default_rng(1), 40, 0.6)
    low, high = evaluate(gold, predicted, resamples=2000).micro.relaxed.interval
    rng, values = np.random.default_rng(99), []
    for _ in range(400):
        chosen = rng.integers(40, size=40)
        values.append(evaluate([gold[i] for i in chosen], [predicted[i] for i in chosen], resamples=0).micro.relaxed.f1)
    assert (low, high) == pytest.approx(tuple(np.percentile(values, [2.5, 97.5])), abs=0.02)


def test_intervals_repeat_with_the_seed_and_narrow_with_documents():
    few, many = noisy(np.random.default_rng(3), 20, 0.6), noisy(np.random.default_rng(3), 500, 0.6)
    assert evaluate(*few, seed=5) == evaluate(*few, seed=5)
    assert evaluate(*few, seed=5) != evaluate(*few, seed=6)
    width = [np.ptp(evaluate(*side).micro.strict.interval) for side in (few, many)]
    assert width[1] < width[0] / 3


@pytest.mark.parametrize(("documents", "resamples"), [(1, 1000), (30, 0), (0, 1000)])
def test_no_interval_without_resamples_or_documents(documents, resamples):
    gold, predicted = noisy(np.random.default_rng(0), documents, 0.5)
    report = evaluate(gold, predicted, resamples=resamples)
    assert report.documents == documents
    assert report.micro.strict.interval is None


def test_a_type_that_never_occurs_has_no_interval():
    gold, predicted = noisy(np.random.default_rng(0), 10, 0.5)
    report = evaluate(gold, predicted, types=["DRUG", "WOUND"])
    assert report.types["WOUND"].strict.interval is None
    assert report.types["DRUG"].strict.interval is not None


@pytest.mark.parametrize(
    ("gold", "predicted"),
    [
        ("the asthma", "asthma"),
        ("The patient's asthma", "asthma"),
        ("THIS PATIENT’S asthma", "patient’s asthma"),
        ("any of his", "any of his"),
        ("her  \n old eczema", "old eczema"),
        ("a an the asthma", "the asthma"),
        ("theophylline", "theophylline"),
        ("Crohn's disease", "Crohn's disease"),
    ],
)
def test_determiners_are_cut_on_both_sides(gold, predicted):
    text = f"Denies {gold} today."

    def found(words):
        start = text.lower().index(words.lower())
        return Extraction("n", text, (entity_at(text, start, start + len(words), "DISEASE"),))

    trimmed = evaluate([found(gold)], [found(predicted)], trim_determiners=True)
    plain = evaluate([found(gold)], [found(predicted)])
    assert trimmed.micro.strict.f1 == 1.0
    assert plain.micro.strict.f1 == float(gold == predicted)
    assert (trimmed.trimmed, plain.trimmed) == (True, False)


@pytest.mark.parametrize("words", ["the", "the patient's", "his ", "any some"])
def test_trimming_never_empties_an_entity(words):
    text = f"{words} x"
    gold = Extraction("n", text, (entity_at(text, 0, len(words), "DISEASE"),))
    assert evaluate([gold], [gold], trim_determiners=True).micro.relaxed.f1 == 1.0


def test_trimming_keeps_names_that_only_look_like_determiners():
    text = "Crohn's disease"
    short = Extraction("n", text, (entity_at(text, 8, 15, "DISEASE"),))
    whole = Extraction("n", text, (entity_at(text, 0, 15, "DISEASE"),))
    assert evaluate([whole], [short], trim_determiners=True).micro.strict.f1 == 0.0


@pytest.mark.parametrize(
    ("predicted", "named"),
    [
        ([], "1 gold documents but 0"),
        ([Extraction("other", "secret words")], "'other'"),
        ([Extraction("n", "secret wounds")], "code point 9"),
        ([Extraction("n", "secret")], "code point 6"),
    ],
)
def test_documents_that_differ_are_refused_without_quoting_them(predicted, named):
    with pytest.raises(ValueError, match=named) as caught:
        evaluate([Extraction("n", "secret words")], predicted)
    assert "secret" not in str(caught.value)


def test_negative_resamples_are_refused():
    with pytest.raises(ValueError, match="-1"):
        evaluate([], [], resamples=-1)


def test_json_can_be_read_by_scripts_that_know_only_micro_and_type_names():
    gold, predicted = noisy(np.random.default_rng(2), 12, 0.5)
    report = evaluate(gold, predicted)
    data = json.loads(json.dumps(report.to_json()))
    assert data["DRUG"] == data["types"]["DRUG"]
    assert (data["documents"], data["trimmed"]) == (12, False)
    for place in (data["micro"], data["DRUG"]):
        assert place["n"] == report.micro.n
        for kind in ("strict", "relaxed", "type_only"):
            assert set(place[kind]) == {"precision", "recall", "f1", "n", "interval"}
            assert place[kind]["n"] == report.micro.n
    assert data["micro"]["strict"]["interval"] == list(report.micro.strict.interval)


def test_a_type_named_like_a_key_of_the_report_does_not_replace_it():
    gold = [document([(0, 3, "micro"), (5, 6, "DRUG")])]
    data = evaluate(gold, gold).to_json()
    assert (data["micro"]["n"], data["types"]["micro"]["n"]) == (2, 1)


def test_ten_thousand_documents_take_seconds(seconds):
    rng = np.random.default_rng(0)
    some = [[document(spans) for spans in side] for side in corpus(0, 200)]
    chosen = rng.integers(200, size=10_000)
    gold, predicted = ([side[i] for i in chosen] for side in some)
    reports = []
    assert seconds(lambda: reports.append(evaluate(gold, predicted)), repeats=1) < 40
    assert reports[0].micro.n > 50_000


def test_an_entity_that_leaves_the_text_is_still_counted():
    odd = Extraction("n", "short", (Entity(2, 99, "?", "DRUG"),))
    assert evaluate([odd], [odd], trim_determiners=True).micro.strict.f1 == 1.0

"""The error browser: every mistake in one group, counted once, shown safely."""

from collections import Counter
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from behealthy.learn.evaluate import evaluate
from behealthy.learn.mistakes import browse, to_html, to_terminal
from behealthy.note import Extraction, entity_at

PAIRED = ("false positives", "false negatives", "type confusions", "boundary errors")


def document(text, *found, note_id="n"):
    return Extraction(
        note_id, text, tuple(entity_at(text, text.index(w), text.index(w) + len(w), kind) for w, kind in found)
    )


TEXT = "Chronic cough and Fever, eased by zinc tablets and aspirin; no eczema."
GOLD = document(
    TEXT,
    ("Chronic cough", "DISEASE"),
    ("Fever", "DISEASE"),
    ("zinc tablets", "TREATMENT"),
    ("aspirin", "TREATMENT"),
)
PREDICTED = document(
    TEXT,
    ("cough", "DISEASE"),
    ("Fever", "TREATMENT"),
    ("by zinc", "TREATMENT"),
    ("aspirin", "TREATMENT"),
    ("eczema", "DISEASE"),
)
MISSED = document("The FEVER is back, the fever stays.", ("FEVER", "DISEASE"), ("fever", "DISEASE"), note_id="m")


@pytest.fixture
def found():
    return browse([GOLD, MISSED], [PREDICTED, document(MISSED.text, note_id="m")])


def brief(tally):
    return [(m.count, m.gold, m.gold_type, m.predicted, m.predicted_type, m.difference) for m in tally.most]


def test_a_case_made_by_hand(found):
    assert (found.documents, found.gold, found.predicted, found.correct) == (2, 6, 5, 1)
    assert brief(found.kinds["false positives"]) == [(1, "", "", "eczema", "DISEASE", "")]
    assert brief(found.kinds["false negatives"]) == [(2, "fever", "DISEASE", "", "", "")]
    assert brief(found.kinds["type confusions"]) == [(1, "fever", "DISEASE", "fever", "TREATMENT", "")]
    assert brief(found.kinds["boundary errors"]) == [
        (1, "chronic cough", "DISEASE", "cough", "DISEASE", "−leading 'chronic'"),
        (1, "zinc tablets", "TREATMENT", "by zinc", "TREATMENT", "+leading 'by', −trailing 'tablets'"),
    ]


def test_differences_are_counted_across_different_words():
    texts = ["severe asthma", "severe eczema", "severe gout"]
    gold = [document(t, (t, "DISEASE")) for t in texts]
    predicted = [document(t, (t.split()[1], "DISEASE")) for t in texts]
    found = browse(gold, predicted)
    assert found.kinds["boundary errors"].distinct == 3
    assert brief(found.kinds["boundary differences"]) == [(3, "", "DISEASE", "", "DISEASE", "−leading 'severe'")]
    back = browse(predicted, gold)
    assert brief(back.kinds["boundary differences"]) == [(3, "", "DISEASE", "", "DISEASE", "+leading 'severe'")]


def test_a_prediction_over_two_gold_entities_pairs_with_one_of_them():
    gold = document("zinc and iron tablets", ("zinc", "TREATMENT"), ("iron tablets", "TREATMENT"))
    found = browse([gold], [document("zinc and iron tablets", ("zinc and iron tablets", "TREATMENT"))])
    assert brief(found.kinds["boundary errors"])[0][1] == "iron tablets"
    assert brief(found.kinds["false negatives"])[0][1] == "zinc"


def test_an_exact_prediction_is_not_robbed_by_one_that_overlaps():
    gold = document("a severe gout", ("gout", "DISEASE"))
    found = browse([gold], [document("a severe gout", ("severe gout", "DISEASE"), ("gout", "DISEASE"))])
    assert found.correct == 1
    assert brief(found.kinds["false positives"])[0][3] == "severe gout"


def test_most_frequent_first_and_no_more_than_asked_for():
    texts = ["gout"] * 3 + ["rash"] * 2 + ["acne"]
    gold = [document(t, (t, "DISEASE")) for t in texts]
    tally = browse(gold, [document(t) for t in texts], top=2).kinds["false negatives"]
    assert [(m.gold, m.count) for m in tally.most] == [("gout", 3), ("rash", 2)]
    assert (tally.total, tally.distinct) == (6, 3)


def test_examples_mark_both_sides_and_stay_close():
    text = "far away " * 30 + "\n\nPlan: the chronic\ncough needs rest.\n\nOther paragraph. " + "further on " * 30
    gold = document(text, ("chronic\ncough", "DISEASE"))
    many = [gold] * 5
    found = browse(many, [document(text, ("cough needs", "DISEASE"))] * 5)
    examples = found.kinds["boundary errors"].most[0].examples
    assert len(examples) == 3
    assert examples[0].note_id == "n"
    assert [p for p in examples[0].pieces if p[1]] == [("chronic ", "gold"), ("cough", "both"), (" needs", "predicted")]
    assert "".join(p for p, _ in examples[0].pieces) == "Plan: the chronic cough needs rest."


def test_long_contexts_are_cut_between_words():
    text = "word " * 50 + "gout " + "word " * 50
    example = (
        browse([document(text, ("gout", "DISEASE"))], [document(text)]).kinds["false negatives"].most[0].examples[0]
    )
    before, marked, after = (piece for piece, _ in example.pieces)
    assert marked == "gout"
    assert set(before.split()) == {"…word", "word"}
    assert set(after.split()) == {"word", "…"}
    assert max(len(before), len(after)) <= 63


spans = st.lists(
    st.tuples(st.integers(0, 29), st.integers(1, 9), st.sampled_from(["DISEASE", "TREATMENT"])), max_size=8
).map(lambda drawn: [entity_at("some words of a note that nobody wrote", s, s + n, kind) for s, n, kind in drawn])


@given(spans, spans)
def test_every_entity_is_in_exactly_one_group(gold, predicted):
    sides = [[Extraction("n", "some words of a note that nobody wrote", tuple(side))] for side in (gold, predicted)]
    found = browse(*sides)
    total = {kind: found.kinds[kind].total for kind in PAIRED}
    pairs = found.correct + total["type confusions"] + total["boundary errors"]
    assert pairs + total["false negatives"] == len(gold)
    assert pairs + total["false positives"] == len(predicted)
    strict = Counter((e.start, e.end, e.type) for e in gold) & Counter((e.start, e.end, e.type) for e in predicted)
    assert found.correct == strict.total()
    if gold:
        assert found.correct / len(gold) == pytest.approx(evaluate(*sides).micro.strict.recall)


EVIL = "<script>alert(1)</script> & [bold]gout[/bold]"


def test_html_escapes_what_stands_in_notes():
    gold = document(EVIL, (EVIL, "<b>TYPE"), note_id="<i>id")
    page = to_html(browse([gold], [document(EVIL, note_id="<i>id")]), "<u>title")
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; [bold]" in page
    assert not {"<b>", "<i>", "<u>"} & {page[i : i + 3] for i in range(len(page))}


def test_html_shows_counts_groups_and_examples(found):
    page = to_html(found)
    assert "6 gold entities, 5 predicted, 1 exactly right" in page
    assert page.count("<details>") == sum(len(tally.most) for tally in found.kinds.values())
    assert "chronic cough → cough" in page
    assert "−leading &#x27;chronic&#x27;" in page


@pytest.mark.parametrize("width", [60, 140])
def test_the_terminal_shows_the_same_and_takes_no_markup_from_notes(found, width):
    out = StringIO()
    console = Console(file=out, width=width)
    console.print(to_terminal(found))
    assert "Boundary errors: 2" in out.getvalue()
    assert "eczema" in out.getvalue()
    console.print(to_terminal(browse([document(EVIL, (EVIL, "T"))], [document(EVIL)])))
    assert "[bold]" in out.getvalue()


def test_nothing_wrong_is_said_in_words():
    found = browse([GOLD], [GOLD])
    assert found.correct == 4
    assert to_html(found).count("None.") == 5
    out = StringIO()
    Console(file=out, width=100).print(to_terminal(found))
    assert "False positives: 0" in out.getvalue()


def test_documents_that_differ_are_refused():
    with pytest.raises(ValueError, match="'m'"):
        browse([GOLD], [MISSED])

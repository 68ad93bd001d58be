"""Phrases become paths; the longest match at each place is found."""

import re

import pytest

from behealthy.extract.batch import lay_out
from behealthy.extract.tokens import Vocabulary
from behealthy.extract.triggers import CLASSES, Triggers, chronic_words, compile_triggers, load_triggers


def found(triggers: Triggers, text: str) -> list[tuple[str, str]]:
    vocabulary = Vocabulary()
    batch = lay_out([text], vocabulary)
    hits = triggers.find(batch, vocabulary)
    return [
        (text[batch.starts[a] : batch.ends[b]], CLASSES[triggers.kind[row]])
        for a, b, row in zip(hits.first, hits.last, hits.row, strict=True)
    ]


def test_the_longest_phrase_wins_and_words_are_not_used_twice() -> None:
    triggers = compile_triggers("no\tnegated\t*\t.\t\nno change in\tnone\t.\t.\t\nin the past\thistorical\t.\t4\t")
    assert found(triggers, "No change in the past") == [("No change in", "none")]
    assert found(triggers, "no fever in the past") == [("no", "negated"), ("in the past", "historical")]


def test_alternatives_optional_words_and_wide_ones() -> None:
    triggers = compile_triggers("no|without any|| evidence|signs_or_symptoms of\tnegated\t*\t.\t")
    for text in ("no evidence of", "without any signs or symptoms of"):
        assert found(triggers, text) == [(text, "negated")]
    assert found(triggers, "no signs of") == []


def test_the_end_of_a_sentence_is_part_of_a_phrase_and_not_of_its_tokens() -> None:
    triggers = compile_triggers(": no <edge>\tnegated\t.\t8\t")
    assert found(triggers, "Fever: no\n\nCough: no change") == [(": no", "negated")]


def test_numbers_and_years_stand_for_one_another() -> None:
    triggers = compile_triggers("in <decade>\thistorical\t.\t8\t\n<number> years ago\thistorical\t.\t8\t")
    assert [text for text, _ in found(triggers, "in 1998, in 1980s, in 5, six years ago, 12 years ago")] == [
        "in 1998", "in 1980s", "six years ago", "12 years ago",
    ]  # fmt: skip


def test_a_phrase_may_say_one_thing_of_diseases_and_another_of_treatments() -> None:
    two = compile_triggers("consider\tpossible\t5\t.\tD\nconsider\thypothetical\t5\t.\tT")
    assert found(two, "consider") == [("consider", "possible"), ("consider", "hypothetical")]
    later = compile_triggers("unlikely\tnegated\t5\t.\t\nunlikely\tpossible\t5\t.\t")
    assert found(later, "unlikely") == [("unlikely", "possible")]


def test_phrases_do_not_cross_sentences() -> None:
    assert found(compile_triggers("rule out\tpossible\t5\t.\t"), "This is the rule.\n\nOut of bed.") == []


@pytest.mark.parametrize("line", ["no\tnegated", "no\tdenied\t*\t.\t", "no\tnegated\tfar\t.\t", "no\tnegated\t*\t.\tX"])
def test_a_line_that_is_none_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(line))):
        compile_triggers(line)


def test_what_is_shipped() -> None:
    triggers = load_triggers()
    assert load_triggers() is triggers
    assert set(triggers.kind.tolist()) == set(range(len(CLASSES)))
    assert "hypertension" in chronic_words()

"""Reach of triggers, what ends it, sections, precedence, and that time stays linear."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from behealthy.extract import assertion
from behealthy.extract.assertion import PRECEDENCE, judge, what_is_said
from behealthy.extract.marked import Marked, mark
from behealthy.extract.tokens import Vocabulary
from behealthy.extract.triggers import HISTORICAL, NEGATED, load_triggers
from behealthy.note import ASSERTIONS, DISEASE, TREATMENT

PHRASES = [
    "no",
    "denies",
    "h/o",
    "mother had",
    "?",
    "if",
    "but",
    "gout",
    "fever",
    ",",
    ".",
    "\n- ",
    "\nPMH: ",
    "was ruled out",
]


def marked(text: str, *words: str, type: str = DISEASE) -> Marked:
    spans = [(text.index(word), text.index(word) + len(word), type) for word in words]
    return mark([text], [spans], Vocabulary())


def judged(text: str, *words: str, type: str = DISEASE) -> list[str]:
    return [ASSERTIONS[i] for i in judge(marked(text, *words, type=type), load_triggers())]


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("The scan is negative for stroke/cva", ("stroke", "cva"), "negated"),
        ("ASSESSMENT: No further chest pain", ("chest pain",), "negated"),
        ("denies SOB, CP or palpitations", ("SOB", "CP", "palpitations"), "negated"),
        ("There is no improvement in his pneumonia", ("pneumonia",), "present"),
        ("She has not only asthma but eczema", ("asthma", "eczema"), "present"),
        ("Her mother had breast cancer", ("breast cancer",), "family"),
        ("h/o MI", ("MI",), "historical"),
        ("We cannot rule out PE", ("PE",), "possible"),
        ("Return if fever recurs", ("fever",), "hypothetical"),
        ("Presents with a three-day history of cough", ("cough",), "present"),
        ("Cough, -fever", ("fever",), "negated"),
        ("(-) fever (+) cough", ("cough",), "present"),
        ("Fever: none", ("Fever",), "negated"),
        ("Fever: no", ("Fever",), "negated"),
        ("old infarct", ("old infarct",), "historical"),
        ("possible pneumonia", ("possible pneumonia",), "possible"),
    ],
)
def test_what_must_hold(text: str, words: tuple[str, ...], expected: str) -> None:
    assert judged(text, *words) == [expected] * len(words)
    assert judged(f"Seen today.\n{text}.\nWell.", *words) == [expected] * len(words)


@pytest.mark.parametrize(
    ("text", "word", "words"),
    [
        ("denies SOB, CP or fever", "fever", ["denies"]),
        ("denies SOB, no CP and no fever", "fever", ["no"]),
        ("no fever, it was ruled out", "fever", ["no", "was ruled out"]),
        ("CP, fever: none", "fever", ["none"]),
        ("Cough, -fever", "fever", ["-"]),
        ("Her mother denies fever", "fever", ["mother denies"]),
        ("old infarct", "old infarct", ["old"]),
        ("ALLERGIES: gout", "gout", ["ALLERGIES"]),
        ("SOCIAL HISTORY:\ngout", "gout", []),
        ("She has gout", "gout", []),
        ("mother had gout; no fever", "fever", ["no"]),
    ],
)
def test_the_words_that_gave_a_status_are_told(text: str, word: str, words: list[str]) -> None:
    for note in (text, f"No pain.\n{text}.\nNo cough."):
        own = marked(note, word)
        (places,) = assertion.judged(own, load_triggers()).triggers
        assert [note[start:end] for start, end in places] == words


@pytest.mark.parametrize("end", [". ", "; ", "\n\n", "\n- ", ", but ", "\nPLAN: "])
def test_a_trigger_does_not_reach_beyond_what_ends_it(end: str) -> None:
    assert judged(f"- No fever{end}gout", "fever", "gout") == ["negated", "present"]


def test_a_word_of_one_entity_says_nothing_of_another() -> None:
    assert judged("absent breath sounds, fever", "absent breath sounds", "fever") == ["present", "present"]
    assert judged("old infarct, fever", "old infarct", "fever") == ["historical", "present"]


def test_what_acts_on_treatments_leaves_diseases_alone() -> None:
    assert judged("Hold aspirin", "aspirin", type=TREATMENT) == ["negated"]
    assert judged("Hold aspirin", "aspirin") == ["present"]


def test_a_lasting_disease_is_past_only_where_nothing_is_treated() -> None:
    text = "PMH: hypertension, pneumonia\nMEDS: lisinopril"
    without = marked(text, "hypertension", "pneumonia")
    assert [ASSERTIONS[i] for i in judge(without, load_triggers())] == ["historical", "historical"]
    spans = [(5, 17, DISEASE), (19, 28, DISEASE), (text.index("lisinopril"), len(text), TREATMENT)]
    treated = mark([text], [spans], Vocabulary())
    assert [ASSERTIONS[i] for i in judge(treated, load_triggers())] == ["present", "historical", "present"]


def test_what_is_denied_and_past_is_said_to_be_both() -> None:
    both = marked("PMH: no stroke", "stroke")
    said = what_is_said(both, load_triggers())[:, 0]
    assert said[NEGATED]
    assert said[HISTORICAL]
    assert judge(both, load_triggers()).tolist() == [NEGATED]
    assert sorted(PRECEDENCE) == list(range(len(ASSERTIONS)))


def test_without_entities_there_is_nothing_to_judge() -> None:
    assert judge(mark([], [], Vocabulary()), load_triggers()).tolist() == []
    assert judge(mark(["", "no fever"], [[], []], Vocabulary()), load_triggers()).tolist() == []


@given(st.lists(st.lists(st.sampled_from(PHRASES), min_size=1, max_size=12), min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_a_note_is_judged_alike_alone_and_among_others(notes: list[list[str]]) -> None:
    texts = [" ".join(note) for note in notes]
    spans = [
        [(i, i + 4, kind) for word in ("gout", "feve") for i in range(len(text)) if text.startswith(word, i)]
        for text, kind in zip(texts, [DISEASE, TREATMENT] * len(texts), strict=False)
    ]
    together = assertion.judged(mark(texts, spans, Vocabulary()), load_triggers())
    alone = [assertion.judged(mark([t], [s], Vocabulary()), load_triggers()) for t, s in zip(texts, spans, strict=True)]
    assert together.status.tolist() == np.concatenate([own.status for own in alone]).tolist()
    assert list(together.triggers) == [places for own in alone for places in own.triggers]
    assert set(together.status.tolist()) <= set(range(len(ASSERTIONS)))


@pytest.mark.parametrize("piece", ["no fever, ", "- gout\n", "if no h/o "])
def test_time_grows_with_the_text_not_with_its_square(piece: str, seconds: Callable[..., float]) -> None:
    def judging(times: int) -> float:
        text = piece * times
        own = mark([text], [[(i * len(piece), i * len(piece) + 5, DISEASE) for i in range(times)]], Vocabulary())
        return seconds(lambda: judge(own, load_triggers()))

    assert judging(16_000) < 40 * max(judging(2_000), 0.002)

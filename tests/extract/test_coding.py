"""A mention gets the codes of what it names, in every way of writing it, and none when nobody knows it."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from behealthy.extract.coding import SYSTEMS, TYPES, Coder, modifier_words, short_forms
from behealthy.extract.naming import name_words
from behealthy.note import DISEASE, TREATMENT
from behealthy.registry.bundle import load_coder

CODER = load_coder()


def top(mention: str, type: str = DISEASE, expansion: str | None = None) -> dict[str, str]:
    """Give the first code of each system."""
    out: dict[str, str] = {}
    for code in CODER.code(mention, type, expansion):
        out.setdefault(code.system, code.code)
    return out


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("oesophageal cancer", "cancer of the esophagus"),
        ("iron deficiency anaemia", "anemia, iron deficiency"),
        ("Type II diabetes", "type 2 diabetes"),
        ("migraines", "migraine"),
        ("Crohn’s disease", "Crohn disease"),
        ("HTN", "hypertension"),
        ("severe acute asthma", "asthma"),
        ("left knee pain", "knee pain"),
        ("acute MI", "acute myocardial infarction"),
        ("hypertensive", "hypertension"),
        ("diabetis mellitus", "diabetes mellitus"),
    ],
)
def test_ways_of_writing_a_name_meet(one: str, other: str) -> None:
    assert top(one) == top(other) != {}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("hepatitis A", "hepatitis"),
        ("hepatitis A", "hepatitis B"),
        ("type 1 diabetes", "type 2 diabetes"),
        ("hyperkalemia", "hypokalemia"),
        ("hyperthyroidism", "hypothyroidism"),
        ("prednisone", "prednisolone"),
    ],
)
def test_names_that_look_alike_stay_apart(one: str, other: str) -> None:
    type = TREATMENT if one.startswith("pred") else DISEASE
    mine, theirs = top(one, type), top(other, type)
    assert mine
    assert all(theirs.get(system) != code for system, code in mine.items())


@pytest.mark.parametrize(
    "mention", ["the plan", "xyzzy", "follow up in two weeks", "", "   ", "-", "heart", "x" * 5000]
)
def test_what_names_no_disease_has_no_code(mention: str) -> None:
    assert CODER.code(mention, DISEASE) == ()


@pytest.mark.parametrize("short", ["MS", "RA", "PT", "CP"])
def test_an_ambiguous_abbreviation_is_left_alone_without_its_meaning(short: str) -> None:
    assert CODER.code(short, DISEASE) == ()


def test_a_meaning_from_the_note_is_taken() -> None:
    assert top("MS", DISEASE, "multiple sclerosis") == top("multiple sclerosis")


def test_ids_are_not_the_wrong_ones_of_the_packages() -> None:
    assert top("hypertension")["MeSH"] == "D006973"
    assert top("aspirin", TREATMENT) == {"MeSH": "D001241", "DrugBank": "DB00945"}


def test_a_drug_shows_its_canonical_name() -> None:
    assert {c.display for c in CODER.code("Tylenol 500 mg tablets", TREATMENT)} == {"Acetaminophen"}


def test_a_type_that_is_neither_has_no_code() -> None:
    assert CODER.code("asthma", "TEST") == ()


def test_an_answer_is_the_same_the_second_time() -> None:
    assert CODER.code("asthma", DISEASE) is CODER.code("asthma", DISEASE)


@given(st.text(max_size=60), st.sampled_from([DISEASE, TREATMENT]))
def test_any_text_is_coded_in_order_and_within_its_systems(mention: str, type: str) -> None:
    codes = CODER.code(mention, type)
    scores = [c.score for c in codes]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 for score in scores)
    assert {c.system for c in codes} <= {SYSTEMS[i] for i in TYPES[type]} | {"OMIM"}
    assert len({(c.system, c.code) for c in codes}) == len(codes)


@given(st.lists(st.sampled_from(["acute", "renal", "failures", "left", "tumour", "of"]), min_size=1, max_size=5))
def test_the_order_of_words_does_not_matter_to_a_name(words: list[str]) -> None:
    assert name_words(" ".join(words)) == name_words(" ".join(reversed(words)))


def test_a_mention_never_takes_long(seconds: Callable[..., float]) -> None:
    for mention in ("abdominal " * 18, "inter " * 30, "ab/" * 60, "(" * 190):
        assert seconds(lambda m=mention: CODER.code(m, DISEASE), repeats=1) < 1  # the second time it is remembered


def _arrays() -> dict[str, np.ndarray]:
    names = ("keys", "rows", "trust", "systems", "codes", "displays", "offsets", "blocks", "members")
    return {name: getattr(CODER, name) for name in names}


@pytest.mark.parametrize(
    ("name", "change", "fault"),
    [
        ("keys", lambda a: a[::-1].copy(), "ascending"),
        ("rows", lambda a: a + 10**6, "nowhere"),
        ("trust", lambda a: a[1:], "number"),
        ("codes", lambda a: a[1:], "fit the concepts"),
        ("systems", lambda a: a.astype(np.int64), "row of"),
    ],
)
def test_a_table_that_does_not_fit_together_is_refused(name: str, change: object, fault: str) -> None:
    arrays = _arrays()
    arrays[name] = change(arrays[name])  # type: ignore[operator]
    with pytest.raises(ValueError, match=fault):
        Coder.from_arrays(arrays, short_forms(), modifier_words())

"""Catalogue names become what notes write, or nothing."""

import pytest

from behealthy.data.names import folded, is_acronym, is_name, written_forms


@pytest.mark.parametrize(
    ("name", "forms"),
    [
        ("Diabetes Mellitus, Type 2", ("Diabetes Mellitus Type 2",)),
        ("Leukemia, Lymphocytic, Chronic", ("Chronic Lymphocytic Leukemia",)),
        ("anemia, refractory, with excess of blasts", ("refractory anemia with excess of blasts", "refractory anemia")),
        ("Other and unspecified asthma", ("asthma",)),
        ("Sleep apnea NOS", ("Sleep apnea",)),
        ("Imerslund (Gräsbeck) syndrome", ("Imerslund syndrome",)),
        ("Pain in right knee", ()),
        ("Disorder of ear in diseases classified elsewhere", ("Disorder of ear",)),
        ("Unspecified", ()),
        ("", ()),
        ("(NOS)", ()),
    ],
)
def test_written_forms(name: str, forms: tuple[str, ...]) -> None:
    assert written_forms(name) == forms


@pytest.mark.parametrize(
    ("word", "family", "answer"),
    [
        ("copd", ("chronic obstructive pulmonary disease",), True),
        ("stds", ("sexually transmitted diseases",), True),
        ("sca1", (), True),
        ("bph", (), True),
        ("acne", ("acne vulgaris",), False),
        ("croup", ("laryngotracheobronchitis",), False),
        ("asthma", ("bronchial asthma",), False),
    ],
)
def test_acronyms(word: str, family: tuple[str, ...], answer: bool) -> None:
    assert is_acronym(word, family) is answer


@pytest.mark.parametrize(
    ("words", "alone", "answer"),
    [
        (("gout",), True, True),
        (("severe",), False, False),
        (("nephritis",), False, True),
        (("tic",), True, False),
        (("hip", "-", "pain"), True, True),
        (("x", "7"), True, False),
        (("-",), True, False),
        (tuple("word" for _ in range(11)), True, False),
    ],
)
def test_names(words: tuple[str, ...], alone: bool, answer: bool) -> None:
    assert is_name(words, alone) is answer


def test_folding_drops_what_the_lexicon_skips() -> None:
    assert folded(("Crohn", "'s", "Diseases", "-")) == ("crohn", "disease")

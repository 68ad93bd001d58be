"""What a note defines is found, what it does not define is not, and no text takes long."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from behealthy.extract.abbreviations import definitions, expanded, in_context


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("History of congestive heart failure (CHF) since May.", {"CHF": "congestive heart failure"}),
        ("CHF (congestive heart failure), stable.", {"CHF": "congestive heart failure"}),
        ("She has multiple sclerosis (MS) and MS is stable.", {"MS": "multiple sclerosis"}),
        ("Rheumatoid arthritis (RA); methotrexate (MTX).", {"RA": "Rheumatoid arthritis", "MTX": "methotrexate"}),
        ("Given vancomycin (1 g) today.", {}),
        ("Seen by the surgeon (Dr. Gray).", {}),
        ("No pain (NAD)", {}),
        ("Aspirin was stopped. (ASA)", {}),
        ("urinary tract infection (UTI, recurrent)", {"UTI": "urinary tract infection"}),
    ],
)
def test_definitions(text: str, found: dict[str, str]) -> None:
    assert definitions(text) == found


def test_the_first_definition_counts() -> None:
    assert definitions("chest pain (CP). Later: cerebral palsy (CP).") == {"CP": "chest pain"}


@given(st.text(alphabet="abAB ().,\n-é'", max_size=300))
def test_a_long_form_stands_in_the_text_and_is_longer(text: str) -> None:
    for short, long in definitions(text).items():
        assert short in text
        assert long in text
        assert len(long) > len(short)


def test_time_is_linear(seconds: Callable[..., float]) -> None:
    for piece in ("(", "(AB) ", "a" * 30 + " (A)", "AB (a b "):
        text = piece * (200_000 // len(piece))
        assert seconds(lambda t=text: definitions(t), repeats=1) < 5  # quadratic would be minutes


def test_words_inside_a_mention_are_spelt_out() -> None:
    known = {"DVT": "deep vein thrombosis"}
    assert expanded("DVT", known) == "deep vein thrombosis"
    assert expanded("left-leg DVTs", known) == "left-leg deep vein thrombosis"
    assert expanded("asthma", known) is None
    assert expanded("DVT", {}) is None


@pytest.mark.parametrize(
    ("text", "short", "sense"),
    [
        ("CP radiating to the arm, troponin negative", "CP", "chest pain"),
        ("CP since birth, spastic, wheelchair", "CP", "cerebral palsy"),
        ("MS with relapses, on interferon", "MS", "multiple sclerosis"),
        ("MS: rheumatic valve disease, diastolic murmur", "MS", "mitral stenosis"),
        ("MS", "MS", None),
        ("CP troponin spastic", "CP", None),
        ("HTN troponin", "HTN", None),
    ],
)
def test_context_tells_or_nothing_does(text: str, short: str, sense: str | None) -> None:
    assert in_context(short, text, 0, len(short)) == sense


def test_words_far_away_tell_nothing() -> None:
    assert in_context("CP", "CP " + "x " * 400 + "troponin", 0, 2) is None

"""The matcher finds what a slow and obvious one finds, and nothing across a boundary."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from behealthy.extract.lexicon import (
    BEGIN,
    BOUNDARY,
    END,
    INSIDE,
    KINDS,
    LONGEST,
    OUTSIDE,
    SINGLE,
    SKIP,
    Lexicon,
    compile_lexicon,
    exact_key,
    token_key,
)

META = {"kinds": list(KINDS)}
DISEASE, DRUG, TREATMENT, FINDING = (1 << i for i in range(4))


def made(phrases: dict[str, int], abbreviations: dict[str, int] | None = None) -> Lexicon:
    arrays = compile_lexicon([(p.split(), k) for p, k in phrases.items()], abbreviations or {})
    return Lexicon.from_arrays(arrays, META)


def tags(lexicon: Lexicon, text: str) -> list[list[int]]:
    """Tag words separated by spaces; ``|`` stands between sentences."""
    words = [w if w != "|" else "" for w in text.split()]
    keys = np.array([token_key(w) for w in words], np.uint64)
    return lexicon.match(keys, np.array([exact_key(w) for w in words], np.uint64)).tolist()


def test_longest_match_from_the_left() -> None:
    lexicon = made({"heart failure": DISEASE, "congestive heart failure": DISEASE, "failure to thrive": DISEASE})
    assert tags(lexicon, "new congestive heart failure to thrive")[0] == [0, BEGIN, INSIDE, END, 0, 0]


def test_kinds_do_not_disturb_each_other() -> None:
    lexicon = made({"iron deficiency": DISEASE, "iron": DRUG, "deficiency anemia": FINDING})
    found = tags(lexicon, "iron deficiency anemia")
    assert found == [[BEGIN, END, 0], [SINGLE, 0, 0], [0, 0, 0], [0, BEGIN, END]]


def test_one_phrase_of_two_kinds() -> None:
    found = tags(made({"vaccine": DRUG | TREATMENT}), "vaccine")
    assert [row[0] for row in found] == [0, SINGLE, SINGLE, 0]


def test_matches_end_at_a_boundary() -> None:
    lexicon = made({"chest pain": FINDING, "chest": DISEASE})
    assert tags(lexicon, "chest | pain")[3] == [0, 0, 0]
    assert tags(lexicon, "chest pain")[3] == [BEGIN, END]
    assert tags(lexicon, "chest")[0] == [SINGLE]


def test_adjacent_matches_stay_apart() -> None:
    assert tags(made({"fever": FINDING, "dry cough": FINDING}), "fever fever dry cough fever")[3] == [
        SINGLE, SINGLE, BEGIN, END, SINGLE,
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["beta - blocker", "beta blocker", "Beta - Blockers", "beta \u2010 blocker"])
def test_hyphens_are_not_seen(text: str) -> None:
    found = tags(made({"beta blocker": DRUG}), text)[1]
    assert found == [BEGIN, *[INSIDE] * (len(found) - 2), END]


def test_possessives_are_not_seen_and_never_begin_or_end_a_match() -> None:
    lexicon = made({"crohn 's disease": DISEASE, "parkinson 's": DISEASE})
    assert tags(lexicon, "- Crohn disease -")[0] == [0, BEGIN, END, 0]
    assert tags(lexicon, "Crohn \u2019s disease")[0] == [BEGIN, INSIDE, END]
    assert tags(lexicon, "Parkinson 's")[0] == [SINGLE, 0]


def test_abbreviations_are_matched_as_written() -> None:
    lexicon = made({"aspirin": DRUG}, {"ASA": DRUG, "AIDS": DISEASE, "tPA": DRUG})
    assert tags(lexicon, "ASA asa Asa tPA TPA")[1] == [SINGLE, 0, 0, SINGLE, 0]
    assert tags(lexicon, "hearing aids AIDS")[0] == [0, 0, SINGLE]


@pytest.mark.parametrize(
    ("token", "shaped"),
    [("HTN", 1), ("tPA", 1), ("T2DM", 1), ("Htn", 0), ("htn", 0), ("A", 0), ("PT-INR", 0), ("ABCDEFG", 0), ("O2", 0)],
)
def test_shape_of_an_abbreviation(token: str, shaped: bool) -> None:
    assert (exact_key(token) != 0) == bool(shaped)


def test_abbreviations_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="'aspirin'"):
        compile_lexicon([], {"aspirin": DRUG})


@pytest.mark.parametrize(
    "same",
    [
        ("fracture", "Fractures", "FRACTURE"),
        ("diagnosis", "diagnoses"),
        ("metastasis", "metastases"),
        ("biopsy", "biopsies"),
        ("abscess", "abscesses"),
        ("Sjögren", "Sjogren", "sjo\u0308gren"),
        ("anaemia", "anemia"),
        ("oedema", "edema"),
        ("diarrhoea", "diarrhea"),
        ("haemorrhages", "hemorrhage"),
        ("oesophagus", "esophagus"),
        ("apnoea", "apnea"),
        ("β", "beta"),
        ("\ufb01brosis", "fibrosis"),
    ],
)
def test_spellings_that_meet(same: tuple[str, ...]) -> None:
    assert len({token_key(token) for token in same}) == 1


@pytest.mark.parametrize(("one", "other"), [("virus", "viru"), ("gas", "ga"), ("B12", "B1"), ("ileus", "ileum")])
def test_spellings_that_do_not_meet(one: str, other: str) -> None:
    assert token_key(one) != token_key(other)


def test_keys_stay_the_same_on_every_machine_and_run() -> None:
    assert token_key("hypertension") == 0xC5590FAE6EE954E4
    assert exact_key("HTN") == 0xFE68C9322C1A179B
    assert (token_key(""), token_key("-"), exact_key("")) == (BOUNDARY, SKIP, 0)


@given(st.text(min_size=1))
def test_every_token_has_a_key(token: str) -> None:
    key = token_key(token)
    assert key == SKIP or SKIP < key < 2**64


def slow_match(phrases: dict[tuple[str, ...], int], exact: dict[str, int], words: list[str]) -> list[list[int]]:
    """Say the same in the obvious way."""
    places = [i for i, w in enumerate(words) if w != "-"]
    table = {tuple(w for w in p if w != "-"): 0 for p in phrases}
    for phrase, bits in phrases.items():
        table[tuple(w for w in phrase if w != "-")] |= bits
    rows = []
    for channel in range(len(KINDS)):
        row = [OUTSIDE] * len(words)
        at = 0
        while at < len(places):
            for length in range(min(LONGEST, len(places) - at), 0, -1):
                here = [words[i] for i in places[at : at + length]]
                bits = table.get(tuple(w.lower() for w in here), 0)
                bits |= exact.get(here[0], 0) if length == 1 else 0
                if bits >> channel & 1 and "" not in here:
                    first, last = places[at], places[at + length - 1]
                    row[first : last + 1] = [INSIDE] * (last + 1 - first)
                    row[first], row[last] = (BEGIN, END) if last > first else (SINGLE, SINGLE)
                    at += length
                    break
            else:
                at += 1
        rows.append(row)
    return rows


WORDS = st.sampled_from(["alpha", "beta", "gamma", "Beta", "ABC", "abc", "-"])


@settings(max_examples=300)
@given(
    phrases=st.dictionaries(
        st.lists(WORDS.map(str.lower), min_size=1, max_size=LONGEST + 1).map(tuple), st.integers(1, 15), max_size=12
    ),
    exact=st.dictionaries(st.just("ABC"), st.integers(1, 15)),
    words=st.lists(st.one_of(WORDS, st.just("")), max_size=40),
)
def test_the_same_as_the_obvious_way(
    phrases: dict[tuple[str, ...], int], exact: dict[str, int], words: list[str]
) -> None:
    lexicon = Lexicon.from_arrays(compile_lexicon(phrases.items(), exact), META)
    keys = np.array([token_key(w) for w in words], np.uint64)
    found = lexicon.match(keys, np.array([exact_key(w) for w in words], np.uint64))
    assert found.dtype == np.int8
    assert found.shape == (len(KINDS), len(words))
    fits = {p: b for p, b in phrases.items() if 0 < sum(w != "-" for w in p) <= LONGEST}
    assert found.tolist() == slow_match(fits, exact, words)


def test_phrases_up_to_the_longest_are_found() -> None:
    words = [f"word{chr(97 + i)}" for i in range(LONGEST + 1)]
    lexicon = made({" ".join(words[:LONGEST]): DISEASE, " ".join(words): DRUG})
    found = tags(lexicon, " ".join(words))
    assert found[0] == [BEGIN, *[INSIDE] * (LONGEST - 2), END, 0]
    assert not any(found[1])


def test_the_order_of_compiling_does_not_matter() -> None:
    phrases = [(f"{a} {b}".split(), DISEASE) for a, b in itertools.product("abcd", repeat=2)]
    one, two = compile_lexicon(phrases, {"HTN": 1}), compile_lexicon(reversed(phrases), {"HTN": 1})
    assert all(np.array_equal(one[name], two[name]) for name in one)


def test_broken_arrays_are_refused_with_every_fault() -> None:
    arrays = compile_lexicon([(["fever"], FINDING), (["cough"], FINDING)], {})
    with pytest.raises(ValueError, match=r"'phrases'.*'begun'.*kinds are None"):
        Lexicon.from_arrays({"kinds": arrays["kinds"], "phrases": arrays["phrases"].astype(float)}, {})
    with pytest.raises(ValueError, match="ascending"):
        Lexicon.from_arrays(arrays | {"phrases": arrays["phrases"][::-1].copy()}, META)
    with pytest.raises(ValueError, match="fit together"):
        Lexicon.from_arrays(arrays | {"kinds": arrays["kinds"][:1]}, META)


def test_speed(seconds: Callable[..., float]) -> None:
    """Loose: an honest machine needs less than a tenth of this."""
    rng = np.random.default_rng(0)
    vocabulary = rng.integers(2, 2**63, 30_000, np.uint64)
    keys = vocabulary[rng.zipf(1.3, 200_000) % len(vocabulary)]
    lexicon = made({f"word{i} tail{i % 97}": DISEASE for i in range(20_000)})
    exact = np.zeros(len(keys), np.uint64)
    assert seconds(lambda: lexicon.match(keys, exact)) / len(keys) < 2e-6

"""The dictionary finds what notes call things, leaves everyday words alone, and is the same every time."""

import bz2
import hashlib
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import resources, util
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest

from behealthy.data import vocabulary
from behealthy.data.vocabulary import Compiled, Term, compile_vocabulary, knowledge_lines, read_abbreviations
from behealthy.errors import FormatError, UnreadableFile
from behealthy.extract.lexicon import KINDS, Lexicon, exact_key, token_key
from behealthy.extract.tokens import tokenize
from behealthy.registry.folder import read_folder, write_folder

SHIPPED = Path(str(resources.files("behealthy.extract"))) / "knowledge" / "lexicon"


@pytest.fixture(scope="module")
def compiled(missing: Callable[[str], NoReturn]) -> Compiled:
    absent = [p for p in vocabulary.PACKAGES if util.find_spec(p.replace("-", "_")) is None]
    if absent:
        missing(f"not installed: {', '.join(absent)} (dependency group 'vocabulary')")
    return compile_vocabulary()


@pytest.fixture(scope="module")
def lexicon(compiled: Compiled) -> Lexicon:
    return Lexicon.from_arrays(compiled.arrays, compiled.meta)


def found(lexicon: Lexicon, text: str) -> set[tuple[str, str]]:
    """Give the phrases that are found, with their kinds."""
    tokens = tokenize(text)
    words = list(tokens)
    tags = lexicon.match(
        np.array([token_key(w) for w in words], np.uint64), np.array([exact_key(w) for w in words], np.uint64)
    )
    return {(text[a:b], KINDS[c]) for c, row in enumerate(tags.tolist()) for a, b in _runs(row, tokens)}


def _runs(row: list[int], tokens: object) -> Iterator[tuple[int, int]]:
    start = 0
    for i, tag in enumerate(row):
        if tag in (1, 4):
            start = i
        if tag in (3, 4):
            yield int(tokens.starts[start]), int(tokens.ends[i])  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("phrase", "kind"),
    [
        ("iron deficiency anemia", "disease"),
        ("chronic lymphocytic leukemia", "disease"),
        ("Type 2 diabetes mellitus", "disease"),
        ("non-Hodgkin lymphoma", "disease"),
        ("Crohn’s disease", "disease"),
        ("Sjögren's syndrome", "disease"),
        ("gout", "disease"),
        ("COPD", "disease"),
        ("copd", "disease"),
        ("HTN", "disease"),
        ("CAD", "disease"),
        ("MRSA", "disease"),
        ("renal cell carcinoma", "disease"),
        ("oesophageal cancer", "disease"),
        ("shortness of breath", "finding"),
        ("SOB", "finding"),
        ("N/V", "finding"),
        ("right knee pain", "finding"),
        ("elevated blood sugar", "finding"),
        ("dyspnea on exertion", "finding"),
        ("metformin", "drug"),
        ("Lipitor", "drug"),
        ("beta-blockers", "drug"),
        ("acetylsalicylic acid", "drug"),
        ("ASA", "drug"),
        ("St. John's wort", "drug"),
        ("coronary artery bypass grafting", "treatment"),
        ("CABG", "treatment"),
        ("knee brace", "treatment"),
        ("physical therapy", "treatment"),
        ("cholecystectomies", "treatment"),
        ("D&C", "treatment"),
        ("C-section", "treatment"),
    ],
)
def test_what_notes_name_is_found_whole(lexicon: Lexicon, phrase: str, kind: str) -> None:
    assert (phrase, kind) in found(lexicon, f"Seen for {phrase} today")


@pytest.mark.parametrize(
    "text",
    [
        "The patient was also seen by the family physician, who will follow up with her in two weeks.",
        "PLAN: return to the clinic; discharge home in good condition.",
        "He is a 45-year-old male, she is a female, and the air was cold.",
        "PHYSICAL EXAM: The heart and lungs sound normal, the liver is not felt, and the skin is warm.",
        "ALL other systems were reviewed AND ARE normal. NO CAT at home.",
        "The sodium, potassium, creatinine, glucose and hemoglobin were measured.",
        "He drinks coffee and milk, and eats bread, fish, beans and an egg.",
        "PT and OT were asked; the MS is intact and the PE was unremarkable.",
        "He can sit, stand and walk; the line was in place, often for an hour, and he rated it 7 out of 10.",
    ],
)
def test_everyday_words_are_not_found(lexicon: Lexicon, text: str) -> None:
    assert found(lexicon, text) == set()


def test_short_abbreviations_need_their_case(lexicon: Lexicon) -> None:
    assert found(lexicon, "two aids, a sob, a mi, an acs, a cad file") == set()
    assert {kind for _, kind in found(lexicon, "AIDS")} == {"disease"}


def test_nothing_is_found_across_sentences(lexicon: Lexicon) -> None:
    keys = np.array([token_key(w) for w in ("Heart", "", "failure")], np.uint64)
    assert not lexicon.match(keys, np.zeros(3, np.uint64))[:, [0, 2]].any()


def test_our_own_lists_are_found_entirely(lexicon: Lexicon) -> None:
    terms = [term for name in ("treatments.txt", "findings.txt") for term in vocabulary._own_terms(name)]
    # A possessive ending is not seen, so a match cannot end with it.
    wanted = [(term.name.removesuffix("'s"), term.kind) for term in terms]
    assert len(wanted) > 3000
    assert [pair for pair in wanted if pair not in found(lexicon, pair[0])] == []


def test_abbreviations_are_well_formed() -> None:
    known = read_abbreviations()
    assert len(known) > 300
    assert len({(a.short, a.expansion) for a in known}) == len(known)
    assert [a.short for a in known if a.case == "exact" and not exact_key(a.short)] == []
    ambiguous = {a.short for a in known if a.case == "ambiguous"}
    assert [a.short for a in known if a.case != "ambiguous" and a.short in ambiguous] == []


def test_the_stop_list_names_nothing_twice() -> None:
    lines = knowledge_lines("lexicon_stop.txt")
    assert len(lines) == len(set(lines))


def test_the_same_bytes_in_another_process(compiled: Compiled, tmp_path: Path) -> None:
    script = (
        "import hashlib; from behealthy.data.vocabulary import compile_vocabulary; c = compile_vocabulary();"
        "print({k: hashlib.sha256(v.tobytes()).hexdigest() for k, v in c.arrays.items()}, c.meta)"
    )
    given = {k: hashlib.sha256(v.tobytes()).hexdigest() for k, v in compiled.arrays.items()}
    run = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"PYTHONHASHSEED": "77"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == f"{given} {compiled.meta}"


def test_the_shipped_dictionary_is_what_the_sources_give(compiled: Compiled) -> None:
    shipped = read_folder(SHIPPED, "lexicon")
    assert shipped.meta == compiled.meta
    for name, array in compiled.arrays.items():
        np.testing.assert_array_equal(shipped.arrays[name], array)


def test_small_and_quick_to_load(compiled: Compiled, tmp_path: Path, seconds: Callable[..., float]) -> None:
    write_folder(tmp_path / "lexicon", "lexicon", compiled.arrays, compiled.meta)
    assert sum(p.stat().st_size for p in (tmp_path / "lexicon").iterdir()) < 6e6

    def load() -> Lexicon:
        read = read_folder(tmp_path / "lexicon", "lexicon")
        return Lexicon.from_arrays(read.arrays, read.meta)

    loaded = load()
    assert seconds(load) < 0.2
    assert sum(a.nbytes for a in (loaded.phrases, loaded.kinds, loaded.begun, loaded.table)) < 60e6


class Trap:
    """A pickle that would run something when it is loaded."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("true",)


@pytest.mark.parametrize(
    "content",
    [b"", b"plain text", bz2.compress(b"nonsense"), bz2.compress(pickle.dumps(Trap())), bz2.compress(b"I7\n.")],
)
def test_a_source_that_is_not_plain_data_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    source = tmp_path / "drug_ner_dictionary.pkl.bz2"
    source.write_bytes(content)
    monkeypatch.setattr(vocabulary, "source_file", lambda package: source)
    with pytest.raises(FormatError, match="drug_ner_dictionary"):
        list(vocabulary.drug_terms())


def test_a_source_that_is_not_xml_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "tabular.xml"
    source.write_text("<a><b></a>")
    monkeypatch.setattr(vocabulary, "source_file", lambda package: source)
    with pytest.raises(FormatError, match=r"tabular\.xml:1"):
        list(vocabulary.icd_terms())


def test_a_package_that_is_away_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vocabulary.util, "find_spec", lambda name: None)
    with pytest.raises(UnreadableFile, match="simple-icd-10-cm"):
        list(vocabulary.icd_terms())


def test_icd_names_are_typed_by_chapter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "tabular.xml"
    source.write_text(
        "<c><diag><name>K29</name><desc>Gastritis</desc><includes><note>sore stomach</note></includes>"
        "<diag><name>K29.7</name><desc>Gastritis, unspecified</desc></diag></diag>"
        "<diag><name>R11</name><desc>Nausea</desc></diag><diag><name>Z00</name><desc>Check-up</desc></diag>"
        "<diag><name>B95.6</name><desc>A germ</desc></diag><diag><name>S52.5</name><desc>Too fine</desc></diag></c>"
    )
    monkeypatch.setattr(vocabulary, "source_file", lambda package: source)
    assert list(vocabulary.icd_terms()) == [
        Term("Gastritis", "disease", alone=False),
        Term("sore stomach", "disease", alone=False),
        Term("Gastritis, unspecified", "disease", alone=False),
        Term("Nausea", "finding", alone=False),
    ]

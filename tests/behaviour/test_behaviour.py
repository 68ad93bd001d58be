"""What the shipped model must be able to do, capability by capability, and what must not disturb it.

In the manner of Ribeiro et al., "Beyond accuracy: behavioral testing of NLP models with CheckList" (ACL 2020): minimum
functionality in `cases.tsv`, invariance over `notes.txt`. Every text is invented here and marked by the guideline
(`docs/guideline.md`); no example note and no corpus holds it. A case that is known to fail says why in the column
`xfail`; when it is mended, or a new one fails, the suite says so.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

import behealthy
from behealthy.extract.extractor import Extractor
from behealthy.note import DISEASE, TREATMENT, Entity

HERE = Path(__file__).resolve().parent
FLOOR = 0.75  # share of all cases, the known failures among them
UNCHANGED = 0.95  # share of the entities that a change elsewhere in the note leaves as they were
FOUND = 0.9  # share of the notes in which a drug is found, whatever its name

Span = tuple[int, int, str]

_TYPES = {"D": DISEASE, "T": TREATMENT}
_MARK = re.compile(r"\[\[([DT]): (.+?)\]\]")


@cache
def extractor() -> Extractor:
    return behealthy.load()


@cache
def entities(text: str) -> tuple[Entity, ...]:
    """Read a text, once for all tests."""
    return extractor()(text).entities


def spans(text: str) -> list[Span]:
    return [(e.start, e.end, e.type) for e in entities(text)]


# Cases ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    id: str
    capability: str
    text: str
    marked: tuple[Span, ...]
    xfail: str


def read_case(row: str) -> Case:
    """Read a row of the table: id, capability, text with marks and ``\\n`` for a line end, why it fails."""
    id_, capability, written, xfail = row.split("\t")
    text, marked, at = "", [], 0
    written = written.replace("\\n", "\n")
    for mark in _MARK.finditer(written):
        text += written[at : mark.start()]
        marked.append((len(text), len(text) + len(mark[2]), _TYPES[mark[1]]))
        text += mark[2]
        at = mark.end()
    return Case(id_, capability, text + written[at:], tuple(marked), xfail)


CASES = [read_case(row) for row in (HERE / "cases.tsv").read_text(encoding="utf-8").splitlines()[1:]]


def told(case: Case, found: list[Span]) -> str:
    """Say what is missing and what is too much."""
    missing = [case.text[a:b] for a, b, _ in sorted(set(case.marked) - set(found))]
    extra = [f"{case.text[a:b]} ({kind})" for a, b, kind in sorted(set(found) - set(case.marked))]
    return f"{case.text!r}: missing {missing}, too much {extra}"


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(c, id=c.id, marks=pytest.mark.xfail(strict=True, raises=AssertionError, reason=c.xfail))
        if c.xfail
        else pytest.param(c, id=c.id)
        for c in CASES
    ],
)
def test_case(case: Case) -> None:
    found = spans(case.text)
    assert found == list(case.marked), told(case, found)


def test_most_cases_are_handled() -> None:
    failed = [told(case, found) for case in CASES if (found := spans(case.text)) != list(case.marked)]
    assert len(failed) <= (1 - FLOOR) * len(CASES), "\n".join(failed)


def test_no_capability_is_lost() -> None:
    """At least half of the cases of each capability; known failures of one may not hide behind another."""
    for capability in {c.capability for c in CASES}:
        own = [c for c in CASES if c.capability == capability]
        handled = sum(spans(c.text) == list(c.marked) for c in own)
        assert handled >= len(own) / 2, f"{capability}: {handled} of {len(own)}"


def test_the_table_is_sound() -> None:
    assert len(CASES) >= 150
    assert len({c.id for c in CASES}) == len({c.text for c in CASES}) == len(CASES)
    assert all(c.id.startswith(c.capability) for c in CASES)
    assert not [c.id for c in CASES if "[[" in c.text or "]]" in c.text]


# Invariance ----------------------------------------------------------------------------------------------------------


NOTES = (HERE / "notes.txt").read_text(encoding="utf-8").rstrip("\n").split("\n====\n")
USUAL = {"drug": "lisinopril", "doctor": "Walsh", "date": "03/14/2023"}
DRUGS = ("metoprolol", "amlodipine", "ibuprofen", "gabapentin", "omeprazole", "clonazepam", "rituximab", "Keppra")
DOCTORS = ("Okafor", "Nguyen", "Lindqvist", "Patel-Jones", "O'Connor", "Garcia Lopez")
DATES = ("12/02/2019", "July 4, 2021", "2020-11-30", "1 March 2022", "9/9/24")

Elsewhere = tuple[int, int, int, str]


def filled(note: str, **words: str) -> tuple[str, list[tuple[int, int]]]:
    """Give the note with its slots filled, and where they lie."""
    text, slots = "", []
    for i, piece in enumerate(re.split(r"\{(\w+)\}", note)):
        word = (USUAL | words)[piece] if i % 2 else piece
        if i % 2:
            slots.append((len(text), len(text) + len(word)))
        text += word
    return text, slots


def outside(entity: Entity, slots: list[tuple[int, int]]) -> Elsewhere | None:
    """Place an entity by the piece of the note it lies in and where in that piece; None where it touches a slot."""
    if any(entity.start < end and start < entity.end for start, end in slots):
        return None
    piece, begin = max((i, end) for i, end in enumerate([0, *(end for _, end in slots)]) if end <= entity.start)
    return piece, entity.start - begin, entity.end - begin, entity.type


def elsewhere(note: str, **words: str) -> set[Elsewhere]:
    text, slots = filled(note, **words)
    return {at for e in entities(text) if (at := outside(e, slots))}


def share_unchanged(slot: str, alternatives: tuple[str, ...]) -> float:
    kept = total = 0
    for note in NOTES:
        usual = elsewhere(note)
        for word in alternatives:
            other = elsewhere(note, **{slot: word})
            kept += len(usual & other)
            total += len(usual | other)
    return kept / total


@pytest.mark.parametrize(("slot", "alternatives"), [("drug", DRUGS), ("doctor", DOCTORS), ("date", DATES)])
def test_another_word_changes_nothing_elsewhere(slot: str, alternatives: tuple[str, ...]) -> None:
    assert share_unchanged(slot, alternatives) >= UNCHANGED


@pytest.mark.parametrize("drug", [USUAL["drug"], *DRUGS])
def test_a_drug_is_found_whatever_its_name(drug: str) -> None:
    found = 0
    for note in NOTES:
        text, _ = filled(note, drug=drug)
        at = text.index(drug)
        found += (at, at + len(drug), TREATMENT) in spans(text)
    assert found >= FOUND * len(NOTES)


NO_ENTITIES = [("doctor", name) for name in DOCTORS] + [("date", date) for date in DATES]


@pytest.mark.parametrize(
    ("slot", "word"),
    [
        pytest.param(
            *case, marks=pytest.mark.xfail(raises=AssertionError, reason="double surnames are taken for entities")
        )
        if case[1] in ("Patel-Jones", "Garcia Lopez")
        else case
        for case in NO_ENTITIES
    ],
)
def test_neither_a_name_nor_a_date_is_an_entity(slot: str, word: str) -> None:
    touched = 0
    for note in NOTES:
        text, _ = filled(note, **{slot: word})
        at = text.index(word)
        touched += any(start < at + len(word) and at < end for start, end, _ in spans(text))
    assert touched <= 0.05 * len(NOTES)


WITHIN: dict[str, Callable[[str], str]] = {
    "spaces behind": lambda text: text + "   ",
    "line ends behind": lambda text: text + "\n\n\n",
    "space behind every line": lambda text: text.replace("\n", " \n"),
    "Windows line ends": lambda text: text.replace("\n", "\r\n"),
}


@pytest.mark.parametrize("change", WITHIN)
def test_white_space_changes_nothing(change: str) -> None:
    for note in NOTES:
        text, _ = filled(note)
        changed = WITHIN[change](text)
        found = entities(changed)
        assert all(changed[e.start : e.end] == e.text for e in found)
        assert [("".join(e.text.split()), e.type) for e in found] == [
            ("".join(e.text.split()), e.type) for e in entities(text)
        ]


def test_the_notes_are_many_and_have_every_slot() -> None:
    assert len(NOTES) >= 30
    assert all(sorted(re.findall(r"\{(\w+)\}", note)) == ["date", "doctor", "drug"] for note in NOTES)
    assert sum(len(elsewhere(note)) for note in NOTES) >= 5 * len(NOTES)

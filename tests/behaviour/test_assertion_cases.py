"""What must be judged of an entity, one line a case: capability, text with one mark, assertion, why it fails if so.

Every text is invented here and judged by the guideline (`docs/guideline.md`); no example note and no corpus holds it.
"""

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from behealthy.extract.assertion import judge
from behealthy.extract.marked import mark
from behealthy.extract.tokens import Vocabulary
from behealthy.extract.triggers import load_triggers
from behealthy.note import ASSERTIONS, DISEASE, TREATMENT

ROWS = (Path(__file__).resolve().parent / "assertion_cases.tsv").read_text(encoding="utf-8").splitlines()[1:]
_TYPES = {"D": DISEASE, "T": TREATMENT}
_MARK = re.compile(r"\[\[([DT]): (.+?)\]\]")


@dataclass(frozen=True)
class Case:
    id: str
    capability: str
    text: str
    span: tuple[int, int, str]
    assertion: str
    xfail: str


def read_case(row: str) -> Case:
    """Read a row of the table."""
    id_, capability, written, assertion, xfail = row.split("\t")
    written = written.replace("\\n", "\n")
    found = _MARK.search(written)
    assert found, row
    text = written[: found.start()] + found[2] + written[found.end() :]
    return Case(
        id_, capability, text, (found.start(), found.start() + len(found[2]), _TYPES[found[1]]), assertion, xfail
    )


CASES = [read_case(row) for row in ROWS]


@cache
def judged() -> dict[str, str]:
    """Judge all cases as one batch."""
    marked = mark([c.text for c in CASES], [[c.span] for c in CASES], Vocabulary())
    return {c.id: ASSERTIONS[i] for c, i in zip(CASES, judge(marked, load_triggers()), strict=True)}


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
    assert judged()[case.id] == case.assertion, case.text


def test_each_case_alone_is_judged_as_among_others() -> None:
    for case in CASES[::7]:
        alone = judge(mark([case.text], [[case.span]], Vocabulary()), load_triggers())
        assert ASSERTIONS[alone[0]] == judged()[case.id], case.text


def test_the_table_is_sound() -> None:
    assert len(CASES) >= 210
    assert len({c.id for c in CASES}) == len({(c.text, c.span) for c in CASES}) == len(CASES)
    assert {c.assertion for c in CASES} == set(ASSERTIONS)
    assert not [c.id for c in CASES if "[[" in c.text or "]]" in c.text]
    assert min(Counter(c.assertion for c in CASES).values()) >= 20


def test_few_are_known_to_fail() -> None:
    assert sum(bool(c.xfail) for c in CASES) <= 0.05 * len(CASES)

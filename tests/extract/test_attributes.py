"""Dose, route and frequency belong to the treatment that they stand beside, and to no other."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from behealthy.extract.attributes import drug_attributes
from behealthy.extract.marked import mark
from behealthy.extract.tokens import Vocabulary


def read(text: str, *names: str) -> list[dict[str, str]]:
    spans = [(m.start(), m.end(), "TREATMENT") for name in names for m in re.finditer(name, text)]
    return drug_attributes(mark([text], [spans], Vocabulary()))


@pytest.mark.parametrize(
    ("after", "dose", "route", "frequency"),
    [
        ("500 mg PO BID with meals", "500 mg", "oral", "twice daily"),
        ("10 mg daily", "10 mg", None, "once daily"),
        ("600mg q6h prn pain", "600 mg", None, "every 6 hours as needed"),
        ("10 units subcutaneously at bedtime", "10 units", "subcutaneous", "at bedtime"),
        ("1-2 tablets every 4-6 hours as needed", "1-2 tablets", None, "every 4-6 hours as needed"),
        ("1 g IV q12h", "1 g", "intravenous", "every 12 hours"),
        ("5 mg p.o. q.h.s.", "5 mg", "oral", "at bedtime"),
        ("2 puffs inhaled four times a day", "2 puffs", "inhaled", "four times daily"),
        ("5,000 units SQ t.i.d.", "5,000 units", "subcutaneous", "three times daily"),
        ("50 mg/kg/day", "50 mg/kg/day", None, None),
        ("0.5 mL intramuscularly weekly", "0.5 mL", "intramuscular", "once weekly"),
        ("as needed", None, None, "as needed"),
        ("was stopped", None, None, None),
        ("glucose 120 mg/dL", None, None, None),
        ("given in 2019", None, None, None),
    ],
)
def test_what_stands_beside_a_drug(after: str, dose: str | None, route: str | None, frequency: str | None) -> None:
    wanted = {"dose": dose, "route": route, "frequency": frequency}
    assert read(f"drugname {after}", "drugname") == [{k: v for k, v in wanted.items() if v}]


def test_each_drug_has_its_own() -> None:
    assert read("alpha 5 mg daily, beta 10 mg BID", "alpha", "beta") == [
        {"dose": "5 mg", "frequency": "once daily"},
        {"dose": "10 mg", "frequency": "twice daily"},
    ]


@pytest.mark.parametrize(
    "text", ["alpha\n5 mg daily", "alpha was given. Then 5 mg daily.", "alpha " + "x " * 60 + "5 mg"]
)
def test_another_line_sentence_or_place_says_nothing(text: str) -> None:
    assert read(text, "alpha") == [{}]


def test_a_disease_has_none() -> None:
    assert drug_attributes(mark(["gout 5 mg daily"], [[(0, 4, "DISEASE")]], Vocabulary())) == [{}]


def test_nothing_marked_gives_nothing() -> None:
    assert drug_attributes(mark(["gout"], [[]], Vocabulary())) == []


def test_the_last_drug_of_a_text_does_not_read_the_next_text() -> None:
    marked = mark(["alpha", "5 mg daily"], [[(0, 5, "TREATMENT")], []], Vocabulary())
    assert drug_attributes(marked) == [{}]


@given(st.text(alphabet="ab 15.mgqhpo\n,;-/", min_size=1, max_size=120))
def test_any_text_gives_known_attributes(after: str) -> None:
    (found,) = read(f"Z{after}", "Z")
    assert found.keys() <= {"dose", "route", "frequency"}
    assert all(found.values())


def test_many_drugs_take_linear_time(seconds: Callable[..., float]) -> None:
    line = "alpha 5 mg po daily for pain\n"
    marked = mark([line * 2000], [[(i * len(line), i * len(line) + 5, "TREATMENT") for i in range(2000)]], Vocabulary())
    assert len(drug_attributes(marked)) == 2000
    assert seconds(lambda: drug_attributes(marked)) < 2

"""The behavioural suite of the gate: sound sentences, which the shipped model holds and a careless one does not."""

from behealthy.learn import behaviour
from behealthy.note import DISEASE, TREATMENT, Extraction, Note, entity_at
from behealthy.registry.bundle import load

TYPES = (DISEASE, TREATMENT)


def test_the_cases_are_sound() -> None:
    cases = behaviour.cases()
    assert len({c.text for c in cases}) == len(cases) >= 40
    assert not [c.text for c in cases if "[[" in c.text or "]]" in c.text or "\\n" in c.text]
    by_capability = [c.capability for c in cases]
    assert all(by_capability.count(name) >= 4 for name in by_capability)
    assert all(c.text[a:b].strip() == c.text[a:b] for c in cases for a, b, _ in c.marked)


def test_the_shipped_model_holds_them_all() -> None:
    held = behaviour.run(load(find_only=True), TYPES)
    assert {name: h for name, (h, n) in held.items() if h < n} == {}
    assert sum(n for _, n in held.values()) == len(behaviour.cases())


def test_one_that_finds_nothing_holds_only_what_has_nothing() -> None:
    held = behaviour.run(lambda note: Extraction("", note.text), TYPES)
    assert {name for name, (h, _) in held.items() if h} == {"nothing to find"}


def test_one_that_marks_everything_holds_none_of_what_has_nothing() -> None:
    def everything(note: Note) -> Extraction:
        return Extraction("", note.text, (entity_at(note.text, 0, len(note.text), DISEASE),))

    assert behaviour.run(everything, TYPES)["nothing to find"][0] == 0


def test_cases_of_an_unknown_type_are_left_out() -> None:
    held = behaviour.run(lambda note: Extraction("", note.text), (DISEASE,))
    assert "drug" not in held
    assert "treated disease" not in held
    assert held["nothing to find"][0] == held["nothing to find"][1]


def test_boundaries_may_differ_and_types_may_not() -> None:
    case = next(c for c in behaviour.cases() if c.text == "He came in with chest pain.")
    at = case.text.index("pain")
    pain, wrong = (Extraction("", case.text, (entity_at(case.text, at, at + 4, t),)) for t in TYPES)
    assert behaviour.holds(case, pain, TYPES)
    assert not behaviour.holds(case, wrong, TYPES)

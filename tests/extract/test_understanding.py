"""The whole way from text to status, codes, doses and links; what odd input does to it; time against length."""

import json
from collections.abc import Callable
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import behealthy
from behealthy.extract.extractor import Extractor
from behealthy.note import ASSERTIONS, RELATION_TYPES, Entity, Extraction, Note, entity_at, from_json, to_json
from behealthy.registry import bundle

NOTE = """ASSESSMENT AND PLAN
1. HTN - continue lisinopril 10 mg daily.
2. Type 2 diabetes: metformin 500 mg bid.
No chest pain. Mother had breast cancer.
"""


@cache
def extractor() -> Extractor:
    return behealthy.load()


def told(extraction: Extraction) -> dict[str, Entity]:
    return {e.text: e for e in extraction.entities}


def test_a_note_becomes_a_record() -> None:
    extraction = extractor()(NOTE)
    found = told(extraction)
    assert {name: e.assertion for name, e in found.items()} == {
        "HTN": "present",
        "lisinopril": "present",
        "Type 2 diabetes": "present",
        "metformin": "present",
        "chest pain": "negated",
        "breast cancer": "family",
    }
    first = {name: {c.system: c.code for c in reversed(e.codes)} for name, e in found.items()}
    assert first["HTN"] == {"ICD-10-CM": "I10", "MeSH": "D006973"}
    assert first["Type 2 diabetes"] == {"ICD-10-CM": "E11.9", "MeSH": "D003924"}
    assert first["lisinopril"] == {"MeSH": "D017706", "DrugBank": "DB00722"}
    assert found["lisinopril"].attributes == {"dose": "10 mg", "frequency": "once daily"}
    assert found["metformin"].attributes == {"dose": "500 mg", "frequency": "twice daily"}
    assert {e.section for e in found.values()} == {"assessment_and_plan"}
    names = {e.id: e.text for e in extraction.entities}
    assert {(r.type, names[r.head], names[r.tail]) for r in extraction.relations} == {
        ("TREATS", "lisinopril", "HTN"),
        ("TREATS", "metformin", "Type 2 diabetes"),
    }


def test_the_wire_form_carries_all_of_it() -> None:
    line = json.loads(json.dumps(to_json(extractor()(NOTE))))
    assert from_json(line).entities == tuple(
        Entity(**{**vars_of(e), "score": round(e.score, 6)}) for e in extractor()(NOTE).entities
    )
    assert {r["type"] for r in line["relations"]} == {"TREATS"}
    assert all({"assertion", "section"} <= entity.keys() for entity in line["entities"])


def vars_of(entity: Entity) -> dict[str, object]:
    return {name: getattr(entity, name) for name in Entity.__dataclass_fields__}


def test_a_note_among_others_reads_as_alone() -> None:
    texts = [NOTE, "", "No fever.", NOTE * 2, "Aspirin caused hives."]
    # In the wire form: sums over a batch differ from those over one note in the last bit.
    assert [to_json(e) for e in extractor().pipe(texts)] == [to_json(extractor()(text)) for text in texts]


def test_whose_note_it_is_stays_with_it() -> None:
    assert extractor()(Note("n", "Gout.", "p")).patient_id == "p"


def test_what_is_denied_is_not_treated() -> None:
    extraction = extractor()("Started metformin 500 mg bid for type 2 diabetes, denies chest pain.")
    names = {e.id: e.text for e in extraction.entities}
    assert [(r.type, names[r.tail]) for r in extraction.relations] == [("TREATS", "type 2 diabetes")]


def test_a_dose_of_the_next_thing_is_not_this_ones() -> None:
    text = "He received packed red blood cells, one unit of plasma and aspirin 81 mg."
    found = told(extractor()(text))
    assert found["packed red blood cells"].attributes == {}
    assert found["aspirin"].attributes == {"dose": "81 mg"}


def test_what_nobody_reported_is_not_there() -> None:
    assert extractor().assertion("There was no reported loss of consciousness.", [(22, 43)]) == ["negated"]


def test_given_entities_are_linked_by_their_own_ids() -> None:
    text = "Gout: colchicine."
    disease, drug = entity_at(text, 0, 4, "DISEASE", id="x"), entity_at(text, 6, 16, "TREATMENT", id="y")
    for entities in ([disease, drug], [drug, disease]):
        (link,) = extractor().relate(text, entities)
        assert (link.type, link.head, link.tail) == ("TREATS", "y", "x")
    (link,) = extractor().relate(text, [entity_at(text, 0, 4, "DISEASE"), entity_at(text, 6, 16, "TREATMENT")])
    assert (link.head, link.tail) == ("e2", "e1")


def test_a_mention_is_coded_alone() -> None:
    codes = extractor().code("hypertension", "DISEASE")
    assert next(c.code for c in codes if c.system == "ICD-10-CM") == "I10"
    assert extractor().code("zzyzx qwrtp", "DISEASE") == ()


def test_an_extractor_that_only_finds_says_so() -> None:
    model = bundle.load_model(bundle.package_folder("starter"))
    bare = Extractor(model.weights, bundle.load_lexicon(), bundle.load_classes())
    assert {e.assertion for e in bare(NOTE).entities} == {None}
    with pytest.raises(ValueError, match="without understanding"):
        bare.code("gout")
    with pytest.raises(ValueError, match="without understanding"):
        bare.relate("gout", [])


# Odd input -----------------------------------------------------------------------------------------------------------

WORDS = st.sampled_from(
    [*"no denies fever gout HTN : - + . , ; but mother had h/o rule out if aspirin 5 mg bid for PMH: 1.".split(), "\n"]
)
TEXT = st.one_of(st.lists(WORDS, max_size=30).map(" ".join), st.text(max_size=60))
SPAN = st.tuples(st.integers(0, 60), st.integers(1, 20), st.sampled_from(["DISEASE", "TREATMENT", "TEST"]))


@settings(max_examples=200, deadline=None)
@given(TEXT, st.lists(SPAN, max_size=12))
def test_any_spans_of_any_text_are_judged_and_linked(text: str, spans: list[tuple[int, int, str]]) -> None:
    """Overlapping, nested, the same twice, at the very start or end, inside a word."""
    entities = [
        entity_at(text, a, min(a + n, len(text)), kind, id=f"x{i}")
        for i, (a, n, kind) in enumerate(spans)
        if a < len(text) and text[a : a + n].strip()
    ]
    judged = extractor().assertion(text, [(e.start, e.end) for e in entities])
    assert len(judged) == len(entities)
    assert {*judged} <= {*ASSERTIONS}
    types = {e.id: e.type for e in entities}
    for link in extractor().relate(text, entities):
        assert (types[link.head], types[link.tail], link.type in RELATION_TYPES) == ("TREATMENT", "DISEASE", True)
        assert 0 <= link.score <= 1
    for entity in entities:
        codes = extractor().code(entity.text, entity.type)
        assert all(0 <= code.score <= 1 for code in codes)


@pytest.mark.parametrize("span", [(3, 3), (4, 2), (-1, 4), (0, 99)])
def test_what_is_no_span_is_refused(span: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="is not a range"):
        extractor().assertion("no gout", [span])


def test_the_whole_text_can_be_one_entity() -> None:
    assert extractor().assertion("gout", [(0, 4)]) == ["present"]


def test_five_hundred_entities_in_a_note(seconds: Callable[..., float]) -> None:
    text = " ".join(f"gout {i} aspirin {i}," for i in range(250))
    at = [i for i in range(len(text)) if text.startswith(("gout", "aspirin"), i)]
    entities = [
        entity_at(text, i, i + (4 if text[i] == "g" else 7), "DISEASE" if text[i] == "g" else "TREATMENT") for i in at
    ]
    assert len(entities) == 500
    spans = [(e.start, e.end) for e in entities]
    assert seconds(lambda: (extractor().relate(text, entities), extractor().assertion(text, spans))) < 4
    links, judged = extractor().relate(text, entities), extractor().assertion(text, spans)
    assert len(judged) == 500
    assert len({(r.head, r.tail, r.type) for r in links}) == len(links) <= 2000


def test_two_hundred_medications() -> None:
    text = "MEDICATIONS\n" + "".join(f"{i}. lisinopril {i} mg po daily\n" for i in range(1, 201))
    found = extractor()(text).entities
    assert len(found) == 200
    assert [e.attributes.get("dose") for e in found] == [f"{i} mg" for i in range(1, 201)]
    assert extractor()(text).relations == ()


SHAPES: dict[str, Callable[[int], str]] = {
    "medications": lambda i: f"{i}. lisinopril {i} mg po daily for hypertension\n",
    "one sentence": lambda i: f"denies fever, cough and chest pain {i}, ",
    "one disease": lambda i: "metoprolol, " if i else "hypertension treated with ",
    "heading without end": lambda i: "PAST MEDICAL HISTORY: " if i % 50 == 0 else "gout and no fever ",
    "brackets": lambda i: f"chronic (obstructive ({i}) (COPD ",
    "one word": lambda i: "gout ",
}


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_time_grows_with_length_and_no_faster(shape: str, seconds: Callable[..., float]) -> None:
    short, long = ("".join(SHAPES[shape](i) for i in range(size // 4))[:size] for size in (100_000, 1_000_000))
    base = seconds(lambda: extractor()(short))
    assert seconds(lambda: extractor()(long), repeats=2) < 25 * max(base, 0.02)

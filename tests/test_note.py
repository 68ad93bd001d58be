"""The values and their wire form: what is written comes back, and what does not fit is refused with every reason."""

import copy
import dataclasses
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from behealthy.note import (
    ASSERTIONS,
    RELATION_TYPES,
    Code,
    Entity,
    Extraction,
    Note,
    Relation,
    entity_at,
    from_json,
    to_json,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
SCORE = st.integers(0, 1_000_000).map(lambda n: n / 1_000_000)  # the wire carries six decimals
WORD = st.text(st.characters(categories=["Lu", "Ll"]), min_size=1, max_size=8)


@st.composite
def extractions(draw: st.DrawFn) -> Extraction:
    text = draw(TEXT)
    ids = draw(st.lists(WORD, unique=True, max_size=4))
    entities = []
    for id_ in ids:
        start = draw(st.integers(0, len(text) - 1))
        entities.append(
            entity_at(
                text,
                start,
                draw(st.integers(start + 1, len(text))),
                draw(WORD),
                id=id_,
                score=draw(SCORE),
                assertion=draw(st.sampled_from([None, *ASSERTIONS])),
                section=draw(st.none() | WORD),
                codes=tuple(draw(st.lists(st.builds(Code, WORD, WORD, TEXT, SCORE), max_size=2))),
                attributes=draw(st.dictionaries(WORD, TEXT, max_size=2)),
            )
        )
    end = st.sampled_from(ids) if ids else st.nothing()
    links = st.builds(Relation, st.sampled_from(RELATION_TYPES), end, end, SCORE)
    relations = tuple(draw(st.lists(links, max_size=3))) if ids else ()
    warnings = tuple(draw(st.lists(TEXT, max_size=2)))
    return Extraction(draw(WORD), text, tuple(entities), relations, draw(st.none() | WORD), warnings)


@given(extractions())
def test_what_is_written_comes_back(extraction: Extraction) -> None:
    assert from_json(json.loads(json.dumps(to_json(extraction)))) == extraction


def test_an_entity_without_an_id_is_numbered_and_reads_back_the_same() -> None:
    unnamed = Extraction(
        "n", "gout, asthma", (entity_at("gout, asthma", 0, 4, "D"), entity_at("gout, asthma", 6, 12, "D"))
    )
    wire = to_json(unnamed)
    assert [e["id"] for e in wire["entities"]] == ["e1", "e2"]
    assert to_json(from_json(wire)) == wire


def test_only_what_is_known_is_written() -> None:
    (entity,) = to_json(Extraction("n", "gout", (Entity(0, 4, "gout", "DISEASE", 0.123456789, id="e1"),)))["entities"]
    assert entity == {"id": "e1", "start": 0, "end": 4, "text": "gout", "type": "DISEASE", "score": 0.123457}


GOOD: dict[str, Any] = {
    "note_id": "n",
    "text": "colchicine for gout",
    "model_version": "m-1",
    "entities": [
        {"id": "e1", "start": 0, "end": 10, "text": "colchicine", "type": "TREATMENT", "score": 0.9},
        {
            "id": "e2",
            "start": 15,
            "end": 19,
            "type": "DISEASE",
            "codes": [{"system": "s", "code": "c", "display": "d"}],
        },
    ],
    "relations": [{"type": "TREATS", "head": "e1", "tail": "e2"}],
    "warnings": [],
}
MISSING = object()


def changed(*path: str | int, to: object) -> dict[str, Any]:
    data = copy.deepcopy(GOOD)
    place: Any = data
    for step in path[:-1]:
        place = place[step]
    if to is MISSING:
        del place[path[-1]]
    else:
        place[path[-1]] = to
    return data


def test_what_is_left_out_takes_its_default() -> None:
    extraction = from_json(GOOD)
    assert [e.score for e in extraction.entities] == [0.9, 1.0]
    assert extraction.entities[1].text == "gout"
    assert extraction.relations == (Relation("TREATS", "e1", "e2"),)
    assert from_json({"text": ""}) == Extraction("", "")


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        (["text"], MISSING, "'text' is missing"),
        (["text"], 7, "'text' is missing or not a string"),
        (["note_id"], {"a": 1}, "note_id is neither"),
        (["model_version"], 3, "model_version is not a string"),
        (["entities"], {}, "'entities' is not a list"),
        (["relations"], "e1", "'relations' is not a list"),
        (["warnings"], "careful", "'warnings' is not a list"),
        (["warnings"], [1], "warnings[0]: a warning is not a string"),
        (["entities", 0], "colchicine", "entities[0]: an entity is not an object"),
        (["entities", 0, "start"], MISSING, "entities[0]: missing field 'start'"),
        (["entities", 0, "start"], True, "must be whole numbers"),
        (["entities", 0, "end"], 10.0, "must be whole numbers"),
        (["entities", 0, "end"], 0, "is not a range"),
        (["entities", 0, "end"], 20, "is not a range inside a text of 19"),
        (["entities", 0, "text"], "aspirin", "not the entity's own text"),
        (["entities", 0, "type"], None, "type is not a string"),
        (["entities", 0, "score"], 1.01, "score is not a number from 0 to 1"),
        (["entities", 0, "score"], -0.1, "score is not a number from 0 to 1"),
        (["entities", 0, "score"], float("nan"), "score is not a number from 0 to 1"),
        (["entities", 0, "score"], 10**400, "score is not a number from 0 to 1"),
        (["entities", 0, "score"], "0.5", "score is not a number from 0 to 1"),
        (["entities", 0, "score"], None, "score is not a number from 0 to 1"),
        (["entities", 0, "assertion"], "absent", "the assertion is none of present"),
        (["entities", 0, "section"], ["plan"], "section is not a string"),
        (["entities", 0, "attributes"], ["dose"], "attributes is not an object"),
        (["entities", 0, "attributes"], {"dose": 5}, "an attribute is not a string"),
        (["entities", 0, "triggers"], "denies", "triggers is not a list"),
        (["entities", 0, "triggers"], [[0, 2]], "a trigger is not an object"),
        (["entities", 0, "triggers"], [{"start": 0}], "missing field 'end'"),
        (["entities", 0, "triggers"], [{"start": 2, "end": 2}], "a trigger is no range inside the text"),
        (["entities", 0, "triggers"], [{"start": 0, "end": 20}], "a trigger is no range inside the text"),
        (["entities", 1, "id"], "e1", "2 entities have the same id"),
        (["entities", 1, "id"], ["e1"], "an id is neither"),
        (["entities", 1, "codes"], {"system": "s"}, "codes is not a list"),
        (["entities", 1, "codes", 0], "c", "a code is not an object"),
        (["entities", 1, "codes", 0, "code"], MISSING, "missing field 'code'"),
        (["entities", 1, "codes", 0, "code"], 7, "code of a code is not a string"),
        (["entities", 1, "codes", 0, "score"], 2, "score is not a number"),
        (["relations", 0], 7, "relations[0]: a relation is not an object"),
        (["relations", 0, "tail"], "e9", "relations[0]: joins an entity that is not there"),
        (["relations", 0, "tail"], MISSING, "relations[0]: missing field 'tail'"),
        (["relations", 0, "type"], 1, "type is not a string"),
        (["relations", 0, "score"], 5, "score is not a number"),
    ],
)
def test_what_does_not_fit_is_refused(path: list[str | int], value: object, reason: str) -> None:
    with pytest.raises(ValueError, match=re.escape(reason)) as caught:
        from_json(changed(*path, to=value))
    assert not {"colchicine", "gout", "aspirin", "careful"} & set(str(caught.value).split())


def test_where_the_words_stand_that_gave_a_status_goes_there_and_back() -> None:
    told = changed("entities", 0, "triggers", to=[{"start": 0, "end": 2}])
    read = from_json(told)
    assert read.entities[0].triggers == ((0, 2),)
    assert to_json(read)["entities"][0]["triggers"] == told["entities"][0]["triggers"]
    assert "triggers" not in to_json(read)["entities"][1]


def test_every_fault_is_told_at_once() -> None:
    data = changed("entities", 0, "score", to=7)
    data["entities"][1]["end"] = 99
    data["warnings"] = 1
    with pytest.raises(
        ValueError, match=r"entities\[0\].*entities\[1\].*an entity that is not there.*'warnings' is not a list"
    ):
        from_json(data)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text() | st.integers(),
        lambda x: st.lists(x) | st.dictionaries(st.text(), x),
        max_leaves=5,
    )
)
@pytest.mark.parametrize("field", ["entities", "relations", "warnings", "note_id", "model_version"])
def test_whatever_stands_in_a_field_the_answer_is_a_value_or_a_reason(field: str, value: object) -> None:
    for given_ in (value, [value], [GOOD["entities"][0], value]):
        try:
            read = from_json({"text": "gout", field: given_})
        except ValueError:
            continue
        assert read.text == "gout"


@pytest.mark.parametrize(("start", "end"), [(-1, 3), (2, 2), (3, 2), (0, 5)])
def test_an_entity_covers_a_range_of_its_text(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="not a range inside a text of 4"):
        entity_at("gout", start, end, "DISEASE")


def test_offsets_count_code_points() -> None:
    assert entity_at("😀 gout", 2, 6, "DISEASE").text == "gout"


def test_values_do_not_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        from_json(GOOD).text = ""  # type: ignore[misc]


def test_no_words_of_a_note_are_in_what_a_traceback_shows() -> None:
    text = "Zosterella rash, on oxyquell 3 mg."
    found = entity_at(text, 0, 10, "DISEASE", attributes={"dose": "3 mg"}, id="e1")
    shown = repr([Note("n_1", text, "Smith"), found, Extraction("n_1", text, (found,), patient_id="Smith")])
    assert not any(word in shown for word in ("Zosterella", "oxyquell", "3 mg", "Smith"))
    assert "n_1" in shown

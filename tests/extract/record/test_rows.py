"""The record of a patient: each disease once, nothing thrown away, relatives apart."""

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from behealthy.extract.record.omop import COLUMNS as OMOP
from behealthy.extract.record.omop import note_nlp
from behealthy.extract.record.omop import to_csv as omop_csv
from behealthy.extract.record.rows import Row, quoted, rows
from behealthy.extract.record.sheet import COLUMNS, to_csv
from behealthy.note import DISEASE, TREATMENT, Code, Entity, Extraction, Relation, entity_at

WHEN = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
I10 = Code("ICD-10-CM", "I10", "Essential (primary) hypertension", 0.98)


def noted(
    text: str, *found: tuple[str, str, str], links: tuple[tuple[int, str, int], ...] = (), **given: Any
) -> Extraction:
    """Make an extraction of (words, type letter, assertion); links are (treatment, type, disease), counted from 1."""
    entities, at = [], 0
    for number, (words, letter, status) in enumerate(found, 1):
        at = text.index(words, at)
        kind = DISEASE if letter == "D" else TREATMENT
        entities.append(entity_at(text, at, at + len(words), kind, id=f"e{number}", assertion=status, score=0.9))
        at += len(words)
    relations = tuple(Relation(kind, f"e{head}", f"e{tail}", 0.8) for head, kind, tail in links)
    return Extraction(given.pop("note_id", "n1"), text, tuple(entities), relations, **given)


def coded(extraction: Extraction, *codes: Code | None) -> Extraction:
    entities = tuple(
        replace(e, codes=(code,)) if code else e for e, code in zip(extraction.entities, codes, strict=True)
    )
    return replace(extraction, entities=entities)


def told(record: list[Row]) -> list[tuple[str, str | None, list[str]]]:
    return [(row.disease, row.status, [t.name for t in row.treatments]) for row in record]


def test_a_disease_that_is_mentioned_again_is_one_row() -> None:
    note = noted(
        "Asthma, on albuterol. His ASTHMA is stable.",
        ("Asthma", "D", "present"),
        ("albuterol", "T", "present"),
        ("ASTHMA", "D", "present"),
        links=((2, "TREATS", 1),),
    )
    (row,) = rows([note])
    assert (row.disease, len(row.mentions), [t.name for t in row.treatments]) == ("Asthma", 2, ["albuterol"])


def test_two_names_with_one_sure_code_are_one_disease() -> None:
    note = noted("HTN. Hypertension.", ("HTN", "D", "present"), ("Hypertension", "D", "present"))
    assert len(rows([note])) == 2
    assert len(rows([coded(note, I10, I10)])) == 1
    unsure = Code(I10.system, I10.code, I10.display, 0.5)
    assert len(rows([coded(note, unsure, unsure)])) == 2


@pytest.mark.parametrize(
    ("one", "other", "status"),
    [
        ("present", "negated", "present"),
        ("negated", "present", "present"),
        ("possible", "historical", "possible"),
        ("hypothetical", "negated", "negated"),
    ],
)
def test_the_most_telling_mention_gives_the_status(one: str, other: str, status: str) -> None:
    (row,) = rows([noted("gout, gout", ("gout", "D", one), ("gout", "D", other))])
    assert row.status == status
    assert row.mentions[0].entity.assertion == status
    assert len(row.mentions) == 2


def test_a_relatives_disease_is_a_row_of_its_own() -> None:
    record = rows([noted("Gout. Mother had gout.", ("Gout", "D", "present"), ("gout", "D", "family"))])
    assert told(record) == [("Gout", "present", []), ("gout", "family", [])]


def test_a_treatment_that_no_disease_explains_is_not_lost() -> None:
    note = noted(
        "Aspirin. Gout: rest.",
        ("Aspirin", "T", "present"),
        ("Gout", "D", "present"),
        ("rest", "T", "present"),
        links=((3, "TREATS", 2),),
    )
    assert told(rows([note])) == [("Gout", "present", ["rest"]), ("", None, ["Aspirin"])]


def test_notes_of_one_patient_make_one_record() -> None:
    one = noted("Gout.", ("Gout", "D", "historical"), note_id="a", patient_id="p")
    two = noted("Now gout.", ("gout", "D", "present"), note_id="b", patient_id="p")
    other = noted("Gout.", ("Gout", "D", "present"), note_id="c")
    assert [(r.patient_id, r.status, len(r.mentions)) for r in rows([one, other, two])] == [
        ("p", "present", 2), ("c", "present", 1),
    ]  # fmt: skip


def test_a_link_the_wrong_way_round_or_into_nothing_is_no_treatment() -> None:
    note = noted(
        "gout: rest", ("gout", "D", "present"), ("rest", "T", "present"), links=((1, "TREATS", 2), (9, "TREATS", 1))
    )
    assert told(rows([note])) == [("gout", "present", []), ("", None, ["rest"])]


SPANS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 12), st.sampled_from([DISEASE, TREATMENT, "TEST"]),
              st.sampled_from(["present", "negated", "family", None])), max_size=12,
)  # fmt: skip
LINKS = st.lists(st.tuples(st.integers(1, 14), st.integers(1, 14), st.sampled_from(["TREATS", "CAUSES"])), max_size=12)
TEXT = "Gout and asthma, given rest; no gout. Mother: asthma; he was given aspirin and rest."


def any_note(found: list[tuple[int, int, str, Any]], links: list[tuple[int, int, str]]) -> Extraction:
    entities = tuple(
        Entity(a, a + n, TEXT[a : a + n], kind, 0.5, status, id=f"e{i}")
        for i, (a, n, kind, status) in enumerate(found, 1)
    )
    return Extraction("n", TEXT, entities, tuple(Relation(kind, f"e{a}", f"e{b}", 0.5) for a, b, kind in links))


@given(SPANS, LINKS)
def test_every_mention_stands_in_the_record(found: list[Any], links: list[Any]) -> None:
    note = any_note(found, links)
    record = rows([note])
    assert sum(len(row.mentions) for row in record) == sum(e.type == DISEASE for e in note.entities)
    named = {t.name for row in record for t in row.treatments}
    assert named == {" ".join(e.text.split()) for e in note.entities if e.type == TREATMENT}


@given(SPANS, LINKS)
def test_a_sheet_and_a_table_of_mentions_can_be_read_back(found: list[Any], links: list[Any]) -> None:
    note = any_note(found, links)
    sheet = list(csv.DictReader(io.StringIO("".join(to_csv(rows([note]))), newline="")))
    assert all(set(line) == {*COLUMNS} for line in sheet)
    assert all(TEXT[int(line["start"]) : int(line["end"])] for line in sheet)
    mentions = list(note_nlp([note], WHEN))
    assert [m["offset"] for m in mentions] == [str(e.start) for e in note.entities]
    assert all(tuple(m) == OMOP for m in mentions)


def test_a_spreadsheet_runs_nothing() -> None:
    note = noted("=HYPERLINK(1)", ("=HYPERLINK(1)", "D", "present"))
    (line,) = csv.DictReader(io.StringIO("".join(to_csv(rows([note]))), newline=""))
    assert line["disease"] == "'=HYPERLINK(1)"


@pytest.mark.parametrize(
    ("status", "exists", "temporal"),
    [
        ("present", "Y", "present"),
        ("possible", "Y", "present"),
        ("historical", "Y", "past"),
        ("negated", "N", "present"),
        ("hypothetical", "N", "future"),
        ("family", "N", "present"),
    ],
)
def test_a_term_exists_only_where_the_patient_has_or_had_it(status: str, exists: str, temporal: str) -> None:
    (row,) = note_nlp([coded(noted("gout", ("gout", "D", status)), I10)], WHEN)
    assert (row["term_exists"], row["term_temporal"], row["note_id"]) == (exists, temporal, 1)
    assert "ICD-10-CM=I10" in str(row["term_modifiers"])
    assert "note=n1" in str(row["term_modifiers"])


@given(st.text(max_size=200), st.integers(0, 100), st.integers(1, 30), st.integers(0, 60))
def test_a_quotation_holds_its_span_on_one_line(text: str, start: int, length: int, around: int) -> None:
    end = min(start + length, len(text))
    if start < end:
        quote = quoted(text, start, end, around)
        assert "\n" not in quote
        assert " ".join(text[start:end].split()) in quote


def test_no_cell_of_a_table_begins_a_formula() -> None:
    text = "=HYPERLINK(1) and gout."
    found = (entity_at(text, 0, 10, "DISEASE"), entity_at(text, 18, 22, "DISEASE"))
    lines = list(omop_csv([Extraction("7", text, found)], datetime(2026, 1, 31, tzinfo=UTC)))
    table = list(csv.DictReader(io.StringIO("".join(lines))))
    assert [row["lexical_variant"] for row in table] == ["'=HYPERLINK", "gout"]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for row in table for cell in row.values())
    assert list(table[0]) == list(OMOP)

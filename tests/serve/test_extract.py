"""Extraction over HTTP: one note, many, stored, sent for review, as files; and what is wrong with a request."""

import json

import pytest
from sqlalchemy import func, select

from behealthy.note import Note
from behealthy.registry.bundle import load
from behealthy.serve.wire.notes import ExtractAnswer
from behealthy.store.tables import AuditRow, ExtractionRow, NoteRow, PredictionRow, QuarantineRow, ReviewRow

NOTE = "ASSESSMENT: Type 2 diabetes, on metformin 500 mg twice daily. Denies chest pain. Mother had breast cancer."


@pytest.fixture
def sender(program):
    return program("extract")


def counted(system, table) -> int:
    with system.database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_note_gives_what_the_extractor_gives_with_its_record(sender) -> None:
    answer = sender.post("/api/v1/extract", json={"text": NOTE, "id": "visit-7"})
    assert answer.status_code == 200
    (item,) = answer.json()["items"]
    expected = load()(Note("visit-7", NOTE))
    assert [(e["start"], e["end"], e["type"], e["assertion"]) for e in item["entities"]] == [
        (e.start, e.end, e.type, e.assertion) for e in expected.entities
    ]
    assert item["id"] == "visit-7"
    assert item["model_version"] == answer.json()["model_version"] == expected.model_version
    rows = {row["disease"]: row for row in item["record"]}
    assert rows["Type 2 diabetes"]["treatments"][0]["name"] == "metformin"
    assert rows["Type 2 diabetes"]["treatments"][0]["dose"] == "500 mg twice daily"
    assert rows["chest pain"]["status"] == "negated"


def test_what_goes_out_is_what_the_document_says(sender) -> None:
    answer = sender.post("/api/v1/extract", json={"notes": [{"text": NOTE}, {"text": 7}]})
    ExtractAnswer.model_validate_json(answer.content, strict=True)


def test_of_many_notes_the_bad_ones_do_not_stop_the_good_ones(sender) -> None:
    notes = [
        {"id": "a", "text": NOTE},
        {"id": "b"},
        {"id": "c", "text": 12},
        "no object",
        {"id": "d", "text": "   "},
        {"id": "e", "text": "Gout\u0000 flare today."},
        {"id": "f", "text": NOTE, "diagnosis": "gout"},
        {"id": "g", "text": "No fever today."},
    ]
    answer = sender.post("/api/v1/extract", json={"notes": notes})
    assert answer.status_code == 200
    items = answer.json()["items"]
    assert [item["id"] for item in items] == ["a", "b", "c", None, "d", "e", None, "g"]
    codes = [item.get("error", {}).get("code") for item in items]
    assert codes == [None, "schema", "schema", "schema", "empty", "encoding", "schema", None]


def test_a_lone_surrogate_is_refused_by_its_kind(sender) -> None:
    body = '{"text": "gout \\ud83d and fever"}'
    answer = sender.post("/api/v1/extract", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert "gout" not in answer.text


@pytest.mark.parametrize("count", [0, 101])
def test_none_and_too_many_notes_are_refused(sender, count: int) -> None:
    answer = sender.post("/api/v1/extract", json={"notes": [{"text": NOTE}] * count})
    assert answer.status_code == 422
    assert [e["path"] for e in answer.json()["errors"]] == ["notes"]


def test_a_hundred_notes_are_read(sender) -> None:
    answer = sender.post("/api/v1/extract", json={"notes": [{"text": NOTE}] * 100})
    assert len(answer.json()["items"]) == 100


@pytest.mark.parametrize("body", [{}, {"text": NOTE, "notes": []}, {"text": NOTE, "notes": [{"text": NOTE}]}])
def test_text_or_notes_never_both_and_never_neither(sender, body) -> None:
    assert sender.post("/api/v1/extract", json=body).status_code == 422


def test_offsets_are_in_utf16_units_when_that_is_asked_for(sender) -> None:
    text = "\U0001f600\U0001f600 Type 2 diabetes, \U0001f600 on metformin."
    answer = sender.post("/api/v1/extract?offset_unit=utf16", json={"text": text})
    units = text.encode("utf-16-le")
    (item,) = answer.json()["items"]
    for entity in item["entities"]:
        assert units[2 * entity["start"] : 2 * entity["end"]].decode("utf-16-le") == entity["text"]
    mention = item["record"][0]["mentions"][0]
    assert units[2 * mention["start"] : 2 * mention["end"]].decode("utf-16-le") == "Type 2 diabetes"


@pytest.mark.parametrize("unit", ["codepoint", "utf16"])
def test_each_status_comes_with_the_words_that_gave_it(sender, unit: str) -> None:
    text = f"\U0001f600 {NOTE}"
    (item,) = sender.post(f"/api/v1/extract?offset_unit={unit}", json={"text": text}).json()["items"]
    code, size = ("utf-16-le", 2) if unit == "utf16" else ("utf-32-le", 4)
    units = text.encode(code)
    words = {
        e["text"]: [units[size * t["start"] : size * t["end"]].decode(code) for t in e["triggers"]]
        for e in item["entities"]
    }
    assert (words["chest pain"], words["breast cancer"], words["Type 2 diabetes"]) == (["Denies"], ["Mother"], ["on"])


def test_html_comes_back_as_it_was_and_only_as_json(sender) -> None:
    text = "<script>alert('x')</script> Gout flare, <b>on colchicine</b>."
    answer = sender.post("/api/v1/extract", json={"text": text})
    assert answer.json()["items"][0]["text"] == text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_reading_stores_nothing_but_numbers_and_the_audit(sender, system, app, anonymous) -> None:
    sender.post("/api/v1/extract", json={"notes": [{"text": NOTE}, {"text": NOTE}]})
    app.state.parts.predictions.stop()
    assert (counted(system, NoteRow), counted(system, QuarantineRow)) == (0, 0)
    with system.database.read() as session:
        predictions = session.scalars(select(PredictionRow)).all()
        acts = session.execute(select(AuditRow.action, AuditRow.object)).all()
    assert len(predictions) == 2
    assert "metformin" not in json.dumps([row.observation for row in predictions])
    assert predictions[0].observation["entities"]["DISEASE"] == 3
    assert acts == [("extract", "texts:2")]


# Stored ----------------------------------------------------------------------------------------------------------


def test_storing_needs_the_right_to_store(sender) -> None:
    assert sender.post("/api/v1/extract?store=true", json={"text": NOTE}).status_code == 403


def test_a_stored_note_is_kept_with_what_was_found_and_once(program, system) -> None:
    sender = program("extract,notes:write")
    first, second = (sender.post("/api/v1/extract?store=true", json={"text": NOTE, "id": "v"}) for _ in range(2))
    (a,), (b,) = first.json()["items"], second.json()["items"]
    assert a["note_id"] == b["note_id"] != "v"
    assert a["entities"] == b["entities"] != []
    assert [counted(system, table) for table in (NoteRow, ExtractionRow, PredictionRow, ReviewRow)] == [1, 1, 1, 1]


def test_a_note_that_is_sent_for_review_is_next_in_the_queue(person, system) -> None:
    ann = person("reviewer.ann")
    other = "Gout flare, on colchicine."
    sent = ann.post("/api/v1/extract?store=true", json={"notes": [{"text": other}]}).json()["items"][0]["note_id"]
    ann.post("/api/v1/extract?to_review=true", json={"text": NOTE})
    ann.post("/api/v1/extract?to_review=true", json={"text": other})
    with system.database.read() as session:
        whys = {row.note_id: row.why for row in session.scalars(select(ReviewRow))}
    assert len(whys) == 2
    assert whys[sent] in ("sent", "audit")


def test_what_breaks_the_contract_is_held_when_it_was_to_be_stored(program, system) -> None:
    sender = program("extract,notes:write")
    answer = sender.post("/api/v1/extract?store=true", json={"notes": [{"text": NOTE}, {"text": ""}]})
    assert [item.get("error", {}).get("code") for item in answer.json()["items"]] == [None, "empty"]
    assert (counted(system, NoteRow), counted(system, QuarantineRow)) == (1, 1)


# Files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("format", "kind", "part"),
    [
        ("csv", "text/csv", "metformin"),
        ("json", "application/json", "metformin"),
        ("fhir", "application/fhir+json", '"resourceType"'),
        ("omop", "text/csv", "note_nlp_id"),
    ],
)
def test_the_record_comes_as_a_file(sender, format: str, kind: str, part: str) -> None:
    answer = sender.post("/api/v1/extract/export", json={"text": NOTE, "format": format, "patient_id": "p1"})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(kind)
    assert "attachment" in answer.headers["content-disposition"]
    assert part in answer.text


def test_an_export_is_in_the_audit_trail_and_a_bad_one_says_why(sender, system) -> None:
    sender.post("/api/v1/extract/export", json={"text": NOTE, "format": "csv"})
    bad = sender.post("/api/v1/extract/export", json={"text": "..", "format": "csv"})
    assert (bad.status_code, bad.json()["code"]) == (422, "empty")
    with system.database.read() as session:
        assert session.scalars(select(AuditRow.action)).all() == ["export", "export"]


def test_codes_are_found_for_a_phrase(person) -> None:
    found = person("reviewer").post("/api/v1/codes", json={"query": "type 2 diabetes"}).json()["items"]
    assert any(code["code"].startswith("E11") for code in found)


@pytest.mark.parametrize("query", ["", "?store=true"])
def test_a_text_that_is_too_long_is_refused_and_the_others_are_read(program, system, query: str) -> None:
    long = "Gout. " * (system.settings.max_text_bytes // 6 + 1)
    assert len(long) < system.settings.max_note_bytes
    sender = program("extract,notes:write")
    answer = sender.post(f"/api/v1/extract{query}", json={"notes": [{"text": long}, {"text": NOTE}]})
    assert answer.status_code == 200
    refused, read = answer.json()["items"]
    assert refused["error"]["code"] == "too_large"
    assert read["entities"]


def test_a_single_text_that_is_too_long_is_a_422(sender, system) -> None:
    answer = sender.post("/api/v1/extract", json={"text": "Gout. " * (system.settings.max_text_bytes // 6 + 1)})
    assert answer.status_code == 422
    assert "Gout" not in answer.text


def test_a_phrase_whose_codes_are_wanted_is_not_taken_from_a_url(app, person) -> None:
    assert person("reviewer").get("/api/v1/codes", params={"query": "type 2 diabetes"}).status_code == 405
    (operation,) = app.openapi()["paths"]["/api/v1/codes"].values()
    assert "parameters" not in operation

"""Notes and the quarantine over HTTP."""

import base64
import json

import pytest
from sqlalchemy import select

from behealthy.data import intake
from behealthy.flows import ingest
from behealthy.serve import sendings
from behealthy.store.notes import get_note
from behealthy.store.tables import AlertRow, AuditRow, GoldRow, NoteRow, QuarantineRow

NOTE = "ASSESSMENT: Type 2 diabetes, on metformin 500 mg twice daily. Denies chest pain."
OTHER = "Gout flare in the left foot, on colchicine."
FHIR = {
    "resourceType": "DocumentReference",
    "status": "current",
    "content": [{"attachment": {"contentType": "text/plain", "data": base64.b64encode(OTHER.encode()).decode()}}],
}


@pytest.fixture
def feed(program):
    return program("notes:write,notes:read")


def send(feed, body: bytes, kind: str, **params: str):
    return feed.post("/api/v1/notes", content=body, headers={"content-type": kind}, params=params)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (json.dumps({"notes": [{"id": "v1", "text": OTHER}]}).encode(), "application/json"),
        (OTHER.encode(), "text/plain"),
        (OTHER.encode(), "text/plain; charset=utf-8"),
        (f'id,text\nv1,"{OTHER}"\n'.encode(), "text/csv"),
        (json.dumps({"id": "v1", "text": OTHER}).encode(), "application/x-ndjson"),
        (json.dumps(FHIR).encode(), "application/fhir+json"),
    ],
)
def test_every_format_gives_the_same_note(feed, system, body: bytes, kind: str) -> None:
    answer = send(feed, body, kind, source="ward-7")
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["stored"], told["known"], told["held"]) == (1, 0, 0)
    with system.database.read() as session:
        assert get_note(session, system.vault, told["items"][0]["note_id"]).text == OTHER
        assert session.scalars(select(NoteRow.source)).one() == "ward-7"


def test_a_body_has_so_many_records_at_most(feed, system, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of two bytes takes a thousand in memory: a body as large as it may be would take all there is."""
    monkeypatch.setattr(sendings, "_MOST_RECORDS", 3)
    assert send(feed, b'{"text": "Gout."}\n' * 3, "application/x-ndjson").status_code == 200
    answer = send(feed, b"1\n" * 4, "application/x-ndjson")
    assert (answer.status_code, answer.json()["errors"][0]["message"]) == (
        413, "the body has more than 3 records; send it in parts",
    )  # fmt: skip
    with system.database.read() as session:
        assert not session.scalars(select(QuarantineRow)).all()


def test_two_texts_are_two_notes(feed) -> None:
    assert [send(feed, text.encode(), "text/plain").json()["stored"] for text in (NOTE, OTHER)] == [1, 1]


def test_the_same_note_twice_is_one(feed) -> None:
    body = json.dumps({"notes": [{"text": OTHER}, {"text": NOTE}, {"text": OTHER}]}).encode()
    first, second = (send(feed, body, "application/json").json() for _ in range(2))
    assert (first["stored"], first["known"]) == (2, 1)
    assert (second["stored"], second["known"]) == (0, 3)
    assert [i["note_id"] for i in first["items"]] == [i["note_id"] for i in second["items"]]


def test_bad_records_are_held_and_good_ones_stored(feed, system) -> None:
    notes = [{"id": "a", "text": NOTE}, {"id": "b", "text": 7}, {"id": "c", "text": OTHER, "written_at": "yesterday"}]
    told = send(feed, json.dumps({"notes": notes}).encode(), "application/json", source="ward-7").json()
    assert (told["stored"], told["held"]) == (1, 2)
    assert [item["code"] for item in told["items"]] == [None, "schema", "date"]
    assert all(item["quarantine_id"] for item in told["items"][1:])
    with system.database.read() as session:
        alerts = {row.facts["reason"]: row.kind for row in session.scalars(select(AlertRow))}
    assert alerts == {"schema": "quarantine", "date": "quarantine"}


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"x", "application/pdf", 415),
        (b"x", "", 415),
        (b"x", "text/plain; charset=latin-1", 415),
        (b"{", "application/json", 400),
        (b'{"notes": []}', "application/json", 422),
        (b'{"notes": "x"}', "application/json", 422),
    ],
)
def test_a_body_that_nobody_can_read_is_refused(feed, body: bytes, kind: str, status: int) -> None:
    assert send(feed, body, kind).status_code == status


@pytest.mark.parametrize("kind", ["text/plain", "text/csv", "application/x-ndjson", "application/fhir+json"])
def test_bytes_that_are_no_text_are_held(feed, kind: str) -> None:
    told = send(feed, b"text\n\xff\xfe\x00gout", kind).json()
    assert told["stored"] == 0
    assert told["held"] == len(told["items"]) > 0
    assert "gout" not in json.dumps(told)


def test_only_reviewers_may_send_notes_that_are_learned_from(feed, program, system) -> None:
    entity = {"id": "e1", "start": 0, "end": 4, "text": "Gout", "type": "DISEASE"}
    body = json.dumps({"id": "v", "text": OTHER, "entities": [entity]}).encode()
    assert send(feed, body, "application/x-ndjson").status_code == 403
    assert send(program("notes:write,reviews"), body, "application/x-ndjson").status_code == 200
    with system.database.read() as session:
        assert len(session.scalars(select(GoldRow)).all()) == 1


# Reading -----------------------------------------------------------------------------------------------------------


def test_notes_are_listed_in_pages_without_their_words(feed, system) -> None:
    texts = [f"Note {i}: gout flare, on colchicine." for i in range(5)]
    send(feed, json.dumps({"notes": [{"text": t} for t in texts]}).encode(), "application/json", source="a")
    send(feed, NOTE.encode(), "text/plain", source="b")
    seen, cursor = [], None
    while True:
        answer = feed.get("/api/v1/notes", params={"limit": 2, "source": "a"} | ({"cursor": cursor} if cursor else {}))
        assert "gout" not in answer.text
        seen += [item["note_id"] for item in answer.json()["items"]]
        cursor = answer.json()["next"]
        if cursor is None:
            break
    assert seen == sorted(seen, reverse=True)
    assert len(set(seen)) == 5
    with system.database.read() as session:
        assert session.scalars(select(AuditRow.object).where(AuditRow.action == "list")).all() == ["notes"] * 3


def test_a_note_is_read_with_what_was_found_and_that_is_written_down(feed, system) -> None:
    text = "\U0001f600 Gout flare, on colchicine."
    note_id = send(feed, text.encode(), "text/plain").json()["items"][0]["note_id"]
    told = feed.get(f"/api/v1/notes/{note_id}", params={"offset_unit": "utf16"}).json()
    assert told["text"] == text
    entity = told["extraction"]["entities"][0]
    units = text.encode("utf-16-le")
    assert units[2 * entity["start"] : 2 * entity["end"]].decode("utf-16-le") == entity["text"]
    with system.database.read() as session:
        acts = session.execute(select(AuditRow.action, AuditRow.object, AuditRow.outcome)).all()
    assert acts[-1] == ("read", f"note:{note_id}", "done")


def test_a_reviewer_reads_only_what_they_have_claimed_and_each_try_is_written_down(feed, person, system) -> None:
    note_id = send(feed, OTHER.encode(), "text/plain").json()["items"][0]["note_id"]
    ann, bob = person("reviewer.ann"), person("reviewer.bob")
    assert ann.get(f"/api/v1/notes/{note_id}").status_code == 403
    assert ann.post(f"/api/v1/reviews/{note_id}:claim").status_code == 200
    assert ann.get(f"/api/v1/notes/{note_id}").status_code == 200
    refused = bob.get(f"/api/v1/notes/{note_id}")
    assert refused.status_code == 403
    assert "Gout" not in refused.text
    assert bob.get(f"/api/v1/reviews/{note_id}").status_code == 403
    with system.database.read() as session:
        acts = session.execute(select(AuditRow.actor, AuditRow.action, AuditRow.object, AuditRow.outcome)).all()
    tried = [("reviewer.bob", action, f"note:{note_id}", "refused") for action in ("read", "open review")]
    assert [tuple(act) for act in acts[-2:]] == tried


# Quarantine ------------------------------------------------------------------------------------------------------


@pytest.fixture
def held(feed) -> str:
    return send(feed, b'{"text": "Gout", "mood": "good"}', "application/x-ndjson").json()["items"][0]["quarantine_id"]


def test_what_is_held_is_listed_and_shown_in_words_only_to_who_may_read_notes(held: str, person) -> None:
    operator, admin = person("operator"), person("admin")
    (item,) = operator.get("/api/v1/quarantine", params={"state": "held"}).json()["items"]
    assert (item["id"], item["code"]) == (held, "schema")
    assert operator.get(f"/api/v1/quarantine/{held}").json()["text"] is None
    assert "Gout" in admin.get(f"/api/v1/quarantine/{held}").json()["text"]


def test_what_is_held_is_tried_again_mended_and_becomes_a_note(held: str, person, system) -> None:
    operator = person("operator")
    again = operator.post(f"/api/v1/quarantine/{held}:replay", json={})
    assert (again.json()["state"], again.json()["code"]) == ("held", "schema")
    mended = json.dumps({"text": OTHER})
    told = operator.post(f"/api/v1/quarantine/{held}:replay", json={"text": mended}).json()
    assert told["state"] == "replayed"
    with system.database.read() as session:
        assert get_note(session, system.vault, told["note_id"]).text == OTHER
    assert operator.post(f"/api/v1/quarantine/{held}:replay", json={}).status_code == 409


def test_who_may_not_review_mends_no_record_into_something_that_is_learned_from(held: str, person, system) -> None:
    entity = {"id": "e1", "start": 0, "end": 4, "text": "Gout", "type": "DISEASE"}
    mended = {"text": json.dumps({"text": OTHER, "entities": [entity]})}
    assert person("operator").post(f"/api/v1/quarantine/{held}:replay", json=mended).status_code == 403
    with system.database.read() as session:
        assert session.scalars(select(GoldRow)).all() == []
    assert person("admin").post(f"/api/v1/quarantine/{held}:replay", json=mended).json()["state"] == "replayed"


def test_what_is_dropped_is_forgotten(held: str, person) -> None:
    admin = person("admin")
    assert admin.post(f"/api/v1/quarantine/{held}:drop").status_code == 204
    assert admin.get(f"/api/v1/quarantine/{held}").json()["text"] is None
    assert admin.post(f"/api/v1/quarantine/{held}:drop").status_code == 409


@pytest.mark.parametrize("length", [20, 240])
def test_the_name_of_a_record_is_for_who_may_read_notes(person, system, length: int) -> None:
    """Files are named after patients, and names of files may be long."""
    name = "smith_john_" + "x" * (length - 15) + ".pdf"
    taken = ingest.take_in(system, intake.read(b"%PDF", "unknown", name), ingest.Sender("inbox", "inbox"))
    url = f"/api/v1/quarantine/{taken.fates[0].quarantine_id}"
    for who, seen in (("operator.bob", False), ("admin.ann", True)):
        client = person(who)
        answers = [client.get("/api/v1/quarantine"), client.get(url), client.post(f"{url}:replay", json={})]
        assert [(each.status_code, name in each.text, "smith" in each.text) for each in answers] == [
            (200, seen, seen)
        ] * 3, who
        assert "the format is none of" in answers[2].text

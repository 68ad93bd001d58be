"""Notes as others send them: each record comes out, or the reason why not; one bad record never spoils the rest."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from behealthy.data import intake
from behealthy.data.contract import Contract, Raw
from behealthy.errors import ContractError

CONTRACT = Contract(10_000)
NOW = datetime(2026, 3, 2, tzinfo=UTC)


def records(data: bytes | str, kind: str, name: str = "in") -> list[Raw]:
    return list(intake.read(data.encode() if isinstance(data, str) else data, kind, name))


def fates(data: bytes | str, kind: str) -> list[str]:
    """Give the text of each record, or the code of its refusal."""
    out = []
    for raw in records(data, kind):
        try:
            out.append(CONTRACT.check(raw, NOW).note.text)
        except ContractError as exc:
            out.append(f"<{exc.code}>")
    return out


def document(text: str | None = "Gout of the toe.", **more: Any) -> dict[str, Any]:
    data = {} if text is None else {"data": base64.b64encode(text.encode()).decode()}
    attachment = {"contentType": "text/plain; charset=utf-8", **data}
    return {
        "resourceType": "DocumentReference",
        "status": "current",
        "masterIdentifier": {"value": "urn:oid:1.2"},
        "subject": {"reference": "Patient/9"},
        "date": "2026-02-01T08:00:00Z",
        "content": [{"attachment": attachment}],
        **more,
    }


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.txt", "text"), ("b.CSV", "csv"), ("c.ndjson", "jsonl"), ("d/e.json", "fhir"), ("f.pdf", None), ("g", None)],
)
def test_names_promise_formats(name: str, kind: str | None) -> None:
    assert intake.kind_of_name(name) == kind


def test_a_text_is_one_note_named_by_its_file() -> None:
    (raw,) = records("\ufeffGout.\r\nRested.", "text", "ward/visit-7.txt")
    assert raw.fields == {"text": "Gout.\r\nRested.", "id": "visit-7"}


@pytest.mark.parametrize("kind", ["text", "csv", "jsonl", "fhir"])
@pytest.mark.parametrize(
    "data", [b"f\xe9ver, a lot", b"text\nf\xe9ver", b'{"text": "f\xe9ver"}', b"\x00\x01\x02", b"%PDF-1.4\n\xff"]
)
def test_bytes_that_are_no_text_are_never_guessed(kind: str, data: bytes) -> None:
    assert set(fates(data, kind)) <= {"<encoding>", "<unreadable>", "<schema>"}


def test_rows_are_notes() -> None:
    data = 'id,text,patient_id\r\n1,"Gout, of the toe",p\r\n\r\n2,"Two\nlines",\r\n'
    got = records(data, "csv", "visits.csv")
    assert [dict(raw.fields) for raw in got] == [
        {"id": "1", "text": "Gout, of the toe", "patient_id": "p"},
        {"id": "2", "text": "Two\nlines"},
    ]
    assert [raw.name for raw in got] == ["visits.csv:1", "visits.csv:3"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("", ["<schema>"]),
        ("note\nGout", ["<schema>"]),
        ("text,text\na,b", ["<schema>"]),
        ("text,colour\nGout,red", ["<schema>"]),
        ("text,id\nGout\nAsthma,2", ["<schema>", "Asthma"]),
        ('text\nGout\n"left open', ["Gout", "<unreadable>"]),
    ],
)
def test_rows_that_are_none(data: str, expected: list[str]) -> None:
    assert fates(data, "csv") == expected


def test_lines_are_notes_and_a_bad_one_spoils_no_other() -> None:
    good, other = b'{"text": "Gout."}', b'{"note_id": "z", "text": "Asthma."}'
    bad = [b'{"text": ', b"[1]", b'{"text": "Gout", "bed": 4}', b'{"text": "f\xe9ver"}']
    data = b"\n".join([good, b"", *bad, other])
    assert fates(data, "jsonl") == ["Gout.", "<unreadable>", "<schema>", "<schema>", "<encoding>", "Asthma."]
    assert records(data, "jsonl")[-1].fields["id"] == "z"


def test_deep_nesting_is_refused() -> None:
    assert fates("[" * 100_000, "jsonl") == ["<unreadable>"]
    assert fates("[" * 100_000, "fhir") == ["<unreadable>"]


def test_a_document_reference_is_a_note_with_its_patient() -> None:
    (raw,) = records(json.dumps(document()), "fhir")
    accepted = CONTRACT.check(raw, NOW)
    assert (accepted.note.id, accepted.note.text, accepted.note.patient_id) == (
        "urn:oid:1.2",
        "Gout of the toe.",
        "Patient/9",
    )
    assert accepted.written_at == datetime(2026, 2, 1, 8, tzinfo=UTC)


def test_a_bundle_is_as_many() -> None:
    pdf = {"attachment": {"contentType": "application/pdf", "data": "JVBERg=="}}
    entries = [
        document(),
        document(status="entered-in-error"),
        document(None),
        {"resourceType": "Patient"},
        document(content=[pdf]),
    ]
    bundle = {"resourceType": "Bundle", "entry": [{"resource": r} for r in entries]}
    assert fates(json.dumps(bundle), "fhir") == ["Gout of the toe.", "<status>", "<schema>", "<schema>"]


@pytest.mark.parametrize(
    "content", [None, [], [None], [{}], [{"attachment": {"contentType": "text/plain", "data": "%%%"}}], "x"]
)
def test_documents_without_a_text_are_refused(content: Any) -> None:
    assert fates(json.dumps(document(content=content)), "fhir") in (["<schema>"], ["<encoding>"])


def test_two_attachments_are_two_notes_under_different_ids() -> None:
    both = [document()["content"][0], document("Asthma.")["content"][0]]
    got = records(json.dumps(document(content=both)), "fhir")
    assert [raw.fields["id"] for raw in got] == ["urn:oid:1.2", "urn:oid:1.2#1"]


@pytest.mark.parametrize("kind", ["text", "csv", "jsonl", "fhir"])
def test_what_is_held_can_be_read_again_from_its_payload(kind: str) -> None:
    data = {
        "text": "  ",
        "csv": "text,id\n1,a\nGout,b\n2,c",
        "jsonl": '{"text": "4"}\n{"text": "Gout"}\n{"txet": "Gout"}',
        "fhir": json.dumps(
            {"resourceType": "Bundle", "entry": [{"resource": document("5")}, {"resource": document()}]}
        ),
    }[kind]
    for raw in records(data, kind):
        (again,) = intake.read(raw.payload, raw.kind, raw.name)
        assert again.fields == raw.fields
        assert (again.refused is None) == (raw.refused is None)


@given(st.binary(max_size=300), st.sampled_from(sorted(intake.KINDS)))
def test_whatever_is_sent_something_comes_out_and_nothing_is_raised(data: bytes, kind: str) -> None:
    for raw in intake.read(data, kind, "in"):
        assert raw.refused is not None or raw.fields is not None


def test_a_small_message_cannot_be_made_to_give_any_amount() -> None:
    """Each attachment is held with a copy of its document: a message of 0.5 MB would be a thousand times as large."""
    long = document(description="x" * 500_000, content=[{}] * 5_000)
    message = json.dumps({"resourceType": "Bundle", "entry": [{"resource": long}]})
    found = records(message, "fhir")
    assert sum(len(raw.payload) for raw in found) < 50_000_000
    assert found[-1].refused is not None
    assert found[-1].refused.code == "too_large"
    assert found[-1].name.startswith("in:1.content[")


def test_no_depth_of_nesting_is_too_much_or_just_too_much() -> None:
    """Between what can be read and what can be written down again lies a level or two."""
    for depth in (*range(850, 1010), 100_000):
        nested = json.dumps(document()).replace("{", '{"x": ' + "[" * depth + "]" * depth + ", ", 1)
        assert len(records(nested, "fhir")) == 1

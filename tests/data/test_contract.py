"""What a note must be: every way of breaking the contract has its reason, and no reason quotes the note."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from behealthy.data.contract import REASONS, Contract, Raw
from behealthy.errors import ContractError
from behealthy.note import Note

NOW = datetime(2026, 3, 2, tzinfo=UTC)
CONTRACT = Contract(max_bytes=200, types=("DISEASE", "TREATMENT"), gold=True)
TEXT = "Zosterella rash, treated with dapsone."


def check(**fields: Any) -> Any:
    return CONTRACT.check(Raw("feed:3", "jsonl", b"", fields), NOW)


def refused(**fields: Any) -> ContractError:
    with pytest.raises(ContractError) as caught:
        check(**fields)
    return caught.value


def test_a_good_record_is_a_note() -> None:
    got = check(id="7", text=TEXT, patient_id=12, written_at="2026-02-28T10:00:00+02:00")
    assert got.note == Note("7", TEXT, "12")
    assert got.written_at == datetime(2026, 2, 28, 8, tzinfo=UTC)
    assert got.gold is None


def test_an_annotated_record_is_gold_too() -> None:
    entity = {"start": 0, "end": 15, "type": "DISEASE", "assertion": "present"}
    got = check(text=TEXT, entities=[entity])
    assert [(e.text, e.assertion) for e in got.gold.entities] == [("Zosterella rash", "present")]


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        ("schema", {}),
        ("schema", {"text": None}),
        ("schema", {"text": 7}),
        ("schema", {"text": TEXT, "txet": TEXT}),
        ("schema", {"text": TEXT, "id": ["a"]}),
        ("schema", {"text": TEXT, "id": True}),
        ("schema", {"text": TEXT, "id": "x" * 201}),
        ("schema", {"text": TEXT, "patient_id": "a\nb"}),
        ("empty", {"text": ""}),
        ("empty", {"text": " \n\t"}),
        ("empty", {"text": "120/80 99%"}),
        ("too_large", {"text": "fever " * 50}),
        ("encoding", {"text": TEXT + "\ud800"}),
        ("encoding", {"text": TEXT + "\0"}),
        ("encoding", {"text": "f\ufffdv\ufffdr and c\ufffdugh"}),
        ("encoding", {"text": "Ménière".encode().decode("cp1252") * 3 + TEXT}),
        ("date", {"text": TEXT, "written_at": "31/12/2025"}),
        ("date", {"text": TEXT, "written_at": "2027-01-01"}),
        ("date", {"text": TEXT, "written_at": "1066-10-14"}),
        ("date", {"text": TEXT, "written_at": 5}),
        ("offsets", {"text": TEXT, "entities": [{"start": 0, "end": 999, "type": "DISEASE"}]}),
        ("offsets", {"text": TEXT, "entities": [{"start": 0, "end": 4, "type": "DISEASE", "text": "rash"}]}),
        ("offsets", {"text": TEXT, "entities": "many"}),
        ("schema", {"text": TEXT, "entities": [{"start": 0, "end": 4, "type": "GENE"}]}),
    ],
)
def test_what_breaks_the_contract_is_refused_with_its_reason(code: str, fields: dict[str, Any]) -> None:
    error = refused(**fields)
    assert error.code == code
    assert code in REASONS
    assert all(fault.startswith("feed:3: ") for fault in error.faults)


def test_every_fault_is_said_and_the_worst_gives_the_code() -> None:
    error = refused(text="", written_at="soon", nmae="x")
    assert len(error.faults) == 3
    assert error.code == "schema"


@pytest.mark.parametrize(
    "fields",
    [
        {"Zosterella": 1},
        {"entities": [{"start": 0, "end": 4, "type": "DISEASE", "assertion": "Zosterella"}]},
        {"entities": [{"start": 0, "end": 99, "type": "Zosterella"}]},
        {"entities": [{"start": 0, "end": 4, "type": "DISEASE", "attributes": {"Zosterella": 5}}]},
        {"entities": [{"start": 0, "end": 4, "type": "DISEASE", "id": "Zosterella"}] * 2},
        {"entities": [], "relations": [{"type": "TREATS", "head": "Zosterella", "tail": "Zosterella"}]},
    ],
)
def test_what_a_sender_made_up_is_not_repeated_wherever_it_stands(fields: dict[str, Any]) -> None:
    assert "Zosterella" not in str(refused(text=TEXT, **fields))


@given(st.text(max_size=300), st.text(max_size=30), st.text(max_size=30))
def test_whatever_comes_is_taken_whole_or_refused_without_its_words(text: str, id_: str, at: str) -> None:
    secret = "Zosterella"
    try:
        got = check(text=secret + text, id=secret + id_, written_at=at, patient_id=None)
    except ContractError as exc:
        said = str(exc)
    else:
        assert (got.note.text, got.note.id) == (secret + text, secret + id_)
        return
    assert secret not in said

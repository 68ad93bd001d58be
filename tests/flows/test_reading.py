"""Fresh notes are read by the served model: kept sealed, logged in numbers, queued; all in one transaction."""

import json
from collections.abc import Sequence

import pytest
from sqlalchemy import func, select

from behealthy.data import intake, quarantine
from behealthy.flows.ingest import Sender, replay, take_in
from behealthy.flows.reading import Read, Reading, served
from behealthy.flows.system import System
from behealthy.note import Note
from behealthy.registry.catalogue import shipped_version
from behealthy.store import session as session_module
from behealthy.store.notes import newest_extraction
from behealthy.store.tables import ExtractionRow, PredictionRow, RatingRow, ReviewRow

TEXT = "Started metformin 500 mg bid for type 2 diabetes, denies chest pain."


def send(system: System, *texts: str):  # type: ignore[no-untyped-def]
    data = "\n".join(json.dumps({"text": text}) for text in texts).encode()
    return take_in(system, intake.read(data, "jsonl", "feed"), Sender("ward", "feed"), after=Reading(system, "ward"))


def test_a_fresh_note_is_read_kept_logged_and_queued_once(system: System) -> None:
    note_id = send(system, TEXT).fates[0].note_id or ""
    assert send(system, TEXT).known == 1
    with system.database.read() as session:
        found = newest_extraction(session, system.vault, note_id)
        (logged,) = session.scalars(select(PredictionRow)).all()
        (review,) = session.scalars(select(ReviewRow)).all()
    assert found is not None
    assert found.model_version == shipped_version() == logged.model_version
    assert {e.text for e in found.entities} >= {"metformin", "type 2 diabetes"}
    assert logged.observation["entities"]["DISEASE"] >= 1
    assert (review.note_id, review.state) == (note_id, "open")


def test_the_log_holds_no_word(system: System) -> None:
    send(system, TEXT)
    with system.database.read() as session:
        (logged,) = session.scalars(select(PredictionRow)).all()
        sealed = session.scalar(select(ExtractionRow.sealed)) or b""
    said = json.dumps(logged.observation)
    assert not [word for word in TEXT.rstrip(".").split() if len(word) > 4 and word in said]
    assert b"metformin" not in sealed


def test_what_is_held_is_not_read(system: System) -> None:
    taken = send(system, "", TEXT)
    with system.database.read() as session:
        assert session.scalar(select(func.count()).select_from(PredictionRow)) == 1
    assert (taken.held, taken.stored) == (1, 1)


class WhileOthersWrite:
    """A reader that needs the lock of the database for itself, once for every time it reads."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.reader = served(system)
        self.batches: list[int] = []

    def __call__(self, notes: Sequence[Note]) -> list[Read]:
        with self.system.database.write() as session:
            session.add(RatingRow(at=self.system.now(), by="ann", stars=1))
        self.batches.append(len(notes))
        return self.reader(notes)


def test_others_write_while_the_model_reads(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "_WAIT_MS", 50)
    reader = WhileOthersWrite(system)
    reading = Reading(system, "ward", reader)
    lines = [{"text": f"{TEXT} Seen in room {i}."} for i in range(101)]
    data = "\n".join(map(json.dumps, [*lines, lines[0], {"text": 4}])).encode()
    taken = take_in(system, intake.read(data, "jsonl", "feed"), Sender("ward", "feed"), after=reading)
    assert (taken.stored, taken.known, taken.held) == (101, 1, 1)
    assert reader.batches == [100, 1]
    take_in(system, intake.read(data, "jsonl", "feed"), Sender("ward", "feed"), after=reading)
    assert reader.batches == [100, 1]  # what is stored is not read again
    with system.database.read() as session:
        (held,) = quarantine.listed(session)
    fate = replay(system, held.id, by="ann", payload=json.dumps({"text": TEXT}).encode(), after=lambda _: reading)
    assert reader.batches == [100, 1, 1]
    with system.database.read() as session:
        found = newest_extraction(session, system.vault, fate.note_id or "")
        assert session.scalar(select(func.count()).select_from(PredictionRow)) == 102
    assert found is not None
    assert found.note_id == fate.note_id

"""Fresh notes are read by the served model: kept sealed, logged in numbers, queued; all in one transaction."""

import json

from sqlalchemy import func, select

from behealthy.data import intake
from behealthy.flows.ingest import take_in
from behealthy.flows.reading import Reading
from behealthy.flows.system import System
from behealthy.registry.catalogue import shipped_version
from behealthy.store.notes import newest_extraction
from behealthy.store.tables import ExtractionRow, PredictionRow, ReviewRow

TEXT = "Started metformin 500 mg bid for type 2 diabetes, denies chest pain."


def send(system: System, *texts: str):  # type: ignore[no-untyped-def]
    data = "\n".join(json.dumps({"text": text}) for text in texts).encode()
    return take_in(system, intake.read(data, "jsonl", "feed"), source="ward", by="feed", after=Reading(system, "ward"))


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

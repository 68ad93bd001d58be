"""The inbox: what others put there is taken in; what they could do harm with stops nothing and leads nowhere."""

import json
import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from behealthy.data import quarantine
from behealthy.flows import inbox
from behealthy.flows.system import System, utc_now
from behealthy.note import Note
from behealthy.store.notes import external_id
from behealthy.store.tables import Base, GoldRow, NoteRow, QuarantineRow

NOTE = "Asthma, stable. Continue albuterol."


@pytest.fixture
def ward(system: System, tmp_path: Path) -> System:
    """A system with an inbox in which every file is written to its end."""
    folder = tmp_path / "inbox"
    folder.mkdir()
    settings = replace(system.settings, inbox=folder)
    return System(settings, system.database, system.vault, lambda: utc_now() + timedelta(minutes=1))


def sweep(ward: System) -> dict[str, int]:
    return inbox.sweep(ward, after=lambda session, notes: None)


def test_a_link_is_not_followed(ward: System, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text(NOTE)
    (ward.settings.inbox / "visit.txt").symlink_to(secret)
    assert sweep(ward)["files"] == 0
    assert secret.exists()


def test_what_became_a_link_meanwhile_is_not_followed(
    ward: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text(NOTE)
    link = ward.settings.inbox / "visit.txt"
    link.symlink_to(secret)
    monkeypatch.setattr(inbox, "waiting", lambda system: [link])
    counts = sweep(ward)
    assert (counts["stored"], counts["left"]) == (0, 1)


def test_a_file_that_cannot_be_read_stops_no_other(ward: System, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a.txt", "b.txt"):
        (ward.settings.inbox / name).write_text(f"{name}: {NOTE}")
    real = os.open

    def refusing(path: Path, *rest: int) -> int:  # whoever runs the tests may be allowed to read everything
        if Path(path).name == "a.txt":
            raise PermissionError(13, "Permission denied")
        return real(path, *rest)

    monkeypatch.setattr(os, "open", refusing)
    counts = sweep(ward)
    assert (counts["files"], counts["stored"], counts["left"]) == (1, 1, 1)
    assert (ward.settings.inbox / "a.txt").exists()


def test_a_file_that_something_fails_on_stops_no_other(ward: System, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("a.txt", "b.txt"):
        (ward.settings.inbox / name).write_text(f"{name}: {NOTE}")

    def reading(_: Session, notes: Sequence[Note]) -> None:
        if notes[0].text.startswith("a.txt"):
            raise ValueError(f"cannot read {notes[0].text}")

    counts = inbox.sweep(ward, after=reading)
    assert (counts["files"], counts["stored"], counts["left"]) == (1, 1, 1)
    assert (ward.settings.inbox / "a.txt").exists()
    assert NOTE not in caplog.text


def test_a_file_with_a_time_that_is_still_to_come_is_taken_in(ward: System) -> None:
    file = ward.settings.inbox / "visit.txt"
    file.write_text(NOTE)
    ahead = utc_now().timestamp() + 86_400
    os.utime(file, (ahead, ahead))
    assert sweep(ward)["stored"] == 1


def test_a_name_that_is_no_text_stops_nothing(ward: System) -> None:
    for name in (b"a\xff.txt", b"b.txt"):
        Path(os.fsdecode(os.fsencode(ward.settings.inbox) + b"/" + name)).write_text(f"{name!r}: {NOTE}")
    counts = sweep(ward)
    assert (counts["files"], counts["stored"] + counts["held"]) == (2, 2)
    assert inbox.waiting(ward) == []


def test_a_large_file_is_held_and_not_read(ward: System) -> None:
    ward = replace(ward, settings=replace(ward.settings, max_note_bytes=10))
    (ward.settings.inbox / "large.txt").write_text(NOTE)
    assert sweep(ward)["held"] == 1
    with ward.database.read() as session:
        assert session.scalars(select(QuarantineRow.code)).all() == ["too_large"]
        assert session.scalars(select(NoteRow.id)).all() == []


def test_annotated_records_become_gold_only_where_a_setting_says_so(ward: System) -> None:
    marked = json.dumps({"text": NOTE, "entities": [{"start": 0, "end": 6, "type": "DISEASE"}]})
    (ward.settings.inbox / "a.jsonl").write_text(marked)
    assert sweep(ward)["held"] == 1
    with ward.database.read() as session:
        assert session.scalars(select(QuarantineRow.code)).all() == ["annotated"]
        assert session.scalars(select(GoldRow.id)).all() == []
    trusting = replace(ward, settings=replace(ward.settings, inbox_gold=1))
    (ward.settings.inbox / "b.jsonl").write_text(marked)
    assert sweep(trusting)["stored"] == 1
    with ward.database.read() as session:
        assert session.scalars(select(GoldRow.by)).all() == ["inbox"]


def test_the_name_of_a_file_is_nowhere_in_the_clear(ward: System) -> None:
    (ward.settings.inbox / "smith_john.txt").write_text(NOTE)
    (ward.settings.inbox / "smith_jane.pdf").write_text(NOTE)
    counts = sweep(ward)
    assert (counts["stored"], counts["held"]) == (1, 1)
    with ward.database.read() as session:
        rows = [str(row) for table in Base.metadata.sorted_tables for row in session.execute(table.select())]
        assert len(rows) > 3
        assert not [row for row in rows if "smith" in row]
        (held,) = session.scalars(select(QuarantineRow))
        label = quarantine.label(ward.vault, held)
        (note,) = session.scalars(select(NoteRow))
        assert external_id(ward.vault, note) == "smith_john"
    assert label.name == "smith_jane.pdf"
    assert label.faults[0].startswith("smith_jane.pdf: ")

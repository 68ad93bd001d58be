"""The inbox: what others put there is taken in; what they could do harm with stops nothing and leads nowhere."""

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from behealthy.flows import inbox
from behealthy.flows.system import System, utc_now
from behealthy.store.tables import NoteRow, QuarantineRow

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

"""The key and the database belong together."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import delete

from behealthy.errors import VaultError
from behealthy.flows.system import System
from behealthy.note import Note
from behealthy.settings import Settings
from behealthy.store.crypto import open_vault
from behealthy.store.fit import vault_of
from behealthy.store.notes import put_note
from behealthy.store.session import Database
from behealthy.store.tables import PropertyRow

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def test_a_database_keeps_the_key_it_was_begun_with(database: Database, tmp_path: Path) -> None:
    first = vault_of(database, tmp_path / "a.key")
    assert vault_of(database, tmp_path / "a.key").tag("x") == first.tag("x")


def test_another_key_is_refused_before_anything_is_sealed(database: Database, tmp_path: Path) -> None:
    vault_of(database, tmp_path / "a.key")
    open_vault(tmp_path / "b.key")
    with pytest.raises(VaultError, match="not that of this database"):
        vault_of(database, tmp_path / "b.key")


def test_a_lost_key_is_said_so_and_no_other_is_made(database: Database, tmp_path: Path) -> None:
    vault_of(database, tmp_path / "a.key")
    (tmp_path / "a.key").unlink()
    with pytest.raises(VaultError, match="put it back"):
        vault_of(database, tmp_path / "a.key")
    assert not (tmp_path / "a.key").exists()


def test_a_database_that_does_not_know_its_key_tells_by_its_notes(database: Database, tmp_path: Path) -> None:
    vault = vault_of(database, tmp_path / "a.key")
    with database.write() as session:
        put_note(session, vault, Note("", "Gout."), source="clinic", now=NOW)
        session.execute(delete(PropertyRow))
    open_vault(tmp_path / "b.key")
    with pytest.raises(VaultError, match="another key"):
        vault_of(database, tmp_path / "b.key")
    with pytest.raises(VaultError, match="put it back"):
        vault_of(database, tmp_path / "c.key")
    assert vault_of(database, tmp_path / "a.key").tag("x") == vault.tag("x")


def test_a_system_does_not_start_with_the_key_of_another(tmp_path: Path) -> None:
    settings = Settings.from_environment({"BEHEALTHY_HOME": str(tmp_path / "home")}, tmp_path)
    System.open(settings).close()
    settings.note_key_file.unlink()
    with pytest.raises(VaultError, match="put it back"):
        System.open(settings)


def test_a_new_home_is_for_its_owner_alone(tmp_path: Path) -> None:
    home = tmp_path / "new" / "home"
    System.open(Settings.from_environment({"BEHEALTHY_HOME": str(home)})).close()
    assert home.stat().st_mode & 0o077 == 0

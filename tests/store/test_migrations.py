"""The tables: what the migrations make is what the code describes, from every state that a database may be in."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import inspect, select, text

from behealthy.data import quarantine
from behealthy.errors import Conflict, StoreError, VaultError
from behealthy.note import Note
from behealthy.store import migrations
from behealthy.store.crypto import Vault
from behealthy.store.notes import external_id, put_note
from behealthy.store.session import Database
from behealthy.store.tables import Base, NoteRow, QuarantineRow, SourceRow


def test_the_migrations_make_what_the_tables_describe(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []


def test_upgrading_makes_all_tables_from_nothing_and_does_nothing_twice(database_url: str) -> None:
    database = Database(database_url)
    for _ in range(2):
        database.upgrade()
        assert set(inspect(database.engine).get_table_names()) == {*Base.metadata.tables, "alembic_version"}
    database.close()


UPGRADE = """
import sys
import alembic.command
from behealthy.store.session import Database
database = Database(sys.argv[1])
print("there", flush=True)
sys.stdin.readline()  # until all are there
database.upgrade()
"""


def test_several_starts_at_once_make_the_tables_once(database_url: str) -> None:
    command, pipe = [sys.executable, "-c", UPGRADE, database_url], subprocess.PIPE
    starts = [subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) for _ in range(6)]
    assert [start.stdout.readline() for start in starts if start.stdout] == ["there\n"] * 6
    for start in starts:
        assert start.stdin is not None
        start.stdin.write("go\n")
        start.stdin.flush()
    assert [(start.communicate(timeout=300)[1], start.returncode) for start in starts] == [("", 0)] * 6
    database = Database(database_url)
    with database.read() as session:
        assert len(session.execute(text("SELECT * FROM alembic_version")).all()) == 1
    database.close()


def test_a_later_version_is_refused_and_left_as_it_is(database_url: str) -> None:
    database = Database(database_url)
    database.upgrade()
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match=r"later one.*9999"):
        database.upgrade()
    with database.read() as session:
        assert session.execute(text("SELECT version_num FROM alembic_version")).scalar() == "9999"
    database.close()


def test_a_step_that_fails_leaves_the_tables_as_they_were(database_url: str) -> None:
    database = Database(database_url)
    with database.write() as session:
        session.execute(text("CREATE TABLE ratings (number INTEGER)"))  # in the way of ours
    with pytest.raises(StoreError):
        database.upgrade()
    assert set(inspect(database.engine).get_table_names()) <= {"ratings", "alembic_version"}
    with database.write() as session:
        session.execute(text("DROP TABLE ratings"))
    database.upgrade()
    database.close()


def test_a_database_that_is_not_there_is_said_so(tmp_path: Path, postgres_server: str) -> None:
    for url in (f"sqlite:///{tmp_path}/no folder/x.db", postgres_server.replace("/postgres?", "/nowhere?")):
        with pytest.raises(StoreError):
            Database(url).upgrade()


@pytest.mark.parametrize("url", ["", "nonsense", "sqlite", "mongodb://host/x", "sqlite:/x"])
def test_a_url_that_is_none_is_said_so_without_its_words(url: str) -> None:
    with pytest.raises(StoreError) as caught:
        Database(url)
    assert not url or url not in str(caught.value)


def test_a_file_that_is_no_database_is_said_so_and_kept(tmp_path: Path) -> None:
    file = tmp_path / "x.db"
    file.write_text("These are my notes on gout, and no database. " * 100)
    before = file.read_bytes()
    with pytest.raises(StoreError) as caught:
        Database(f"sqlite:///{file}").upgrade()
    assert "gout" not in str(caught.value)
    assert file.read_bytes() == before


def _first(database: Database) -> None:
    """Make the tables as the first version had them, with names in the clear."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    with database.write() as session:
        config.attributes["connection"] = session.connection()
        command.upgrade(config, "0001")
    when = "2026-03-01 08:00:00"
    with database.write() as session:
        session.execute(
            text(
                "INSERT INTO notes (id, source, external_id, content_key, characters, received_at, sealed)"
                f" VALUES ('n_1', 'ward', 'smith_john', 'k', 5, '{when}', :sealed),"
                f" ('n_2', 'ward', NULL, 'l', 5, '{when}', :sealed)"
            ),
            {"sealed": b"s"},
        )
        session.execute(
            text(
                "INSERT INTO extractions (id, note_id, model_version, at, sealed)"
                f" VALUES ('x_1', 'n_1', 'm', '{when}', :sealed)"
            ),
            {"sealed": b"s"},
        )
        session.execute(
            text(
                "INSERT INTO quarantine (id, at, source, name, code, faults, kind, size_bytes, payload_key, state,"
                " sealed)"
                f" VALUES ('q_1', '{when}', 'feed', 'smith_jane.txt', 'empty', :faults, 'text', 1, 'k', 'held',"
                " :sealed)"
            ),
            {"sealed": b"s", "faults": '["smith_jane.txt: is empty"]'},
        )


def test_names_that_lay_in_the_clear_are_sealed(database_url: str, vault: Vault) -> None:
    database = Database(database_url)
    _first(database)
    with pytest.raises(VaultError, match="note key"):
        database.upgrade()
    database.upgrade(lambda: vault)
    with database.read() as session:
        note, held = session.get_one(NoteRow, "n_1"), session.get_one(QuarantineRow, "q_1")
        assert external_id(vault, note) == "smith_john"
        assert note.external_key == vault.tag("external id", "ward", "smith_john")
        assert external_id(vault, session.get_one(NoteRow, "n_2")) is None
        said = quarantine.label(vault, held)
        assert (said.source, said.name, said.faults) == ("feed", "smith_jane.txt", ["smith_jane.txt: is empty"])
        assert set(session.scalars(select(SourceRow.name))) == {"ward", "feed"}
    with database.write() as session, pytest.raises(Conflict):  # it is still the same id
        put_note(session, vault, Note("smith_john", "Asthma."), source="ward", now=datetime.now(UTC))
    database.close()
    if database.url.get_backend_name() == "sqlite":
        file = Path(database.url.database or "")
        assert not [path for path in file.parent.glob(f"{file.name}*") if b"smith" in path.read_bytes()]


def test_names_are_not_sealed_with_the_key_of_another_database(database_url: str, vault: Vault) -> None:
    database = Database(database_url)
    _first(database)
    with database.write() as session:
        session.execute(text("INSERT INTO properties (name, value) VALUES ('note key', 'another')"))
    with pytest.raises(VaultError, match="not that of this database"):
        database.upgrade(lambda: vault)
    with database.read() as session:
        assert session.execute(text("SELECT external_id FROM notes WHERE id = 'n_1'")).scalar() == "smith_john"
    database.close()

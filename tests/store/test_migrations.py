"""The tables: what the migrations make is what the code describes, from every state that a database may be in."""

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from behealthy.errors import StoreError
from behealthy.store.session import Database
from behealthy.store.tables import Base


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
    starts = [subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) for _ in range(3)]
    assert [start.stdout.readline() for start in starts if start.stdout] == ["there\n"] * 3
    for start in starts:
        assert start.stdin is not None
        start.stdin.write("go\n")
        start.stdin.flush()
    assert [(start.communicate(timeout=300)[1], start.returncode) for start in starts] == [("", 0)] * 3
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

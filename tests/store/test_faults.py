"""When things go wrong under the store: it says so, nothing is half written, and no word of a note gets out."""

import logging
import os
import signal
import subprocess
import sys
import textwrap
import threading
import traceback
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, text

from behealthy.errors import StoreBusy, StoreError
from behealthy.note import Note
from behealthy.store import audit, session
from behealthy.store.crypto import Vault, open_vault
from behealthy.store.notes import put_note
from behealthy.store.session import Database
from behealthy.store.tables import AuditRow, NoteRow, RatingRow, UserRow

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
WORDS = "Zebulon has gout of the left toe"

WRITER = """
    import sys
    from datetime import UTC, datetime
    from pathlib import Path
    from behealthy.note import Note
    from behealthy.store import audit
    from behealthy.store.crypto import open_vault
    from behealthy.store.notes import put_note
    from behealthy.store.session import Database

    NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
    database, vault = Database(sys.argv[1]), open_vault(Path(sys.argv[2]))

    def write(first, last):
        with database.write() as session:
            for number in range(first, last):
                put_note(session, vault, Note("", f"Note {number}. " * 50), source="clinic", now=NOW)
                audit.record(session, vault, audit.Act("ann", "store", f"note:{number}"), now=NOW)
            yield
"""


def program(body: str) -> str:
    return textwrap.dedent(WRITER) + textwrap.dedent(body)


def start(code: str, *arguments: object, **options: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)  # type: ignore[call-overload,no-any-return]


def whole(database: Database, vault: Vault) -> tuple[int, int]:
    """Count notes and acts, and look that all is as it must be."""
    with database.read() as reading:
        assert audit.broken_at(reading, vault) is None
        if database.engine.dialect.name == "sqlite":
            assert reading.execute(text("PRAGMA integrity_check")).scalar() == "ok"
        return len(reading.scalars(select(NoteRow.id)).all()), audit.count(reading)


# Killed --------------------------------------------------------------------------------------------------------------


def test_a_process_killed_inside_a_write_leaves_nothing_of_it(database: Database, tmp_path: Path) -> None:
    code = program("""
        list(write(0, 3))
        inside = write(3, 400)  # more than is kept in memory
        next(inside)
        print("inside", flush=True)
        sys.stdin.read()
    """)
    url = database.url.render_as_string(hide_password=False)
    with start(code, url, tmp_path / "note.key", stdin=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "inside\n"
        process.send_signal(signal.SIGKILL)
    vault = open_vault(tmp_path / "note.key", create=False)
    reopened = Database(url)
    reopened.upgrade()
    assert whole(reopened, vault) == (3, 3)
    with reopened.write() as writing:
        assert audit.record(writing, vault, audit.Act("bob", "read", "note:1"), now=NOW) == 4
    assert whole(reopened, vault) == (3, 4)
    reopened.close()


def test_a_process_killed_at_any_moment_leaves_whole_transactions(database: Database, tmp_path: Path) -> None:
    code = program("""
        print("begun", flush=True)
        for n in range(10_000):
            list(write(5 * n, 5 * n + 5))
    """)
    url = database.url.render_as_string(hide_password=False)
    for wait_s in (0.02, 0.17):
        with start(code, url, tmp_path / "note.key") as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "begun\n"
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(wait_s)
            process.kill()
        notes, acts = whole(database, open_vault(tmp_path / "note.key"))
        assert notes % 5 == 0
        assert acts % 5 == 0


# Several processes ---------------------------------------------------------------------------------------------------


def test_processes_that_write_at_once_all_come_through(database: Database, tmp_path: Path) -> None:
    code = program("""
        base = int(sys.argv[3])
        for n in range(10):
            list(write(base + 2 * n, base + 2 * n + 2))
    """)
    url = database.url.render_as_string(hide_password=False)
    processes = [start(code, url, tmp_path / "note.key", base) for base in (0, 100, 200)]
    for process in processes:
        _, said = process.communicate(timeout=300)
        assert (process.returncode, said) == (0, "")
    assert whole(database, open_vault(tmp_path / "note.key")) == (60, 60)


def test_a_lock_of_a_process_that_stands_still_is_not_waited_for_for_ever(
    database_url: str, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All threads of the application would wait for it, one after the other."""
    monkeypatch.setattr(session, "_WAIT_MS", 200)
    still, ours = Database(database_url), Database(database_url)
    still.upgrade()
    act = audit.Act("ann", "read", "note:n_1")
    with still.write() as first:
        audit.record(first, vault, act, now=NOW)
        with pytest.raises(StoreBusy), ours.write() as second:
            audit.record(second, vault, act, now=NOW)
    with ours.write() as third:
        assert audit.record(third, vault, act, now=NOW) == 2
    for database in (still, ours):
        database.close()


def test_who_waits_too_long_for_another_is_told_that_it_is_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "_WAIT_MS", 50)
    database = Database(f"sqlite:///{tmp_path}/x.db")
    database.upgrade()
    with database.write() as first:
        first.execute(text("SELECT 1"))  # whoever means to write holds the lock from the first statement on
        with pytest.raises(StoreBusy, match="locked"), database.write() as second:
            second.execute(text("SELECT 1"))
    with database.write() as after:
        after.add(RatingRow(at=NOW, by="ann", stars=1))
    database.close()


def test_of_two_that_wait_for_each_other_one_is_told_that_it_is_busy(postgres_url: str) -> None:
    database = Database(postgres_url)
    database.upgrade()
    with database.write() as first:
        first.add_all([RatingRow(number=n, at=NOW, by="ann", stars=0) for n in (1, 2)])
    both_have_one = threading.Barrier(2)
    raised: list[BaseException] = []

    def take(one: int, other: int) -> None:
        change = "UPDATE ratings SET stars = stars + 1 WHERE number = :number"
        try:
            with database.write() as writing:
                writing.execute(text("SET LOCAL deadlock_timeout = '50ms'"))
                writing.execute(text(change), {"number": one})
                both_have_one.wait(300)
                writing.execute(text(change), {"number": other})
        except Exception as exc:  # noqa: BLE001 - whatever it is, the test looks at it
            raised.append(exc)

    threads = [threading.Thread(target=take, args=pair) for pair in ((1, 2), (2, 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [type(exc) for exc in raised] == [StoreBusy]
    with database.read() as reading:
        assert reading.scalars(select(RatingRow.stars)).all() == [1, 1]
    database.close()


def test_a_server_that_ends_a_connection_is_said_so_and_the_next_call_is_served(postgres_url: str) -> None:
    database, other = Database(postgres_url), Database(postgres_url)
    database.upgrade()
    end = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = :db")

    def write_while_it_ends() -> None:
        with database.write() as writing:
            writing.add(RatingRow(at=NOW, by="ann", stars=1))
            writing.flush()
            with other.write() as killing:
                killing.execute(end, {"db": other.url.database})

    with pytest.raises(StoreError):
        write_while_it_ends()
    with database.write() as writing:
        assert writing.scalars(select(RatingRow)).all() == []
        writing.add(RatingRow(at=NOW, by="ann", stars=2))
    database.close()
    other.close()


# The disk ------------------------------------------------------------------------------------------------------------

FULL = """
    import resource, signal
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # the write fails instead
    from behealthy.errors import StoreError
    list(write(0, 5))
    limit = 400_000
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    stored = 5
    try:
        for n in range(1, 2000):
            list(write(5 * n, 5 * n + 5))
            stored += 5
    except StoreError as exc:
        print(stored, exc)
"""


def test_a_full_disk_is_said_so_and_what_was_stored_stays(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/x.db"
    database = Database(url)
    database.upgrade()
    out, err = start(program(FULL), url, tmp_path / "note.key").communicate(timeout=300)
    stored, _, reason = out.partition(" ")
    assert err == ""
    assert "the database cannot do it now" in reason
    assert int(stored) > 5
    vault = open_vault(tmp_path / "note.key")
    assert whole(database, vault) == (int(stored), int(stored))
    with database.write() as writing:  # when there is room again
        put_note(writing, vault, Note("", WORDS), source="clinic", now=NOW)
    assert whole(database, vault)[0] == int(stored) + 1
    database.close()


def test_a_key_that_finds_no_room_leaves_no_half_key(tmp_path: Path) -> None:
    code = """
        import resource, signal, sys
        from pathlib import Path
        from behealthy.errors import VaultError
        from behealthy.store.crypto import open_vault
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
        try:
            open_vault(Path(sys.argv[1]))
        except VaultError as exc:
            print(exc)
    """
    out, err = start(textwrap.dedent(code), tmp_path / "note.key").communicate(timeout=300)
    assert (err, "note.key" in out) == ("", True)
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_may_only_be_read_is_read_and_says_why_it_is_not_written(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/x.db")
    database.upgrade()
    with database.write() as writing:
        writing.add(RatingRow(at=NOW, by="ann", stars=4))
    database.close()
    only_read = Database(f"sqlite:///file:{tmp_path}/x.db?mode=ro&uri=true")
    with only_read.read() as reading:
        assert reading.scalars(select(RatingRow.stars)).all() == [4]
    with pytest.raises(StoreError, match="readonly"), only_read.write() as writing:
        writing.add(RatingRow(at=NOW, by="ann", stars=5))
    only_read.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who may not write")
def test_a_home_that_may_not_be_written_is_said_so(tmp_path: Path) -> None:
    code = """
        import os, sys
        from pathlib import Path
        from behealthy.errors import StoreError, VaultError
        from behealthy.store.crypto import open_vault
        from behealthy.store.session import Database
        import sqlite3, sqlalchemy.dialects.sqlite  # while Python's own files can be read
        home = sys.argv[1]
        os.chdir(home)  # the folders above are not everybody's
        os.setgid(65534), os.setuid(65534)
        def write():
            with Database("sqlite:///x.db").write() as session:
                session.execute(sqlalchemy.text("SELECT 1"))
        for try_it in (write, lambda: open_vault(Path("note.key"))):
            try:
                try_it()
            except (StoreError, VaultError) as exc:
                print(exc)
    """
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    out, err = start(textwrap.dedent(code), home).communicate(timeout=300)
    assert err == ""
    assert [("open" in line or "denied" in line) for line in out.splitlines()] == [True, True]
    assert list(home.iterdir()) == []


def test_a_damaged_file_is_said_so(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/x.db")
    database.upgrade()
    database.close()
    file = tmp_path / "x.db"
    file.write_bytes(file.read_bytes()[:4096] + b"\xff" * (file.stat().st_size - 4096))
    with pytest.raises(StoreError), database.read() as reading:
        reading.scalars(select(RatingRow)).all()
    database.close()


# What errors say -----------------------------------------------------------------------------------------------------


def _user(**values: object) -> UserRow:
    given = {"id": "u_1", "name": "ann", "role": "admin", "active": True, "created_at": NOW, "version": 1}
    return UserRow(**given | values)


def _act(**values: object) -> AuditRow:
    empty = dict.fromkeys(("actor", "action", "object", "outcome", "request_id", "previous", "hash"), "")
    return AuditRow(**{"number": 1, "at": NOW, **empty, **values})


WRONG = {
    "the same name twice": [_user(name=WORDS), _user(id="u_2", name=WORDS)],
    "an empty character": [_user(name=f"{WORDS}\0")],
    "half a surrogate pair": [_user(name=f"{WORDS}\ud800")],
    "too long for its column": [_act(hash=WORDS * 9)],
    "a number of 80 bits": [_act(number=2**80, actor=WORDS)],
    "words for a number": [_act(number=WORDS)],
    "words for a time": [_act(at=WORDS)],
    "words for a truth": [_user(active=WORDS)],
    "a set for a string": [_user(name={WORDS})],
    "nothing where something must be": [_user(name=WORDS, role=None)],
}
# SQLite takes texts of any length, and any character in them.
TAKEN = {("sqlite", "an empty character"), ("sqlite", "too long for its column")}


@pytest.mark.parametrize("fault", WRONG)
def test_no_error_quotes_a_value(
    database: Database, fault: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    rows = [type(row)(**{k: v for k, v in vars(row).items() if not k.startswith("_")}) for row in WRONG[fault]]
    if (database.engine.dialect.name, fault) in TAKEN:
        with database.write() as writing:
            writing.add_all(rows)
        return
    with pytest.raises(StoreError) as caught, database.write() as writing:
        writing.add_all(rows)
    shown = (
        "".join(traceback.format_exception(caught.value)) + repr(caught.value) + caplog.text + str(capfd.readouterr())
    )
    assert not [word for word in ("Zebulon", "gout", "toe") if word in shown]
    with database.read() as reading:
        assert reading.scalars(select(UserRow.id)).all() == []


def test_a_statement_that_fails_is_not_quoted_with_its_values(database: Database) -> None:
    with pytest.raises(StoreError) as caught, database.read() as reading:
        reading.execute(text("SELECT * FROM nowhere WHERE words = :words"), {"words": WORDS})
    assert "Zebulon" not in "".join(traceback.format_exception(caught.value))


def test_a_password_in_a_url_is_not_shown() -> None:
    database = Database("postgresql://ann:Zebulon@localhost:1/x")
    with pytest.raises(StoreError) as caught, database.read() as reading:
        reading.execute(text("SELECT 1"))
    assert "Zebulon" not in "".join(traceback.format_exception(caught.value)) + repr(database.engine)


def test_nothing_of_a_note_is_in_the_file_of_the_database(tmp_path: Path) -> None:
    database, vault = Database(f"sqlite:///{tmp_path}/x.db"), open_vault(tmp_path / "note.key")
    database.upgrade()
    with database.write() as writing:
        put_note(writing, vault, Note("", WORDS, "patient Zebulon"), source="clinic", now=NOW)
    found = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert not [word for word in (b"Zebulon", b"gout of", b"left toe") if word in found]  # "toe" may come by chance
    database.close()

"""The database: how it is opened, read and written.

SQLite (WAL) or PostgreSQL, by URL. A session is a transaction: it commits when its block ends well and leaves nothing
behind when it does not. A write on SQLite takes the lock at once, since one that reads first and wants to write later
is refused when another wrote between. Errors of the driver become `StoreError`, which says nothing of the values.
"""

from __future__ import annotations

import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from importlib import resources
from typing import Any

from sqlalchemy import Engine, create_engine, event, literal, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, IntegrityError, OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session

from behealthy.errors import StoreBusy, StoreError
from behealthy.store.crypto import Vault

_WAIT_MS = 20_000  # for the lock of another process
# With a PostgreSQL that says nothing, as where its machine is gone; by libpq's names, which the URL may set too.
_PATIENCE = {"connect_timeout": 10, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
_PASSES = ("database is locked", "database table is locked", "deadlock", "could not serialize", "lock timeout")
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_CHANCE: ContextVar[Callable[[int], int]] = ContextVar("chance", default=secrets.randbits)


def new_id(prefix: str, now: datetime) -> str:
    """When called, it will make an opaque id; later ones sort after earlier ones, to the millisecond.

    >>> from datetime import UTC, datetime
    >>> new_id("n", datetime(2026, 1, 1, tzinfo=UTC)) < new_id("n", datetime(2026, 1, 2, tzinfo=UTC))
    True
    """
    number = (int(now.timestamp() * 1000) << 80) | _CHANCE.get()(80)
    return prefix + "_" + "".join(_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))


@contextmanager
def chance(bits: Callable[[int], int]) -> Iterator[None]:
    """Give ids their random part from elsewhere, in this block and thread: what is played must come out the same twice.

    Parameters
    ----------
    bits : callable
        Gives a whole number of so many random bits.
    """
    token = _CHANCE.set(bits)
    try:
        yield
    finally:
        _CHANCE.reset(token)


class Database:
    """One database, shared by the threads of a process.

    Parameters
    ----------
    url : str
        As SQLAlchemy has it: ``sqlite:////path/behealthy.db`` or ``postgresql+psycopg://user:password@host/name``.

    Raises
    ------
    StoreError
        When the URL is none.
    """

    def __init__(self, url: str) -> None:
        self._writer = threading.Lock()
        with _mapped():
            self.url = make_url(url)
            if self.url.drivername == "postgresql":
                self.url = self.url.set(drivername="postgresql+psycopg")
            patience = {name: value for name, value in _PATIENCE.items() if name not in self.url.query}
            options: dict[str, Any] = {} if self._sqlite else {"pool_pre_ping": True, "connect_args": patience}
            self.engine: Engine = create_engine(self.url, hide_parameters=True, **options)
        event.listen(self.engine, "handle_error", _refuse_what_no_column_holds)
        if self._sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        else:
            event.listen(self.engine, "connect", _prepare_postgres)

    @property
    def _sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Give a session to read with; what it would write is refused or forgotten.

        Raises
        ------
        StoreBusy, StoreError
            When the database is locked, or away or broken.
        """
        with _mapped(), Session(self.engine) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Give a session that commits at the end of its block, wholly or not at all.

        Raises
        ------
        StoreBusy, StoreError
            When the database is locked; when it is away, broken or full, or the facts contradict each other.
        """
        with self._one_writer(), _mapped(), self.engine.connect() as connection:
            writing = connection.execution_options(behealthy_write=True)
            with Session(writing, expire_on_commit=False) as session, session.begin():
                yield session
            # A session on a connection that has not begun opens the transaction itself and ends it with its block.

    @contextmanager
    def _one_writer(self) -> Iterator[None]:
        """Let the threads of a process write to SQLite one after the other: it would have them sleep and try again."""
        if not self._sqlite:
            yield
            return
        if not self._writer.acquire(timeout=_WAIT_MS / 1000):
            raise StoreBusy("the database cannot do it now: it is locked by another thread")
        try:
            yield
        finally:
            self._writer.release()

    def upgrade(self, vault: Callable[[], Vault | None] = lambda: None) -> None:
        """When called, it will bring the tables to the newest form; safe when several processes start at once.

        Parameters
        ----------
        vault : callable
            Opens the vault; called only where what lies in the clear must be sealed.

        Raises
        ------
        StoreError
            When it cannot, or a later version of this package made the tables.
        VaultError
            When the vault is needed and cannot be opened.
        """
        from alembic import command
        from alembic.config import Config
        from alembic.util import CommandError

        config = Config()
        config.set_main_option("script_location", str(resources.files("behealthy.store").joinpath("migrations")))
        with _mapped(), self.engine.connect() as connection:
            writing = connection.execution_options(behealthy_write=True)
            with writing.begin():
                if not self._sqlite:
                    writing.execute(text("SET LOCAL lock_timeout = 0"))  # another may have much to seal
                    writing.execute(text("SELECT pg_advisory_xact_lock(7242)"))
                config.attributes |= {"connection": writing, "vault": vault}
                try:
                    command.upgrade(config, "head")
                except CommandError as exc:
                    raise StoreError(
                        f"the tables are not of this version of the package but of a later one: {exc}"
                    ) from exc

    def close(self) -> None:
        """When called, it will close all connections."""
        self.engine.dispose()


def add_once(session: Session, table: type[Any], values: Mapping[str, Any]) -> bool:
    """When called, it will add a row and say so, or False where one that excludes it is there.

    When another process is adding that one just now, it waits for how that ends.
    """
    made = postgresql.insert(table) if session.get_bind().dialect.name == "postgresql" else sqlite.insert(table)
    # Drivers do not agree on the count of rows of such a statement; what it returns is sure.
    return session.execute(made.values(**values).on_conflict_do_nothing().returning(literal(1))).first() is not None


def alone(session: Session, lock: int) -> None:
    """When called, it will let nobody else with this lock go on before the transaction ends; SQLite has one writer."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": lock})


def _prepare_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # transactions begin where we say, see `_begin_sqlite`
    connection.execute(f"PRAGMA busy_timeout={_WAIT_MS}")
    _to_wal(connection)
    # What was answered is on the disk, also when the power fails; and gone is gone.
    for pragma in ("synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _to_wal(connection: Any) -> None:
    """Let a file be written ahead; SQLite itself does not wait for another that does so with a new file just now."""
    ends_at = time.monotonic() + _WAIT_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as exc:
            if "locked" not in str(exc) or time.monotonic() > ends_at:
                raise
        time.sleep(0.02)


def _prepare_postgres(connection: Any, _: Any) -> None:
    """Wait for a lock no longer than on SQLite: whoever has it may have been stopped, and all threads would wait."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = {_WAIT_MS}")
    connection.commit()


def _refuse_what_no_column_holds(context: Any) -> None:
    """Map what Python raises under a driver, of half a surrogate pair or a number of 70 bits; it holds the value."""
    if isinstance(context.original_exception, UnicodeError | OverflowError):
        raise StoreError(f"a value cannot be stored ({type(context.original_exception).__name__})")


def _begin_sqlite(connection: Any) -> None:
    writes = connection.get_execution_options().get("behealthy_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _mapped() -> Iterator[None]:
    """Turn what the database raises into our errors; statements and values, which may be notes, are left out."""
    try:
        yield
    except ArgumentError as exc:
        raise StoreError("the database's URL is none that SQLAlchemy knows") from exc
    except IntegrityError as exc:
        raise StoreError(f"the facts contradict what is stored ({type(exc.orig).__name__})") from None
    except OperationalError as exc:
        reason = str(exc.orig).strip().splitlines()[0] if exc.orig else "no reason given"
        kind = StoreBusy if any(word in reason for word in _PASSES) else StoreError
        raise kind(f"the database cannot do it now: {reason}") from None
    except SQLAlchemyError as exc:
        raise StoreError(f"the database refused ({type(exc).__name__})") from None

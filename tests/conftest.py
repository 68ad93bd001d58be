"""Fixtures that every test may use.

A test must not fail for what else the machine does: what costs time is measured in processor time (`seconds`), what is
waited for has all the time it may need (`patience_s`), and a server gets a port that nobody else is handed (`ports`).
"""

import os
import pwd
import random
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import NoReturn

import hypothesis
import psycopg
import pytest
from sqlalchemy import text

from behealthy.flows.system import System
from behealthy.settings import Settings
from behealthy.store.crypto import Vault, open_vault
from behealthy.store.session import Database, chance
from behealthy.store.tables import Base

ROOT = Path(__file__).resolve().parent.parent
IN_CI = os.environ.get("CI") == "true"
PATIENCE_S = 300.0
_NUMBERS = count(1)

# How long an example takes says nothing where others share the machine. Where a failure must be one of the change that
# is tested, the examples are the same each time; elsewhere new ones are tried.
hypothesis.settings.register_profile(
    "behealthy", deadline=None, derandomize=IN_CI, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("behealthy")


def _missing(reason: str) -> NoReturn:
    if IN_CI:
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def missing() -> Callable[[str], NoReturn]:
    """Fails where everything must be there, and skips elsewhere."""
    return _missing


# Chance --------------------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _ids_of_the_test() -> Iterator[None]:
    """Ids are the same each time, since with the key they decide what is drawn and what judges."""
    with chance(random.Random(57).getrandbits):
        yield


def _key_of_the_tests(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"behealthy-note-key-1:{'57' * 32}\n")
    path.chmod(0o600)
    return path


# Time and ports ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def patience_s() -> float:
    """How long to wait for what comes within seconds where the machine does nothing else."""
    return PATIENCE_S


@pytest.fixture(scope="session")
def seconds() -> Callable[..., float]:
    """Measures a call: the least processor time of some; what other processes and threads do does not count."""

    def measured(work: Callable[[], object], repeats: int = 3) -> float:
        took = []
        for _ in range(repeats):
            begin = time.thread_time()
            work()
            took.append(time.thread_time() - begin)
        return min(took)

    return measured


@pytest.fixture(scope="session")
def seconds_of_process() -> Callable[..., float]:
    """Measures a process as `seconds` measures a call: the least processor time of some, with all its children's."""

    def measured(work: Callable[[], object], repeats: int = 3) -> float:
        took = []
        for _ in range(repeats):
            begin = resource.getrusage(resource.RUSAGE_CHILDREN)
            work()
            end = resource.getrusage(resource.RUSAGE_CHILDREN)
            took.append(end.ru_utime + end.ru_stime - begin.ru_utime - begin.ru_stime)
        return min(took)

    return measured


Waits = Callable[[Callable[[], object]], None]


@pytest.fixture(scope="session")
def wait_until() -> Waits:
    """Waits for something to be so, as long as it may take on a machine that has other things to do."""

    def wait(true: Callable[[], object]) -> None:
        ends = time.monotonic() + PATIENCE_S
        while not true():
            assert time.monotonic() < ends, f"not within {PATIENCE_S} s"
            time.sleep(0.02)

    return wait


def _free_port() -> int:
    while True:
        port = random.SystemRandom().randrange(15_000, 30_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


@pytest.fixture(scope="session")
def free_port() -> Callable[[], int]:
    """Gives a port that nobody listens on.

    It is none of those that the system hands to whoever asks for any: a connection of somebody else, or of a test that
    asks whether the server answers, would get it now and then before the server does.
    """
    return _free_port


# Corpora and homes ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder of annotated corpora; tests that need it are skipped, with the reason, where it is absent."""
    folder = Path(os.environ.get("BEHEALTHY_CORPORA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no corpora at {folder}; set BEHEALTHY_CORPORA to their folder")
    return folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every command sees an empty home, and nothing of whoever runs the tests."""
    for name in ("MLFLOW_TRACKING_URI", "BEHEALTHY_MAX_NOTE_BYTES", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("BEHEALTHY_CORPORA", str(tmp_path / "no corpora"))
    monkeypatch.setenv("BEHEALTHY_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


# Databases -----------------------------------------------------------------------------------------------------------


def postgres_programs() -> Path | None:
    """Give the folder of the newest PostgreSQL server here; Debian keeps it out of the PATH."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    debian = [f for f in Path("/usr/lib/postgresql").glob("*/bin") if (f / "initdb").exists()]
    return max(debian, key=lambda folder: int(folder.parent.name), default=None)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A PostgreSQL of the test run's own, on a socket in a folder of its own; the URL of its first database."""
    programs = postgres_programs()
    if programs is None:
        _missing("no PostgreSQL server here; tools/debian-packages.sh installs it")
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    as_whom: list[str] = []
    if os.geteuid() == 0:  # root may not start it
        names = {user.pw_name for user in pwd.getpwall()}
        user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
        os.chown(folder, user.pw_uid, user.pw_gid)
        as_whom = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    # Whatever happens to the tests, the server goes with them.
    setpriv = ["setpriv", *as_whom, "--pdeathsig=INT"]
    data = folder / "data"
    make = [programs / "initdb", "-D", data, "-U", "tester", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"]
    subprocess.run([*setpriv, *make], check=True, stdout=subprocess.DEVNULL, cwd=folder)
    quick = ["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=200"]
    start = [programs / "postgres", "-D", data, "-k", folder, "-c", "listen_addresses=", *quick]
    with (folder / "log").open("w") as log:
        server = subprocess.Popen([*setpriv, *start], stdout=log, stderr=log, cwd=folder)
    try:
        _wait_for(server, f"host={folder} user=tester dbname=postgres", folder / "log")
        yield f"postgresql+psycopg://tester@/postgres?host={folder}"
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(60)
        shutil.rmtree(folder)


def _wait_for(server: "subprocess.Popen[bytes]", conninfo: str, log: Path) -> None:
    ends = time.monotonic() + PATIENCE_S
    while server.poll() is None and time.monotonic() < ends:
        try:
            psycopg.connect(conninfo).close()
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"PostgreSQL does not start: {log.read_text()}")


@contextmanager
def _new_postgres(server: str) -> Iterator[str]:
    """Make a database and drop it again, with whoever is still in it."""
    name = f"test{next(_NUMBERS)}"
    database = Database(server)
    with database.engine.connect() as connection:
        alone = connection.execution_options(isolation_level="AUTOCOMMIT")
        alone.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE template0")
        yield server.replace("/postgres?", f"/{name}?")
        alone.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    database.close()


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The URL of an empty PostgreSQL database; it is gone after the test."""
    with _new_postgres(postgres_server) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, of each kind that we support."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path}/behealthy.db"


@pytest.fixture(scope="session")
def _sqlite_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with our tables, to be copied."""
    file = tmp_path_factory.mktemp("tables") / "tables.db"
    database = Database(f"sqlite:///{file}")
    database.upgrade()
    database.close()
    return file


@pytest.fixture(scope="session")
def _postgres_tables(postgres_server: str) -> Iterator[str]:
    """The URL of a PostgreSQL database with our tables, to be emptied after each test."""
    with _new_postgres(postgres_server) as url:
        database = Database(url)
        database.upgrade()
        database.close()
        yield url


def _empty(database: Database) -> None:
    """Take everything out of a PostgreSQL database but its tables; quicker than another database."""
    with database.write() as session:
        for table in reversed(Base.metadata.sorted_tables):
            session.execute(table.delete())
        for name in session.scalars(text("SELECT sequencename FROM pg_sequences")).all():
            session.execute(text(f"ALTER SEQUENCE {name} RESTART"))


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database with our tables and nothing in them, of each kind that we support; leave the tables as they are."""
    if request.param == "postgresql":
        database = Database(request.getfixturevalue("_postgres_tables"))
        yield database
        _empty(database)
    else:
        file = shutil.copy(request.getfixturevalue("_sqlite_tables"), tmp_path / "behealthy.db")
        database = Database(f"sqlite:///{file}")
        yield database
    database.close()


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """A vault, with the same key each time."""
    return open_vault(_key_of_the_tests(tmp_path / "note.key"))


# A registry of models ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A real MLflow server of the test run's own: its URL, and the folder in which it keeps everything."""
    folder, port = tmp_path_factory.mktemp("mlflow"), _free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}"]
    command += ["--artifacts-destination", str(folder / "a")]
    env = os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=env, cwd=folder, stdout=log, stderr=log, start_new_session=True)
    url = f"http://127.0.0.1:{port}"
    try:
        ends = time.monotonic() + PATIENCE_S
        while True:
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < ends, "the server does not start"
            with suppress(OSError):
                urllib.request.urlopen(f"{url}/health", timeout=10).close()
                break
            time.sleep(0.1)
        yield url, folder
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(60)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


# A system ------------------------------------------------------------------------------------------------------------


class Watch:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def forward(self, **by: float) -> datetime:
        """Move on by a `timedelta`."""
        self.time += timedelta(**by)
        return self.time


@pytest.fixture
def clock() -> Watch:
    """The time, which only tests move."""
    return Watch()


@pytest.fixture
def system(tmp_path: Path, clock: Watch) -> Iterator[System]:
    """The parts of a system on SQLite in a folder of its own."""
    environ = {"BEHEALTHY_HOME": str(tmp_path / "system"), "BEHEALTHY_CORPORA": str(tmp_path / "no corpora")}
    settings = Settings.from_environment(environ, tmp_path)
    _key_of_the_tests(settings.note_key_file)
    system = System.open(settings, clock)
    yield system
    system.close()

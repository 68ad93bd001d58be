"""Fixtures that every test may use."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from behealthy.flows.system import System
from behealthy.settings import Settings

ROOT = Path(__file__).resolve().parent.parent


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
    system = System.open(Settings.from_environment(environ, tmp_path), clock)
    yield system
    system.close()

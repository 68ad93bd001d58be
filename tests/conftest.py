"""Fixtures that every test may use."""

import os
from pathlib import Path

import pytest

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

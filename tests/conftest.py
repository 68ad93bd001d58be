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

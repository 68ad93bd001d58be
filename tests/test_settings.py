"""Settings come from the environment alone, are checked all at once, and keep passwords to themselves."""

import dataclasses
from pathlib import Path

import pytest

from behealthy.errors import BadInput, SettingsError
from behealthy.settings import Settings


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder inside a repository."""
    (tmp_path / "ours" / "docs").mkdir(parents=True)
    (tmp_path / "ours" / "pyproject.toml").touch()
    return tmp_path / "ours" / "docs"


def test_an_empty_environment_gives_the_defaults(elsewhere: Path) -> None:
    settings = Settings.from_environment({"HOME": "/people/ann"}, elsewhere)
    assert settings.corpora == elsewhere.parent.parent / "shared" / "data"
    assert settings.home == Path("/people/ann/.local/share/behealthy")
    assert settings.models == settings.home / "models"
    assert settings.tracking_uri == "sqlite:////people/ann/.local/share/behealthy/mlflow.db"
    assert settings.max_note_bytes == 50 * 1024 * 1024
    assert settings.max_text_bytes == 1024 * 1024


def test_outside_a_repository_the_corpora_lie_beside_where_one_stands(tmp_path: Path) -> None:
    assert Settings.from_environment({"HOME": "/h"}, tmp_path).corpora == tmp_path.parent / "shared" / "data"


def test_what_is_set_counts(tmp_path: Path) -> None:
    environ = {
        "BEHEALTHY_CORPORA": "corpora",
        "BEHEALTHY_HOME": "/srv/behealthy",
        "BEHEALTHY_MAX_NOTE_BYTES": " 1000 ",
        "BEHEALTHY_MAX_TEXT_BYTES": "100",
        "MLFLOW_TRACKING_URI": "postgresql+psycopg://db/mlflow",
    }
    assert Settings.from_environment(environ, tmp_path) == Settings(
        corpora=tmp_path / "corpora",
        home=Path("/srv/behealthy"),
        tracking_uri="postgresql+psycopg://db/mlflow",
        database_url="sqlite:////srv/behealthy/behealthy.db",
        note_key_file=Path("/srv/behealthy/note.key"),
        inbox=Path("/srv/behealthy/inbox"),
        max_note_bytes=1000,
        max_text_bytes=100,
    )


def test_the_process_is_read_when_nothing_is_given(monkeypatch: pytest.MonkeyPatch, elsewhere: Path) -> None:
    monkeypatch.setenv("BEHEALTHY_HOME", "here")
    monkeypatch.chdir(elsewhere)
    assert Settings.from_environment().home == elsewhere / "here"


def test_the_tracking_file_follows_home() -> None:
    assert Settings.from_environment({"BEHEALTHY_HOME": "/srv/b"}).tracking_uri == "sqlite:////srv/b/mlflow.db"


@pytest.mark.parametrize(
    ("data_home", "home"),
    [("/xdg", "/xdg/behealthy"), ("relative", "/h/.local/share/behealthy"), ("", "/h/.local/share/behealthy")],
)
def test_xdg_is_followed_when_it_is_absolute(data_home: str, home: str) -> None:
    assert Settings.from_environment({"HOME": "/h", "XDG_DATA_HOME": data_home}).home == Path(home)


def test_a_variable_set_to_nothing_is_not_set() -> None:
    empty = dict.fromkeys(
        ("BEHEALTHY_HOME", "BEHEALTHY_CORPORA", "BEHEALTHY_MAX_NOTE_BYTES", "MLFLOW_TRACKING_URI"), " "
    )
    assert Settings.from_environment({"HOME": "/h", **empty}) == Settings.from_environment({"HOME": "/h"})


def test_every_fault_is_reported_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    environ = {
        "BEHEALTHY_CORPRA": "data",
        "BEHEALTHY_HOME": str(tmp_path / "file"),
        "BEHEALTHY_MAX_NOTE_BYTES": "50MB",
        "MLFLOW_TRACKING_URI": "gopher://ann:hush@host",
    }
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment(environ)
    assert isinstance(caught.value, BadInput)
    assert [problem.split(":")[0] for problem in caught.value.problems] == [
        "BEHEALTHY_CORPRA",
        "BEHEALTHY_HOME",
        "MLFLOW_TRACKING_URI",
        "BEHEALTHY_MAX_NOTE_BYTES",
    ]
    assert "BEHEALTHY_CORPORA" in caught.value.problems[0]
    assert "'50MB'" in str(caught.value)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "1e6", "²", "ten", "9" * 5000])
def test_a_limit_is_a_whole_number_above_zero(text: str) -> None:
    with pytest.raises(SettingsError, match="BEHEALTHY_MAX_NOTE_BYTES"):
        Settings.from_environment({"BEHEALTHY_MAX_NOTE_BYTES": text})


def test_a_choice_is_one_of_ours() -> None:
    assert Settings.from_environment({"HOME": "/h"}).promotion == "automatic"
    assert Settings.from_environment({"HOME": "/h", "BEHEALTHY_PROMOTION": "ask"}).promotion == "ask"
    with pytest.raises(SettingsError, match="BEHEALTHY_PROMOTION: 'never' is none of automatic, ask"):
        Settings.from_environment({"HOME": "/h", "BEHEALTHY_PROMOTION": "never"})


def test_a_window_is_no_larger_than_can_be_compared(tmp_path: Path) -> None:
    """Of windows of 20,000 notes the watch takes 3 GB; PostgreSQL cannot be asked for the notes of five of them."""
    assert Settings.from_environment({"BEHEALTHY_WINDOW_NOTES": "5000", "HOME": "/h"}, tmp_path).window_notes == 5000
    with pytest.raises(SettingsError, match="from 200 to 5000"):
        Settings.from_environment({"BEHEALTHY_WINDOW_NOTES": "5001", "HOME": "/h"}, tmp_path)


@pytest.mark.parametrize("uri", ["http://", "https:", "tracking", "://host", "ftp://host"])
def test_a_tracker_that_cannot_be_is_refused(uri: str) -> None:
    with pytest.raises(SettingsError, match="MLFLOW_TRACKING_URI"):
        Settings.from_environment({"MLFLOW_TRACKING_URI": uri})


@pytest.mark.parametrize("uri", ["http://host:5000", "sqlite:///a.db", "databricks", "databricks://profile", "file:a"])
def test_a_tracker_that_mlflow_knows_is_taken(uri: str) -> None:
    assert Settings.from_environment({"MLFLOW_TRACKING_URI": uri}).tracking_uri == uri


def test_other_peoples_variables_are_left_alone() -> None:
    others = {"HOME": "/h", "BEHEALTHY_RELEASE_NAME": "blue", "CORPORA": "x"}
    assert Settings.from_environment(others) == Settings.from_environment({"HOME": "/h"})


def test_passwords_stay_out_of_repr_and_values_do_not_change() -> None:
    settings = Settings.from_environment({"MLFLOW_TRACKING_URI": "https://ann:hush@host"})
    assert "hush" not in repr(settings)
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.home = Path()  # type: ignore[misc]

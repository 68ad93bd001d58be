"""Every knob of the system, and the one place that reads the environment.

| variable                   | field            | when it is not set                                            |
| -------------------------- | ---------------- | ------------------------------------------------------------- |
| `BEHEALTHY_HOME`           | `home`           | `behealthy` in `XDG_DATA_HOME`, which is `~/.local/share`     |
| `BEHEALTHY_CORPORA`        | `corpora`        | `../shared/data`, seen from the repository one works in       |
| `BEHEALTHY_MAX_NOTE_BYTES` | `max_note_bytes` | 52428800 (50 MiB)                                             |
| `MLFLOW_TRACKING_URI`      | `tracking_uri`   | the SQLite file `mlflow.db` in `home`                         |

A variable that is set to nothing counts as not set. This module creates no folder and opens no connection; whoever
needs a setting is handed a `Settings`, so that tests and two systems in one process can differ.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path

from behealthy.errors import SettingsError

_KNOWN = ("BEHEALTHY_CORPORA", "BEHEALTHY_HOME", "BEHEALTHY_MAX_NOTE_BYTES")
_TRACKING_SCHEMES = ("databricks", "file", "http", "https", "mssql", "mysql", "postgresql", "sqlite")

MAX_NOTE_BYTES = 50 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What can be set from outside, checked.

    Attributes
    ----------
    corpora : Path
        The folder of annotated corpora; it need not exist where nothing is trained.
    home : Path
        Where the system keeps what it makes: models, the tracking database.
    tracking_uri : str
        Where MLflow tracks; may carry a password, so it is left out of `repr`.
    max_note_bytes : int
        The largest file that is read as notes.
    """

    corpora: Path
    home: Path
    tracking_uri: str = field(repr=False)
    max_note_bytes: int = MAX_NOTE_BYTES

    @property
    def models(self) -> Path:
        """The folder in which models are kept."""
        return self.home / "models"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None, cwd: Path | None = None) -> Settings:
        """When called, it will read and check every setting; by default those of this process.

        Raises
        ------
        SettingsError
            With everything that is wrong, when a value cannot be used or a name is a near miss of one of ours.
        """
        environ = os.environ if environ is None else environ
        cwd = Path.cwd() if cwd is None else cwd
        given = {name: value for name, value in environ.items() if value.strip()}
        problems = _misspelt(given)
        home = _folder(given, "BEHEALTHY_HOME", cwd, problems) or _default_home(given, problems)
        settings = cls(
            corpora=_folder(given, "BEHEALTHY_CORPORA", cwd, problems) or _repository(cwd).parent / "shared" / "data",
            home=home,
            tracking_uri=_tracking_uri(given, problems) or f"sqlite:///{(home / 'mlflow.db').as_posix()}",
            max_note_bytes=_whole_number(given, "BEHEALTHY_MAX_NOTE_BYTES", MAX_NOTE_BYTES, problems),
        )
        if problems:
            raise SettingsError(problems)
        return settings


def _misspelt(given: Mapping[str, str]) -> list[str]:
    unknown = [name for name in sorted(given) if name.startswith("BEHEALTHY_") and name not in _KNOWN]
    close = {name: get_close_matches(name, _KNOWN, 1, 0.85) for name in unknown}
    return [f"{name}: no such setting; is {meant[0]} meant?" for name, meant in close.items() if meant]


def _folder(given: Mapping[str, str], name: str, cwd: Path, problems: list[str]) -> Path | None:
    if name not in given:
        return None
    try:
        path = cwd / Path(given[name]).expanduser()
    except RuntimeError:
        problems.append(f"{name}: {given[name]!r} begins in a home folder that nobody here has")
        return None
    if path.exists() and not path.is_dir():
        problems.append(f"{name}: {given[name]!r} is not a folder")
    return path


def _default_home(given: Mapping[str, str], problems: list[str]) -> Path:
    # The XDG specification: a relative path there is invalid and to be ignored.
    data = Path(given.get("XDG_DATA_HOME", ""))
    if data.is_absolute():
        return data / "behealthy"
    try:
        return Path(given["HOME"] if "HOME" in given else Path.home()) / ".local" / "share" / "behealthy"
    except RuntimeError:
        problems.append("BEHEALTHY_HOME: not set, and this user has no home folder to take instead")
        return data


def _repository(cwd: Path) -> Path:
    """Give the nearest folder upwards that holds a project, or where we stand."""
    return next((folder for folder in (cwd, *cwd.parents) if (folder / "pyproject.toml").is_file()), cwd)


def _tracking_uri(given: Mapping[str, str], problems: list[str]) -> str | None:
    uri = given.get("MLFLOW_TRACKING_URI")
    if uri is None or uri == "databricks":
        return uri
    scheme, separator, rest = uri.partition(":")
    # "postgresql+psycopg" names a driver beside the database. The value is not shown: it may carry a password.
    if not separator or scheme.split("+")[0] not in _TRACKING_SCHEMES:
        problems.append(f"MLFLOW_TRACKING_URI: begins with none of {', '.join(s + ':' for s in _TRACKING_SCHEMES)}")
    elif scheme in ("http", "https") and not rest.strip("/"):
        problems.append("MLFLOW_TRACKING_URI: names no host")
    return uri


def _whole_number(given: Mapping[str, str], name: str, default: int, problems: list[str]) -> int:
    text = given.get(name, str(default)).strip()
    if not (text.isascii() and text.isdigit() and 0 < int(text[:19]) < 10**18):
        problems.append(f"{name}: {text!r} is not a whole number above 0 and below 10**18")
        return default
    return int(text)

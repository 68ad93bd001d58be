"""Every knob of the system, and the one place that reads the environment.

| variable                   | field            | when it is not set                                            |
| -------------------------- | ---------------- | ------------------------------------------------------------- |
| `BEHEALTHY_HOME`           | `home`           | `behealthy` in `XDG_DATA_HOME`, which is `~/.local/share`     |
| `BEHEALTHY_CORPORA`        | `corpora`        | `../shared/data`, seen from the repository one works in       |
| `BEHEALTHY_MAX_NOTE_BYTES` | `max_note_bytes` | 52428800 (50 MiB)                                             |
| `BEHEALTHY_MAX_TEXT_BYTES` | `max_text_bytes` | 1048576 (1 MiB)                                               |
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

_WHOLE_NUMBERS = {
    # name: (default, lowest, highest)
    "BEHEALTHY_MAX_NOTE_BYTES": (50 * 1024 * 1024, 1, 10**18),
    "BEHEALTHY_MAX_TEXT_BYTES": (1024 * 1024, 1, 10**18),
    "BEHEALTHY_PORT": (8600, 1, 65535),
    "BEHEALTHY_TRACKER_PORT": (8601, 1, 65535),
    "BEHEALTHY_WINDOW_NOTES": (300, 200, 5_000),  # one of as many more takes gigabytes to compare, and a query too long
    "BEHEALTHY_GOLD_TO_RETRAIN": (50, 1, 1_000_000),
    "BEHEALTHY_COOLDOWN_H": (24, 0, 10_000),
    "BEHEALTHY_RETRAINS_A_DAY": (2, 1, 1_000),
    "BEHEALTHY_AUDIT_PERCENT": (5, 0, 100),
    "BEHEALTHY_SESSION_H": (12, 1, 10_000),
    "BEHEALTHY_REQUESTS_A_MINUTE": (6_000, 1, 10**9),
    "BEHEALTHY_MAX_SOURCES": (100, 1, 10_000),
    "BEHEALTHY_INBOX_GOLD": (0, 0, 1),
    "BEHEALTHY_MAX_ERRORS_PERCENT": (2, 1, 100),
    "BEHEALTHY_MAX_P95_MS": (500, 1, 600_000),
    "BEHEALTHY_MAX_P99_MS": (2_000, 1, 600_000),
    "BEHEALTHY_MAX_HELD_PERCENT": (20, 1, 100),
    "BEHEALTHY_MAX_QUEUE_NOTES": (2_000, 1, 10**9),
    "BEHEALTHY_MAX_UNREAD_H": (168, 1, 100_000),
    "BEHEALTHY_MAX_SILENCE_S": (300, 60, 1_000_000),
    "BEHEALTHY_MIN_DISK_MB": (1_000, 1, 10**9),
}
_CHOICES = {"BEHEALTHY_PROMOTION": ("automatic", "ask")}  # the first is taken when none is named
_KNOWN = (
    "BEHEALTHY_ALERT_URLS",
    "BEHEALTHY_CORPORA",
    "BEHEALTHY_DATABASE_URL",
    "BEHEALTHY_HOME",
    "BEHEALTHY_HOST",
    "BEHEALTHY_NOTE_KEY_FILE",
    "BEHEALTHY_INBOX",
    *_WHOLE_NUMBERS,
    *_CHOICES,
)
_DATABASE_SCHEMES = ("sqlite", "postgresql")
_TRACKING_SCHEMES = ("databricks", "file", "http", "https", "mssql", "mysql", "postgresql", "sqlite")

MAX_NOTE_BYTES = _WHOLE_NUMBERS["BEHEALTHY_MAX_NOTE_BYTES"][0]


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
    database_url : str
        Where the store is, SQLite or PostgreSQL; may carry a password, so it is left out of `repr`.
    note_key_file : Path
        The key that notes are sealed with; made at the first start.
    inbox : Path
        A folder; notes that are put there are taken in.
    alert_urls : tuple of str
        Where alerts go, as Apprise has it; they carry passwords, so they are left out of `repr`.
    host, port, tracker_port : str, int, int
        Where the application and MLflow's pages answer.
    max_note_bytes : int
        The largest file or body that is read as notes.
    max_text_bytes : int
        The longest text of a single note, in UTF-8; what is longer is held as too large.
    window_notes : int
        Notes in a window of the watch.
    gold_to_retrain : int
        Newly reviewed notes after which a new model is trained.
    cooldown_h, retrains_a_day : int
        The pause after a training, and how many there may be in a day.
    promotion : str
        ``automatic``: what the gate promotes is served; ``ask``: it waits until a person promotes or refuses it.
    audit_percent : int
        Share of notes that are reviewed at random, whatever the model thinks of them.
    session_h : int
        How long a login lasts.
    requests_a_minute : int
        For a key that has no rate of its own.
    max_sources : int
        How many sources of notes there may be; what comes from a further one is held.
    inbox_gold : int
        1 where whoever can put files into the inbox may say what is right: annotated ones become gold, which models
        learn from. With 0 such records are held.
    max_errors_percent, max_p95_ms, max_p99_ms : int
        What is demanded of a quarter of an hour: the share of requests that may fail, the time to read a note.
    max_held_percent : int
        The share of a source's records of an hour that may break the contract.
    max_queue_notes, max_unread_h : int
        How many notes may wait for review, and the oldest of them for how long.
    max_silence_s : int
        How long a job of the clock may not run, and MLflow not answer.
    min_disk_mb : int
        The room that must be left on the disk of `home`.
    """

    corpora: Path
    home: Path
    tracking_uri: str = field(repr=False)
    database_url: str = field(repr=False)
    note_key_file: Path
    inbox: Path
    alert_urls: tuple[str, ...] = field(default=(), repr=False)
    host: str = "127.0.0.1"
    port: int = _WHOLE_NUMBERS["BEHEALTHY_PORT"][0]
    tracker_port: int = _WHOLE_NUMBERS["BEHEALTHY_TRACKER_PORT"][0]
    max_note_bytes: int = MAX_NOTE_BYTES
    max_text_bytes: int = _WHOLE_NUMBERS["BEHEALTHY_MAX_TEXT_BYTES"][0]
    window_notes: int = _WHOLE_NUMBERS["BEHEALTHY_WINDOW_NOTES"][0]
    gold_to_retrain: int = _WHOLE_NUMBERS["BEHEALTHY_GOLD_TO_RETRAIN"][0]
    cooldown_h: int = _WHOLE_NUMBERS["BEHEALTHY_COOLDOWN_H"][0]
    retrains_a_day: int = _WHOLE_NUMBERS["BEHEALTHY_RETRAINS_A_DAY"][0]
    promotion: str = _CHOICES["BEHEALTHY_PROMOTION"][0]
    audit_percent: int = _WHOLE_NUMBERS["BEHEALTHY_AUDIT_PERCENT"][0]
    session_h: int = _WHOLE_NUMBERS["BEHEALTHY_SESSION_H"][0]
    requests_a_minute: int = _WHOLE_NUMBERS["BEHEALTHY_REQUESTS_A_MINUTE"][0]
    max_sources: int = _WHOLE_NUMBERS["BEHEALTHY_MAX_SOURCES"][0]
    inbox_gold: int = _WHOLE_NUMBERS["BEHEALTHY_INBOX_GOLD"][0]
    max_errors_percent: int = _WHOLE_NUMBERS["BEHEALTHY_MAX_ERRORS_PERCENT"][0]
    max_p95_ms: int = _WHOLE_NUMBERS["BEHEALTHY_MAX_P95_MS"][0]
    max_p99_ms: int = _WHOLE_NUMBERS["BEHEALTHY_MAX_P99_MS"][0]
    max_held_percent: int = _WHOLE_NUMBERS["BEHEALTHY_MAX_HELD_PERCENT"][0]
    max_queue_notes: int = _WHOLE_NUMBERS["BEHEALTHY_MAX_QUEUE_NOTES"][0]
    max_unread_h: int = _WHOLE_NUMBERS["BEHEALTHY_MAX_UNREAD_H"][0]
    max_silence_s: int = _WHOLE_NUMBERS["BEHEALTHY_MAX_SILENCE_S"][0]
    min_disk_mb: int = _WHOLE_NUMBERS["BEHEALTHY_MIN_DISK_MB"][0]

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
            database_url=_database_url(given, problems) or f"sqlite:///{(home / 'behealthy.db').as_posix()}",
            note_key_file=_path(given, "BEHEALTHY_NOTE_KEY_FILE", cwd, problems) or home / "note.key",
            inbox=_folder(given, "BEHEALTHY_INBOX", cwd, problems) or home / "inbox",
            alert_urls=tuple(given.get("BEHEALTHY_ALERT_URLS", "").split()),
            host=given.get("BEHEALTHY_HOST", "127.0.0.1").strip(),
            promotion=_choice(given, "BEHEALTHY_PROMOTION", problems),
            **{
                name.removeprefix("BEHEALTHY_").lower(): _whole_number(given, name, problems) for name in _WHOLE_NUMBERS
            },
        )
        if problems:
            raise SettingsError(problems)
        return settings


def for_child(changes: Mapping[str, str]) -> dict[str, str]:
    """When called, it will give this process's environment for a process that it starts, with changes."""
    return {**os.environ, **changes}


def _misspelt(given: Mapping[str, str]) -> list[str]:
    unknown = [name for name in sorted(given) if name.startswith("BEHEALTHY_") and name not in _KNOWN]
    close = {name: get_close_matches(name, _KNOWN, 1, 0.85) for name in unknown}
    return [f"{name}: no such setting; is {meant[0]} meant?" for name, meant in close.items() if meant]


def _folder(given: Mapping[str, str], name: str, cwd: Path, problems: list[str]) -> Path | None:
    path = _path(given, name, cwd, problems)
    if path is not None and path.exists() and not path.is_dir():
        problems.append(f"{name}: {given[name]!r} is not a folder")
    return path


def _path(given: Mapping[str, str], name: str, cwd: Path, problems: list[str]) -> Path | None:
    if name not in given:
        return None
    try:
        return cwd / Path(given[name]).expanduser()
    except RuntimeError:
        problems.append(f"{name}: {given[name]!r} begins in a home folder that nobody here has")
        return None


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


def _database_url(given: Mapping[str, str], problems: list[str]) -> str | None:
    url = given.get("BEHEALTHY_DATABASE_URL")
    scheme = (url or "").partition(":")[0].split("+")[0]
    # The value is not shown: it may carry a password.
    if url is not None and scheme not in _DATABASE_SCHEMES:
        problems.append(f"BEHEALTHY_DATABASE_URL: begins with none of {', '.join(s + ':' for s in _DATABASE_SCHEMES)}")
    return url


def _choice(given: Mapping[str, str], name: str, problems: list[str]) -> str:
    choices = _CHOICES[name]
    chosen = given.get(name, choices[0]).strip()
    if chosen not in choices:
        problems.append(f"{name}: {chosen!r} is none of {', '.join(choices)}")
    return chosen


def _whole_number(given: Mapping[str, str], name: str, problems: list[str]) -> int:
    default, lowest, highest = _WHOLE_NUMBERS[name]
    text = given.get(name, str(default)).strip()
    number = int(text[:19]) if text.isascii() and text.isdigit() else None
    if number is None or not lowest <= number <= highest:
        problems.append(f"{name}: {text!r} is not a whole number from {lowest} to {highest}")
        return default
    return number

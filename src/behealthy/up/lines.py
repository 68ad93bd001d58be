"""One log of all processes: every line that one of them writes, as JSON in a file that turns over; short for people.

A line that is no JSON (a library that prints, an interpreter that dies) is put into the same form under the name of
who wrote it.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

_TURN_BYTES = 10_000_000
_KEPT = 5
_LONGEST = 20_000  # of a line that is no JSON

Say = Callable[[str], None]


class Log:
    """The log of one home; safe to share between threads.

    Parameters
    ----------
    say : callable
        Told the short form of each line.

    Raises
    ------
    OSError
        When the folder cannot be made or written to.
    """

    def __init__(self, folder: Path, say: Say) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path = folder / "behealthy.log"
        self._say = say
        self._lock = threading.Lock()
        self._file = RotatingFileHandler(self.path, maxBytes=_TURN_BYTES, backupCount=_KEPT, encoding="utf-8")
        self._file.setFormatter(logging.Formatter("%(message)s"))
        self.path.chmod(0o600)

    def take(self, who: str, line: str) -> None:
        """When called, it will write a line of one of the processes."""
        fields = _fields(line) or _wrapped(who, line[:_LONGEST])
        with self._lock:
            text = json.dumps(fields, ensure_ascii=False)
            self._file.emit(logging.LogRecord(who, logging.INFO, "", 0, text, None, None))
            # Whoever watches may have gone; a child whose lines nobody takes would stand still at a full pipe.
            with suppress(OSError, ValueError):
                self._say(short(who, fields))

    def note(self, line: str, level: str = "info") -> None:
        """When called, it will write what the supervisor itself has to say."""
        self.take("up", json.dumps(_wrapped("up", line, level)))

    def close(self) -> None:
        """When called, it will close the file."""
        self._file.close()


def short(who: str, fields: dict[str, Any]) -> str:
    """When called, it will give a line for people: time, who, level where it matters, what, and the facts.

    >>> short(
    ...     "api",
    ...     {
    ...         "@timestamp": "2026-01-01T08:30:00.000Z",
    ...         "log.level": "info",
    ...         "message": "note-held",
    ...         "behealthy": {"source": "ward"},
    ...     },
    ... )
    '08:30:00 api     note-held source=ward'
    """
    time = str(fields.get("@timestamp", ""))[11:19]
    level = str(fields.get("log.level", "info"))
    facts = fields.get("behealthy")
    parts = [time, f"{who:<7}", "" if level in ("info", "debug") else f"{level}:", str(fields.get("message", ""))]
    if isinstance(facts, dict):
        parts += [f"{name}={value}" for name, value in facts.items()]
    error = fields.get("error")
    if isinstance(error, dict):
        parts.append(f"({error.get('type')}: {error.get('message')})")
    return " ".join(part for part in parts if part)


def _fields(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _wrapped(who: str, line: str, level: str = "info") -> dict[str, Any]:
    return {
        "@timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "log.level": level,
        "message": line,
        "ecs.version": "1.6.0",
        "service": {"name": "behealthy", "type": who},
    }

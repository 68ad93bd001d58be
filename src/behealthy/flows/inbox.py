"""A folder in which others put notes: each file is taken in and put away, into ``done``, or ``held`` where none of it
could be read.

A file that still grows waits. A crash between taking in and putting away takes the file in again, which changes
nothing. What was put away is as readable as it came: whoever runs this decides how long it stays.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from behealthy.data import intake
from behealthy.data.contract import Raw
from behealthy.errors import ContractError
from behealthy.flows import ingest
from behealthy.flows.reading import Reading
from behealthy.flows.system import System
from behealthy.monitor import logs

_STILL_S = 2.0  # unchanged for so long is written to its end
SOURCE = "inbox"


def waiting(system: System) -> list[Path]:
    """When called, it will give the files of the inbox that are written to their end, by name.

    Hidden ones are left alone: many programs write under such a name first.
    """
    try:
        files = [path for path in system.settings.inbox.iterdir() if not path.name.startswith(".") and path.is_file()]
    except FileNotFoundError:
        return []
    now = system.now().timestamp()
    return sorted(path for path in files if now - path.stat().st_mtime >= _STILL_S)


def sweep(system: System, after: ingest.After | None = None) -> dict[str, Any]:
    """When called, it will take in every file that waits, let the served model read it, and count what came of it.

    Raises
    ------
    StoreError
        When the database is away; the files stay where they are.
    OSError
        When a file cannot be put away.
    """
    counts = {"files": 0, "stored": 0, "known": 0, "held": 0}
    files = waiting(system)
    if files and after is None:
        after = Reading(system, SOURCE)
    for path in files:
        taken = _take(system, path, after)
        counts["files"] += 1
        counts["stored"] += taken.stored
        counts["known"] += taken.known
        counts["held"] += taken.held
        _put_away(path, "done" if taken.stored + taken.known else "held")
    if counts["files"]:
        logs.event("flows.inbox", "inbox-emptied", **counts)
    return counts


def _take(system: System, path: Path, after: ingest.After | None) -> ingest.Taken:
    limit = system.settings.max_note_bytes
    if path.stat().st_size > limit:
        large = ContractError("too_large", [f"{path.name}: has more than {limit} bytes"])
        raws = iter([Raw(path.name, "unknown", path.name.encode(), refused=large)])
    else:
        raws = intake.read(path.read_bytes(), intake.kind_of_name(path.name) or "unknown", path.name)
    return ingest.take_in(system, raws, source=SOURCE, by=SOURCE, after=after)


def _put_away(path: Path, where: str) -> None:
    """Move a file, under another name where one of its name was put away before."""
    folder = path.parent / where
    folder.mkdir(mode=0o700, exist_ok=True)
    target = folder / path.name
    number = 1
    while target.exists():
        number += 1
        target = folder / f"{path.stem}-{number}{path.suffix}"
    with suppress(FileNotFoundError):  # another worker was faster
        path.rename(target)

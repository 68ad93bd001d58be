"""A folder in which others put notes: each file is taken in and put away, into ``done``, or ``held`` where none of it
could be read.

Annotated records are held unless a setting lets them become gold: nobody knows who put a file here, and models learn
from gold. A file that still grows waits. A crash between taking in and putting away takes the file in again, which
changes nothing. What was put away is as readable as it came: whoever runs this decides how long it stays. Links are
refused: who may only put files here could name any file that the worker may read. A file that cannot be read or moved,
or that something fails on, is left and counted, so that it stops no other.
"""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from pathlib import Path
from stat import S_ISREG
from typing import Any

from behealthy.data import intake
from behealthy.data.contract import Raw
from behealthy.errors import BeHealthyError, ContractError
from behealthy.flows import ingest
from behealthy.flows.reading import Reading
from behealthy.flows.system import System
from behealthy.monitor import logs

_log = logging.getLogger(__name__)

_STILL_S = 2.0  # unchanged for so long is written to its end
SOURCE = "inbox"


def waiting(system: System) -> list[Path]:
    """When called, it will give the files of the inbox that are written to their end, by name.

    Hidden ones are left alone: many programs write under such a name first.
    """
    try:
        paths = [path for path in system.settings.inbox.iterdir() if not path.name.startswith(".")]
    except FileNotFoundError:
        return []
    now = system.now().timestamp()
    return sorted(path for path in paths if _is_still(path, now))


def sweep(system: System, after: ingest.After | None = None) -> dict[str, Any]:
    """When called, it will take in every file that waits, let the served model read it, and count what came of it.

    Raises
    ------
    StoreError
        When the database is away; the files stay where they are.
    """
    counts = {"files": 0, "stored": 0, "known": 0, "held": 0, "left": 0}
    files = waiting(system)
    if files and after is None:
        after = Reading(system, SOURCE)
    for path in files:
        try:
            taken = _take(system, path, after)
            _put_away(path, "done" if taken.stored + taken.known else "held")
        except BeHealthyError:
            raise
        except Exception as exc:  # noqa: BLE001 - its message has the file's name, or its words
            _log.warning("a file of the inbox is left: %s", type(exc).__name__)
            counts["left"] += 1
            continue
        counts["files"] += 1
        counts["stored"] += taken.stored
        counts["known"] += taken.known
        counts["held"] += taken.held
    if counts["files"]:
        logs.event("flows.inbox", "inbox-emptied", **counts)
    return counts


def _is_still(path: Path, now: float) -> bool:
    try:
        found = path.lstat()
    except FileNotFoundError:  # another worker was faster
        return False
    # Whoever copied it may have set the time of another clock, which is ahead; the other is of the disk it lies on.
    changed = min(found.st_mtime, found.st_ctime)
    return S_ISREG(found.st_mode) and now - changed >= _STILL_S


def _take(system: System, path: Path, after: ingest.After | None) -> ingest.Taken:
    limit = system.settings.max_note_bytes
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:  # what was no link may be one by now
        data = file.read(limit + 1)
    name = path.name.encode("utf-8", "backslashreplace").decode()  # bytes that are no text go into no database
    if len(data) > limit:
        large = ContractError("too_large", [f"{name}: has more than {limit} bytes"])
        raws = iter([Raw(name, "unknown", name.encode(), refused=large)])
    else:
        raws = intake.read(data, intake.kind_of_name(name) or "unknown", name)
    sender = ingest.Sender(SOURCE, SOURCE, gold=bool(system.settings.inbox_gold))
    return ingest.take_in(system, raws, sender, after=after)


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

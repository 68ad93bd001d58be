"""Which workers live: each has a row that it signs every few seconds, so that what a dead one began is gone on with.

A worker of the same machine is dead when its process is gone. One of another machine is dead when its row was not
signed for a minute by the clock of whoever looks: clocks that differ, and a machine that slept, do not kill it.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType

import psutil
from sqlalchemy import select

from behealthy.errors import StoreError
from behealthy.flows.system import System
from behealthy.store.session import Database, new_id
from behealthy.store.tables import WorkerRow

SILENT_S = 60.0


class Place:
    """The place of this process among the workers; it is taken with the block and left at its end.

    Attributes
    ----------
    id : str
        Never used before or again, so that what a worker began is told from what its follower does.
    """

    def __init__(self, system: System) -> None:
        self._system = system
        self._seen: dict[str, tuple[datetime, float]] = {}  # worker: its last beat, and when we first saw that one
        self.id = new_id("w", system.now())

    def __enter__(self) -> Place:
        now = self._system.now()
        with self._system.database.write() as session:
            session.add(
                WorkerRow(
                    id=self.id,
                    machine=machine(),
                    pid=os.getpid(),
                    born=_born(os.getpid()) or 0.0,
                    started_at=now,
                    beat_at=now,
                    ended_at=None,
                )
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(StoreError):
            self._end([self.id])

    def beat(self) -> None:
        """When called, it will sign the row.

        Raises
        ------
        StoreBusy, StoreError
        """
        with self._system.database.write() as session:
            row = session.get(WorkerRow, self.id)
            if row is not None:
                row.beat_at = self._system.now()
                row.ended_at = None  # somebody may have taken us for dead

    def dead(self, among: Iterable[str]) -> list[str]:
        """When called, it will give those of the workers that are dead, this one never; and write down that they are.

        Raises
        ------
        StoreBusy, StoreError
        """
        asked = set(among) - {self.id}
        if not asked:
            return []
        with self._system.database.read() as session:
            rows = {row.id: row for row in session.scalars(select(WorkerRow).where(WorkerRow.id.in_(asked)))}
        dead = sorted(id for id in asked if id not in rows or self._is_dead(rows[id]))
        self._end([id for id in dead if id in rows])
        return dead

    def _is_dead(self, row: WorkerRow) -> bool:
        if row.ended_at is not None:
            return True
        if row.machine == machine():
            return _born(row.pid) != row.born
        beat, since = self._seen.get(row.id, (None, 0.0))
        if beat != row.beat_at:
            self._seen[row.id] = (row.beat_at, time.monotonic())
            return False
        return time.monotonic() - since > SILENT_S

    def _end(self, ids: list[str]) -> None:
        if not ids:
            return
        with self._system.database.write() as session:
            for row in session.scalars(select(WorkerRow).where(WorkerRow.id.in_(ids), WorkerRow.ended_at.is_(None))):
                row.ended_at = self._system.now()


def living(database: Database, now: datetime) -> list[str]:
    """When called, it will give the workers that have signed within the last minute and have not left.

    Raises
    ------
    StoreError
    """
    with database.read() as session:
        rows = session.scalars(select(WorkerRow).where(WorkerRow.ended_at.is_(None)).order_by(WorkerRow.id)).all()
    return [row.id for row in rows if (now - row.beat_at).total_seconds() < SILENT_S and _may_live(row)]


def _may_live(row: WorkerRow) -> bool:
    return row.machine != machine() or _born(row.pid) == row.born


def machine() -> str:
    """Give what tells this machine, and this set of process numbers in it, from others: two containers differ."""
    parts = [platform.node()]
    with suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip())
    with suppress(OSError):
        parts.append(str(Path("/proc/self/ns/pid").stat().st_ino))
    return ":".join(parts)


def _born(pid: int) -> float | None:
    """Give how many seconds after the machine a process was started, None where there is none: numbers are used again.

    The time of day at which it was would become another with every step of the clock.
    """
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return float(round(process.create_time() - psutil.boot_time(), 2))
    except psutil.Error:
        return None

"""The prediction log of what is read and not stored: written in batches, behind the answer.

A reader never waits for it and never fails because of it. It is bounded: when the database is away for long, the
newest readings are dropped and counted. Notes wait in memory only, as they are, until they have become numbers.
"""

from __future__ import annotations

import logging
import queue
import threading
from dataclasses import dataclass
from datetime import datetime

from behealthy.errors import StoreError
from behealthy.monitor import telemetry
from behealthy.monitor.telemetry import Logged
from behealthy.note import Extraction, Note
from behealthy.registry.engine import Engine
from behealthy.store.session import Database

_log = logging.getLogger(__name__)

_MOST_WAITING = 10_000
_MOST_WAITING_CHARACTERS = 32 * 1024 * 1024  # of notes; a few hundred thousand of usual length, thirty of the longest
_BATCH = 200
_EVERY_S = 0.5
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Read:
    """One reading."""

    note: Note
    extraction: Extraction
    source: str
    duration_s: float
    at: datetime


class PredictionLog:
    """Writes readings down, in a thread of its own between `start` and `stop`."""

    def __init__(self, database: Database, engine: Engine, most_characters: int = _MOST_WAITING_CHARACTERS) -> None:
        self._database, self._engine = database, engine
        self._waiting: queue.Queue[Read] = queue.Queue(_MOST_WAITING)
        self._most_characters = most_characters
        self._characters = 0  # of what waits and of what is being written
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._writer: threading.Thread | None = None
        self.dropped = 0

    def put(self, read: Read) -> None:
        """When called, it will take a reading, at once."""
        with self._lock:
            size = len(read.note.text)
            if self._waiting.full() or self._characters + size > self._most_characters:
                self.dropped += 1
                return
            self._characters += size
            self._waiting.put_nowait(read)

    def start(self) -> None:
        """When called, it will begin to write."""
        self._writer = threading.Thread(target=self._write, name="predictions", daemon=True)
        self._writer.start()

    def stop(self) -> None:
        """When called, it will write what waits, and end."""
        self._stopped.set()
        if self._writer is not None:
            self._writer.join()

    def _write(self) -> None:
        while not (self._stopped.wait(_EVERY_S) and self._waiting.empty()):
            while batch := self._taken():
                self._keep(batch)
                with self._lock:
                    self._characters -= sum(len(read.note.text) for read in batch)

    def _taken(self) -> list[Read]:
        batch: list[Read] = []
        while len(batch) < _BATCH and not self._waiting.empty():
            batch.append(self._waiting.get_nowait())
        return batch

    def _keep(self, batch: list[Read]) -> None:
        observed = [seen for read in batch if (seen := self._observed(read)) is not None]
        for attempt in range(_TRIES):
            try:
                with self._database.write() as session:
                    telemetry.log(session, observed)
                return
            except Exception as exc:  # noqa: BLE001 - no memory, say: it may go the next time, and must not end the log
                said = str(exc) if isinstance(exc, StoreError) else type(exc).__name__
                _log.warning("the prediction log cannot be written: %s", said)
                self._stopped.wait(2.0**attempt)
        self.dropped += len(observed)

    def _observed(self, read: Read) -> Logged | None:
        try:
            seen = self._engine.observe(read.note, read.extraction)
            return Logged(seen, None, read.source, read.extraction.model_version or "", read.duration_s, read.at)
        except Exception as exc:  # noqa: BLE001 - one odd note must not end the log; its words stay out of it
            _log.error("a reading cannot be observed: %s", type(exc).__name__)
            self.dropped += 1
            return None

"""The served model reads notes that were stored: what it found is kept, logged in numbers, and queued for review."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from behealthy.extract.extractor import Extractor
from behealthy.flows.system import System
from behealthy.monitor import telemetry
from behealthy.monitor.telemetry import Observation, Observer
from behealthy.note import Extraction, Note
from behealthy.registry import releases
from behealthy.registry.bundle import load
from behealthy.registry.catalogue import Catalogue
from behealthy.review import queue
from behealthy.store.notes import put_extraction


@dataclass(frozen=True, slots=True)
class Read:
    """What a model made of one note; ``duration_s`` is the note's share of the time of its batch."""

    extraction: Extraction
    observation: Observation
    duration_s: float


Reader = Callable[[Sequence[Note]], list[Read]]


def keep(system: System, session: Session, reads: Sequence[Read], *, source: str) -> None:
    """When called, it will keep what was found in stored notes, log it in numbers, and offer each note for review."""
    now = system.now()
    for read in reads:
        found = read.extraction
        put_extraction(session, system.vault, found, now=now)
        missed = max(0.0, sum(found.expected.values()) - sum(e.score for e in found.entities))
        queue.offer(session, system.vault, found, audit_percent=system.settings.audit_percent, now=now, missed=missed)
    telemetry.log(session, [_logged(read, source, now) for read in reads])  # last: writers to it wait for each other


def _logged(read: Read, source: str, now: datetime) -> telemetry.Logged:
    found = read.extraction
    return telemetry.Logged(read.observation, found.note_id, source, found.model_version or "", read.duration_s, now)


class Ahead:
    """A reader that has read some notes before they had their ids; others it reads when asked."""

    def __init__(self, reader: Reader, notes: Sequence[Note]) -> None:
        self._reader = reader
        self._read: dict[tuple[str | None, str], Read] = {}
        self._remember(notes)

    def __call__(self, notes: Sequence[Note]) -> list[Read]:
        """When called, it will give what was found in each note."""
        self._remember(notes)
        known = [self._read[note.patient_id, note.text] for note in notes]
        return [
            replace(read, extraction=replace(read.extraction, note_id=note.id))
            for note, read in zip(notes, known, strict=True)
        ]

    def _remember(self, notes: Sequence[Note]) -> None:
        new = {(note.patient_id, note.text): note for note in notes}
        new = {key: note for key, note in new.items() if key not in self._read}
        if new:
            self._read.update(zip(new, self._reader(list(new.values())), strict=True))


class Reading:
    """What `flows.ingest` does with fresh notes: the model that is served reads them, before the transaction begins.

    Not safe to share between threads: an extractor is not.

    Parameters
    ----------
    reader : callable, optional
        Reads in the place of the served model's own extractor, as the application's engine does.
    """

    def __init__(self, system: System, source: str, reader: Reader | None = None) -> None:
        self._system = system
        self._source = source
        self._reader = reader or served(system)  # loaded before a transaction begins: it takes a moment
        self._known = Ahead(self._reader, [])

    def ahead(self, notes: Sequence[Note]) -> None:
        """When called, it will read notes that are about to be stored, and forget those before them."""
        self._known = Ahead(self._reader, notes)

    def __call__(self, session: Session, notes: Sequence[Note]) -> None:
        """When called, it will keep what was found in the notes, in the transaction that stored them."""
        keep(self._system, session, self._known(notes), source=self._source)


def served(system: System) -> Reader:
    """When called, it will load the model that is served, the shipped one where nothing was released yet.

    Raises
    ------
    BundleError, TrackingError
        When its bundle is damaged, or not at hand and the registry is away.
    """
    with system.database.read() as session:
        release = releases.current(session)
    return reader_of(load(None if release is None else Catalogue.of(system.settings).fetch(release.version)))


def reader_of(extractor: Extractor) -> Reader:
    """When called, it will give a reader with one extractor; not safe to share between threads."""
    observe = Observer(extractor)

    def read(notes: Sequence[Note]) -> list[Read]:
        start = time.perf_counter()
        found = list(extractor.pipe(notes))
        each = (time.perf_counter() - start) / max(1, len(notes))
        return [Read(e, observe(note, e), each) for note, e in zip(notes, found, strict=True)]

    return read

"""Fresh notes are read by the served model: what it found is kept, the reading logged, the note offered for review.

The model reads before the transaction that stores the notes begins, so that nobody waits for a lock while it reads;
what follows from the reading is part of that transaction. Give a `Reading` to `flows.ingest.take_in` as ``after``.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

from sqlalchemy.orm import Session

from behealthy.data.contract import Contract, Raw
from behealthy.errors import ContractError
from behealthy.flows.system import System
from behealthy.monitor import telemetry
from behealthy.note import Extraction, Note
from behealthy.registry.engine import Engine
from behealthy.review import queue
from behealthy.store.notes import put_extraction

_Key = tuple[str | None, str]  # patient and text


class Reading:
    """Reads notes of one source.

    Parameters
    ----------
    sent : bool
        Whether a person asked for their review.
    """

    def __init__(self, system: System, engine: Engine, source: str, *, sent: bool = False) -> None:
        self._system, self._engine, self._source, self._sent = system, engine, source, sent
        self._read: dict[_Key, tuple[Extraction, float]] = {}

    def ahead(self, raws: Iterable[Raw]) -> list[Raw]:
        """When called, it will read the records that keep the contract, and give all of them on."""
        given = list(raws)
        contract = Contract(self._system.settings.max_note_bytes)
        notes = []
        for raw in given:
            try:
                notes.append(contract.check(raw, self._system.now()).note)
            except ContractError:
                continue  # whoever takes it in says so
        self._remember(notes)
        return given

    def __call__(self, session: Session, notes: Sequence[Note]) -> None:
        """When called, it will keep what was found in stored notes, in the session's transaction."""
        self._remember([note for note in notes if (note.patient_id, note.text) not in self._read])
        for note in notes:
            self.keep(session, note)

    def keep(self, session: Session, note: Note) -> Extraction:
        """When called, it will keep what was found in one stored note, and give it."""
        if (note.patient_id, note.text) not in self._read:
            self._remember([note])
        found, duration_s = self._read[note.patient_id, note.text]
        extraction = replace(found, note_id=note.id)
        system, now = self._system, self._system.now()
        put_extraction(session, system.vault, extraction, now=now)
        telemetry.log(
            session,
            self._engine.observe(note, extraction),
            note_id=note.id,
            source=self._source,
            version=extraction.model_version or "",
            duration_s=duration_s,
            now=now,
        )
        queue.offer(
            session,
            system.vault,
            extraction,
            audit_percent=system.settings.audit_percent,
            missed=_missed(extraction),
            sent=self._sent,
            now=now,
        )
        return extraction

    def found(self, note: Note) -> Extraction:
        """When called, it will give what was read in a note."""
        if (note.patient_id, note.text) not in self._read:
            self._remember([note])
        return replace(self._read[note.patient_id, note.text][0], note_id=note.id)

    def _remember(self, notes: Sequence[Note]) -> None:
        if notes:
            began = time.perf_counter()
            found = self._engine.read(notes)
            each_s = (time.perf_counter() - began) / len(notes)
            self._read |= {(n.patient_id, n.text): (e, each_s) for n, e in zip(notes, found, strict=True)}


def _missed(extraction: Extraction) -> float:
    """Give how many entities the model believes to be there beside those that it called."""
    believed = sum((extraction.expected or {}).values())
    return max(0.0, believed - sum(entity.score for entity in extraction.entities))

"""Notes whose sender waits for what is in them: read at once, and stored if that is asked for.

The model reads before the transaction that stores begins, so that nobody waits for a lock while it reads.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from behealthy.data.contract import Contract, Raw
from behealthy.errors import ContractError
from behealthy.flows.ingest import Fate, Sender, Taken, take_in
from behealthy.flows.reading import Ahead, Read, Reader, Reading
from behealthy.flows.system import System
from behealthy.note import Extraction, Note
from behealthy.registry.engine import Engine
from behealthy.review import queue
from behealthy.store.notes import get_note


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of records: their fates, and what was found in each that is a note now, None for the others."""

    taken: Taken
    found: list[Extraction | None]


def read(system: System, engine: Engine, raws: Sequence[Raw]) -> list[tuple[Note, Extraction] | ContractError]:
    """When called, it will read the records that keep the contract and store nothing; in the order of the records."""
    judged = _judged(system, raws, gold=False)
    found = iter(engine.read([each for each in judged if isinstance(each, Note)]))
    return [(each, next(found)) if isinstance(each, Note) else each for each in judged]


def store(system: System, engine: Engine, raws: Sequence[Raw], sender: Sender, *, sent: bool = False) -> Stored:
    """When called, it will store records and read those that are notes now, also those that were known before.

    Parameters
    ----------
    sent : bool
        Whether a person asked for their review.
    """
    judged = _judged(system, raws, gold=sender.gold)
    ahead = Ahead(reader_of(engine), [each for each in judged if isinstance(each, Note)])
    found: list[Extraction | None] = []

    def settle(session: Session, fates: Sequence[Fate]) -> None:
        for fate in fates:
            if fate.note_id is None:
                found.append(None)
                continue
            (one,) = ahead([get_note(session, system.vault, fate.note_id)])
            found.append(one.extraction)
            if sent:
                percent, now = system.settings.audit_percent, system.now()
                queue.offer(session, system.vault, one.extraction, audit_percent=percent, sent=True, now=now)

    taken = take_in(system, raws, sender, after=Reading(system, sender.source, ahead), settle=settle)
    return Stored(taken, found)


def reader_of(engine: Engine) -> Reader:
    """When called, it will give a reader that has the application's engine read."""

    def read(notes: Sequence[Note]) -> list[Read]:
        began = time.perf_counter()
        found = engine.read(notes)
        each_s = (time.perf_counter() - began) / max(1, len(notes))
        return [Read(e, engine.observe(note, e), each_s) for note, e in zip(notes, found, strict=True)]

    return read


def _judged(system: System, raws: Sequence[Raw], *, gold: bool) -> list[Note | ContractError]:
    contract = Contract(system.settings.max_text_bytes, gold=gold)
    out: list[Note | ContractError] = []
    for raw in raws:
        try:
            out.append(contract.check(raw, system.now()).note)
        except ContractError as exc:
            out.append(exc)
    return out

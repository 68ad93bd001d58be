"""Notes come in: held against the contract, stored or held, read by the served model, queued for whoever checks.

    records -> contract -> notes -> read -> prediction log, review queue
                  └─ quarantine, alert

Each batch is one transaction, with its row of the audit trail: nothing is stored that is not written down there, and
nothing is written down that did not happen. After a crash the same records may be sent again, and what was stored is
found. The model reads before the transaction begins, so that nobody waits for a lock while it reads.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Protocol, runtime_checkable

from sqlalchemy.orm import Session

from behealthy.data import intake, quarantine, sources
from behealthy.data.contract import Accepted, Contract, Raw
from behealthy.errors import BadInput, Conflict, ContractError
from behealthy.flows import triggers
from behealthy.flows.system import System
from behealthy.monitor import alerts, logs
from behealthy.note import Extraction, Note, to_json
from behealthy.store import audit
from behealthy.store.notes import IMPORTED, has_gold, knows, put_gold, put_note

After = Callable[[Session, Sequence[Note]], None]  # what is done with fresh notes, in their own transaction
Settle = Callable[[Session, Sequence["Fate"]], None]  # what is done once a batch's fates are known, in the same

_BATCH = 100


@runtime_checkable
class Prepared(Protocol):
    """An `After` whose slow part can be done before the transaction begins, as `flows.reading.Reading` has it."""

    def ahead(self, notes: Sequence[Note]) -> None:
        """Do it for notes that are about to be stored; they have no ids of the store yet."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one record: a note, or a place in the quarantine with the reason."""

    name: str
    note_id: str | None = None
    quarantine_id: str | None = None
    fresh: bool = False
    code: str | None = None
    faults: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Give it as plain values."""
        return {
            "name": self.name,
            "note_id": self.note_id,
            "quarantine_id": self.quarantine_id,
            "code": self.code,
            "errors": list(self.faults),
        }


@dataclass(slots=True)
class Taken:
    """What became of all records, in their order."""

    fates: list[Fate] = field(default_factory=list)

    @property
    def stored(self) -> int:
        """Notes that were not there before."""
        return sum(f.fresh for f in self.fates)

    @property
    def known(self) -> int:
        """Notes that were there already."""
        return sum(f.note_id is not None and not f.fresh for f in self.fates)

    @property
    def held(self) -> int:
        """Records in the quarantine."""
        return sum(f.quarantine_id is not None for f in self.fates)

    @property
    def reasons(self) -> Counter[str]:
        """What is held, by reason."""
        return Counter(f.code for f in self.fates if f.code is not None)


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends notes, whose they are, and what the sender may.

    Attributes
    ----------
    source : str
        Whose notes these are: a clinic, a feed; see `data.sources`.
    by : str
        Who sends them: a person, a key, a part of ours.
    gold : bool
        Whether annotations become gold, as this sender's; else records that bring some are held.
    """

    source: str
    by: str
    gold: bool = False
    request_id: str = ""


def take_in(
    system: System,
    raws: Iterable[Raw],
    sender: Sender,
    *,
    after: After | None = None,
    settle: Settle | None = None,
    action: str = "store",
) -> Taken:
    """When called, it will store every record that keeps the contract and hold every other one.

    Parameters
    ----------
    after : callable, optional
        Reads the fresh notes of a batch, see `flows.reading`.
    settle : callable, optional
        Is told the fates of a batch before they are final.
    action : str
        As the audit trail names it.

    Raises
    ------
    BadInput
        When no source can have this name.
    """
    sources.check(sender.source)
    contract = Contract(system.settings.max_text_bytes, gold=sender.gold)
    taken = Taken()
    for batch in _batches(raws):
        judged = [_judged(system, contract, raw) for raw in batch]
        _prepare(system, after, [each.note for each in judged if isinstance(each, Accepted)])
        with system.database.write() as session:
            taking = [_take(system, session, raw, each, sender) for raw, each in zip(batch, judged, strict=True)]
            fates = [fate for fate, _ in taking]
            fresh = [note for fate, note in taking if fate.fresh and note is not None]
            if after is not None and fresh:
                after(session, fresh)
            if settle is not None:
                settle(session, fates)
            _tell(system, session, sender.source, fates)
            _record(system, session, sender, action, f"notes:{len(batch)}")
        taken.fates += fates
    _log(sender.source, taken)
    return taken


def replay(
    system: System,
    quarantine_id: str,
    *,
    by: str,
    payload: bytes | None = None,
    gold: bool = False,
    after: Callable[[str], After] | None = None,
    request_id: str = "",
) -> Fate:
    """When called, it will try a held record again, mended by a person where a payload is given.

    Parameters
    ----------
    gold : bool
        Whether this person's annotations become gold.
    after : callable, optional
        Gives what reads the note, for its source.

    Raises
    ------
    NotThere, Conflict
        When nothing is held under the id, or no longer.
    BadInput
        When the payload is not one record.
    ContractError
        When it still breaks the contract; it stays held, and that it was tried is in the audit trail.
    """
    with system.database.read() as session:
        row = quarantine.get(session, quarantine_id)
        if row.state != quarantine.HELD:
            raise Conflict(f"{quarantine_id} was {row.state} by {row.decided_by} before")
    data = quarantine.payload(system.vault, row) if payload is None else payload
    label = quarantine.label(system.vault, row)
    raws = list(islice(intake.read(data, row.kind, label.name), 2))  # of how many more there are nothing is kept
    if len(raws) != 1:
        raise BadInput(f"{quarantine_id} would become {'several records' if raws else 'no record'}; replay takes one")
    sender = Sender(label.source, by, gold, request_id)
    reading = None if after is None else after(label.source)
    try:
        return _replayed(system, quarantine_id, raws[0], sender, reading)
    except ContractError:
        with system.database.write() as session:
            _record(system, session, sender, "replay", f"quarantine:{quarantine_id}", "refused")
        raise


def _replayed(system: System, quarantine_id: str, raw: Raw, sender: Sender, reading: After | None) -> Fate:
    accepted = Contract(system.settings.max_text_bytes, gold=sender.gold).check(raw, system.now())
    _prepare(system, reading, [accepted.note])
    with system.database.write() as session:
        _admit(system, session, sender.source)
        fate, note = _store(system, session, raw, accepted, sender)
        quarantine.replayed(session, quarantine_id, note_id=fate.note_id or "", by=sender.by, now=system.now())
        if reading is not None and fate.fresh:
            reading(session, [note])
        _record(system, session, sender, "replay", f"quarantine:{quarantine_id}")
    return fate


def import_gold(system: System, documents: Iterable[Extraction], *, source: str, by: str) -> Taken:
    """When called, it will store annotated documents as notes with gold; a note that has gold gets no second.

    They are held against the contract like any record. Whoever calls has made sure that this person may.
    """
    return take_in(system, map(_as_record, documents), Sender(source, by, gold=True), action="import")


def _as_record(document: Extraction) -> Raw:
    fields = {**to_json(replace(document, model_version=None)), "id": document.note_id}
    return Raw(document.note_id, "jsonl", json.dumps(fields).encode(), fields)


def _batches(items: Iterable[Any]) -> Iterator[list[Any]]:
    iterator = iter(items)
    while batch := list(islice(iterator, _BATCH)):
        yield batch


def _judged(system: System, contract: Contract, raw: Raw) -> Accepted | ContractError:
    try:
        return contract.check(raw, system.now())
    except ContractError as exc:
        return exc


def _prepare(system: System, after: After | None, notes: Sequence[Note]) -> None:
    """Have what comes after begin with the notes that are not stored yet."""
    if isinstance(after, Prepared):
        with system.database.read() as session:
            fresh = [note for note in notes if not knows(session, system.vault, note)]
        after.ahead(fresh)


def _take(
    system: System, session: Session, raw: Raw, judged: Accepted | ContractError, sender: Sender
) -> tuple[Fate, Note | None]:
    try:
        _admit(system, session, sender.source)
        if isinstance(judged, ContractError):
            raise judged
        return _store(system, session, raw, judged, sender)
    except ContractError as exc:
        row, _ = quarantine.hold(session, system.vault, raw, exc, source=sender.source, now=system.now())
        return Fate(raw.name, quarantine_id=row.id, code=exc.code, faults=tuple(exc.faults)), None


def _admit(system: System, session: Session, source: str) -> None:
    sources.admit(session, source, most=system.settings.max_sources, now=system.now())


def _store(system: System, session: Session, raw: Raw, accepted: Accepted, sender: Sender) -> tuple[Fate, Note]:
    now, source, written_at = system.now(), sender.source, accepted.written_at
    try:
        kept = put_note(session, system.vault, accepted.note, source=source, now=now, written_at=written_at)
    except Conflict as exc:
        raise ContractError("id_reused", [f"{raw.name}: {exc}"]) from exc
    note = Note(kept.note_id, accepted.note.text, accepted.note.patient_id)
    if accepted.gold is not None and (kept.fresh or not has_gold(session, kept.note_id)):
        gold = Extraction(kept.note_id, note.text, accepted.gold.entities, accepted.gold.relations)
        put_gold(session, system.vault, gold, by=sender.by, why=IMPORTED, now=now)
    return Fate(raw.name, note_id=kept.note_id, fresh=kept.fresh), note


def _record(system: System, session: Session, sender: Sender, action: str, object: str, outcome: str = "done") -> None:
    """Write into the audit trail what this transaction does; last of all, since writers to it wait for each other."""
    act = audit.Act(sender.by, action, object, outcome, sender.request_id)
    audit.record(session, system.vault, act, now=system.now())


def _log(source: str, taken: Taken) -> None:
    """Log what became of records: how many, and why those were held that were."""
    level = logging.WARNING if taken.held else logging.INFO
    named = sources.held_under(source, sources.TOO_MANY if sources.TOO_MANY in taken.reasons else "")
    reasons = ",".join(f"{code}:{n}" for code, n in sorted(taken.reasons.items())) or None
    counts = {"stored": taken.stored, "known": taken.known, "held": taken.held}
    logs.event("flows.ingest", "records-taken-in", level, source=named, **counts, reasons=reasons)


def _tell(system: System, session: Session, source: str, fates: Sequence[Fate]) -> None:
    """Raise one alert for a source and reason, however many records it holds up."""
    for code, n in Counter(f.code for f in fates if f.code is not None).items():
        named = sources.held_under(source, code)
        alerts.raise_(
            session,
            kind="quarantine",
            severity=triggers.on_refused(n, [code]).alarm or "info",
            title=f"{n} record{'s' if n > 1 else ''} from {named} held: {code}",
            facts={"source": named, "reason": code, "records": n},
            key=f"quarantine:{named}:{code}",
            now=system.now(),
        )

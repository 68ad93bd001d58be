"""The quarantine: what broke the contract, held with its reason until a person mends or drops it.

The payload is sealed like a note, since it may be one. The same payload from the same source is held once. Nothing in
here is ever read by a model or learned from.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from behealthy.data import sources
from behealthy.data.contract import Raw
from behealthy.errors import Conflict, ContractError, NotThere
from behealthy.store.crypto import Vault
from behealthy.store.session import new_id
from behealthy.store.tables import QuarantineRow

HELD, REPLAYED, DROPPED = "held", "replayed", "dropped"
_FAULTS = 20  # kept of one record


@dataclass(frozen=True, slots=True)
class Label:
    """What stands on a held record; sealed, since files are named after patients.

    Attributes
    ----------
    source : str
        The one that was meant: where there are too many sources, the row's own is another.
    """

    source: str
    name: str
    faults: list[str]

    def nameless(self, faults: Sequence[str]) -> list[str]:
        """When called, it will give faults of this record without its name, with which they begin."""
        return [fault.removeprefix(f"{self.name}: ") for fault in faults]


def hold(
    session: Session, vault: Vault, raw: Raw, why: ContractError, *, source: str, now: datetime
) -> tuple[QuarantineRow, bool]:
    """When called, it will hold a record, and tell whether it was not held already."""
    key = vault.tag("quarantine", source, raw.kind, raw.payload.hex())
    there = session.scalar(
        select(QuarantineRow).where(QuarantineRow.payload_key == key, QuarantineRow.state == HELD).limit(1)
    )
    if there is not None:
        return there, False
    id_ = new_id("q", now)
    label = Label(source, raw.name, why.faults[:_FAULTS])
    row = QuarantineRow(
        id=id_,
        at=now,
        source=sources.held_under(source, why.code),
        sealed_label=vault.seal(json.dumps(asdict(label)), f"label:{id_}"),
        code=why.code,
        kind=raw.kind,
        size_bytes=len(raw.payload),
        payload_key=key,
        state=HELD,
        sealed=vault.seal(raw.payload, f"quarantine:{id_}"),
    )
    session.add(row)
    session.flush()
    return row, True


def listed(
    session: Session, *, state: str | None = HELD, before: str | None = None, limit: int = 100
) -> Sequence[QuarantineRow]:
    """When called, it will give what is held, newest first; ``before`` is the id that the page before ended with."""
    query = select(QuarantineRow).order_by(QuarantineRow.id.desc()).limit(limit)
    if state is not None:
        query = query.where(QuarantineRow.state == state)
    if before is not None:
        query = query.where(QuarantineRow.id < before)
    return session.scalars(query).all()


def counts(session: Session) -> Counter[tuple[str, str]]:
    """When called, it will count what is held, by source and reason."""
    held = select(QuarantineRow.source, QuarantineRow.code).where(QuarantineRow.state == HELD)
    return Counter((source, code) for source, code in session.execute(held))


def get(session: Session, id_: str) -> QuarantineRow:
    """When called, it will give what is held under an id.

    Raises
    ------
    NotThere
    """
    return _found(id_, session.get(QuarantineRow, id_))


def _found(id_: str, row: QuarantineRow | None) -> QuarantineRow:
    if row is None:
        raise NotThere(f"the quarantine has no {id_}")
    return row


def label(vault: Vault, row: QuarantineRow) -> Label:
    """When called, it will give what stands on a record, for whoever may read notes."""
    return Label(**json.loads(vault.open(row.sealed_label, f"label:{row.id}")))


def payload(vault: Vault, row: QuarantineRow) -> bytes:
    """When called, it will give what was sent, for whoever may read notes."""
    return vault.open_bytes(row.sealed, f"quarantine:{row.id}")


def drop(session: Session, id_: str, *, by: str, now: datetime) -> QuarantineRow:
    """When called, it will note that a record is not wanted; its payload is forgotten.

    Raises
    ------
    NotThere
    Conflict
        When it was replayed or dropped before.
    """
    row = _decided(session, id_, DROPPED, by, now)
    row.sealed = b""
    return row


def replayed(session: Session, id_: str, *, note_id: str, by: str, now: datetime) -> QuarantineRow:
    """When called, it will note that a record, mended or not, became a note; its payload is forgotten.

    Raises
    ------
    NotThere
    Conflict
        When it was replayed or dropped before.
    """
    row = _decided(session, id_, REPLAYED, by, now)
    row.note_id = note_id
    row.sealed = b""
    return row


def _decided(session: Session, id_: str, state: str, by: str, now: datetime) -> QuarantineRow:
    # Locked, since of two who decide at once the second must see what the first decided.
    row = _found(id_, session.get(QuarantineRow, id_, with_for_update=True, populate_existing=True))
    if row.state != HELD:
        raise Conflict(f"{id_} was {row.state} by {row.decided_by} before")
    row.state, row.decided_by, row.decided_at = state, by, now
    return row

"""The audit trail: who did what to which patient data, in rows that cannot be changed or taken out unseen.

Each row's hash covers the row and the hash before it (Haber and Stornetta 1991), under the vault's key, so that
whoever can write to the database but has not the key cannot mend the chain either. What is not here: words of notes.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from sqlalchemy import func, insert, select, text
from sqlalchemy.orm import Session

from behealthy.store.crypto import Vault
from behealthy.store.tables import AuditRow

START = "0" * 64


@dataclass(frozen=True, slots=True)
class Act:
    """Something that somebody did; ``object`` is a kind and an id, as ``note:n_01...``, or a count of them."""

    actor: str
    action: str
    object: str
    outcome: str = "done"
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class _Link:
    """A row of the chain, all of it that its hash covers."""

    number: int
    at: datetime
    actor: str
    action: str
    object: str
    outcome: str
    request_id: str
    previous: str


_LAST = select(AuditRow.number, AuditRow.hash).order_by(AuditRow.number.desc()).limit(1)
_ADD = insert(AuditRow.__table__)  # type: ignore[arg-type]


def record(session: Session, vault: Vault, act: Act, *, now: datetime) -> int:
    """When called, it will add an act to the chain, in the session's own transaction, and give its number."""
    # Every request comes by here, so the tables are asked directly: a mapped object would cost as much as all the rest.
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(7243)"))  # one writer at a time; SQLite has no other
    last = connection.execute(_LAST).first()
    number, previous = (1, START) if last is None else (last.number + 1, last.hash)
    link = _Link(number, now, act.actor, act.action, act.object, act.outcome, act.request_id, previous)
    connection.execute(_ADD, {**asdict(link), "hash": _hash(vault, link)})
    return number


def broken_at(session: Session, vault: Vault) -> int | None:
    """When called, it will give the number of the first row that does not fit the chain, None where all do.

    Rows cut off at the end leave a whole chain behind: keep `newest` somewhere else to see that too.
    """
    previous = START
    rows = session.scalars(select(AuditRow).order_by(AuditRow.number)).yield_per(1000)
    for number, row in enumerate(rows, 1):
        if row.number != number or row.previous != previous or row.hash != _hash(vault, row):
            return number
        previous = row.hash
    return None


def newest(session: Session) -> tuple[int, str]:
    """When called, it will give number and hash of the last row, 0 and zeros where there is none."""
    row = session.scalar(select(AuditRow).order_by(AuditRow.number.desc()).limit(1))
    return (0, START) if row is None else (row.number, row.hash)


def count(session: Session) -> int:
    """When called, it will count the rows."""
    return session.scalar(select(func.count()).select_from(AuditRow)) or 0


def _hash(vault: Vault, row: AuditRow | _Link) -> str:
    at = row.at.astimezone(UTC).isoformat(timespec="microseconds")
    parts = (str(row.number), at, row.actor, row.action, row.object, row.outcome, row.request_id, row.previous)
    return vault.tag("audit", *parts)

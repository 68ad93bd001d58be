"""Alerts: what a person must know of, raised once however often it happens, and sent out.

An alert is a fact in the store first and a message second: it is raised in the transaction of what it tells of, and
sent later, again and again until it went through, so that neither a crash nor a dead network loses one. Facts are
numbers, names and ids; words of notes have no place in them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Any, Literal

from sqlalchemy import event, select
from sqlalchemy.orm import Session

from behealthy.errors import NotThere, SettingsError
from behealthy.monitor import logs
from behealthy.store import properties
from behealthy.store.session import Database, alone, new_id
from behealthy.store.tables import AlertRow

Kind = Literal["drift", "performance", "quarantine", "training", "system"]
Severity = Literal["info", "warning", "critical"]
Send = Callable[[str, str], None]  # title, body; raises OSError when it did not go through

_LOCK = 7246  # of PostgreSQL; SQLite has one writer anyway
_TOOK = "alert-took:"  # by id: which receivers took an alert that others did not take yet

OPEN, ACKNOWLEDGED, RESOLVED = "open", "acknowledged", "resolved"


def raise_(
    session: Session,
    *,
    kind: Kind,
    severity: Severity,
    title: str,
    facts: Mapping[str, Any],
    key: str,
    now: datetime,
) -> AlertRow:
    """When called, it will raise an alert, or count it on the open one that has the same key."""
    alone(session, _LOCK)  # of two who raise it at once, the second must see what the first raised
    row = session.scalar(select(AlertRow).where(AlertRow.key == key, AlertRow.state == OPEN))
    if row is not None:
        row.times += 1
        row.last_at = now
        row.facts = dict(facts)
        return row
    row = AlertRow(
        id=new_id("a", now),
        at=now,
        kind=kind,
        severity=severity,
        title=title,
        facts=dict(facts),
        key=key,
        times=1,
        last_at=now,
        state=OPEN,
    )
    session.add(row)
    session.flush()
    _log(session, row, "alert-raised", _LEVELS[severity])
    return row


def acknowledge(session: Session, alert_id: str, *, by: str, now: datetime) -> AlertRow:
    """When called, it will note that a person has seen an alert; the first who did stays named.

    Raises
    ------
    NotThere
    """
    row = session.get(AlertRow, alert_id)
    if row is None:
        raise NotThere(f"there is no alert {alert_id}")
    if row.state == OPEN:
        row.state, row.acknowledged_by, row.acknowledged_at = ACKNOWLEDGED, by, now
    return row


def resolve(session: Session, key: str, *, now: datetime, by: str | None = None) -> AlertRow | None:
    """When called, it will say of the newest alert of a key that it is over, unless it was said before; and give it.

    Whoever gets alerts is told once more. A person who ended it by deciding is named as who saw it.
    """
    newest = select(AlertRow).where(AlertRow.key == key).order_by(AlertRow.at.desc(), AlertRow.id.desc())
    row = session.scalar(newest.limit(1))
    if row is None or row.state == RESOLVED:
        return None
    if by is not None and row.acknowledged_by is None:
        row.acknowledged_by, row.acknowledged_at = by, now
    row.state, row.last_at, row.sent_at = RESOLVED, now, None
    _log(session, row, "alert-resolved", logging.INFO)
    return row


def listed(session: Session, *, state: str | None = None, limit: int = 100) -> Sequence[AlertRow]:
    """When called, it will give the newest alerts first."""
    query = select(AlertRow).order_by(AlertRow.last_at.desc()).limit(limit)
    return session.scalars(query if state is None else query.where(AlertRow.state == state)).all()


def send_pending(database: Database, receivers: Mapping[str, Send], now: datetime) -> int:
    """When called, it will send the alerts that nobody was told of, and give the number that went through to all.

    Each is marked as it goes, so a crash between two repeats at most one. Who took an alert is not told it again while
    another receiver does not take it. One that does not go through is logged when that begins, not at each trial.
    Where there are no receivers, open alerts wait for the first, and what people have seen or what is over does not.
    """
    unsent = select(AlertRow.id).where(AlertRow.sent_at.is_(None)).order_by(AlertRow.at)
    with database.read() as session:
        waiting = session.scalars(unsent if receivers else unsent.where(AlertRow.state != OPEN)).all()
    return sum(_sent(database, receivers, id_, now) for id_ in waiting)


def _sent(database: Database, receivers: Mapping[str, Send], id_: str, now: datetime) -> bool:
    with database.read() as session:
        row = session.get_one(AlertRow, id_)
        over = row.state == RESOLVED
        title, body = f"[{RESOLVED if over else row.severity}] {row.title}", _body(row)
        before = properties.get(session, _TOOK + id_) or {}
    took = set(before["took"]) if before.get("over") == over else set()
    failure = None
    for name, send in receivers.items():
        if name not in took:
            try:
                send(title, body)
                took.add(name)
            except OSError as exc:
                failure = str(exc)[:200]
    with database.write() as session:
        row = session.get_one(AlertRow, id_, with_for_update=True, populate_existing=True)
        if (row.state == RESOLVED) != over:
            return False  # it ended while it was told of, and that is told next
        if failure is not None and row.sending_failed is None:
            _log(session, row, "alert-not-sent", logging.WARNING, why=failure)
        row.sending_failed, row.sent_at = failure, now if failure is None else None
        if failure is None:
            properties.drop(session, _TOOK + id_)
        else:
            properties.put(session, _TOOK + id_, {"over": over, "took": sorted(took)})
    return failure is None


def _log(session: Session, row: AlertRow, action: str, level: int, why: str | None = None) -> None:
    """Log what became of an alert, once the transaction holds."""
    tell = partial(
        logs.event,
        "monitor.alerts",
        action,
        level,
        alert=row.id,
        kind=row.kind,
        severity=row.severity,
        title=row.title,
        why=why,
    )
    event.listen(session, "after_commit", lambda _: tell(), once=True)


_LEVELS: Mapping[str, int] = {"info": logging.INFO, "warning": logging.WARNING, "critical": logging.ERROR}


def outlet(urls: Sequence[str]) -> dict[str, Send]:
    """When called, it will give what sends to each of the URLs, as Apprise has them, by the first of its hash.

    Raises
    ------
    SettingsError
        When one is none that Apprise knows; they carry passwords, so it is named by its place.
    """
    from apprise import Apprise, AppriseAsset

    asset = AppriseAsset(app_id="BeHealthy", async_mode=False)
    senders = {url: Apprise(asset=asset) for url in urls}
    unknown = [
        f"BEHEALTHY_ALERT_URLS: number {i} is no URL that Apprise knows"
        for i, (url, sender) in enumerate(senders.items(), 1)
        if not sender.add(url)
    ]
    if unknown:
        raise SettingsError(unknown)

    def sending(place: int, sender: Apprise) -> Send:
        def send(title: str, body: str) -> None:
            if not sender.notify(body=body, title=title):
                raise OSError(f"receiver {place} of {len(senders)} did not take it")

        return send

    # Few digits: enough to tell a handful of URLs apart, and too few to find out a password by.
    return {
        sha256(url.encode()).hexdigest()[:6]: sending(i, sender) for i, (url, sender) in enumerate(senders.items(), 1)
    }


def _body(row: AlertRow) -> str:
    facts = "\n".join(f"{name}: {value}" for name, value in row.facts.items())
    return f"{row.title}\n{facts}\nalert {row.id}, since {row.at:%Y-%m-%d %H:%M} UTC, seen {row.times} times"

"""A person's word between the gate and what is served, where the settings ask for it (``promotion`` is ``ask``).

The gate still judges, and nothing that it refused ever waits. A candidate that earned its place waits until somebody
promotes it, which is the approval, or refuses it with a reason. What was approved is told by the release; that somebody
was asked, or refused, is kept beside the training. Where another version was released meanwhile, the gate's word says
nothing of that one, and the candidate waits no longer: it was passed over, until the old champion is served again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from behealthy.errors import Conflict
from behealthy.flows import rollout
from behealthy.flows.rollout import Change
from behealthy.flows.system import System
from behealthy.monitor import alerts
from behealthy.registry import releases
from behealthy.store import properties
from behealthy.store.tables import TrainingRow

State = Literal["waiting", "approved", "refused", "passed_over"]

_NAME = "approval:"


@dataclass(frozen=True, slots=True)
class Approval:
    """What became of a candidate for which a person was asked; ``at`` is an RFC 3339 time."""

    state: State
    by: str | None = None
    reason: str | None = None
    at: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Give it as plain values."""
        return asdict(self)


def ask(system: System, training_id: str, candidate: str) -> None:
    """When called, it will let a candidate wait for a person and say so in an alert; twice is once."""
    now = system.now()
    with system.database.write() as session:
        if properties.put_first(session, _NAME + training_id, {"asked_at": now.isoformat()}):
            alerts.raise_(
                session,
                kind="training",
                severity="warning",
                title=f"candidate {candidate} earned its place and waits for approval",
                facts={"training": training_id, "candidate": candidate},
                key=_key(training_id),
                now=now,
            )


def states(session: Session, rows: Iterable[TrainingRow]) -> dict[str, Approval]:
    """When called, it will say of each training for whose candidate a person was asked what became of it."""
    asked = properties.under(session, _NAME)
    served = releases.current(session)
    out = {}
    for row in rows:
        if row.id in asked:
            out[row.id] = _state(session, row, asked[row.id], None if served is None else served.version)
    return out


def promote(
    system: System,
    version: str,
    *,
    by: str,
    reason: str,
    seen: int | None = None,
    mirror: bool = True,
    request_id: str = "",
) -> Change:
    """When called, it will serve a version because a person says so; where it waits for approval, this is it.

    Raises
    ------
    NotThere, BundleError, Conflict, TrackingError
        As `rollout.promote` does.
    """
    row = _waiting(system, version)
    training_id, over = (None, None) if row is None else (row.id, row.champion)

    def still(session: Session) -> None:
        if row is not None and refused(session, row.id):  # while the seconds went by that it takes to get it ready
            raise Conflict(f"version {version} was refused meanwhile")

    change = rollout.promote(
        system,
        version,
        by=by,
        reason=reason,
        training_id=training_id,
        over=over,
        seen=seen,
        mirror=mirror,
        request_id=request_id,
        check=still,
    )
    if row is None:
        return change
    with system.database.write() as session:
        alerts.resolve(session, _key(row.id), now=system.now(), by=by)
    return change


def refuse(system: System, version: str, *, by: str, reason: str) -> Approval:
    """When called, it will refuse a candidate that waits, for good; refused twice by the same person is once.

    Raises
    ------
    Conflict
        When it does not wait.
    """
    now = system.now()
    with system.database.write() as session:
        releases.held(session)  # nobody releases it before this is written down
        rows = _of(session, version)
        found = states(session, rows)
        row = next((each for each in rows if each.id in found and found[each.id].state == "waiting"), None)
        if row is None:
            last = next((found[each.id] for each in rows if each.id in found), None)
            if last is not None and last.state == "refused" and last.by == by:
                return last
            raise Conflict(f"version {version} does not wait for approval" + (f": {last.state}" if last else ""))
        told = {**(properties.get(session, _NAME + row.id) or {}), "by": by, "reason": reason, "at": now.isoformat()}
        properties.put(session, _NAME + row.id, told)
        alerts.resolve(session, _key(row.id), now=now, by=by)
        return _state(session, row, told, row.champion)


def refused(session: Session, training_id: str) -> bool:
    """When called, it will say whether a person has refused what came of a training."""
    return "by" in (properties.get(session, _NAME + training_id) or {})


def _state(session: Session, row: TrainingRow, told: dict[str, Any], served: str | None) -> Approval:
    if "by" in told:
        return Approval("refused", told["by"], told["reason"], told["at"])
    release = releases.of_training(session, row.id)
    if release is not None:
        return Approval("approved", release.by, release.reason, release.at.isoformat())
    return Approval("waiting" if served == row.champion else "passed_over", at=told["asked_at"])


def _waiting(system: System, version: str) -> TrainingRow | None:
    with system.database.read() as session:
        rows = _of(session, version)
        found = states(session, rows)
        row = next((each for each in rows if each.id in found and found[each.id].state == "waiting"), None)
        if row is not None:
            session.expunge(row)
        return row


def _of(session: Session, version: str) -> list[TrainingRow]:
    newest = select(TrainingRow).where(TrainingRow.candidate == version).order_by(TrainingRow.started_at.desc())
    return list(session.scalars(newest))


def _key(training_id: str) -> str:
    return f"training:{training_id}:approval"

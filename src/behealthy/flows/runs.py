"""Runs of durable work as values: what was asked for, and how far it has come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from behealthy.flows.facts import says

STATES = ("waiting", "running", "done", "failed", "cancelled")
BY_LIBRARY = {  # ours, by the library's
    "DELAYED": "waiting",
    "ENQUEUED": "waiting",
    "PENDING": "running",
    "SUCCESS": "done",
    "ERROR": "failed",
    "CANCELLED": "cancelled",
    "MAX_RECOVERY_ATTEMPTS_EXCEEDED": "failed",
}
_ANCIENT = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a run that has ended."""

    name: str
    started_at: datetime | None
    ended_at: datetime | None
    failure: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """One run: what was asked for and how far it has come.

    Attributes
    ----------
    state : str
        One of `STATES`.
    schedule : bool
        Whether the clock asked for it, and nobody else.
    worker : str or None
        Who runs it, or ran it last.
    starts : int
        How often it was started; more than once means that a worker was lost.
    steps : tuple of Step
        What has ended; only `Work.get` fills it.
    """

    id: str
    name: str
    state: str
    arguments: Mapping[str, Any]
    schedule: bool
    created_at: datetime
    updated_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    worker: str | None
    starts: int
    result: Any = None
    failure: str | None = None
    steps: Sequence[Step] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """Give the facts as plain values, times as RFC 3339."""
        return {
            "id": self.id,
            "name": self.name,
            "state": self.state,
            "arguments": dict(self.arguments),
            "schedule": self.schedule,
            "created_at": _shown(self.created_at),
            "updated_at": _shown(self.updated_at),
            "started_at": _shown(self.started_at),
            "ended_at": _shown(self.ended_at),
            "worker": self.worker,
            "starts": self.starts,
            "result": self.result,
            "failure": self.failure,
            "steps": [
                {
                    "name": step.name,
                    "started_at": _shown(step.started_at),
                    "ended_at": _shown(step.ended_at),
                    "failure": step.failure,
                }
                for step in self.steps
            ],
        }


def _shown(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()


def of_row(row: Any, steps: Sequence[Any] = ()) -> Flow:
    """When called, it will give a run as the library has it, with what it keeps of its steps, as one of ours."""
    inputs = row.input or {}
    return Flow(
        id=row.workflow_id,
        name=row.name,
        state=BY_LIBRARY.get(row.status, "failed"),
        arguments=dict(inputs.get("kwargs", {})),
        schedule=row.schedule_name is not None,
        created_at=_time(row.created_at) or _ANCIENT,
        updated_at=_time(row.updated_at),
        started_at=_time(row.dequeued_at),
        ended_at=_time(row.completed_at),
        worker=row.executor_id,
        starts=row.recovery_attempts or 0,
        result=row.output,
        failure=None if row.error is None else says(row.error),
        steps=[
            Step(
                name=step["function_name"],
                started_at=_time(step["started_at_epoch_ms"]),
                ended_at=_time(step["completed_at_epoch_ms"]),
                failure=None if step["error"] is None else says(step["error"]),
            )
            for step in steps
        ],
    )


def _time(ms: int | None) -> datetime | None:
    return None if ms is None else datetime.fromtimestamp(ms / 1000, UTC)

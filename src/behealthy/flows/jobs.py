"""What a worker does, and when: each job a few parts, each part a plain function of the system and of what is known.

| job             | when                 | what                                                                     |
| --------------- | -------------------- | ------------------------------------------------------------------------ |
| `training`      | when it is asked for | the story of `flows.training`, each step in a process of its own         |
| `watch`         | every minute         | judges the windows that are full, and asks for what they call for        |
| `consider_gold` | every minute         | asks for a training when enough was reviewed                             |
| `inbox`         | every 15 seconds     | takes in the files of a folder                                           |
| `outbox`        | every 15 seconds     | sends alerts out                                                         |
| `vitals`        | every minute         | holds the system against what is demanded of it                          |
| `kpi`           | every night          | writes the eight figures into the log                                    |
| `mirror`        | every hour, at start | lets the registry say what is served                                     |

A part gets what the parts before it gave and may be done twice: what it does must then change nothing. Other runs that
it wants it puts under ``asks``. Nothing here knows how runs are kept; see `flows.durable`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from sqlalchemy import select

from behealthy.errors import BeHealthyError, NotThere
from behealthy.flows.facts import Facts, Part
from behealthy.flows.system import System
from behealthy.store.tables import TrainingRow

if TYPE_CHECKING:
    from behealthy.flows.durable import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Something that a worker can do.

    Attributes
    ----------
    parts : mapping of str to callable
        In their order, each recorded under its name when it ends.
    apart : frozenset of str
        The parts that are done in a process of their own.
    cron : str or None
        When the clock asks for it, with seconds in front; None where only somebody asks.
    at_start : bool
        Whether each worker asks for it once, when it begins.
    failed : callable or None
        Told of the failure that ended it.
    """

    parts: Mapping[str, Part]
    apart: frozenset[str] = frozenset()
    cron: str | None = None
    at_start: bool = False
    failed: Callable[[System, Facts, BaseException], object] | None = None


# Training ------------------------------------------------------------------------------------------------------------

TRAINING = ("snapshot", "train", "evaluate", "gate", "register", "promote")  # as in `flows.training.STEPS`
_OPEN = ("waiting", "running")


def _request(system: System, facts: Facts) -> Facts:
    from behealthy.flows import training

    trigger, by, reason = facts.get("trigger", "person"), facts.get("by", "?"), facts.get("reason", "")
    training.request(system, training.Request(facts["id"], trigger, by, reason))
    return {}


def train_step(system: System, facts: Facts) -> Facts:
    """When called, it will do the step of a training that ``facts["step"]`` names."""
    from behealthy.flows import training

    return {facts["step"]: dict(training.STEPS)[facts["step"]](system, facts["id"])}


def finish_training(system: System, facts: Facts) -> Facts:
    """When called, it will close a training that went well."""
    from behealthy.flows import training

    return {"training": training.finish(system, facts["id"])}


def _training_failed(system: System, facts: Facts, failure: BaseException) -> None:
    from behealthy.flows import training

    training.fail(system, facts["id"], failure)


def ask(system: System, work: Work, wish: Facts) -> bool:
    """When called, it will ask for a run that another run wants, and say whether it was the first to ask for that one.

    A training is written down first, as when a person asks: one whose run failed before it had begun would be known to
    nobody, and its id, which is that of its cause, would be used up.
    """
    from behealthy.flows import workbench

    name, id_, arguments = wish["name"], wish["id"], wish["arguments"]
    if name == "training":
        workbench.written(system, id_, arguments["trigger"], arguments["by"], arguments["reason"])
    return work.enqueue(name, id_, **arguments)


def settle(system: System, work: Work) -> None:
    """When called, it will make trainings and their runs agree.

    A crash may have come between the two, or the run was cancelled or lost without the training hearing of it. What
    both have written may be of another age as well, where the machine lost its power or one of them was brought back
    from a backup: a training that nobody closes would keep all others from beginning.
    """
    with system.database.read() as session:
        rows = session.scalars(select(TrainingRow).where(TrainingRow.state.in_(_OPEN))).all()
    for row in rows:
        try:
            run = work.get(row.id)
        except NotThere:
            work.enqueue("training", row.id, trigger=row.trigger, by=row.requested_by, reason=row.reason)
            continue
        if run.state == "failed":
            _training_failed(system, {"id": row.id}, BeHealthyError(run.failure or "the run was lost"))
        elif run.state == "done":
            _close_as_it_is(system, row.id)
        elif run.state == "cancelled":
            with system.database.write() as session:
                now = session.get_one(TrainingRow, row.id)
                if now.state in _OPEN:
                    now.state, now.ended_at = "cancelled", system.now()


def _close_as_it_is(system: System, training_id: str) -> None:
    """Close a training whose run is over, unless it was closed by now: well where it is known what the gate said."""
    from behealthy.flows import training

    known = training.facts(system, training_id)
    if known["state"] in _OPEN:
        if known["verdict"] is None:
            _training_failed(system, {"id": training_id}, BeHealthyError("its run is over, what came of it was lost"))
        else:
            training.finish(system, training_id)


# Watching and the clock ----------------------------------------------------------------------------------------------


def judge_windows(system: System, _: Facts) -> Facts:
    """When called, it will judge the windows that are full; see `flows.watch`."""
    from behealthy.flows import vitals, watch

    found = watch.turn(system)
    vitals.ran(system, "watch")
    return found


def consider_gold(system: System, _: Facts) -> Facts:
    """When called, it will ask for a training when enough was reviewed since the last; see `flows.triggers`."""
    from behealthy.flows import watch

    return watch.consider_gold(system)


def empty_inbox(system: System, _: Facts) -> Facts:
    """When called, it will take in the files of the inbox."""
    from behealthy.flows import inbox, vitals

    found = inbox.sweep(system)
    vitals.ran(system, "inbox")
    return found


def look_at_system(system: System, _: Facts) -> Facts:
    """When called, it will hold the system against what is demanded of it; see `flows.vitals`."""
    from behealthy.flows import vitals

    tracker = vitals.ask_tracker(system)
    return {"tracker": tracker, "breached": [each.name for each in vitals.look(system) if each.state == "breached"]}


def send_alerts(system: System, _: Facts) -> Facts:
    """When called, it will send the alerts that nobody was told of."""
    from behealthy.monitor import alerts

    urls = system.settings.alert_urls
    receivers = alerts.outlet(urls) if urls else {}
    return {"sent": alerts.send_pending(system.database, receivers, system.now())}


def report_kpis(system: System, _: Facts) -> Facts:
    """When called, it will write the figures of the last thirty days into the log."""
    from behealthy.monitor import kpi, logs

    with system.database.read() as session:
        report = kpi.report(session, now=system.now(), days=30)
    values = {figure.definition.name: figure.value.value for figure in report}
    logs.event("flows.kpi", "kpis-reported", logging.INFO, **values)
    return {"kpis": values}


def mirror(system: System, _: Facts) -> Facts:
    """When called, it will let the registry's aliases say what is served; see `flows.rollout`."""
    from behealthy.flows import rollout

    return {"not_mirrored": rollout.reconcile(system)}


JOBS: Mapping[str, Job] = MappingProxyType(
    {
        "training": Job(
            parts={"request": _request, **dict.fromkeys(TRAINING, train_step), "finish": finish_training},
            apart=frozenset({*TRAINING, "finish"}),
            failed=_training_failed,
        ),
        "watch": Job(parts={"judge": judge_windows}, cron="20 * * * * *"),
        "consider_gold": Job(parts={"decide": consider_gold}, cron="50 * * * * *"),
        "vitals": Job(parts={"look": look_at_system}, cron="35 * * * * *"),
        "inbox": Job(parts={"empty": empty_inbox}, cron="*/15 * * * * *"),
        "outbox": Job(parts={"send": send_alerts}, cron="7,22,37,52 * * * * *"),
        "kpi": Job(parts={"report": report_kpis}, cron="0 10 0 * * *"),
        "mirror": Job(parts={"mirror": mirror}, apart=frozenset({"mirror"}), cron="30 5 * * * *", at_start=True),
    }
)

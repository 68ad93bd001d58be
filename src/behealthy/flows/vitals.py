"""The system looks at itself: measured, held against what is demanded of it, told where it is not kept.

Both the application and the worker do this every minute, since each can see what the other cannot: that it is gone.
Whoever looks, a breach is one alert. This module refuses to mend anything.
"""

from __future__ import annotations

import platform

from behealthy.flows.system import System
from behealthy.monitor import objectives, vitals
from behealthy.monitor.objectives import Objective
from behealthy.registry import connection
from behealthy.store.session import alone

_LOCK = 7247  # of PostgreSQL; SQLite has one writer anyway


def look(system: System) -> list[Objective]:
    """When called, it will judge the state of the system and raise or end alerts.

    Raises
    ------
    StoreBusy, StoreError
    """
    settings, now = system.settings, system.now()
    room = vitals.disk(settings.home, platform.node(), settings)
    with system.database.write() as session:
        alone(session, _LOCK)
        return objectives.keep(session, [*vitals.measures(session, settings, now), room], now)


def ask_tracker(system: System) -> bool:
    """When called, it will ask whether the tracker answers, and write down that it does."""
    answers = connection.answers(system.settings.tracking_uri)
    if answers:
        ran(system, vitals.TRACKER)
    return answers


def ran(system: System, what: str) -> None:
    """When called, it will write down that a job of the clock ran."""
    with system.database.write() as session:
        vitals.ran(session, what, system.now())

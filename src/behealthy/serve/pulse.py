"""The application's part in looking after the system: it writes down what it counted, and judges every minute.

It sees that no worker works, which no worker can, and then sends out the alerts itself.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from behealthy.flows import jobs
from behealthy.flows import vitals as flow
from behealthy.flows.facts import Facts, Part
from behealthy.flows.system import System
from behealthy.monitor import vitals
from behealthy.monitor.metrics import Metrics
from behealthy.store.session import new_id

_log = logging.getLogger(__name__)

_EVERY_S = 60.0


class Pulse:
    """Looks again and again, in a thread of its own between `start` and `stop`.

    Parameters
    ----------
    apart : callable
        Does a part in a process of its own.
    """

    def __init__(self, system: System, metrics: Metrics, apart: Callable[[Part, Facts], Facts]) -> None:
        self._system, self._metrics, self._apart = system, metrics, apart
        self._process = new_id("p", system.now())
        self._told = (0, 0)
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, every_s: float = _EVERY_S) -> None:
        """When called, it will begin."""
        self._thread = threading.Thread(target=self._run, args=(every_s,), name="pulse", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """When called, it will look no more."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()

    def beat(self) -> None:
        """When called, it will write down what was counted since the last time, and judge.

        Raises
        ------
        BeHealthyError
            When the database is away, or the alerts cannot be sent.
        """
        answered, failed = self._metrics.totals()
        before = self._told
        if answered > before[0]:
            with self._system.database.write() as session:
                more = (answered - before[0], failed - before[1])
                vitals.count(session, self._process, *more, self._system.now())
            self._told = answered, failed
        found = flow.look(self._system)
        if any(each.state == "breached" and each.of in vitals.JOBS for each in found):
            self._apart(jobs.send_alerts, {})

    def _run(self, every_s: float) -> None:
        while not self._stopped.wait(every_s):
            try:
                self.beat()
            except Exception as exc:  # noqa: BLE001 - it may go the next time, and nobody else sees a worker that is gone
                _log.warning("the system cannot look at itself: %s", type(exc).__name__)

"""What the registry knows of the models, asked in a process of its own and kept until a model is made or released.

MLflow would double this process's memory and takes seconds to load, for a number that is only shown; so nobody waits
for it: the first who ask get what is known without it. When it is asked it is told what is served, too.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import func, select

from behealthy.errors import BeHealthyError
from behealthy.flows.facts import Facts, Part
from behealthy.flows.shelf import registered_versions
from behealthy.store.session import Database
from behealthy.store.tables import ReleaseRow, TrainingRow

_log = logging.getLogger(__name__)

_PAUSE_S = 60.0  # after it could not be asked


class Registered:
    """Remembers the registry's versions; safe to share between threads.

    Parameters
    ----------
    apart : callable
        Does a part in a process of its own.
    """

    def __init__(self, database: Database, apart: Callable[[Part, Facts], Facts]) -> None:
        self._database, self._apart = database, apart
        self._lock = threading.Lock()
        self._asking: threading.Thread | None = None
        self._not_before = 0.0
        self._as_of: Any = None
        self._known: dict[str, Any] = {}

    def known(self) -> dict[str, Any]:
        """When called, it will give what the registry said last, by version, and have it asked again if need be."""
        as_of = self._stand()
        with self._lock:
            busy = self._asking is not None and self._asking.is_alive()
            if as_of != self._as_of and not busy and time.monotonic() >= self._not_before:
                self._asking = threading.Thread(target=self._ask, args=(as_of,), name="registry", daemon=True)
                self._asking.start()
            return self._known

    def _stand(self) -> tuple[Any, ...]:
        """Give what changes when the registry may have changed."""
        with self._database.read() as session:
            released = session.scalar(select(func.max(ReleaseRow.number)))
            trained = session.scalar(select(func.count()).where(TrainingRow.ended_at.is_not(None)))
        return released, trained

    def _ask(self, as_of: Any) -> None:
        try:
            found = self._apart(registered_versions, {})
        except BeHealthyError as exc:
            _log.warning("the registry cannot be asked: %s", type(exc).__name__)
            self._not_before = time.monotonic() + _PAUSE_S
            return
        with self._lock:
            self._known, self._as_of = found, as_of

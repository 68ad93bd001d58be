"""How often somebody may call, and how many at a time; counted in memory, the former in windows that slide.

A key's rate is its own. What comes without a key is counted by address, so that passwords cannot be tried in numbers.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from behealthy.errors import TooMany

LOGINS_A_MINUTE = 10  # for a name
LOGINS_A_MINUTE_FROM = 60  # for an address, behind which a whole ward may be
HEAVY_AT_A_TIME = 2  # each is a process that loads a model and test notes
_HEAVY_TAKES_S = 15  # about: when another try makes sense


class Places:
    """So many may do something at a time; who comes when all are taken is sent away, since waiting holds a thread."""

    def __init__(self, number: int = HEAVY_AT_A_TIME, retry_after_s: int = _HEAVY_TAKES_S) -> None:
        self._free = BoundedSemaphore(number)
        self._retry_after_s = retry_after_s

    @contextmanager
    def one(self) -> Iterator[None]:
        """Hold a place as long as the block runs.

        Raises
        ------
        TooMany
            When none is free.
        """
        if not self._free.acquire(blocking=False):
            raise TooMany(self._retry_after_s)
        try:
            yield
        finally:
            self._free.release()


class Rates:
    """Counts calls."""

    def __init__(self) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    def take(self, who: str, per_minute: int) -> None:
        """When called, it will count one call.

        Raises
        ------
        TooMany
            When there were as many within a minute.
        """
        rate = RateLimitItemPerMinute(per_minute)
        if not self._limiter.hit(rate, who):
            ends = self._limiter.get_window_stats(rate, who).reset_time
            raise TooMany(max(1, math.ceil(ends - time.time())))

    def take_login(self, name: str | None, address: str) -> None:
        """When called, it will count one try to log in; without a name, one by a link.

        Raises
        ------
        TooMany
            When there were too many for the name or from the address.
        """
        self.take(f"login-from:{address}", LOGINS_A_MINUTE_FROM)
        if name is not None:
            self.take(f"login:{name.casefold()}", LOGINS_A_MINUTE)

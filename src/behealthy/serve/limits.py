"""How often somebody may call, and how many at a time; counted in memory, the former in windows that slide.

A key's rate is its own. What comes without a key is counted by address, so that passwords cannot be tried in numbers.

Nobody is locked out by name: who knows a name can only use up the tries of their own address, and a right password from
an address that it came from before, or that tries for the first time, passes at once. But wrong passwords for a name,
from wherever, make every other address wait longer between its tries, up to 15 minutes: a thousand addresses then try
less than a hundred thousand passwords of 12 characters a day, and one tries 96.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from ipaddress import IPv6Address
from threading import BoundedSemaphore, Lock
from typing import TypeVar

from limits import RateLimitItemPerMinute, RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter, SlidingWindowCounterRateLimiter

from behealthy.errors import TooMany

LOGINS_A_MINUTE = 10  # for a name, from an address
LOGINS_A_MINUTE_FROM = 60  # for an address, behind which a whole ward may be
_FREE = 10  # wrong passwords for a name, from wherever, that are nobody's attack
_GAPS = ((10, 10), (20, 60), (40, 300))  # below so many more: seconds between the tries of an address
_LONGEST_GAP_S = 900
_MOST_KNOWN = 100_000  # names and addresses; to push one out takes a day and more from an address
HEAVY_AT_A_TIME = 2  # each is a process that loads a model and test notes
_HEAVY_TAKES_S = 15  # about: when another try makes sense


_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


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
    """Counts calls.

    Parameters
    ----------
    clock : callable
        Gives seconds; wrong passwords are forgotten by them.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._gaps = FixedWindowRateLimiter(MemoryStorage())
        self._clock = clock
        self._lock = Lock()
        self._wrong: OrderedDict[str, tuple[float, float]] = OrderedDict()  # by name: how many, when the last
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()  # name and network of right passwords

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
            When there were too many from the address, in all or for the name, or its last for the name is too fresh.
        """
        network = network_of(address)
        self.take(f"login-from:{network}", LOGINS_A_MINUTE_FROM)
        if name is None:
            return
        who = name.casefold()
        self.take(f"login:{network}:{who}", LOGINS_A_MINUTE)
        with self._lock:
            gap_s = 0 if (who, network) in self._known else self._gap_s(who)
        if gap_s:
            one = RateLimitItemPerSecond(1, gap_s)
            if not self._gaps.hit(one, network, who):
                ends = self._gaps.get_window_stats(one, network, who).reset_time
                raise TooMany(max(1, math.ceil(ends - time.time())))

    def logged_in(self, name: str, address: str, *, well: bool) -> None:
        """When called, it will remember how a try to log in ended."""
        who = name.casefold()
        with self._lock:
            if well:
                _keep(self._known, (who, network_of(address)), None)
            else:
                _keep(self._wrong, who, (self._wrong_for(who) + 1, self._clock()))

    def _wrong_for(self, who: str) -> float:
        """Give the wrong passwords for a name, each forgotten by half within an hour."""
        number, last = self._wrong.get(who, (0.0, 0.0))
        return float(number * 0.5 ** ((self._clock() - last) / 3600))

    def _gap_s(self, who: str) -> int:
        beyond = int(self._wrong_for(who)) - _FREE
        # In few steps, since a window of another length is another window, and begins open.
        return 0 if beyond < 0 else next((gap for most, gap in _GAPS if beyond < most), _LONGEST_GAP_S)


def network_of(address: str) -> str:
    """When called, it will give what one sender can choose no further address within.

    >>> network_of("10.0.0.7"), network_of("2001:db8:1:2:3:4:5:6"), network_of("")
    ('10.0.0.7', '2001:db8:1:2::', '')
    """
    try:
        given = IPv6Address(address)
    except ValueError:
        return address
    return str(given.ipv4_mapped or IPv6Address(int(given) >> 64 << 64))


def _keep(known: OrderedDict[_Key, _Value], key: _Key, value: _Value) -> None:
    known[key] = value
    known.move_to_end(key)
    if len(known) > _MOST_KNOWN:
        known.popitem(last=False)

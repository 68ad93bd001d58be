"""How long somebody worked on a note.

Time counts while somebody is at it: after 30 s without a key or a move the clock stands until the next. The web app
measures, since only it sees the keys; what it reports is credited here, and never more than time has passed. This
module refuses to guess what somebody did in between.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise

IDLE_S = 30.0


def active(moments: Iterable[datetime], idle_s: float = IDLE_S) -> float:
    """When called, it will give the seconds of work that moments of activity tell of, in any order.

    Between two moments the time that passed counts, at most ``idle_s``.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> at = [datetime(2026, 1, 1, 9, 0, s, tzinfo=UTC) for s in (0, 10, 59)]
    >>> active(at)
    40.0
    """
    return sum(min((b - a).total_seconds(), idle_s) for a, b in pairwise(sorted(moments)))


def credit(so_far_s: float, reported_s: float | None, since: datetime, now: datetime) -> float:
    """When called, it will give the active seconds of a note, after somebody reported theirs.

    Parameters
    ----------
    so_far_s, reported_s : float
        Seconds of the note in all: as stored, and as now reported, None where the reporter did not measure.
    since, now : datetime
        The time in which the difference was worked.

    Raises
    ------
    ValueError
        When what was reported is no number.
    """
    if reported_s is None:
        return so_far_s
    if not math.isfinite(reported_s):
        raise ValueError("the active time is not a number of seconds")
    return so_far_s + min(max(reported_s - so_far_s, 0.0), max((now - since).total_seconds(), 0.0))

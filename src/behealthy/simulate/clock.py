"""A clock that stands still until the story moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 2, 8, tzinfo=UTC)  # a Monday


def days_ago(now: datetime, days: int) -> datetime:
    """When called, it will give a morning, as `START` is one, so that a play ends about now.

    >>> days_ago(datetime(2026, 5, 20, 13, 30, tzinfo=UTC), 2).isoformat()
    '2026-05-18T08:00:00+00:00'
    """
    return (now - timedelta(days=days)).replace(hour=START.hour, minute=0, second=0, microsecond=0)


class VirtualClock:
    """The time of a story: a week of a clinic passes in a minute of ours."""

    def __init__(self, start: datetime = START) -> None:
        self._now = start

    def __call__(self) -> datetime:
        """When called, it will give the time, in UTC."""
        return self._now

    def forward(self, **by: float) -> None:
        """When called, it will move on by a `timedelta`; it never goes back."""
        self._now += max(timedelta(**by), timedelta(0))

    def to(self, hour: int) -> None:
        """When called, it will move on to the next time that the clock shows a full hour."""
        then = self._now.replace(hour=hour, minute=0, second=0, microsecond=0)
        self._now = then if then >= self._now else then + timedelta(days=1)

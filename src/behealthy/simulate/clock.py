"""A clock that stands still until the story moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 2, 8, tzinfo=UTC)  # a Monday


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

"""Active time: what was worked, never what has passed beside it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from behealthy.review.timing import active, credit

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MOMENTS = st.lists(st.integers(0, 10_000).map(lambda s: NOON + timedelta(seconds=s)), min_size=1, max_size=30)


def at(*seconds: float) -> list[datetime]:
    return [NOON + timedelta(seconds=s) for s in seconds]


@pytest.mark.parametrize(
    ("moments", "worked"), [((), 0), ((5,), 0), ((0, 10), 10), ((0, 30, 61), 60), ((0, 3600, 3610), 40)]
)
def test_the_clock_stands_after_half_a_minute(moments: tuple[float, ...], worked: float) -> None:
    assert active(at(*moments)) == worked


@given(moments=MOMENTS)
def test_nobody_works_longer_than_time_passes(moments: list[datetime]) -> None:
    worked = active(moments)
    assert 0 <= worked <= (max(moments) - min(moments)).total_seconds()
    assert worked == active(reversed(moments))
    assert active([*moments, *moments]) == worked


@pytest.mark.parametrize(
    ("so_far", "reported", "passed", "credited"),
    [
        (0, 12, 60, 12),
        (12, 20, 60, 20),  # what is reported is the total
        (12, 12, 60, 12),  # the same report twice
        (20, 5, 60, 20),  # a late one
        (10, 500, 60, 70),  # more than has passed
        (10, 15, -5, 10),  # a clock that was set back
        (10, None, 60, 10),
        (0, -5, 60, 0),
    ],
)
def test_what_is_reported_is_credited_as_far_as_time_has_passed(
    so_far: float, reported: float | None, passed: float, credited: float
) -> None:
    assert credit(so_far, reported, NOON, NOON + timedelta(seconds=passed)) == credited


@pytest.mark.parametrize("reported", [float("nan"), float("inf"), -float("inf")])
def test_a_time_that_is_no_number_is_refused(reported: float) -> None:
    with pytest.raises(ValueError, match="number"):
        credit(0, reported, NOON, NOON)

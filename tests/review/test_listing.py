"""The queue as lists and counts."""

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from behealthy.errors import BadInput
from behealthy.review import listing, queue

if TYPE_CHECKING:
    from tests.review.conftest import Desk


@pytest.mark.parametrize("state", ["open", "submitted"])
@pytest.mark.parametrize("limit", [1, 3, 7, 50])
def test_pages_show_each_review_once_in_order(desk: "Desk", state: str, limit: int) -> None:
    ids = [desk.offer(n, scores=(1, 1, [1, 0.5, 0.25][n % 3])) for n in range(7)]
    if state == "submitted":
        for n, note_id in enumerate(ids):
            desk.claim(note_id, "ann")
            desk.submit(note_id, "ann", 1, desk.gold(n, note_id))
            desk.later(seconds=n % 2)  # some at the same time
    shown: list[str] = []
    cursor: str | None = None
    while True:
        with desk.database.read() as session:
            page = queue.page(session, state, cursor, limit)
        shown += [row.note_id for row in page.rows]
        cursor = page.next
        if cursor is None:
            break
    assert shown == desk.waiting(state)
    assert sorted(shown) == sorted(ids)


def encoded(place: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "!!",
        "e30=",
        "W10=",
        "WzEsMl0=",
        "WyJ4IiwieSJd",
        "Wzk5OTk5OTk5OTk5OTk5LDEsInkiXQ==",
        "\ud800",
        encoded([0, 1, "a\0"]),
        encoded([0, 1, "\ud800"]),
        encoded(["0001-01-01T00:00:00+23:00", "a"]),
    ],
)
@pytest.mark.parametrize("state", ["open", "submitted"])
def test_a_cursor_that_is_none_is_refused(desk: "Desk", cursor: str, state: str) -> None:
    with desk.database.read() as session, pytest.raises(BadInput, match="cursor"):
        queue.page(session, state, cursor)


def test_a_state_or_size_that_is_none_is_refused(desk: "Desk") -> None:
    with desk.database.read() as session:
        for state, limit in (("x", 5), ("open", 0)):
            with pytest.raises(BadInput):
                queue.page(session, state, None, limit)


def test_the_summary_counts(desk: "Desk") -> None:
    ids = [desk.offer(n) for n in range(3)] + [desk.offer(9, audit_percent=100)]
    start = desk.now
    desk.claim(ids[0], "ann")
    desk.later(seconds=30)
    desk.submit(ids[0], "ann", 1, desk.gold(0, ids[0]), active_s=20)
    desk.claim(ids[1], "bob")
    with desk.database.read() as session:
        found = queue.summary(session, "ann", start)
        assert found.states == {"open": 2, "claimed": 1, "submitted": 1}
        assert found.waiting == {"uncertain": 2, "audit": 1}
        assert (found.mine, found.mine_active_s) == (1, 20)
        late = queue.summary(session, "ann", desk.now.replace(year=2099))
        assert (late.mine, late.mine_active_s) == (0, 0)


def test_what_came_of_reviews_is_read_by_the_watch(desk: "Desk") -> None:
    seen, blind = desk.offer(1), desk.offer(2, audit_percent=100)
    for note_id, number, out in ((seen, 1, ["e3"]), (blind, 2, ["e1"])):
        desk.claim(note_id, "ann")
        desk.submit(note_id, "ann", 1, desk.gold(number, note_id, out))
    with desk.database.read() as session:
        (pair,) = listing.audited(session, desk.vault, "m1")
        assert (pair.note_id, len(pair.suggested.entities), len(pair.gold.entities)) == (blind, 3, 2)
        assert list(listing.audited(session, desk.vault, "m2")) == []
        assert [counts["rejected"] for counts in listing.edited(session, "m1")] == [1]
        assert listing.edit_rate(session, "m1") == pytest.approx(1 / 3)
        assert listing.edit_rate(session, "m2") is None

"""How notes come into the queue, and in which order they are drawn."""

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from behealthy.errors import Conflict, StoreError
from behealthy.note import Extraction
from behealthy.review import queue, sampling
from behealthy.store.notes import put_gold
from behealthy.store.tables import ReviewRow

if TYPE_CHECKING:
    from tests.review.conftest import Desk

SURE, UNSURE = (1.0, 1.0, 1.0), (0.5, 0.5, 0.5)


def row(desk: "Desk", note_id: str) -> ReviewRow:
    with desk.database.read() as session:
        return session.get_one(ReviewRow, note_id)


def again(desk: "Desk", note_id: str, **options: bool) -> str | None:
    """Offer a note once more, read by another model that found nothing."""
    found = Extraction(note_id, desk.look(note_id).text, model_version="m2")
    with desk.database.write() as session:
        return queue.offer(session, desk.vault, found, audit_percent=0, now=desk.now, **options)


def test_the_most_to_correct_comes_first(desk: "Desk") -> None:
    sure = desk.offer(1, scores=SURE)
    unsure = desk.offer(2, scores=UNSURE)
    missing = desk.offer(3, scores=SURE, missed=4)
    assert desk.waiting() == [missing, unsure, sure]
    assert row(desk, unsure).priority == pytest.approx(1.5)


def test_the_turns(desk: "Desk") -> None:
    uncertain = desk.offer(1, scores=UNSURE)
    audit = desk.offer(2, audit_percent=100, scores=SURE)
    drift = desk.offer(3, scores=SURE)
    sent = desk.offer(4, scores=SURE, sent=True)
    assert desk.draw([drift], 1) == [drift]
    assert desk.waiting() == [sent, drift, audit, uncertain]
    assert [row(desk, n).why for n in (uncertain, audit, drift, sent)] == ["uncertain", "audit", "drift", "sent"]


def test_the_audit_sample_is_decided_by_the_note_alone_and_comes_as_it_arrived(desk: "Desk") -> None:
    ids = [desk.offer(n, audit_percent=50, scores=UNSURE if n % 2 else SURE) for n in range(24)]
    audit = [i for i in ids if sampling.in_audit(desk.vault, i, 50)]
    assert 0 < len(audit) < len(ids)
    assert desk.waiting()[: len(audit)] == audit
    assert [i for i in ids if row(desk, i).why == "audit"] == audit
    assert {row(desk, i).priority for i in audit} == {0.0}  # would tell a blind reviewer what the model thinks


def test_offering_twice_is_once(desk: "Desk") -> None:
    note_id = desk.offer(1)
    assert desk.offer(1) == note_id
    assert desk.waiting() == [note_id]
    assert row(desk, note_id).version == 1


def test_a_newer_model_takes_the_suggestions_place_until_somebody_began(desk: "Desk") -> None:
    note_id = desk.offer(1)
    assert again(desk, note_id) == "uncertain"
    found = desk.look(note_id)
    assert found.suggestion is not None
    assert (found.suggestion.entities, found.model_version, found.version, found.priority) == ((), "m2", 2, 0.0)

    begun = desk.offer(2)
    desk.claim(begun, "ann")
    again(desk, begun)
    assert desk.look(begun).model_version == "m1"
    desk.save(begun, "ann", 1, {"entities": []})
    desk.release(begun, "ann")
    again(desk, begun)
    assert (desk.look(begun).model_version, desk.look(begun).version) == ("m1", 2)


def test_a_newer_model_does_not_change_why_a_note_is_there(desk: "Desk") -> None:
    audit, sent = desk.offer(1, audit_percent=100), desk.offer(2, sent=True)
    assert [again(desk, i) for i in (audit, sent)] == ["audit", "sent"]
    assert [(row(desk, i).turn, row(desk, i).model_version) for i in (audit, sent)] == [(2, "m2"), (0, "m2")]
    assert row(desk, audit).blind


def test_a_note_that_is_sent_again_comes_first(desk: "Desk") -> None:
    first, second = desk.offer(1, scores=UNSURE), desk.offer(2, scores=SURE)
    assert desk.waiting() == [first, second]
    assert again(desk, second, sent=True) == "sent"
    assert desk.waiting() == [second, first]


def test_a_note_that_came_with_gold_is_not_asked_about_unless_sent(desk: "Desk") -> None:
    note_id = desk.store(1)
    found = Extraction(note_id, "", model_version="m1")
    with desk.database.write() as session:
        put_gold(session, desk.vault, found, by="ann", why="imported", now=desk.now)
        assert queue.offer(session, desk.vault, found, audit_percent=100, now=desk.now) is None
        assert queue.offer(session, desk.vault, found, audit_percent=0, now=desk.now, sent=True) == "sent"


def test_a_note_that_is_not_stored_is_not_queued(desk: "Desk") -> None:
    with pytest.raises(StoreError), desk.database.write() as session:
        queue.offer(session, desk.vault, Extraction("n_none", "x"), audit_percent=0, now=desk.now)


# Drawing for labels --------------------------------------------------------------------------------------------------


def test_a_draw_is_random_whatever_the_model_doubts_and_the_same_twice(desk: "Desk") -> None:
    ids = [desk.offer(n, scores=UNSURE if n < 10 else SURE) for n in range(20)]
    drawn = desk.draw(ids, 8)
    assert len(drawn) == 8
    assert {i < 10 for i in map(ids.index, drawn)} == {True, False}
    assert desk.draw(list(reversed(ids)), 8) == drawn
    assert sorted(desk.waiting()[:8]) == sorted(drawn)


def test_what_was_drawn_and_labelled_counts(desk: "Desk") -> None:
    ids = [desk.offer(n) for n in range(6)]
    drawn = desk.draw(ids, 3)
    for note_id in drawn[:2]:
        review = desk.claim(note_id, "ann")
        assert review.suggestion is not None
        desk.submit(note_id, "ann", review.version, review.suggestion)
    assert desk.draw(ids, 3) == drawn[2:]
    assert len(desk.draw(ids, 5)) == 3


def test_a_draw_passes_over_what_somebody_is_at_what_is_audited_and_what_was_not_read(desk: "Desk") -> None:
    claimed, audit, unread = desk.offer(1), desk.offer(2, audit_percent=100), desk.store(3)
    desk.claim(claimed, "ann")
    free = desk.offer(4)
    assert desk.draw([claimed, audit, unread, free, "n_none"], 10) == [free]
    assert [row(desk, i).why for i in (claimed, audit)] == ["uncertain", "audit"]
    with desk.database.read() as session:
        assert unread not in session.scalars(select(ReviewRow.note_id)).all()


@pytest.mark.parametrize("count", [0, -3])
def test_drawing_none_draws_none(desk: "Desk", count: int) -> None:
    assert desk.draw([desk.offer(1)], count) == []


def test_what_was_put_off_comes_last_of_all(desk: "Desk") -> None:
    first, second = desk.offer(1, scores=UNSURE), desk.offer(2, scores=SURE)
    desk.claim(first, "ann")
    desk.skip(first, "ann")
    desk.skip(first, "ann")
    assert desk.waiting() == [second, first]
    with pytest.raises(Conflict, match="nobody holds it"):
        desk.skip(second, "ann")

"""One person at one note: locks, drafts that are never lost, and the way to gold."""

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from behealthy.errors import BadInput, Conflict, NotThere
from behealthy.note import Extraction, Relation
from behealthy.store.notes import newest_gold, open_gold
from behealthy.store.tables import GoldRow, ReviewRow

if TYPE_CHECKING:
    from tests.review.conftest import Desk

DRAFT = {"entities": [], "relations": [], "judged": {"e1": "rejected"}}


def golds(desk: "Desk") -> list[tuple[str, str, str, Extraction]]:
    with desk.database.read() as session:
        rows = session.scalars(select(GoldRow).order_by(GoldRow.id)).all()
        documents = open_gold(desk.vault, rows)
        return [(r.id, r.by, r.why, d) for r, d in zip(rows, documents, strict=True)]


# Claims --------------------------------------------------------------------------------------------------------------


def test_an_empty_queue_has_nothing_next(desk: "Desk") -> None:
    assert desk.next("ann") is None


def test_next_gives_the_first_and_locks_it(desk: "Desk") -> None:
    low, high = desk.offer(1, scores=(1, 1, 1)), desk.offer(2)
    review = desk.next("ann")
    assert review is not None
    assert (review.note_id, review.state, review.held_by, review.version) == (high, "claimed", "ann", 1)
    assert "gout" in review.text
    other = desk.next("bob")
    assert other is not None
    assert other.note_id == low
    assert desk.next("eve") is None


def test_who_holds_a_note_gets_it_again(desk: "Desk") -> None:
    held = [desk.offer(n) for n in (1, 2)]
    first, again = desk.next("ann"), desk.next("ann")
    assert first is not None
    assert again is not None
    assert first.note_id == again.note_id
    assert desk.claim(first.note_id, "ann").note_id == first.note_id
    assert set(held) - {first.note_id} == set(desk.waiting())


def test_of_two_the_second_is_told_who_holds_the_note(desk: "Desk") -> None:
    note_id = desk.offer(1)
    desk.claim(note_id, "ann")
    with pytest.raises(Conflict, match="ann"):
        desk.claim(note_id, "bob")
    for change in (
        lambda: desk.save(note_id, "bob", 1, DRAFT),
        lambda: desk.submit(note_id, "bob", 1, desk.gold(1, note_id)),
        lambda: desk.release(note_id, "bob"),
        lambda: desk.skip(note_id, "bob"),
    ):
        with pytest.raises(Conflict, match="ann"):
            change()
    assert (desk.look(note_id).held_by, desk.look(note_id).version, golds(desk)) == ("ann", 1, [])


def test_of_many_at_once_one_wins_each_note(desk: "Desk") -> None:
    ids = [desk.offer(n) for n in range(4)]
    got: list[str | None] = []
    gate = threading.Barrier(6)

    def claim(by: str) -> None:
        gate.wait()
        review = desk.next(by)
        got.append(None if review is None else review.note_id)

    threads = [threading.Thread(target=claim, args=(f"person {n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(i for i in got if i) == sorted(ids)
    assert got.count(None) == 2


def test_of_two_that_submit_at_once_one_is_gold(desk: "Desk") -> None:
    note_id = desk.offer(1)
    desk.claim(note_id, "ann")
    gate, done = threading.Barrier(2), []

    def submit(out: tuple[str, ...]) -> None:
        gate.wait()
        try:
            done.append(desk.submit(note_id, "ann", 1, desk.gold(1, note_id, out)))
        except Conflict as exc:
            done.append(str(exc))

    threads = [threading.Thread(target=submit, args=(out,)) for out in ((), ("e3",))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(golds(desk)) == 1
    assert sorted(said.startswith("g_") for said in done) == [False, True]


def test_a_claim_that_nobody_touches_is_free_after_half_an_hour_with_its_draft(desk: "Desk") -> None:
    note_id = desk.offer(1)
    desk.claim(note_id, "ann")
    desk.later(minutes=20)
    desk.save(note_id, "ann", 1, DRAFT)
    desk.later(minutes=29)
    assert desk.next("bob") is None
    desk.later(minutes=2)
    review = desk.next("bob")
    assert review is not None
    assert (review.note_id, review.held_by, review.draft, review.draft_by) == (note_id, "bob", DRAFT, "ann")
    with pytest.raises(Conflict, match="bob"):
        desk.save(note_id, "ann", 2, DRAFT)


def test_a_claim_that_was_left_alone_is_its_holders_still_while_nobody_else_wants_it(desk: "Desk") -> None:
    note_id = desk.offer(1)
    desk.claim(note_id, "ann")
    desk.later(hours=3)
    assert desk.save(note_id, "ann", 1, DRAFT) == 2
    with pytest.raises(Conflict, match="ann"):
        desk.claim(note_id, "bob")


def test_a_note_that_is_given_back_keeps_its_draft(desk: "Desk") -> None:
    note_id = desk.offer(1)
    desk.claim(note_id, "ann")
    desk.save(note_id, "ann", 1, DRAFT)
    desk.release(note_id, "ann")
    desk.release(note_id, "ann")
    with pytest.raises(Conflict, match="nobody holds it"):
        desk.save(note_id, "ann", 2, DRAFT)
    assert desk.claim(note_id, "bob").draft == DRAFT


def test_what_is_not_in_the_queue_is_said_so(desk: "Desk") -> None:
    for ask in (desk.look, lambda i: desk.claim(i, "ann"), lambda i: desk.save(i, "ann", 1, {})):
        with pytest.raises(NotThere, match="n_none"):
            ask("n_none")


# Drafts --------------------------------------------------------------------------------------------------------------


def test_a_draft_is_kept_under_a_new_version(desk: "Desk") -> None:
    note_id = desk.offer(1)
    desk.claim(note_id, "ann")
    assert desk.save(note_id, "ann", 1, DRAFT) == 2
    assert desk.save(note_id, "ann", 2, {"entities": []}) == 3
    assert (desk.look(note_id).draft, desk.look(note_id).version) == ({"entities": []}, 3)


def test_a_late_draft_is_refused_and_the_kept_one_stays(desk: "Desk") -> None:
    note_id = desk.offer(1)
    desk.claim(note_id, "ann")
    desk.save(note_id, "ann", 1, DRAFT)
    for version in (0, 1, 3):
        with pytest.raises(Conflict, match="now at 2"):
            desk.save(note_id, "ann", version, {"entities": [1]})
    assert desk.look(note_id).draft == DRAFT


def test_a_draft_whose_answer_was_lost_is_kept_once(desk: "Desk") -> None:
    note_id = desk.offer(1)
    desk.claim(note_id, "ann")
    assert [desk.save(note_id, "ann", 1, DRAFT) for _ in range(3)] == [2, 2, 2]


@pytest.mark.parametrize("draft", [{"entities": {1, 2}}, {"a": float("nan")}, {"a": "x" * (8 * 1024 * 1024 + 1)}])
def test_a_draft_that_is_none_is_refused(desk: "Desk", draft: dict[str, Any]) -> None:
    note_id = desk.offer(1)
    desk.claim(note_id, "ann")
    with pytest.raises(BadInput, match="draft"):
        desk.save(note_id, "ann", 1, draft)
    assert desk.look(note_id).version == 1


def test_active_seconds_are_the_total_and_no_more_than_has_passed(desk: "Desk") -> None:
    note_id = desk.offer(1)
    desk.claim(note_id, "ann")
    desk.later(seconds=60)
    desk.save(note_id, "ann", 1, DRAFT, active_s=40)
    assert desk.look(note_id).active_s == 40
    desk.save(note_id, "ann", 2, {}, active_s=5000)
    assert desk.look(note_id).active_s == 40  # no time has passed since
    with pytest.raises(BadInput, match="time"):
        desk.save(note_id, "ann", 3, DRAFT, active_s=float("nan"))
    desk.later(seconds=10)
    desk.submit(note_id, "ann", 3, desk.gold(1, note_id), active_s=48)
    assert desk.look(note_id).active_s == 48


# To gold -------------------------------------------------------------------------------------------------------------


def test_what_is_submitted_is_gold_with_its_edits(desk: "Desk") -> None:
    note_id = desk.offer(1, patient="p")
    desk.claim(note_id, "ann")
    gold_id = desk.submit(note_id, "ann", 1, replace(desk.gold(1, note_id, ["e3"]), text=""))
    ((id_, by, why, document),) = golds(desk)
    assert (id_, by, why) == (gold_id, "ann", "uncertain")
    assert (document.note_id, document.text, document.patient_id) == (note_id, desk.look(note_id).text, "p")
    assert [(e.text, e.score) for e in document.entities] == [("gout", 1.0), ("allopurinol", 1.0)]
    assert document.relations == (Relation("TREATS", "e2", "e1", 1.0),)
    review = desk.look(note_id)
    assert (review.state, review.held_by, review.gold_id, review.draft) == ("submitted", "ann", gold_id, None)
    assert {k: n for k, n in review.edits.items() if n} == {"suggested": 3, "accepted": 2, "exact": 2, "rejected": 1}
    assert desk.next("bob") is None


def test_a_submission_whose_answer_was_lost_is_one(desk: "Desk") -> None:
    note_id = desk.offer(1)
    desk.claim(note_id, "ann")
    first = desk.submit(note_id, "ann", 1, desk.gold(1, note_id))
    desk.later(seconds=5)
    assert desk.submit(note_id, "ann", 1, desk.gold(1, note_id)) == first
    assert len(golds(desk)) == 1
    for by, version, out in (("ann", 1, ["e1"]), ("ann", 2, []), ("ann", 0, []), ("bob", 1, [])):
        with pytest.raises(Conflict, match="submitted"):
            desk.submit(note_id, by, version, desk.gold(1, note_id, out))
    for change in (lambda: desk.claim(note_id, "bob"), lambda: desk.save(note_id, "ann", 2, DRAFT)):
        with pytest.raises(Conflict, match="ann has submitted"):
            change()
    assert len(golds(desk)) == 1


def test_a_late_submission_is_refused(desk: "Desk") -> None:
    note_id = desk.offer(1)
    with pytest.raises(Conflict, match="nobody holds it"):
        desk.submit(note_id, "ann", 1, desk.gold(1, note_id))
    desk.claim(note_id, "ann")
    desk.save(note_id, "ann", 1, DRAFT)
    with pytest.raises(Conflict, match="now at 2"):
        desk.submit(note_id, "ann", 1, desk.gold(1, note_id))
    assert golds(desk) == []


def test_a_blind_review_shows_no_suggestion_and_asks_for_no_judgement(desk: "Desk") -> None:
    note_id = desk.offer(1, audit_percent=100)
    review = desk.next("ann")
    assert review is not None
    assert (review.blind, review.suggestion, review.priority) == (True, None, 0.0)
    gold = desk.gold(1, note_id, ["e3"])
    gold = replace(gold, entities=tuple(replace(e, id=f"own{e.id}") for e in gold.entities), relations=())
    desk.submit(note_id, "ann", 1, gold, judged={})
    after = desk.look(note_id)
    assert after.suggestion is not None
    assert after.edits["accepted"] == 2
    assert [why for _, _, why, _ in golds(desk)] == ["audit"]


def test_no_word_of_a_note_is_in_the_clear_or_in_a_review_that_is_shown(desk: "Desk") -> None:
    note_id = desk.offer(1)
    desk.claim(note_id, "ann")
    desk.save(note_id, "ann", 1, {"entities": [{"text": "gout"}]})
    assert "gout" not in repr(desk.look(note_id))
    with desk.database.read() as session:
        row = session.get_one(ReviewRow, note_id)
        assert "gout" not in str({c: getattr(row, c) for c in ReviewRow.__table__.columns.keys()})  # noqa: SIM118


def test_a_submitted_review_can_be_reopened_and_the_newest_gold_counts(desk: "Desk") -> None:
    note_id = desk.offer(1)
    with pytest.raises(Conflict, match="not submitted"):
        desk.reopen(note_id, "ann")
    version = desk.claim(note_id, "ann").version
    first = desk.submit(note_id, "ann", version, desk.gold(1, note_id, out=["e3"]))
    desk.later(minutes=1)
    again = desk.reopen(note_id, "bob")
    assert (again.state, again.held_by, again.submitted_at, again.gold_id) == ("claimed", "bob", None, first)
    for by, says in (("ann", "bob is at it"), ("bob", "not submitted")):
        with pytest.raises(Conflict, match=says):
            desk.reopen(note_id, by)
    assert again.draft is not None
    assert [e["text"] for e in again.draft["entities"]] == ["gout", "allopurinol"]
    assert again.draft["judged"] == {"e1": "accepted", "e2": "accepted", "e3": "rejected"}
    with pytest.raises(Conflict):  # what ann has seen is not what there is
        desk.submit(note_id, "ann", version + 1, desk.gold(1, note_id))
    second = desk.submit(note_id, "bob", again.version, desk.gold(1, note_id))
    with desk.database.read() as session:
        assert [row.id for row in newest_gold(session)] == [second]
        assert {row.id for row in session.scalars(select(GoldRow))} == {first, second}
    assert desk.look(note_id).gold_id == second


def test_a_blind_review_that_is_reopened_stays_blind(desk: "Desk") -> None:
    note_id = desk.offer(1, audit_percent=100)
    desk.submit(note_id, "ann", desk.claim(note_id, "ann").version, desk.gold(1, note_id))
    assert desk.look(note_id).suggestion is not None
    assert desk.reopen(note_id, "ann").suggestion is None

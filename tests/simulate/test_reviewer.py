"""The simulated person: right but for their mistakes, through the real queue, on the virtual clock."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from behealthy.note import DISEASE, TREATMENT, Extraction, entity_at
from behealthy.review import queue
from behealthy.simulate.clinic import Clinic
from behealthy.simulate.reviewer import Habits, Reviewer
from behealthy.store.notes import open_gold, put_extraction
from behealthy.store.tables import GoldRow, ReviewRow

PERFECT = Habits(drops=0, slips=0, mixes=0)
TEXT = "Severe gout of the left foot, on colchicine daily."
RIGHT = (entity_at(TEXT, 7, 11, DISEASE), entity_at(TEXT, 33, 43, TREATMENT))
# Of what is right one is found, one has another type; and one is made up.
FOUND = (
    replace(RIGHT[0], id="s1", assertion="present"),
    replace(RIGHT[1], id="s2", type=DISEASE, assertion="present"),
    replace(entity_at(TEXT, 24, 28, DISEASE), id="s3", assertion="present"),
)


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    with Clinic.open(tmp_path / "home", 200, 100, 0) as clinic:
        yield clinic


def queued(clinic: Clinic, text: str = TEXT, name: str = "d1", *, percent: float = 0.0, drawn: bool = True) -> str:
    """Let a note come in and wait for a person."""
    right = Extraction(name, text, RIGHT if text == TEXT else ())
    (fate,) = clinic.bring([right], "ward", read=False).fates
    found = Extraction(fate.note_id or "", text, FOUND if text == TEXT else (), model_version="m-1")
    system = clinic.system
    with system.database.write() as session:
        put_extraction(session, system.vault, found, now=system.now())
        queue.offer(session, system.vault, found, audit_percent=percent, now=system.now())
        if drawn and not percent:
            ids = [found.note_id]
            queue.draw(session, system.vault, ids, 1, occasion="test", audit_percent=percent, now=system.now())
    return found.note_id


def gold(clinic: Clinic) -> list[Extraction]:
    with clinic.system.database.read() as session:
        return list(open_gold(clinic.system.vault, session.scalars(select(GoldRow).order_by(GoldRow.id)).all()))


def edits(clinic: Clinic) -> dict[str, int]:
    with clinic.system.database.read() as session:
        return session.scalars(select(ReviewRow.edits)).one()


def places(document: Extraction) -> list[tuple[int, int, str]]:
    return [(e.start, e.end, e.type) for e in document.entities]


@pytest.mark.parametrize("percent", [0.0, 100.0])
def test_who_makes_no_mistake_submits_what_is_right_blind_or_not(clinic: Clinic, percent: float) -> None:
    queued(clinic, percent=percent)
    begun = clinic.clock()
    worked = Reviewer(clinic.system, clinic.clock, clinic.truth, 0, PERFECT).work(3600)
    assert (worked.notes, worked.drawn) == (1, 0 if percent else 1)
    assert [places(g) for g in gold(clinic)] == [[(e.start, e.end, e.type) for e in RIGHT]]
    counts = edits(clinic)
    assert (counts["suggested"], counts["accepted"], counts["retyped"], counts["rejected"]) == (3, 1, 1, 1)
    assert (clinic.clock() - begun).total_seconds() == pytest.approx(worked.active_s)
    with clinic.system.database.read() as session:
        assert session.scalars(select(ReviewRow.active_s)).one() == pytest.approx(worked.active_s)


def test_what_need_not_be_reviewed_waits_and_what_is_no_text_is_put_off(clinic: Clinic) -> None:
    queued(clinic, drawn=False)
    queued(clinic, "Has gout of the left foot\ufffd", "d2")
    worked = clinic.reviewer.work(3600)
    assert (worked.notes, worked.put_off) == (0, 1)
    assert gold(clinic) == []
    assert clinic.reviewer.work(3600).put_off == 0  # it is not taken up again


def test_work_ends_with_the_time(clinic: Clinic) -> None:
    for i in range(5):
        queued(clinic, f"Has gout, visit {i}.", f"d{i}")
    assert clinic.reviewer.work(1).notes == 1


def test_mistakes_are_of_every_kind_stay_in_the_text_and_come_out_the_same(clinic: Clinic) -> None:
    careless = Reviewer(clinic.system, clinic.clock, {}, 0, Habits(drops=0.3, slips=0.4, mixes=0.2))
    again = Reviewer(clinic.system, clinic.clock, {}, 0, Habits(drops=0.3, slips=0.4, mixes=0.2))
    made = [careless.annotated(Extraction(str(i), TEXT, RIGHT)) for i in range(200)]
    assert made == [again.annotated(Extraction(str(i), TEXT, RIGHT)) for i in range(200)]
    entities = [e for d in made for e in d.entities]
    assert 200 < len(entities) < 340  # of 400
    assert all(TEXT[e.start : e.end] == e.text and e.text.strip() for e in entities)
    assert {e.text for e in entities} >= {"gout", "gout of", "colchicine", "colchicine daily."}
    assert any(e.text == "gout" and e.type == TREATMENT for e in entities)


def test_a_slip_takes_a_word_off_where_there_are_two(clinic: Clinic) -> None:
    slipping = Reviewer(clinic.system, clinic.clock, {}, 0, Habits(drops=0, slips=1, mixes=0))
    two = Extraction("", TEXT, (entity_at(TEXT, 0, 11, DISEASE),))
    texts = {e.text for i in range(50) for e in slipping.annotated(replace(two, note_id=str(i))).entities}
    assert texts == {"gout", "Severe"}

"""What is handed in is held against the text, itself, and the suggestion; every fault is said at once."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from behealthy.errors import ContractError
from behealthy.note import Entity, Extraction, Relation
from behealthy.store.tables import GoldRow

if TYPE_CHECKING:
    from tests.review.conftest import Desk


def golds(desk: "Desk") -> int:
    with desk.database.read() as session:
        return session.scalar(select(func.count()).select_from(GoldRow)) or 0


def _entity(gold: Extraction, **values: Any) -> Extraction:
    return replace(gold, entities=(replace(gold.entities[0], **values), *gold.entities[1:]))


def _one_more(gold: Extraction, **values: Any) -> Extraction:
    return replace(gold, entities=(*gold.entities, replace(gold.entities[2], **values)))


FAULTY = {
    "another text": ("text", lambda g: replace(g, text="Another text.")),
    "another note": ("text", lambda g: replace(g, note_id="n_other")),
    "outside": ("entity", lambda g: _entity(g, start=900, end=905)),
    "before the start": ("entity", lambda g: _entity(g, start=-4, end=4)),
    "empty": ("entity", lambda g: _entity(g, end=g.entities[0].start)),
    "the wrong way": ("entity", lambda g: _entity(g, start=9, end=3)),
    "not its text": ("entity", lambda g: _entity(g, text="diabetes")),
    "white space": ("entity", lambda g: _entity(g, start=5, end=6, text=" ")),
    "another type": ("entity", lambda g: _entity(g, type="PERSON")),
    "another status": ("entity", lambda g: _entity(g, assertion="maybe")),
    "a trigger outside": ("entity", lambda g: _entity(g, triggers=((0, 900),))),
    "no id": ("entity", lambda g: _entity(g, id="")),
    "the same id": ("entity", lambda g: _one_more(g, id="e2", start=0, end=5, text="Visit")),
    "the same place": ("entity", lambda g: _one_more(g, id="n1")),
    "another relation": ("relation", lambda g: replace(g, relations=(Relation("LIKES", "e2", "e1"),))),
    "from nowhere": ("relation", lambda g: replace(g, relations=(Relation("TREATS", "e7", "e1"),))),
    "to a treatment": ("relation", lambda g: replace(g, relations=(Relation("TREATS", "e1", "e2"),))),
    "to itself": ("relation", lambda g: replace(g, relations=(Relation("TREATS", "e1", "e1"),))),
    "twice": ("relation", lambda g: replace(g, relations=g.relations * 2)),
}


@pytest.mark.parametrize("fault", FAULTY)
def test_gold_that_does_not_fit_is_refused_without_quoting_it(desk: "Desk", fault: str) -> None:
    code, spoil = FAULTY[fault]
    note_id = desk.offer(1)
    desk.claim(note_id, "ann")
    judged = dict.fromkeys(("e1", "e2", "e3"), "edited")
    with pytest.raises(ContractError) as caught:
        desk.submit(note_id, "ann", 1, spoil(desk.gold(1, note_id)), judged)
    assert caught.value.code == code
    assert not [word for word in ("gout", "allopurinol", "asthma", "diabetes", "Visit") if word in str(caught.value)]
    assert (golds(desk), desk.look(note_id).version) == (0, 1)


@pytest.mark.parametrize(
    "judged",
    [
        {},
        {"e1": "accepted", "e2": "accepted"},
        {"e1": "accepted", "e2": "accepted", "e3": "added"},
        {"e1": "accepted", "e2": "accepted", "e3": "rejected"},
        {"e1": "accepted", "e2": "accepted", "e3": "accepted", "n1": "whatever"},
    ],
)
def test_each_suggestion_must_be_judged_as_it_was_dealt_with(desk: "Desk", judged: dict[str, str]) -> None:
    note_id = desk.offer(1)
    desk.claim(note_id, "ann")
    with pytest.raises(ContractError) as caught:
        desk.submit(note_id, "ann", 1, desk.gold(1, note_id), judged)
    assert caught.value.code == "judged"
    assert golds(desk) == 0


def test_all_faults_are_said_at_once(desk: "Desk") -> None:
    note_id = desk.offer(1)
    desk.claim(note_id, "ann")
    text = desk.look(note_id).text
    bad = tuple(Entity(i, i + 500, "x", "PERSON", id="same") for i in range(3))
    with pytest.raises(ContractError) as caught:
        desk.submit(note_id, "ann", 1, Extraction(note_id, text, bad, (Relation("A", "b", "c"),)), {})
    assert len(caught.value.faults) == 3 * 3 + 2 + 3

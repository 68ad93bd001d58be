"""How two readings differ: each kind of edit is counted as what it is, and agreement is what its sources say."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from behealthy.note import ASSERTIONS, Code, Entity, Extraction, Relation, entity_at
from behealthy.review.agreement import KINDS, between, edit_rate, edits, kappa, paired, total

TEXT = "Gout of the left toe since March, treated with allopurinol and colchicine; no asthma."
GOUT, TOE, ALLOPURINOL, COLCHICINE, ASTHMA = (0, 4), (0, 20), (47, 58), (63, 73), (78, 84)
ICD = Code("ICD-10-CM", "M10.9", "Gout")


def entity(place: tuple[int, int], type: str = "DISEASE", **given: Any) -> Entity:
    return entity_at(TEXT, *place, type, **given)


def reading(*entities: Entity, links: tuple[tuple[str, str], ...] = ()) -> Extraction:
    return Extraction("n", TEXT, entities, tuple(Relation("TREATS", *link) for link in links))


SUGGESTED = reading(
    entity(GOUT, id="e1", assertion="present", codes=(ICD,)),
    entity(ALLOPURINOL, "TREATMENT", id="e2"),
    entity(ASTHMA, id="e3", assertion="negated"),
    links=(("e2", "e1"),),
)
G, A, S = SUGGESTED.entities


def changed(**counts: int) -> dict[str, int]:
    """Counts of a review that kept what is not named."""
    return dict.fromkeys(KINDS, 0) | {"suggested": 3, "accepted": 3, "exact": 3} | counts


@pytest.mark.parametrize(
    ("gold", "counts"),
    [
        (SUGGESTED, changed()),
        (reading(S, A, G, links=(("e2", "e1"),)), changed()),
        (replace(SUGGESTED, entities=(replace(G, assertion=None), A, S)), changed()),
        (replace(SUGGESTED, entities=(replace(G, codes=(ICD, Code("x", "y", "z"))), A, S)), changed()),
        (reading(G, A, links=(("e2", "e1"),)), changed(accepted=2, exact=2, rejected=1)),
        (
            replace(SUGGESTED, entities=(*SUGGESTED.entities, entity(COLCHICINE, "TREATMENT", id="n1"))),
            changed(added=1),
        ),
        (
            replace(SUGGESTED, entities=(replace(entity(TOE, codes=(ICD,)), id="e1"), A, S)),
            changed(accepted=2, exact=2, edited=1, rebounded=1),
        ),
        (
            replace(SUGGESTED, entities=(G, A, replace(S, type="TREATMENT"))),
            changed(accepted=2, exact=2, edited=1, retyped=1),
        ),
        (
            replace(SUGGESTED, entities=(replace(G, assertion="historical"), A, S)),
            changed(accepted=2, edited=1, restatused=1),
        ),
        (replace(SUGGESTED, entities=(replace(G, codes=()), A, S)), changed(accepted=2, edited=1, recoded=1)),
        (
            replace(SUGGESTED, entities=(entity(TOE, "TREATMENT", id="e1", assertion="family"), A, S)),
            changed(accepted=2, exact=2, edited=1, rebounded=1, retyped=1, restatused=1, recoded=1),
        ),
        (replace(SUGGESTED, relations=()), changed(relinked=1)),
        (replace(SUGGESTED, relations=(Relation("CAUSES", "e2", "e1"),)), changed(relinked=2)),
        (reading(), changed(accepted=0, exact=0, rejected=3, relinked=1)),
    ],
)
def test_each_edit_is_counted_as_what_it_is(gold: Extraction, counts: dict[str, int]) -> None:
    assert edits(SUGGESTED, gold) == counts


def test_ids_of_a_blind_reading_do_not_matter() -> None:
    blind = reading(replace(S, id="a"), replace(A, id="b"), replace(G, id="c"), links=(("b", "c"),))
    assert edits(SUGGESTED, blind) == changed()


def test_what_is_taken_out_and_marked_anew_is_a_changed_find() -> None:
    gold = replace(
        SUGGESTED, entities=(entity(TOE, id="new", codes=(ICD,)), A, S), relations=(Relation("TREATS", "e2", "new"),)
    )
    assert edits(SUGGESTED, gold) == changed(accepted=2, exact=2, edited=1, rebounded=1)


SPANS = st.tuples(st.integers(0, 40), st.integers(1, 12), st.sampled_from(["DISEASE", "TREATMENT"]))


@st.composite
def readings(draw: st.DrawFn) -> Extraction:
    spans = draw(st.lists(SPANS, max_size=8, unique=True))
    status = st.sampled_from([None, *ASSERTIONS])
    return reading(*(entity((a, a + n), t, id=f"e{i}", assertion=draw(status)) for i, (a, n, t) in enumerate(spans)))


@given(suggested=readings(), gold=readings())
def test_every_entity_is_counted_once(suggested: Extraction, gold: Extraction) -> None:
    counts = edits(suggested, gold)
    assert counts["accepted"] + counts["edited"] + counts["rejected"] == counts["suggested"] == len(suggested.entities)
    assert counts["accepted"] + counts["edited"] + counts["added"] == len(gold.entities)
    assert counts["edited"] <= sum(counts[kind] for kind in ("retyped", "rebounded", "restatused", "recoded"))
    rate = edit_rate(counts)
    assert (rate is None) == (not suggested.entities and not gold.entities)
    assert rate is None or 0 <= rate <= 1


@given(one=readings())
def test_who_changes_nothing_edits_nothing(one: Extraction) -> None:
    assert edit_rate(edits(one, one)) in (0, None)


@given(one=readings(), two=readings())
def test_a_pair_overlaps_and_nobody_is_in_two(one: Extraction, two: Extraction) -> None:
    pairs = paired(one.entities, two.entities)
    assert all(a.start < b.end and b.start < a.end for a, b in pairs)
    for side, entities in enumerate((one.entities, two.entities)):
        names = [pair[side].id for pair in pairs]
        assert len(set(names)) == len(names)
        assert {*names} <= {e.id for e in entities}
    exact = {(e.start, e.end, e.type) for e in one.entities} & {(e.start, e.end, e.type) for e in two.entities}
    assert {(a.start, a.end, a.type) for a, b in pairs if (a.start, a.end, a.type) == (b.start, b.end, b.type)} == exact


def test_counts_add_up() -> None:
    summed = total([edits(SUGGESTED, SUGGESTED), edits(SUGGESTED, reading()), {}])
    assert summed == changed(suggested=6, accepted=3, exact=3, rejected=3, relinked=1)
    assert edit_rate(summed) == 0.5
    assert edit_rate(total([])) is None


# Two people ----------------------------------------------------------------------------------------------------------


def test_who_agrees_has_one() -> None:
    found = between([SUGGESTED], [SUGGESTED])
    assert (found.strict, found.relaxed, found.relations, found.status) == (1, 1, 1, 1)


def test_agreement_by_hand() -> None:
    other = reading(
        entity(TOE, id="x", assertion="present"),
        A,
        S,
        entity(COLCHICINE, "TREATMENT", id="y"),
        links=(("e2", "x"), ("y", "x")),
    )
    found = between([SUGGESTED], [other])
    assert (found.first, found.second, found.both) == (3, 4, 2)
    assert found.strict == pytest.approx(2 * 2 / 7)
    assert found.relaxed == pytest.approx(2 * 3 / 7)
    assert found.relations == 0  # not of the same entities: the place of one differs
    assert found.status == 1


@given(one=readings(), two=readings())
def test_agreement_does_not_ask_who_was_first(one: Extraction, two: Extraction) -> None:
    there, back = between([one], [two]), between([two], [one])
    assert (there.strict, there.status, there.both) == (back.strict, pytest.approx(back.status), back.both)
    assert (there.strict is None) == (not one.entities and not two.entities)


def test_readings_of_different_notes_are_not_compared() -> None:
    with pytest.raises(ValueError, match="different notes"):
        between([SUGGESTED], [Extraction("n", "Another.")])


def test_kappa_as_in_its_textbooks() -> None:
    # 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: observed .7, by chance .5
    table = [("y", "y")] * 20 + [("y", "n")] * 5 + [("n", "y")] * 10 + [("n", "n")] * 15
    assert kappa(table) == pytest.approx(0.4)
    assert kappa([]) is None
    assert kappa([("y", "y")] * 3) is None

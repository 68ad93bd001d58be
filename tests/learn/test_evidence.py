"""What the gate rests on: counts by group, for both models from the same gold, and times that are fair."""

import json
import time

import numpy as np
import pytest

from behealthy.learn.calibrate import IDENTITY
from behealthy.learn.evaluate import evaluate
from behealthy.learn.evidence import FOUND, GOLD, RIGHT, Marks, marks, timed
from behealthy.note import Extraction, Note, entity_at

TYPES = ("DISEASE", "TREATMENT")
TEXT = "HISTORY:\nNo gout. Mother had asthma.\n\nPLAN:\nStart aspirin for angina. Dr. Vega."


def at(word: str, type: str = "DISEASE", **known: object) -> object:
    start = TEXT.index(word)
    return entity_at(TEXT, start, start + len(word), type, **known)  # type: ignore[arg-type]


def extraction(id_: str, *entities: object) -> Extraction:
    return Extraction(id_, TEXT, tuple(entities))  # type: ignore[arg-type]


GOLD_NOTE = extraction("a", at("gout"), at("asthma"), at("aspirin", "TREATMENT"), at("angina"), at("Vega", "PERSON"))
GUESS = extraction(
    "a",
    at("gout", score=0.9, assertion="negated", section="history"),
    at("aspirin", "TREATMENT", score=0.8, assertion="present", section="plan"),
    at("Mother", score=0.3, assertion="present", section="history"),
)


def counted(*pairs: tuple[Extraction, Extraction], source: str = "clinic") -> Marks:
    gold, found = zip(*pairs, strict=True)
    return marks(gold, found, [source] * len(gold), TYPES, IDENTITY)


def row(given: Marks, name: str) -> list[int]:
    return given.counts[name].sum(axis=0).tolist()


def test_entities_are_counted_in_all_their_groups() -> None:
    given = counted((GOLD_NOTE, GUESS))
    assert row(given, "all") == [4, 3, 2]
    assert row(given, "type:DISEASE") == [3, 2, 1]
    assert row(given, "type:TREATMENT") == [1, 1, 1]
    assert row(given, "source:clinic") == [4, 3, 2]
    assert row(given, "assertion:negated") == [1, 1, 1]
    assert row(given, "assertion:family") == [1, 0, 0]
    assert row(given, "section:plan") == [2, 1, 1]
    assert not [name for name in given.counts if "PERSON" in name]


def test_what_people_judged_goes_before_the_rules() -> None:
    gold = extraction("a", at("gout", assertion="possible", section="plan"))
    given = counted((gold, extraction("a")))
    assert row(given, "assertion:possible") == [1, 0, 0]
    assert row(given, "section:plan") == [1, 0, 0]


def test_the_figures_are_those_of_the_evaluation() -> None:
    given = counted((GOLD_NOTE, GUESS), (extraction("b", at("gout")), extraction("b")))
    report = evaluate([GOLD_NOTE, extraction("b", at("gout"))], [GUESS, extraction("b")], types=TYPES, resamples=0)
    gold, found, right = row(given, "all")
    assert (gold, found) == (report.micro.n, report.micro.predicted)
    assert 2 * right / (gold + found) == pytest.approx(report.micro.strict.f1)
    assert (GOLD, FOUND, RIGHT) == (0, 1, 2)


def test_scores_are_held_against_what_is_right() -> None:
    given = counted((GOLD_NOTE, GUESS))
    assert given.reliability[0, 9].tolist() == [1, 0.9, 1]
    assert given.reliability[0, 3].tolist() == [1, 0.3, 0]


def test_some_of_the_notes_and_the_way_through_json() -> None:
    given = counted((GOLD_NOTE, GUESS), (extraction("b", at("gout")), extraction("b")))
    only = given.only([False, True])
    assert only.notes == ("b",)
    assert row(only, "all") == [1, 0, 0]
    again = Marks.from_json(json.loads(json.dumps(given.to_json())))
    assert again.to_json() == given.to_json()
    nothing = Marks.from_json(given.only([False, False]).to_json())
    assert nothing.counts["all"].shape == (0, 3)


def test_no_word_of_a_note_is_in_it() -> None:
    told = json.dumps(counted((GOLD_NOTE, GUESS)).to_json())
    assert not [word for word in ("gout", "aspirin", "Vega", "Mother") if word in told]


def test_the_slower_reader_takes_longer() -> None:
    def busy(seconds: float) -> object:
        def read(note: Note) -> Extraction:
            end = time.process_time() + seconds
            while time.process_time() < end:
                pass
            return Extraction(note.id, note.text)

        return read

    quick, slow = timed([busy(0.002), busy(0.02)], [Note("a", ""), Note("b", "")])  # type: ignore[list-item]
    assert quick.shape == slow.shape == (2,)
    assert np.all(slow > 2 * quick)

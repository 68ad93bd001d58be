"""Odds that an entity is past: where words count, what is seen beside words, and what keeps silent."""

import numpy as np
import pytest

from behealthy.extract.assertion import HISTORICAL, first_of, judge, sentences_of, what_is_said
from behealthy.extract.marked import mark
from behealthy.extract.past import Past, load_past, read_past
from behealthy.extract.tokens import Vocabulary
from behealthy.extract.triggers import load_triggers
from behealthy.note import TREATMENT

PADDING = " The rest of this note goes on about other things." * 6
TOLD = "HISTORY OF PRESENT ILLNESS: In 2015 she was abroad. There they treated her with cisplatin, after which it went."


def odds(past: Past, text: str, *words: str) -> list[float]:
    spans = [(text.index(word), text.index(word) + len(word), TREATMENT) for word in words]
    marked = mark([text], [spans], Vocabulary())
    status = first_of(what_is_said(marked, load_triggers()))
    return past.odds(marked, *sentences_of(marked), status).tolist()


@pytest.mark.parametrize(
    ("place", "word", "expected"),
    [
        ("before", "big", [1, 0]),
        ("behind", "then", [1, 0]),
        ("left", "gave", [1, 1]),
        ("right", "then", [1, 0]),
        ("sentence", "then", [1, 1]),
        ("own", "cast", [1, 0]),
        ("left", "rest", [0, 0]),
        ("sentence", "<date>", [1, 1]),
        ("verb before", "TREATMENT was", [1, 1]),
        ("date", "TREATMENT yes", [1, 1]),
        ("beside historical", "yes", [1, 0]),
        ("neighbour +1", "historical", [1, 0]),
        ("neighbour -1", "none", [1, 0]),
        ("quarter", "0", [1, 1]),
        ("section", "TREATMENT plan", [0, 0]),
    ],
)
def test_a_weight_counts_in_its_place_alone(place: str, word: str, expected: list[int]) -> None:
    text = "They gave the big cast then with an ointment, 2011." + PADDING
    assert odds(read_past(f"{place}\t{word}\t1\n"), text, "cast", "ointment") == expected


def test_a_text_too_short_for_a_note_is_left_alone() -> None:
    past = read_past("type\tTREATMENT\t3\n")
    assert odds(past, "They gave a cast.", "cast") == [-np.inf]
    assert odds(past, "They gave a cast." + PADDING, "cast") == [3]


def test_told_in_the_past_is_past_unless_something_is_said() -> None:
    def judged(text: str) -> bool:
        at = text.index("cisplatin")
        return bool(judge(mark([text], [[(at, at + 9, TREATMENT)]], Vocabulary()), load_triggers())[0] == HISTORICAL)

    assert judged(TOLD + PADDING)
    assert not judged("HISTORY OF PRESENT ILLNESS: She is tired." + PADDING + "\nPLAN: continue cisplatin")
    assert not judged((TOLD + PADDING).replace("with cisplatin", "without cisplatin"))


def test_a_table_that_is_none_is_refused() -> None:
    for line in ("left\tgave", "left\tgave\tmuch", "left\tgave\t1\t2"):
        with pytest.raises(ValueError, match="weight"):
            read_past(line)


def test_what_ships_is_small_and_holds_no_numbers_of_anybody() -> None:
    past = load_past()
    assert 50 < len(past.words) < 1000
    assert not [word for word in past.words if any(c.isdigit() for c in word)]

"""Our own sentences in which two models differ: found, told where they stand, and nothing else."""

import json

from behealthy.learn import behaviour
from behealthy.learn.sentences import Change, changes, own_notes
from behealthy.note import DISEASE, TREATMENT, Extraction, Note, entity_at

TYPES = (DISEASE, TREATMENT)


def finds(*words: str, type: str = DISEASE):
    """Make a model that finds these words, the first time each stands in a note."""

    def read(note: Note) -> Extraction:
        places = [(note.text.index(word), word) for word in words if word in note.text]
        found = tuple(entity_at(note.text, at, at + len(word), type) for at, word in places)
        return Extraction(note.id, note.text, found)

    return read


def test_two_that_find_the_same_differ_nowhere() -> None:
    assert changes(finds("croup", "asthma"), finds("croup", "asthma"), TYPES) == ()


def test_a_sentence_is_told_with_what_each_finds_in_it() -> None:
    (change,) = changes(finds("hydronephrosis"), finds("mild hydronephrosis"), TYPES)
    assert (change.where, change.held) == ("report of a scan", None)
    assert change.text == "There is a 6 mm stone in the right ureter with mild hydronephrosis."
    assert [[change.text[a:b] for a, b, _ in side] for side in (change.first, change.second)] == [
        ["hydronephrosis"],
        ["mild hydronephrosis"],
    ]


def test_of_the_suite_it_says_which_of_them_finds_what_is_asked_for() -> None:
    found = changes(finds("melanoma"), finds("melanoma", type=TREATMENT), TYPES)
    (change,) = (each for each in found if "melanoma" in each.text)
    assert (change.where, change.held) == ("named disease", (True, False))
    case = next(case for case in behaviour.cases() if case.text == change.text)
    assert change.first == case.marked


def test_types_that_do_not_count_change_nothing() -> None:
    assert changes(finds(), finds("omeprazole", type=TREATMENT), (DISEASE,)) == ()
    assert len(changes(finds(), finds("omeprazole", type=TREATMENT), TYPES)) == 1


def test_it_is_plain_json_and_back() -> None:
    found = changes(finds("melanoma", "croup"), finds(), TYPES)
    assert len(found) > 1
    assert tuple(map(Change.from_json, json.loads(json.dumps([each.to_json() for each in found])))) == found


def test_the_notes_are_sound() -> None:
    notes = own_notes()
    assert len({note.name for note in notes}) == len(notes) >= 8
    assert not [note.name for note in notes if not note.text.strip() or note.text.startswith("#")]
    assert not {line for note in notes for line in note.text.split("\n") if len(line) > 160}

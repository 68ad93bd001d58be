"""Words that moved: what the notes are about, never whose they are."""

from datetime import UTC, datetime

import pytest

from behealthy.monitor.terms import moved
from behealthy.note import Note
from behealthy.store.crypto import Vault
from behealthy.store.notes import put_note
from behealthy.store.session import Database

NOW = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
def stored(tmp_path, vault: Vault):  # type: ignore[no-untyped-def]
    database = Database(f"sqlite:///{tmp_path}/notes.db")
    database.upgrade()

    def store(*texts: str, patients: int = 99) -> list[str]:
        with database.write() as session:
            notes = [Note("", text, f"p{i % patients}") for i, text in enumerate(texts)]
            return [put_note(session, vault, note, source="ward", now=NOW).note_id for note in notes]

    def terms(window: list[str], reference: list[str], limit: int = 20) -> dict[str, tuple[int, int]]:
        with database.read() as session:
            return {t.term: (t.count, t.reference_count) for t in moved(session, vault, window, reference, limit)}

    yield store, terms
    database.close()


def test_words_that_came_and_went_lead_with_their_counts(stored) -> None:  # type: ignore[no-untyped-def]
    store, terms = stored
    before = store(*(f"Visit {i}: cough and fever. Cough since {i} days." for i in range(30)))
    after = store(*(f"Visit {i}: toothache and fever {'again' * (i % 2)}." for i in range(30)))
    found = terms(after, before, 4)
    assert list(found) == ["cough", "days", "since", "toothache"]
    assert found["toothache"] == (30, 0)
    assert found["cough"] == (0, 30)  # a note counts once however often it says it
    assert terms(after, after) == {word: (n, n) for word, (n, _) in terms(after, after).items()}


def test_names_numbers_and_rare_words_are_not_shown(stored) -> None:  # type: ignore[no-untyped-def]
    store, terms = stored
    before = store(*(f"Case {i} seen, stable." for i in range(20)))
    after = store(*(f"Seen with Mr Zebulon, MRN 4711{i}, by nurse Quimby today." for i in range(20)))
    rare = store(*(f"Number {i} has moyamoya." for i in range(4)))
    found = terms([*after, *rare], before)
    assert "today" in found
    assert not {"zebulon", "quimby", "moyamoya"} & {*found}
    assert not [word for word in found if any(c.isdigit() for c in word)]


def test_a_word_of_one_patients_notes_is_not_shown(stored) -> None:  # type: ignore[no-untyped-def]
    store, terms = stored
    before = store(*(f"Note {i}, stable." for i in range(20)))
    alone = store(*(f"Note {i}, kuru suspected." for i in range(20)), patients=2)
    assert "kuru" not in terms(alone, before)


def test_notes_that_are_not_stored_give_no_words(stored) -> None:  # type: ignore[no-untyped-def]
    store, terms = stored
    assert terms([], store("Cough.")) == {}
    assert terms(["n_gone"], store("Cough.")) == {}

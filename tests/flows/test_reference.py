"""What is normal for a model is taken from notes as they come in, not from what was brought in for something else."""

from collections.abc import Callable

from behealthy.flows.reference import set_reference
from behealthy.flows.system import System
from behealthy.note import Note
from behealthy.registry.bundle import load
from behealthy.store.notes import put_note
from behealthy.store.tables import NoteRow

MANY = 200  # as in the windows of `watched`
Arrive = Callable[..., list[str]]


def brought(system: System, number: int) -> list[str]:
    """Store notes that no model reads."""
    ids = []
    with system.database.write() as session:
        for i in range(number):
            note = Note("", f"Tooth {i}: caries, composite filling.")
            ids.append(put_note(session, system.vault, note, source="archive", now=system.now()).note_id)
    return ids


def test_an_archive_that_came_last_is_not_what_is_usual(watched: System, arrive: Arrive) -> None:
    read = arrive(watched, "usual")
    brought(watched, 50)
    found = set_reference(watched, load(), ())
    assert set(found.recent_ids) == set(read)


def test_where_few_were_read_others_fill_up(watched: System, arrive: Arrive) -> None:
    older, archive = brought(watched, MANY), arrive(watched, "usual", 60)
    found = set_reference(watched, load(), ())
    assert len(found.recent_ids) == len(set(found.recent_ids)) == MANY
    assert set(archive) <= set(found.recent_ids) <= {*older, *archive}
    with watched.database.read() as session:
        arrived = [session.get_one(NoteRow, id_).received_at for id_ in found.recent_ids]
    assert arrived == sorted(arrived)

"""The demo: the example notes as they would lie in a hospital's system after some weeks, once and never again.

Most of them come with what people marked in them, so that a new model can be learned from them; the rest wait for
review. The served model reads all of them, so that there is something to watch. Nobody in them exists.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import select

from behealthy.data.contract import Raw
from behealthy.data.formats import read_corpus
from behealthy.errors import StartError
from behealthy.flows import ingest
from behealthy.flows.reading import Reading, served
from behealthy.flows.system import System
from behealthy.monitor import logs
from behealthy.note import Extraction
from behealthy.store.notes import get_note
from behealthy.store.tables import NoteRow

SOURCES = {
    "hosp": "hospital",
    "clinic": "clinic",
    "acute": "emergency",
    "misc": "other-wards",
    "dict": "dictation",
}
_EVERY = 5  # of how many notes one is left for review
_BY = "demo"


def notes_folder() -> Path:
    """When called, it will find the example notes: in the repository that one works in, or that this package lies in.

    Raises
    ------
    StartError
        When they are in neither; an installed package does not bring them.
    """
    places = [Path.cwd(), *Path.cwd().parents, Path(__file__).resolve().parents[3]]
    for place in places:
        if any((place / "examples" / "notes").glob("*.ann")):
            return place / "examples" / "notes"
    raise StartError("the demo needs the folder examples/notes of the repository: run it there, or leave --demo out")


def fill(system: System) -> int:
    """When called, it will take in the example notes and give their number; none where there are notes already.

    Raises
    ------
    StartError
        When the example notes are not there.
    StoreError
        When the database is away.
    """
    with system.database.read() as session:
        if session.scalar(select(NoteRow.id).limit(1)) is not None:
            return 0
    documents = read_corpus(notes_folder(), "brat", None, max_bytes=system.settings.max_note_bytes).documents
    reader = served(system)
    count = 0
    for prefix, source in SOURCES.items():
        ours = [document for document in documents if document.note_id.startswith(prefix)]
        _take(system, source, ours, Reading(system, source, reader))
        count += len(ours)
    logs.event("flows.demo", "demo-filled", notes=count)
    return count


def _take(system: System, source: str, documents: Sequence[Extraction], reading: Reading) -> None:
    marked = [document for i, document in enumerate(documents) if i % _EVERY]
    taken = ingest.import_gold(system, marked, source=source, by=_BY)
    with system.database.read() as session:
        ids = [fate.note_id for fate in taken.fates if fate.note_id is not None]
        notes = [get_note(session, system.vault, id_) for id_ in ids]
    reading.ahead(notes)
    with system.database.write() as session:
        reading(session, notes)
    ingest.take_in(system, [_raw(d) for d in documents[::_EVERY]], ingest.Sender(source, _BY), after=reading)


def _raw(document: Extraction) -> Raw:
    return Raw(document.note_id, "text", document.text.encode(), {"id": document.note_id, "text": document.text})

"""The example notes as they would lie in a hospital's system, once and never again: a part of the demo.

Most of them come with what people marked in them, so that a new model can be learned from them; the others were sent
for review and are the first on the desk. None is in the prediction log: the shipped model has learned from all of them,
and they are of many kinds, so they are no picture of what comes in. Nobody in them exists.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import select

from behealthy.data.contract import Raw
from behealthy.data.formats import read_corpus
from behealthy.errors import StartError
from behealthy.flows import ingest
from behealthy.flows.reading import Reader, served
from behealthy.flows.system import System
from behealthy.monitor import logs
from behealthy.note import Extraction
from behealthy.review import queue
from behealthy.store.notes import get_note, put_extraction
from behealthy.store.tables import NoteRow

SOURCES = {
    "hosp": "hospital",
    "clinic": "clinic",
    "acute": "emergency",
    "misc": "other-wards",
    "dict": "dictation",
}
_LAST = "dictation"
_EVERY = 5  # of how many notes one is left for review
BY = "demo"


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
    """When called, it will take in the example notes and give their number; none where they are there already.

    Raises
    ------
    StartError
        When the example notes are not there.
    StoreError
        When the database is away.
    """
    if filled(system):
        return 0
    documents = read_corpus(notes_folder(), "brat", None, max_bytes=system.settings.max_note_bytes).documents
    reader = served(system)
    count = 0
    for prefix, source in SOURCES.items():
        ours = [document for document in documents if document.note_id.startswith(prefix)]
        _take(system, source, ours, reader)
        count += len(ours)
    logs.event("flows.demo", "demo-filled", notes=count)
    return count


def filled(system: System) -> bool:
    """When called, it will tell whether all example notes are there: those that are taken in last."""
    with system.database.read() as session:
        return session.scalar(select(NoteRow.id).where(NoteRow.source == _LAST).limit(1)) is not None


def _take(system: System, source: str, documents: Sequence[Extraction], reader: Reader) -> None:
    marked = [document for i, document in enumerate(documents) if i % _EVERY]
    ingest.import_gold(system, marked, source=source, by=BY)
    taken = ingest.take_in(system, [_raw(d) for d in documents[::_EVERY]], ingest.Sender(source, BY))
    with system.database.read() as session:
        ids = [fate.note_id for fate in taken.fates if fate.note_id is not None]
        notes = [get_note(session, system.vault, id_) for id_ in ids]
    reads, now, percent = reader(notes), system.now(), system.settings.audit_percent
    with system.database.write() as session:
        for read in reads:
            put_extraction(session, system.vault, read.extraction, now=now)
            queue.offer(session, system.vault, read.extraction, audit_percent=percent, sent=True, now=now)


def _raw(document: Extraction) -> Raw:
    return Raw(document.note_id, "text", document.text.encode(), {"id": document.note_id, "text": document.text})

"""Notes, and what was found in them, in and out of the store; the one place where they are sealed and opened.

The same text of the same patient is one note, whoever sends it and however often.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from behealthy.errors import Conflict, NotThere
from behealthy.note import Extraction, Note, from_json, to_json
from behealthy.store.crypto import Vault
from behealthy.store.session import add_once, new_id
from behealthy.store.tables import ExtractionRow, GoldRow, NoteRow

IMPORTED = "imported"
_APART = timedelta(milliseconds=2)  # ids tell milliseconds apart, cut to whole ones


@dataclass(frozen=True, slots=True)
class Kept:
    """A stored note's id, and whether this call stored it."""

    note_id: str
    fresh: bool


def put_note(
    session: Session, vault: Vault, note: Note, *, source: str, now: datetime, written_at: datetime | None = None
) -> Kept:
    """When called, it will store a note, or find the one that is already there.

    ``note.id`` is the sender's own id, empty where there is none.

    Raises
    ------
    Conflict
        When the source gave the same id to another text before.
    """
    key = vault.tag("note", note.patient_id or "", note.text)
    same = select(NoteRow.id).where(NoteRow.content_key == key)
    there = session.scalar(same)
    if there is not None:
        return Kept(there, fresh=False)
    id_ = new_id("n", now)
    values = {
        "id": id_,
        "source": source,
        "external_key": vault.tag("external id", source, note.id) if note.id else None,
        "sealed_external_id": vault.seal(note.id, f"external id:{id_}") if note.id else None,
        "content_key": key,
        "patient_key": None if note.patient_id is None else vault.tag("patient", note.patient_id),
        "characters": len(note.text),
        "written_at": written_at,
        "received_at": now,
        "sealed": vault.seal(json.dumps({"text": note.text, "patient_id": note.patient_id}), f"note:{id_}"),
    }
    if add_once(session, NoteRow, values):
        return Kept(id_, fresh=True)
    there = session.scalar(same)  # another process was faster
    if there is None:
        raise Conflict(f"source {source} has sent another note under this id before")
    return Kept(there, fresh=False)


def knows(session: Session, vault: Vault, note: Note) -> bool:
    """When called, it will say whether a note with this text and patient is stored."""
    key = vault.tag("note", note.patient_id or "", note.text)
    return session.scalar(select(NoteRow.id).where(NoteRow.content_key == key)) is not None


def get_note(session: Session, vault: Vault, note_id: str) -> Note:
    """When called, it will give a stored note under its store's id.

    Raises
    ------
    NotThere, VaultError
    """
    row = session.get(NoteRow, note_id)
    if row is None:
        raise NotThere(f"there is no note {note_id}")
    return opened(vault, row)


def opened(vault: Vault, row: NoteRow) -> Note:
    """When called, it will give the note of a row."""
    inside = json.loads(vault.open(row.sealed, f"note:{row.id}"))
    return Note(row.id, inside["text"], inside["patient_id"])


def external_id(vault: Vault, row: NoteRow) -> str | None:
    """When called, it will give the sender's own id of a note, None where it came without."""
    return None if row.sealed_external_id is None else vault.open(row.sealed_external_id, f"external id:{row.id}")


def put_extraction(session: Session, vault: Vault, extraction: Extraction, *, now: datetime) -> str:
    """When called, it will keep what a model found in a stored note, in place of what the same model found before."""
    version = extraction.model_version or ""
    id_ = new_id("x", now)
    sealed = vault.seal(json.dumps(to_json(extraction)), f"extraction:{id_}")
    values = {"id": id_, "note_id": extraction.note_id, "model_version": version, "at": now, "sealed": sealed}
    if add_once(session, ExtractionRow, values):
        return id_
    where = (ExtractionRow.note_id == extraction.note_id, ExtractionRow.model_version == version)
    row = session.scalars(select(ExtractionRow).where(*where).with_for_update()).one()
    row.at, row.sealed = now, vault.seal(json.dumps(to_json(extraction)), f"extraction:{row.id}")
    session.flush()
    return row.id


def newest_extraction(session: Session, vault: Vault, note_id: str) -> Extraction | None:
    """When called, it will give what was found in a note last, None where no model has read it."""
    newest = (
        select(ExtractionRow)
        .where(ExtractionRow.note_id == note_id)
        .order_by(ExtractionRow.at.desc(), ExtractionRow.id.desc())
    )
    row = session.scalar(newest.limit(1))
    return None if row is None else from_json(json.loads(vault.open(row.sealed, f"extraction:{row.id}")))


def put_gold(session: Session, vault: Vault, gold: Extraction, *, by: str, why: str, now: datetime) -> str:
    """When called, it will add what a person found in a stored note (``gold.note_id``); nothing is ever replaced.

    It comes after what the note has, whatever the clock says: the newest counts.
    """
    before = session.scalar(select(func.max(GoldRow.at)).where(GoldRow.note_id == gold.note_id))
    if before is not None and now - before < _APART:
        now = before + _APART
    id_ = new_id("g", now)
    whole = replace(gold, model_version=None)
    sealed = vault.seal(json.dumps(to_json(whole)), f"gold:{id_}")
    session.add(GoldRow(id=id_, note_id=gold.note_id, at=now, by=by, why=why, sealed=sealed))
    session.flush()
    return id_


def has_gold(session: Session, note_id: str) -> bool:
    """When called, it will tell whether a person has ever said what is in a note."""
    return session.scalar(select(GoldRow.id).where(GoldRow.note_id == note_id).limit(1)) is not None


def open_gold(vault: Vault, rows: Iterable[GoldRow]) -> Iterator[Extraction]:
    """When called, it will give the documents of gold rows, in their order."""
    for row in rows:
        yield from_json(json.loads(vault.open(row.sealed, f"gold:{row.id}")))


def newest_gold(session: Session) -> Sequence[GoldRow]:
    """When called, it will give the newest gold row of each note, by id: what a snapshot may be made of."""
    newest = select(func.max(GoldRow.id)).group_by(GoldRow.note_id)
    return session.scalars(select(GoldRow).where(GoldRow.id.in_(newest)).order_by(GoldRow.id)).all()

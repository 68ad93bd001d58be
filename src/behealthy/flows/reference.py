"""What is normal for a model: made when it is about to be served, and made anew only with the next.

The held-out documents of its own snapshot, read by it, say how far its doubts can be trusted and what is promised.
The newest notes that came in, read by it, say what it was accepted for: a model that was trained because notes changed
must not be alarmed by the very notes it was trained for. Notes that a model had read as they came stand before others,
since of such are windows made; an archive that was brought in for review is no sample of them. Where too few came in,
the held-out ones stand beside them; but where notes had changed, those from before are not what is usual, and the first
that it reads stand beside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from behealthy.extract.extractor import Extractor
from behealthy.flows.system import System
from behealthy.monitor import windows
from behealthy.monitor.telemetry import Observer, with_truth
from behealthy.monitor.windows import Reference
from behealthy.note import Extraction, Note
from behealthy.store.notes import get_note
from behealthy.store.tables import GoldRow, NoteRow, PredictionRow


def set_reference(system: System, extractor: Extractor, held_out: Sequence[Extraction]) -> Reference:
    """When called, it will read the held-out and the newest notes and keep what is normal for the extractor's version.

    Notes that people have marked are no sample of what comes in, and the version may have learned from them: they are
    not among the newest.

    Parameters
    ----------
    held_out : sequence of Extraction
        What people marked in notes that the version did not learn from.
    """
    observe = Observer(extractor)
    with system.database.read() as session:
        changed_at = windows.changed_at(session)
        ids = _newest(session, system.settings.window_notes, changed_at)
        recent = [get_note(session, system.vault, id_) for id_ in reversed(ids)]
    found = extractor.pipe([Note(d.note_id, d.text, d.patient_id) for d in held_out])
    reference = Reference(
        version=extractor.version,
        at=system.now(),
        held_out=tuple(with_truth(observe(x.text, x), x, gold) for x, gold in zip(found, held_out, strict=True)),
        recent=tuple(observe(x.text, x) for x in extractor.pipe(recent)),
        recent_ids=tuple(note.id for note in recent),
        origin=f"{len(held_out)} held-out notes, and the newest {len(recent)} before it was served",
        changed=changed_at is not None,
    )
    with system.database.write() as session:
        windows.set_reference(session, reference)
    return reference


def _newest(session: Session, many: int, since: datetime | None) -> list[str]:
    """Give the newest notes that nobody has marked, those first that a model had read as they came."""
    unmarked = select(NoteRow.id).where(NoteRow.id.not_in(select(GoldRow.note_id)))
    if since is not None:
        unmarked = unmarked.where(NoteRow.received_at >= since)
    unmarked = unmarked.order_by(NoteRow.received_at.desc(), NoteRow.id.desc())
    read = exists().where(PredictionRow.note_id == NoteRow.id)
    out = list(session.scalars(unmarked.where(read).limit(many)))
    return out + list(session.scalars(unmarked.where(~read).limit(many - len(out))))

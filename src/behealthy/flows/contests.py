"""Models held against each other on gold of the store; and what of it is kept, since it takes a while.

This module refuses to decide which of them is served.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from behealthy.data import snapshot as snapshots
from behealthy.errors import BadInput
from behealthy.flows.system import System
from behealthy.flows.workbench import TrainingFolder
from behealthy.learn import gate
from behealthy.learn.contest import Contest, contest
from behealthy.note import Extraction
from behealthy.registry.catalogue import Catalogue
from behealthy.store.notes import IMPORTED
from behealthy.store.tables import NoteRow, ReleaseRow, TrainingRow


def held_against(
    system: System,
    champion: str,
    candidate: str,
    documents: Sequence[Extraction],
    *,
    sources: Mapping[str, str],
    recent: AbstractSet[str],
) -> Contest:
    """When called, it will fetch two versions and let them read the documents; see `learn.contest`."""
    catalogue = Catalogue.of(system.settings)
    first, second = catalogue.fetch(champion), catalogue.fetch(candidate)
    return contest(first, second, documents, sources=sources, recent=recent)


def sources_of(session: Session, documents: Sequence[Extraction]) -> dict[str, str]:
    """When called, it will give where each document's note came from, by note id."""
    wanted = {d.note_id for d in documents}
    return {id_: source for id_, source in session.execute(select(NoteRow.id, NoteRow.source)) if id_ in wanted}


def recent_ids(session: Session, snapshot_id: str, champion: str) -> set[str]:
    """When called, it will give the test notes whose gold is newer than what the champion learned from, by note id.

    A champion that was not trained here has learned from none of it: then all counts that people reviewed, or that was
    imported since it was first served.
    """
    rows = snapshots.rows(session, snapshot_id, snapshots.TEST)
    trained = select(TrainingRow.snapshot_id).where(TrainingRow.candidate == champion).order_by(TrainingRow.started_at)
    own = session.scalar(trained.limit(1))
    if own is None:
        first = select(ReleaseRow.at).where(ReleaseRow.version == champion).order_by(ReleaseRow.number)
        since = session.scalar(first.limit(1))
        return {row.note_id for row in rows if row.why != IMPORTED or (since is not None and row.at > since)}
    known = {row.id for row in snapshots.rows(session, own)}
    return {row.note_id for row in rows if row.id not in known}


def compare(system: System, left: str, right: str) -> dict[str, Any]:
    """When called, it will hold one version against another on the newest snapshot's test notes.

    What came of it is kept: the same question again is answered from there.

    Returns
    -------
    dict
        ``left``, ``right``: figures, costs and suite; ``differences``: strict F1 by group, right less left; ``notes``
        and ``left_out``, since notes that either has learned from do not count; ``verdict``: what the gate would say of
        the right one; ``changes``: sentences of our own in which they find different things.

    Raises
    ------
    BadInput
        When there is no snapshot.
    NotThere, BundleError, TrackingError
        When a version is not to be had.
    """
    with system.database.read() as session:
        taken = next(iter(snapshots.listed(session, 1)), None)
        if taken is None:
            raise BadInput("there is no snapshot to compare on: nothing was reviewed or imported yet")
        folder = TrainingFolder(system.settings.home / "comparisons" / f"{left}_{right}_{taken.id[:12]}")
        documents = snapshots.documents(session, system.vault, taken.id, snapshots.TEST)
        sources = sources_of(session, documents)
        recent = recent_ids(session, taken.id, left)
    if not folder.evidence.is_file():
        found = held_against(system, left, right, documents, sources=sources, recent=recent)
        folder.write_json(folder.evidence, found.to_json())
    found = Contest.from_json(folder.read_json(folder.evidence))
    verdict = gate.judge(found.first, found.second, trigger="person").to_json()
    sides = {}
    for name, side, figures in (("left", found.first, found.figures[0]), ("right", found.second, found.figures[1])):
        own = {key: value for key, value in side.to_json().items() if key not in ("test", "recent")}
        sides[name] = {**own, "figures": dict(figures)}
    return {
        **sides,
        "snapshot": taken.id,
        "notes": len(found.first.test.notes),
        "left_out": found.left_out,
        "differences": verdict["differences"],
        "verdict": verdict,
        "changes": [change.to_json() for change in found.changes],
    }

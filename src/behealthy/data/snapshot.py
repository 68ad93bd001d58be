"""Snapshots: gold, frozen. What a model learned from can be named, compared and had again, for ever.

A snapshot is a list of gold rows, which never change, with the part of each: the words stay in the store. Its id is a
hash over the documents and their parts, so the same gold is the same snapshot. The part of a document is decided by a
keyed hash of its patient (its words, where nobody named one), so a patient is in one part only, and a test document
stays a test document in every later snapshot: champion and candidate can be held against the same ones.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from importlib import metadata
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from behealthy.data import contract
from behealthy.data.lineage import fingerprint
from behealthy.errors import BadInput, NotThere
from behealthy.extract.lexicon import normalised
from behealthy.note import Extraction, to_json
from behealthy.store.crypto import Vault
from behealthy.store.notes import newest_gold, open_gold
from behealthy.store.session import Database, add_once
from behealthy.store.tables import GoldRow, NoteRow, SnapshotItemRow, SnapshotRow

TRAIN, TEST = "train", "test"
TEST_PERCENT = 20
_SHINGLE = 8  # words; as Broder 1997 has it for pages
_ALIKE = 0.5  # share of common shingles from which two documents are called nearly the same


@dataclass(frozen=True, slots=True)
class Difference:
    """What the second of two snapshots has that the first has not, by note id."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    moved: tuple[str, ...]


@dataclass(slots=True)
class _Item:
    row: GoldRow
    document: Extraction
    source: str
    group: str
    words: str
    digest: str
    part: str = TRAIN


def take(database: Database, vault: Vault, *, now: datetime, test_percent: int = TEST_PERCENT) -> SnapshotRow:
    """When called, it will freeze the newest gold of every note; the same gold gives the snapshot that is there.

    Gold never changes, so it is opened and compared before the transaction that writes; nobody waits for that.

    Raises
    ------
    BadInput
        When there is no gold.
    """
    with database.read() as session:
        items = _items(session, vault)
    if not items:
        raise BadInput("there is no gold to take a snapshot of: nothing was reviewed or imported yet")
    for item in items:
        item.part = TEST if int(vault.tag("part", item.group)[:8], 16) % 100 < test_percent else TRAIN
    leaks = _without_copies(items)
    id_ = vault.tag("snapshot", *sorted(f"{i.part}:{i.digest}" for i in items if i.part))
    with database.read() as session:
        there = session.get(SnapshotRow, id_)
    if there is not None:
        return there
    kept = [i for i in items if i.part]
    facts = {
        "id": id_,
        "at": now,
        "documents": len(kept),
        "parts": dict(sorted(Counter(i.part for i in kept).items())),
        "leaks": {**leaks, "nearly_the_same": _nearly_the_same(kept)},
        "lineage": _lineage(kept),
    }
    with database.write() as session:
        parent = session.scalar(select(SnapshotRow.id).order_by(SnapshotRow.at.desc(), SnapshotRow.id).limit(1))
        if add_once(session, SnapshotRow, {**facts, "parent": parent}):  # else another process was faster
            session.add_all(
                SnapshotItemRow(snapshot_id=id_, gold_id=i.row.id, part=i.part, digest=i.digest) for i in kept
            )
        return session.get_one(SnapshotRow, id_)


def get(session: Session, snapshot_id: str) -> SnapshotRow:
    """When called, it will give a snapshot by its id or by enough of its first digits.

    Raises
    ------
    NotThere
    """
    found = session.scalars(select(SnapshotRow).where(SnapshotRow.id.startswith(snapshot_id, autoescape=True)).limit(2))
    rows = found.all()
    if len(rows) != 1:
        raise NotThere(f"{'several snapshots begin' if rows else 'no snapshot begins'} with {snapshot_id[:64]!r}")
    return rows[0]


def listed(session: Session, limit: int = 100) -> Sequence[SnapshotRow]:
    """When called, it will give the newest snapshots first."""
    return session.scalars(select(SnapshotRow).order_by(SnapshotRow.at.desc(), SnapshotRow.id).limit(limit)).all()


def rows(session: Session, snapshot_id: str, part: str | None = None) -> Sequence[GoldRow]:
    """When called, it will give the gold of a snapshot, by id."""
    query = select(GoldRow).join(SnapshotItemRow, SnapshotItemRow.gold_id == GoldRow.id)
    query = query.where(SnapshotItemRow.snapshot_id == get(session, snapshot_id).id).order_by(GoldRow.id)
    return session.scalars(query if part is None else query.where(SnapshotItemRow.part == part)).all()


def documents(session: Session, vault: Vault, snapshot_id: str, part: str | None = None) -> list[Extraction]:
    """When called, it will give the documents of a snapshot or of one part of it, always in the same order.

    Their ``patient_id`` is the patient's key under the vault's, never the id itself: enough to tell patients apart.
    """
    found = rows(session, snapshot_id, part)
    keys = {n.id: n.patient_key for n in session.execute(select(NoteRow.id, NoteRow.patient_key))}
    return [replace(d, patient_id=keys[row.note_id]) for row, d in zip(found, open_gold(vault, found), strict=True)]


def difference(session: Session, first: str, second: str) -> Difference:
    """When called, it will compare two snapshots, by note."""
    before, after = (_by_note(session, get(session, id_).id) for id_ in (first, second))
    both = sorted(before.keys() & after.keys())
    return Difference(
        added=tuple(sorted(after.keys() - before.keys())),
        removed=tuple(sorted(before.keys() - after.keys())),
        changed=tuple(n for n in both if before[n][0] != after[n][0]),
        moved=tuple(n for n in both if before[n][1] != after[n][1]),
    )


def _by_note(session: Session, snapshot_id: str) -> dict[str, tuple[str, str]]:
    query = select(GoldRow.note_id, SnapshotItemRow.digest, SnapshotItemRow.part).join(
        SnapshotItemRow, SnapshotItemRow.gold_id == GoldRow.id
    )
    found = session.execute(query.where(SnapshotItemRow.snapshot_id == snapshot_id))
    return {note_id: (digest, part) for note_id, digest, part in found}


def _items(session: Session, vault: Vault) -> list[_Item]:
    gold = newest_gold(session)
    notes = {n.id: n for n in session.execute(select(NoteRow.id, NoteRow.source, NoteRow.patient_key))}
    out = []
    for row, document in zip(gold, open_gold(vault, gold), strict=True):
        words = fingerprint(document.text)
        note = notes[row.note_id]
        digest = vault.tag("document", json.dumps(to_json(document), sort_keys=True))
        out.append(_Item(row, document, note.source, note.patient_key or words, words, digest))
    return out


def _without_copies(items: Sequence[_Item]) -> dict[str, Any]:
    """Leave out of the train part what has the words of a test document; gives what was found and done."""
    tested = {i.words for i in items if i.part == TEST}
    copies = [i for i in items if i.part == TRAIN and i.words in tested]
    for item in copies:
        item.part = ""
    groups = defaultdict(set)
    for item in items:
        groups[item.group].add(item.part)
    across = sum({TRAIN, TEST} <= parts for parts in groups.values())
    return {"copies_left_out": len(copies), "groups_in_both_parts": across}


def _nearly_the_same(items: Iterable[_Item]) -> list[list[str]]:
    """Find test documents that share half their shingles with one of the train part, by note id."""
    shingles = {i.row.note_id: _shingles(i.document.text) for i in items}
    holders = defaultdict(list)
    for item in items:
        if item.part == TRAIN:
            for shingle in shingles[item.row.note_id]:
                holders[shingle].append(item.row.note_id)
    out = []
    for item in items:
        own = shingles[item.row.note_id]
        if item.part == TEST and own:
            shared = Counter(note for shingle in own for note in holders.get(shingle, ()))
            for note, n in shared.most_common(1):
                if n >= _ALIKE * min(len(own), len(shingles[note])):
                    out.append([item.row.note_id, note])
    return out


def _shingles(text: str) -> set[int]:
    words = [normalised(word) for word in text.split()]
    return {hash(tuple(words[i : i + _SHINGLE])) for i in range(len(words) - _SHINGLE + 1)}


def _lineage(items: Sequence[_Item]) -> dict[str, Any]:
    return {
        "package": metadata.version("behealthy"),
        "contract": contract.VERSION,
        "sources": dict(sorted(Counter(i.source for i in items).items())),
        "by": dict(sorted(Counter(i.row.by for i in items).items())),
        "why": dict(sorted(Counter(i.row.why for i in items).items())),
        "entities": dict(sorted(Counter(e.type for i in items for e in i.document.entities).items())),
        "gold_from": min(i.row.at for i in items).isoformat(),
        "gold_to": max(i.row.at for i in items).isoformat(),
    }

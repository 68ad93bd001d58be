"""A desk for reviews: a database of each kind with notes that a model has read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from behealthy.note import Extraction, Note, Relation, entity_at
from behealthy.review import queue
from behealthy.review.rows import Review
from behealthy.store.crypto import Vault
from behealthy.store.notes import put_extraction, put_note
from behealthy.store.session import Database

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def words(number: int) -> str:
    return f"Visit {number}: gout since March, allopurinol was begun. No asthma."


def read(note_id: str, number: int, scores: Sequence[float] = (0.9, 0.8, 0.7), version: str = "m1") -> Extraction:
    """Give what a model found: gout, allopurinol, asthma, and that allopurinol treats gout."""
    text = words(number)
    entities = []
    for i, (name, score) in enumerate(zip(("gout", "allopurinol", "asthma"), scores, strict=True), 1):
        at = text.index(name)
        kind = "TREATMENT" if name == "allopurinol" else "DISEASE"
        entities.append(entity_at(text, at, at + len(name), kind, score=score, assertion="present", id=f"e{i}"))
    return Extraction(note_id, text, tuple(entities), (Relation("TREATS", "e2", "e1", 0.9),), version)


@dataclass
class Desk:
    """The queue with its database, its vault and a clock; each call is a transaction."""

    database: Database
    vault: Vault
    now: datetime = NOW

    def later(self, **by: float) -> None:
        self.now += timedelta(**by)

    def store(self, number: int, patient: str | None = None) -> str:
        with self.database.write() as session:
            note = Note("", words(number), patient)
            self.now += timedelta(milliseconds=1)
            return put_note(session, self.vault, note, source="clinic", now=self.now).note_id

    def offer(self, number: int, audit_percent: float = 0, patient: str | None = None, **given: Any) -> str:
        """Store a note, let a model read it, and offer it; give its id."""
        options = {k: given.pop(k) for k in ("missed", "sent") if k in given}
        note_id = self.store(number, patient)
        extraction = read(note_id, number, **given)
        with self.database.write() as session:
            put_extraction(session, self.vault, extraction, now=self.now)
            queue.offer(session, self.vault, extraction, audit_percent=audit_percent, now=self.now, **options)
        return note_id

    def gold(self, number: int, note_id: str, out: Sequence[str] = ()) -> Extraction:
        """Give what a person leaves who takes some entities out, as the app sends it."""
        found = read(note_id, number)
        kept = tuple(e for e in found.entities if e.id not in out)
        links = tuple(r for r in found.relations if not {r.head, r.tail} & {*out})
        return replace(found, entities=kept, relations=links, model_version=None)

    def next(self, by: str) -> Review | None:
        with self.database.write() as session:
            return queue.claim_next(session, self.vault, by, self.now)

    def claim(self, note_id: str, by: str) -> Review:
        with self.database.write() as session:
            return queue.claim(session, self.vault, note_id, by, self.now)

    def look(self, note_id: str) -> Review:
        with self.database.read() as session:
            return queue.look(session, self.vault, note_id)

    def save(self, note_id: str, by: str, version: int, draft: Mapping[str, Any], active_s: float | None = None) -> int:
        with self.database.write() as session:
            return queue.save(session, self.vault, note_id, by, version, draft, self.now, active_s=active_s)

    def submit(
        self,
        note_id: str,
        by: str,
        version: int,
        gold: Extraction,
        judged: Mapping[str, str] | None = None,
        active_s: float | None = None,
    ) -> str:
        """Submit; by default everything that is there is said to be accepted and the rest rejected."""
        if judged is None:
            kept = {e.id for e in gold.entities}
            judged = {i: "accepted" if i in kept else "rejected" for i in ("e1", "e2", "e3")}
        with self.database.write() as session:
            return queue.submit(session, self.vault, note_id, by, version, gold, judged, active_s, self.now)

    def reopen(self, note_id: str, by: str) -> Review:
        with self.database.write() as session:
            return queue.reopen(session, self.vault, note_id, by, self.now)

    def release(self, note_id: str, by: str) -> None:
        with self.database.write() as session:
            queue.release(session, note_id, by)

    def skip(self, note_id: str, by: str) -> None:
        with self.database.write() as session:
            queue.skip(session, note_id, by)

    def draw(self, note_ids: Sequence[str], count: int, occasion: str = "window:1") -> list[str]:
        with self.database.write() as session:
            return queue.draw(session, self.vault, note_ids, count, occasion=occasion, audit_percent=0, now=self.now)

    def waiting(self, state: str = "open") -> list[str]:
        with self.database.read() as session:
            return [row.note_id for row in queue.page(session, state, None, 1000).rows]


@pytest.fixture
def desk(database: Database, vault: Vault) -> Desk:
    """An empty queue."""
    return Desk(database, vault)

"""The queue under any order of calls: never two holders, nothing lost, no submission twice."""

import json
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select

from behealthy.errors import Conflict
from behealthy.note import Extraction, Note, entity_at
from behealthy.review import queue
from behealthy.store.crypto import Vault
from behealthy.store.notes import open_gold, put_extraction, put_note
from behealthy.store.session import Database
from behealthy.store.tables import GoldRow, ReviewRow

PEOPLE = st.sampled_from(["ann", "bob", "eve"])
START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
WHICH = st.integers(0, 99)


class Queue(RuleBasedStateMachine):
    """Beside the queue stands a model of it: who holds what since when, what was drafted, what was submitted."""

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.database = Database(f"sqlite:///{Path(self.folder.name)}/x.db")
        self.database.upgrade()
        self.vault = Vault(b"k" * 32)
        self.now = START
        self.notes: list[str] = []
        self.holder: dict[str, tuple[str, datetime]] = {}
        self.drafts: dict[str, Any] = {}
        self.versions: dict[str, int] = {}
        self.gold: dict[str, tuple[str, int, str]] = {}

    def teardown(self) -> None:
        if hasattr(self, "database"):
            self.database.close()
            self.folder.cleanup()

    def pick(self, which: int) -> str:
        return self.notes[which % len(self.notes)]

    def fresh_holder(self, note_id: str) -> str | None:
        by, since = self.holder.get(note_id, (None, self.now))
        return by if self.now - since <= queue.rows.STALE else None

    def call(self, what: Any, *arguments: Any, **given: Any) -> Any:
        """Call in a transaction of its own; give None where it was a conflict."""
        try:
            with self.database.write() as session:
                return what(session, *arguments, **given)
        except Conflict:
            return None

    # What people and flows do

    @rule(score=st.floats(0, 1), audit=st.sampled_from([0, 50, 100]), sent=st.booleans())
    def a_note_comes(self, score: float, audit: int, sent: bool) -> None:
        text = f"Gout, note {len(self.notes)}."
        with self.database.write() as session:
            note_id = put_note(session, self.vault, Note("", text), source="clinic", now=self.now).note_id
            found = Extraction(note_id, text, (entity_at(text, 0, 4, "DISEASE", score=score, id="e1"),), (), "m1")
            put_extraction(session, self.vault, found, now=self.now)
            queue.offer(session, self.vault, found, audit_percent=audit, now=self.now, sent=sent)
        self.notes.append(note_id)
        self.versions[note_id] = 1

    @rule(count=st.integers(0, 3))
    def notes_are_drawn(self, count: int) -> None:
        drawn = self.call(queue.draw, self.vault, self.notes, count, occasion="w", audit_percent=0, now=self.now)
        assert len(drawn) <= count
        assert not {*drawn} & {*self.gold}

    @rule(minutes=st.integers(1, 45))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(by=PEOPLE)
    def somebody_takes_the_next(self, by: str) -> None:
        review = self.call(queue.claim_next, self.vault, by, self.now)
        free = [n for n in self.notes if n not in self.gold and self.fresh_holder(n) in (None, by)]
        assert (review is None) == (not free)
        if review is not None:
            assert review.note_id in free
            assert not any(h == by for h, _ in self.holder.values()) or self.holder[review.note_id][0] == by
            self.holder[review.note_id] = (by, self.now)

    @precondition(lambda self: self.notes)
    @rule(by=PEOPLE, which=WHICH)
    def somebody_claims(self, by: str, which: int) -> None:
        note_id = self.pick(which)
        review = self.call(queue.claim, self.vault, note_id, by, self.now)
        may = note_id not in self.gold and self.fresh_holder(note_id) in (None, by)
        assert (review is not None) == may
        if may:
            self.holder[note_id] = (by, self.now)

    @precondition(lambda self: self.notes)
    @rule(by=PEOPLE, which=WHICH, behind=st.sampled_from([0, 0, 0, 1]), draft=st.integers(0, 3))
    def somebody_saves(self, by: str, which: int, behind: int, draft: int) -> None:
        note_id = self.pick(which)
        holds = self.holder.get(note_id, ("", None))[0] == by
        body, version = {"entities": [], "number": draft}, self.versions[note_id] - behind
        repeated = behind == 1 and self.drafts.get(note_id) == (by, body)
        saved = self.call(queue.save, self.vault, note_id, by, version, body, self.now)
        assert (saved is not None) == (holds and (behind == 0 or repeated))
        if saved is not None and not repeated:
            self.versions[note_id] += 1
            self.drafts[note_id] = (by, body)
            self.holder[note_id] = (by, self.now)
        if saved is not None:
            assert saved == self.versions[note_id]

    @precondition(lambda self: self.notes)
    @rule(by=PEOPLE, which=WHICH, behind=st.sampled_from([0, 0, 0, 1]))
    def somebody_submits(self, by: str, which: int, behind: int) -> None:
        note_id = self.pick(which)
        version = self.versions[note_id] - behind
        holds = self.holder.get(note_id, ("", None))[0] == by
        before = self.gold.get(note_id)
        gold_id = self.call(
            queue.submit, self.vault, note_id, by, version, Extraction(note_id, ""), {"e1": "rejected"}, 5.0, self.now
        )
        if before is not None:
            assert gold_id == (before[2] if before[:2] == (by, version) else None)
        else:
            assert (gold_id is not None) == (holds and behind == 0)
            if gold_id is not None:
                self.gold[note_id] = (by, version, gold_id)
                self.versions[note_id] += 1
                self.drafts.pop(note_id, None)
                del self.holder[note_id]

    @precondition(lambda self: self.notes)
    @rule(by=PEOPLE, which=WHICH, what=st.sampled_from([queue.release, queue.skip]))
    def somebody_gives_back(self, by: str, which: int, what: Any) -> None:
        note_id = self.pick(which)
        self.call(what, note_id, by)
        if self.holder.get(note_id, ("", None))[0] == by:
            del self.holder[note_id]

    # What must hold whatever they did

    @invariant()
    def the_queue_is_as_it_must_be(self) -> None:
        if not hasattr(self, "database"):
            return
        with self.database.read() as session:
            rows = {row.note_id: row for row in session.scalars(select(ReviewRow))}
            golds = session.scalars(select(GoldRow)).all()
            assert [d.note_id for d in open_gold(self.vault, golds)] == [g.note_id for g in golds]
            assert {g.note_id: g.id for g in golds} == {n: g for n, (_, _, g) in self.gold.items()}
            assert len(golds) == len(self.gold)
            assert rows.keys() == {*self.notes}
            for note_id, row in rows.items():
                assert row.version == self.versions[note_id]
                state = "submitted" if note_id in self.gold else "claimed" if note_id in self.holder else "open"
                holder = self.holder.get(note_id, self.gold.get(note_id, (None,)))[0]
                assert (row.state, row.claimed_by) == (state, holder)
                kept = row.sealed_draft and json.loads(self.vault.open(row.sealed_draft, f"draft:{note_id}"))
                assert (kept and (kept["by"], kept["draft"])) == self.drafts.get(note_id)


Queue.TestCase.settings = settings(
    max_examples=25, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestQueue = Queue.TestCase

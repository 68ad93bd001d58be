"""The demo's past: a few days of a practice that never was, so that whoever opens the pages finds a system at work.

The model is installed with what is normal for it; letters come in on three days, each day a window that the watch
judges; a reviewer reads of the audit sample and of the doubtful notes. Everything is done by the flows that run in
production, on a clock that begins days ago. Then the example notes are laid on the desk. What happens next is up to
whoever looks: some reviews are left until a new model is trained by itself, and `another_kind` gives notes by which
drift is seen.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import func, select

from behealthy.data import intake
from behealthy.data.contract import Raw
from behealthy.errors import StartError
from behealthy.flows import demo, ingest, rollout, watch
from behealthy.flows.reading import Reader, Reading, served
from behealthy.flows.reference import set_reference
from behealthy.flows.system import System
from behealthy.monitor import kpi, windows
from behealthy.note import Extraction
from behealthy.registry.bundle import load
from behealthy.registry.catalogue import Catalogue
from behealthy.simulate import origin
from behealthy.simulate.clock import START, VirtualClock, days_ago
from behealthy.simulate.reviewer import Habits, Reviewer
from behealthy.simulate.visits import invented
from behealthy.store.tables import BaselineRow, NoteRow, ReviewRow

SOURCE = "demo-practice"
OTHER = "demo-night-shift"
DAYS = 3  # windows
ARCHIVED = 160  # annotated letters from before: to learn from, and to judge by
LEFT = 10  # reviews that are left until a new model is trained by itself
_SEED = 0
_BATCHES = 2  # of a day
_AUDIT_PERCENT = 10  # so that enough is audited by the last day
_AUDITED = 0.75  # of what is reviewed; the rest are doubtful notes, whose suggestions the reviewer sees
_BASELINES = {
    "seconds_per_note": 150.0,
    "cost_per_hour": 24.0,
    "trained_personnel_f1": 0.93,
    "running_cost_per_month": 60.0,
}
_STARS = (4, 5, 4, 3, 5)
_CAREFUL = Habits(drops=0.01, slips=0.01, mixes=0.0, entity_s=4.0)
_REVIEWER = "rita"  # as the demo's reviewer is called


def fill(system: System) -> int:
    """When called, it will fill a home with the demo, once and never again, and give the number of notes.

    A start that was broken off is gone on with: the same notes come once.

    Raises
    ------
    StartError
        When the home holds notes that are not ours, or the example notes are not there.
    StoreError
        When the database is away.
    """
    known = origin.origin_of(system.settings.home)
    if known is None:
        _refuse_others(system)
    elif known == "story" or demo.filled(system):
        return 0
    demo.notes_folder()  # before anything is written
    origin.mark(system.settings.home, "demo")
    window = system.settings.window_notes
    letters = invented("letters", ARCHIVED + (DAYS + 1) * window, _SEED)
    clock = VirtualClock(days_ago(system.now(), DAYS))
    audit = min(system.settings.audit_percent, 1) * _AUDIT_PERCENT  # none where none is wanted
    then = replace(system, now=clock, settings=replace(system.settings, audit_percent=audit))
    practice = _Practice(then, clock)
    practice.begin(letters[:ARCHIVED], letters[ARCHIVED : ARCHIVED + window])
    for day in range(practice.days() + 1, DAYS + 1):
        practice.day(day, letters[ARCHIVED + day * window :][:window])
    practice.business()
    return len(letters) + demo.fill(system)


class _Practice:
    """The demo's system on its clock, and the one person who reviews."""

    def __init__(self, system: System, clock: VirtualClock) -> None:
        self._system, self._clock = system, clock
        self._truth: dict[str, Extraction] = {}
        self._reader: Reader | None = None
        self._reviewer = Reviewer(system, clock, self._truth, _SEED, _CAREFUL, name=_REVIEWER)

    def begin(self, archived: Sequence[Extraction], earlier: Sequence[Extraction]) -> None:
        """When called, it will serve the first model, with what is normal for it."""
        system, version = self._system, rollout.served(self._system).version
        # Whoever marked the archive overlooks as much as who reads the audit sample: else the model would seem to fall.
        marked = [self._reviewer.annotated(document) for document in archived]
        self._reader = served(system)
        ingest.import_gold(system, marked, source=SOURCE, by=demo.BY)
        ingest.take_in(system, _raws(earlier), ingest.Sender(SOURCE, demo.BY))
        with system.database.read() as session:
            there = windows.get_reference(session, version)
        if there is None:
            set_reference(system, load(Catalogue.of(system.settings).fetch(version)), marked)

    def days(self) -> int:
        """When called, it will give how many days are over: each left a window."""
        with self._system.database.read() as session:
            return len(windows.latest(session, DAYS))

    def day(self, number: int, letters: Sequence[Extraction]) -> None:
        """When called, it will let a day's letters be read, and some reviewed, and judge the window that they are."""
        system = self._system
        reading = Reading(system, SOURCE, self._reader)
        self._clock.to(START.hour)
        many = -(-len(letters) // _BATCHES)
        for at in range(0, len(letters), many):
            own = letters[at : at + many]
            taken = ingest.take_in(system, _raws(own), ingest.Sender(SOURCE, demo.BY), after=reading)
            self._truth.update({f.note_id: d for f, d in zip(taken.fates, own, strict=True) if f.note_id is not None})
            self._clock.forward(hours=4)
        until = (system.settings.gold_to_retrain - LEFT) * number // DAYS
        while self._audited() < round(_AUDITED * until) and self._reviewer.one("audit"):
            pass
        while self._reviewed() < until and self._reviewer.one("uncertain"):
            pass
        watch.watch(system)

    def _reviewed(self) -> int:
        with self._system.database.read() as session:
            return watch.training_facts(session, self._system).new_gold

    def _audited(self) -> int:
        with self._system.database.read() as session:
            done = (ReviewRow.state == "submitted", ReviewRow.why == "audit")
            return session.scalar(select(func.count()).where(*done)) or 0

    def business(self) -> None:
        """When called, it will say what the work took before, and how content people are; once."""
        now = self._system.now()
        with self._system.database.write() as session:
            if session.scalar(select(BaselineRow.name).limit(1)) is not None:
                return
            for name, value in _BASELINES.items():
                kpi.set_baseline(session, name, value, by=demo.BY, now=now)
            for stars in _STARS:
                kpi.rate(session, stars, by=demo.BY, now=now)


def another_kind(count: int, seed: int) -> bytes:
    """When called, it will write notes of another kind than the demo's, as lines of JSON for the inbox or the API."""
    return _lines(invented("telegrams", count, seed))


def _refuse_others(system: System) -> None:
    with system.database.read() as session:
        if session.scalar(select(NoteRow.id).limit(1)) is not None:
            says = "holds notes that are not the demo's, and the demo never goes among others: leave --demo out"
            raise StartError(f"home {system.settings.home} {says}")


def _raws(documents: Sequence[Extraction]) -> list[Raw]:
    return list(intake.read(_lines(documents), "jsonl", "demo.jsonl"))


def _lines(documents: Sequence[Extraction]) -> bytes:
    rows = ({"id": d.note_id, "text": d.text, "patient_id": d.patient_id} for d in documents)
    return "".join(json.dumps(row) + "\n" for row in rows).encode()

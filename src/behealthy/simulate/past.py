"""The demo's past: five days of a practice that never was, so that whoever opens the pages finds a system at work.

The model is installed with what is normal for it; letters come in on four days, each day a window that the watch
judges; a reviewer reads the audit sample. Everything is done by the flows that run in production, on a clock that
begins days ago. Then the example notes are laid on the desk. What happens next is up to whoever looks: some reviews are
left until a new model is trained by itself, and `another_kind` gives notes by which drift is seen.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select

from behealthy.data import intake
from behealthy.data.contract import Raw
from behealthy.errors import StartError
from behealthy.flows import demo, ingest, rollout, watch
from behealthy.flows.reading import Reading, served
from behealthy.flows.reference import set_reference
from behealthy.flows.system import System
from behealthy.monitor import windows
from behealthy.note import Extraction
from behealthy.registry.bundle import load
from behealthy.registry.catalogue import Catalogue
from behealthy.simulate import origin
from behealthy.simulate.clock import START, VirtualClock, days_ago
from behealthy.simulate.reviewer import Reviewer
from behealthy.simulate.visits import invented
from behealthy.store.tables import NoteRow

SOURCE = "demo-practice"
OTHER = "demo night shift"
DAYS = 4  # windows
ARCHIVED = 160  # annotated letters from before: to learn from, and to judge by
LEFT = 10  # reviews that are left until a new model is trained by itself
_SEED = 0
_BATCHES = 4  # of a day, one in two hours
_BY = "demo"
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
    then = replace(system, now=clock)
    _begin(then, letters[:ARCHIVED], letters[ARCHIVED : ARCHIVED + window])
    reader = served(then)
    truth: dict[str, Extraction] = {}
    many = -(-window // _BATCHES)
    reviewer = Reviewer(then, clock, truth, _SEED, name=_REVIEWER)
    left = system.settings.gold_to_retrain - LEFT
    for day in range(1, DAYS + 1):
        clock.to(START.hour)
        own = letters[ARCHIVED + day * window :][:window]
        for at in range(0, window, many):
            batch = own[at : at + many]
            taken = ingest.take_in(then, _raws(batch), ingest.Sender(SOURCE, _BY), after=Reading(then, SOURCE, reader))
            truth.update({f.note_id: d for f, d in zip(taken.fates, batch, strict=True) if f.note_id is not None})
            clock.forward(hours=2)
        for _ in range(left * day // DAYS - left * (day - 1) // DAYS):
            reviewer.work(1)  # one note
        watch.watch(then)
    return len(letters) + demo.fill(system)


def another_kind(count: int, seed: int) -> bytes:
    """When called, it will write notes of another kind than the demo's, as lines of JSON for the inbox or the API."""
    return _lines(invented("telegrams", count, seed))


def _refuse_others(system: System) -> None:
    with system.database.read() as session:
        if session.scalar(select(NoteRow.id).limit(1)) is not None:
            says = "holds notes that are not the demo's, and the demo never goes among others: leave --demo out"
            raise StartError(f"home {system.settings.home} {says}")


def _begin(system: System, archived: Sequence[Extraction], earlier: Sequence[Extraction]) -> None:
    """Serve the first model, with what is normal for it."""
    version = rollout.served(system).version
    ingest.import_gold(system, archived, source=SOURCE, by=_BY)
    ingest.take_in(system, _raws(earlier), ingest.Sender(SOURCE, _BY))
    with system.database.read() as session:
        there = windows.get_reference(session, version)
    if there is None:
        set_reference(system, load(Catalogue.of(system.settings).fetch(version)), archived)


def _raws(documents: Sequence[Extraction]) -> list[Raw]:
    return list(intake.read(_lines(documents), "jsonl", "demo.jsonl"))


def _lines(documents: Sequence[Extraction]) -> bytes:
    rows = ({"id": d.note_id, "text": d.text, "patient_id": d.patient_id} for d in documents)
    return "".join(json.dumps(row) + "\n" for row in rows).encode()

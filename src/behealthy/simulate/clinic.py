"""The real system under a virtual clock: notes come in, a person reviews, and what a worker does is done in its order.

Everything is what runs in production: the SQLite store, the contract, the extractor, the queue, the watch, the
training with its gate, MLflow's registry, the releases. Two things are not. The flows are called as plain functions, in
the order of the worker's schedules (`flows.jobs`), and not by DBOS: its schedules follow the machine's clock, and this
story's clock runs a few thousand times faster. And what is drawn by chance in production (ids, the key) is drawn by the
seed, so that the same story comes out the same.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from behealthy.data import intake
from behealthy.data.contract import Raw
from behealthy.data.lineage import data_hash, fingerprints
from behealthy.flows import ingest, jobs, rollout, training, triggers, watch
from behealthy.flows.ingest import Taken
from behealthy.flows.reading import Read, Reading, reader_of
from behealthy.flows.reference import set_reference
from behealthy.flows.system import System
from behealthy.learn import crf
from behealthy.learn.dataset import Knowledge
from behealthy.monitor import alerts
from behealthy.note import Extraction, Note, to_json
from behealthy.registry.bundle import knowledge_versions, load, load_classes, load_lexicon, load_model, save_model
from behealthy.registry.catalogue import Catalogue
from behealthy.settings import Settings
from behealthy.simulate import origin
from behealthy.simulate.clock import START, VirtualClock
from behealthy.simulate.reviewer import Reviewer, Worked
from behealthy.simulate.sources import Cast
from behealthy.store.crypto import keep_key
from behealthy.store.session import chance
from behealthy.store.tables import TrainingRow

STEP_MIN = 3  # virtual minutes that a step of a training takes
_IMPORTER = "archive"
_MAKER = "setup"

Step = Callable[[System, str], Any]
Facts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that was done; ``kind`` is one of alert, begun, gold, labels, quarantine, release,
    training, twice.

    ``notes`` is to how many of them, where they are counted.
    """

    at: datetime
    kind: str
    says: str
    notes: int = 0

    def to_json(self) -> Facts:
        """Give the event as plain values."""
        return {"at": self.at.isoformat(), "kind": self.kind, "says": self.says, "notes": self.notes}


class Clinic:
    """A system at work, with the one person who reviews for it.

    Attributes
    ----------
    truth : dict of str to Extraction
        What is right, by the store's id of the note.
    events : list of Event
        What was done, in its order.
    sent : list of str
        Titles of the alerts that went out.
    """

    def __init__(self, system: System, clock: VirtualClock, seed: int) -> None:
        self.system, self.clock = system, clock
        self.truth: dict[str, Extraction] = {}
        self.events: list[Event] = []
        self.sent: list[str] = []
        self.reviewer = Reviewer(system, clock, self.truth, seed)
        self._reader: tuple[str, Callable[[Sequence[Note]], list[Read]]] | None = None

    @classmethod
    @contextmanager
    def open(cls, home: Path, window: int, gold: int, seed: int, start: datetime = START) -> Iterator[Clinic]:
        """Give a clinic that begins with nothing, in a folder that holds no other, and then says that it is a play."""
        clock, rng = VirtualClock(start), Random(seed)
        home = home.absolute()
        origin.mark(home, "story")
        # Nothing of whoever runs the story gets in, and nothing of the story gets out of its folder.
        settings = replace(
            Settings.from_environment({"BEHEALTHY_HOME": str(home)}, home),
            window_notes=window,
            gold_to_retrain=gold,
            audit_percent=8,
        )
        keep_key(settings.note_key_file, rng.randbytes(32))
        with chance(rng.getrandbits):
            system = System.open(settings, clock)
            try:
                yield cls(system, clock, seed)
            finally:
                system.close()

    def tell(self, kind: str, says: str, notes: int = 0) -> None:
        """When called, it will put down that something was done now."""
        self.events.append(Event(self.clock(), kind, says, notes))

    # Notes -----------------------------------------------------------------------------------------------------------

    def import_gold(self, documents: Iterable[Extraction], source: str) -> None:
        """When called, it will store documents that people marked before there was a system, with their mistakes."""
        taken = ingest.import_gold(self.system, documents, source=source, by=_IMPORTER)
        self.tell("gold", f"{taken.stored} annotated notes imported")

    def bring(self, documents: Sequence[Extraction], source: str, *, read: bool = True) -> Taken:
        """When called, it will let notes come in as lines of JSON, without what is marked in them, and be read."""
        lines = "\n".join(json.dumps(_bare(document)) for document in documents)
        raws = intake.read(lines.encode(), "jsonl", f"{source}.jsonl")
        return self.send(raws, documents, source, read=read)

    def send(self, raws: Iterable[Raw], documents: Sequence[Extraction], source: str, *, read: bool = True) -> Taken:
        """When called, it will take records in; the documents say what is right in those that are stored."""
        after = Reading(self.system, source, self._read) if read else None
        taken = ingest.take_in(self.system, raws, ingest.Sender(source, source), after=after)
        for fate, document in zip(taken.fates, documents, strict=True):
            if fate.note_id is not None:
                self.truth.setdefault(fate.note_id, document)
        return taken

    def _read(self, notes: Sequence[Note]) -> list[Read]:
        version = rollout.served(self.system).version
        if self._reader is None or self._reader[0] != version:
            self._reader = version, reader_of(load(Catalogue.of(self.system.settings).fetch(version)))
        return self._reader[1](notes)

    # The first model -------------------------------------------------------------------------------------------------

    def install(self, cast: Cast, held_out: Sequence[Extraction]) -> str:
        """When called, it will train the first model, judge it by what was held out, serve it, and give its version."""
        uses = knowledge_versions() if cast.knows else {}
        knowledge = Knowledge(load_lexicon(), load_classes()) if cast.knows else Knowledge(None, None)
        facts = {
            "name": "first",
            "recipe": cast.recipe.to_json(),
            "data": {
                "name": cast.usual,
                "hash": data_hash(cast.taught),
                "documents": len(cast.taught),
                "seen": fingerprints(cast.taught),
            },
            "knowledge": uses,
        }
        models = self.system.settings.models
        save_model(models / "first", crf.train(cast.taught, cast.recipe, knowledge), facts, dtype=np.float16)
        version = load_model(models / "first").version
        (models / "first").rename(models / version)
        set_reference(self.system, load(models / version), held_out)
        rollout.install(self.system, version, reason=f"trained on {len(cast.taught)} notes", by=_MAKER)
        self.tell("release", f"{version} installed")
        return version

    # What a worker does ----------------------------------------------------------------------------------------------

    def tick(self) -> None:
        """When called, it will do once what a worker's schedules ask for, and the trainings that come of it."""
        jobs.empty_inbox(self.system, {})
        before = self._alerts()
        asks = [*watch.turn(self.system)["asks"], *watch.consider_gold(self.system)["asks"]]
        self._told(before)
        for ask in asks[:1]:  # one at a time; what is still wanted is asked for again
            self.train(training.Request(ask["id"], **ask["arguments"]))
        alerts.send_pending(self.system.database, {"clinic": lambda title, _: self.sent.append(title)}, self.clock())

    def train(self, asked: training.Request, instead: Mapping[str, Step] | None = None) -> Facts:
        """When called, it will run a training step by step, with other steps in the place of some where they are given.

        Raises
        ------
        BeHealthyError
            What a step raised.
        """
        training.request(self.system, asked)
        self.tell("begun", f"training begun by {asked.trigger}: {asked.reason}")
        for name, step in training.STEPS:
            (instead or {}).get(name, step)(self.system, asked.id)
            self.clock.forward(minutes=STEP_MIN)
        facts = training.finish(self.system, asked.id)
        self.tell("training", f"{facts['candidate']} against {facts['champion']}: {facts['verdict']}")
        served = rollout.served(self.system)
        if served.training_id == asked.id:
            self.tell("release", f"{served.version} promoted")
        return facts

    def ask(self, wish: str, reason: str) -> training.Request:
        """When called, it will let a person ask for a training, as the application does."""
        with self.system.database.read() as session:
            decision = triggers.on_person(watch.training_facts(session, self.system), wish)
        return training.Request(decision.request or "", "person", "dana", reason)

    def trainings(self) -> list[Facts]:
        """When called, it will give all trainings, the oldest first, without the names of the notes."""
        with self.system.database.read() as session:
            rows = session.query(TrainingRow).order_by(TrainingRow.started_at).all()
            return [training.facts(self.system, row.id) for row in rows]

    def hour(self, documents: Sequence[Extraction], source: str, review_s: float) -> Worked:
        """When called, it will let an hour pass: notes come in, the worker does its work, the person reviews."""
        begun = self.clock()
        if documents:
            self.bring(documents, source)
        self.tick()
        worked = self.reviewer.work(review_s)
        if worked.drawn:
            self.tell("labels", f"{worked.drawn} drawn notes labelled", worked.drawn)
        self.tick()
        self.clock.forward(seconds=3600 - (self.clock() - begun).total_seconds())
        return worked

    def _alerts(self) -> dict[str, int]:
        with self.system.database.read() as session:
            return {row.id: row.times for row in alerts.listed(session)}

    def _told(self, before: Mapping[str, int]) -> None:
        with self.system.database.read() as session:
            for row in reversed(alerts.listed(session)):
                if before.get(row.id) != row.times:
                    again = f", {row.times} times so far" if row.times > 1 else ""
                    self.tell("alert", f"{row.severity}: {row.title}{again}")


def _bare(document: Extraction) -> Facts:
    whole = to_json(document)
    return {"id": document.note_id, "text": whole["text"], "patient_id": document.patient_id}


def drop_file(clinic: Clinic, name: str, content: bytes) -> None:
    """When called, it will put a file into the inbox as another program would, an hour ago."""
    path = clinic.system.settings.inbox / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    then = clinic.clock().timestamp() - 3600
    os.utime(path, (then, then))

"""The training of a model, as a story: snapshot, train, evaluate, gate, register, promote.

Each step is a plain function of the system and the training's id. What it finds out it writes down, in the training's
row and folder, so that doing it again changes nothing and another process can go on where one died. One on another
machine finds no folder there, and does again what it misses. The registry may be away until the candidate is
registered; then the training waits there, with all that was made, to be gone on with.

No step reads a note that its part of the snapshot does not hold, and none writes a word of one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, cast

from sqlalchemy import select

from behealthy.data import snapshot as snapshots
from behealthy.data.lineage import data_hash
from behealthy.errors import BeHealthyError, Conflict
from behealthy.flows import approval, rollout
from behealthy.flows.contests import held_against, recent_ids, sources_of
from behealthy.flows.reference import set_reference
from behealthy.flows.system import System
from behealthy.flows.workbench import (
    TrainingFolder,
    begin,
    change,
    close,
    keep_bundle,
    recorded,
    row_facts,
    row_of,
    written,
)
from behealthy.learn import candidate, dossier, gate
from behealthy.learn.contest import Contest
from behealthy.learn.gate import Verdict
from behealthy.learn.tracking import DataFacts
from behealthy.registry import releases
from behealthy.registry.bundle import load, load_model
from behealthy.registry.catalogue import Catalogue
from behealthy.store.tables import TrainingRow

Trigger = Literal["drift", "gold", "person"]
Stage = Literal["snapshot", "train", "evaluate", "gate", "register", "promote"]

GATE = "gate"


@dataclass(frozen=True, slots=True)
class Request:
    """Somebody, or the watch, asks for a model.

    Attributes
    ----------
    id : str
        Of the training and of its workflow: the same request twice is one training.
    trigger : str
        ``drift``, ``gold`` or ``person``.
    by : str
        Who asks: a user's name, or ``watch``.
    """

    id: str
    trigger: Trigger
    by: str
    reason: str


def request(system: System, asked: Request) -> dict[str, Any]:
    """When called, it will write the request down, state ``waiting``, unless it is there; and give `facts`.

    Raises
    ------
    BadInput
        When the id could not name a folder.
    """
    return written(system, asked.id, asked.trigger, asked.by, asked.reason)


def take_snapshot(system: System, training_id: str) -> str:
    """When called, it will freeze the gold to learn from and to judge by, and give the snapshot's id.

    Raises
    ------
    BadInput
        When there is no gold.
    """
    row = begin(system, training_id, "snapshot")
    if row.snapshot_id is None:
        taken = snapshots.take(system.database, system.vault, now=system.now())
        with system.database.write() as session:
            change(session, training_id, snapshot_id=taken.id)
        return taken.id
    return row.snapshot_id


def fit(system: System, training_id: str) -> str:
    """When called, it will train the candidate, leave its bundle at ``models/<version>``, and give its version.

    Raises
    ------
    TrainingError
        When the snapshot holds nothing to learn from.
    """
    row = begin(system, training_id, "train")
    catalogue = Catalogue.of(system.settings)
    if row.candidate is not None and catalogue.at_hand(row.candidate) is not None:
        return row.candidate
    champion = row.champion or rollout.served(system).version
    first = load_model(catalogue.fetch(candidate.first_of_line(load_model(catalogue.fetch(champion)))))
    there = _made_before(system, row.snapshot_id or "", first.version)
    if there is not None:
        with system.database.write() as session:
            change(session, training_id, champion=champion, candidate=there)
        return there
    with system.database.read() as session:
        taken = snapshots.get(session, row.snapshot_id or "")
        documents = snapshots.documents(session, system.vault, taken.id, snapshots.TRAIN)
        name, sources = f"snapshot {taken.id[:12]}", taken.lineage.get("sources", {})
    with recorded(system, training_id) as record:
        record.parameters({"trigger": row.trigger, "champion": champion, "adapted_from": first.version})
        record.parameters(candidate.recipe_of(first).to_json())
        record.data(DataFacts.of(name, data_hash(documents), documents), "training")
        facts = {"name": name, "snapshot": taken.id, "sources": sources}
        made = candidate.make(first, documents, facts, progress=record.loss)
        version = keep_bundle(system, training_id, made)
        record.tags({"model": version, "behealthy.training": training_id})
    with system.database.write() as session:
        change(session, training_id, champion=champion, candidate=version)
    return version


def _made_before(system: System, snapshot_id: str, first: str) -> str | None:
    """Give the candidate that another training made of the same snapshot and model: it would come out the same."""
    catalogue = Catalogue.of(system.settings)
    with system.database.read() as session:
        made = select(TrainingRow.candidate).where(TrainingRow.snapshot_id == snapshot_id)
        versions = [version for version in session.scalars(made) if version is not None]
    for version in versions:
        path = catalogue.at_hand(version)
        if path is not None and load_model(path).facts.get("adapted_from") == first:
            return version
    return None


def evaluate(system: System, training_id: str) -> None:
    """When called, it will let champion and candidate read the same frozen notes and write down what came of it."""
    row = begin(system, training_id, "evaluate")
    folder = TrainingFolder.of(system, training_id)
    if folder.evidence.is_file():
        return
    if row.candidate is None or Catalogue.of(system.settings).at_hand(row.candidate) is None:
        fit(system, training_id)
        row = begin(system, training_id, "evaluate")
    with system.database.read() as session:
        documents = snapshots.documents(session, system.vault, row.snapshot_id or "", snapshots.TEST)
        sources = sources_of(session, documents)
        recent = recent_ids(session, row.snapshot_id or "", row.champion or "")
    found = held_against(system, row.champion or "", row.candidate or "", documents, sources=sources, recent=recent)
    folder.write_json(folder.evidence, found.to_json())
    with recorded(system, training_id) as record:
        record.values(found.figures[1], "test")
        record.values(found.figures[0], "champion")


def judge(system: System, training_id: str) -> str:
    """When called, it will give the gate's verdict (promote, keep, inconclusive) and write the dossier."""
    row = begin(system, training_id, "gate")
    folder = TrainingFolder.of(system, training_id)
    if not folder.evidence.is_file():
        evaluate(system, training_id)
        row = begin(system, training_id, "gate")
    found = Contest.from_json(folder.read_json(folder.evidence))
    verdict = gate.judge(found.first, found.second, trigger=row.trigger)
    told = _dossier(system, training_id, found, verdict)
    folder.write_json(folder.dossier, told)
    folder.write_text(folder.page, dossier.to_html(told))
    with system.database.write() as session:
        change(session, training_id, verdict=verdict.decision, reasons=list(verdict.reasons))
    with recorded(system, training_id) as record:
        record.tags({"verdict": verdict.decision})
        record.page(dossier.to_html(told), "dossier.html")
    return verdict.decision


def _dossier(system: System, training_id: str, found: Contest, verdict: Verdict) -> dict[str, Any]:
    row = row_of(system, training_id)
    with system.database.read() as session:
        taken = snapshots.get(session, row.snapshot_id or "")
        lineage, parts = dict(taken.lineage), dict(taken.parts)
    facts = load_model(Catalogue.of(system.settings).fetch(row.candidate or "")).facts
    return dossier.facts(
        training={**row_facts(row), "decided_at": system.now().isoformat()},
        data={
            "snapshot": row.snapshot_id,
            "hash": facts["data"]["hash"],
            "documents": facts["data"]["documents"],
            "parts": parts,
            "test_notes_left_out": found.left_out,
            "adapted_from": facts.get("adapted_from"),
            "lineage": lineage,
        },
        recipe=facts["recipe"],
        champion=found.first,
        candidate=found.second,
        figures={"champion": found.figures[0], "candidate": found.figures[1]},
        calibration=facts.get("calibration", {}),
        verdict=verdict,
        changes=found.changes,
        approver=GATE,
    )


def register(system: System, training_id: str) -> None:
    """When called, it will put the candidate into the registry, with its dossier, as the challenger.

    Raises
    ------
    TrackingError
        When the registry is away; called again it goes on.
    """
    row = begin(system, training_id, "register")
    folder = TrainingFolder.of(system, training_id)
    if not folder.dossier.is_file():
        judge(system, training_id)
        row = begin(system, training_id, "register")
    told = folder.read_json(folder.dossier)
    catalogue = Catalogue.of(system.settings)
    with recorded(system, training_id, last=True) as record:
        record.parameters({"trigger": row.trigger, "champion": row.champion, **told["recipe"]})
        record.tags({"model": row.candidate or "", "verdict": row.verdict or "", "behealthy.training": training_id})
        record.page(dossier.to_html(told), "dossier.html")
        record.file(folder.dossier)
        if record.failure is not None:
            raise record.failure
        path = catalogue.fetch(row.candidate or "")
        catalogue.register(path, run_id=record.run_id, tags=_tags(training_id, told))
        if rollout.served(system).version != row.candidate:
            catalogue.set_alias("challenger", row.candidate or "")


def _tags(training_id: str, told: dict[str, Any]) -> dict[str, str]:
    """What the list of models shows of a version."""
    own, data = told["candidate"], told["data"]
    strict, relaxed = (own["figures"]["micro"][match] for match in ("strict", "relaxed"))
    low, high = strict["interval"] or ("", "")
    tags = {
        "training_id": training_id,
        "verdict": told["verdict"]["decision"],
        "documents": data["documents"],
        "data_hash": data["hash"],
        "snapshot": data["snapshot"],
        "strict_f1": strict["f1"],
        "strict_f1_low": low,
        "strict_f1_high": high,
        "relaxed_f1": relaxed["f1"],
        "size_bytes": own["size_bytes"],
        "notes_per_s": own["notes_per_s"],
    }
    return {name: str(value) for name, value in tags.items()}


def promote(system: System, training_id: str) -> bool:
    """When called, it will serve the candidate when the verdict says so, and say whether it does.

    Where another version was released since the candidate was held against its champion, the verdict says nothing of
    that one, and the candidate is not served. Nor is it served again where somebody took it back. Where the settings
    say that a person is asked, it waits for one; see `flows.approval`.
    """
    row = begin(system, training_id, "promote")
    if row.verdict != "promote" or row.candidate is None:
        return False
    now_served = rollout.served(system).version
    with system.database.read() as session:
        if releases.of_training(session, training_id) is not None or approval.refused(session, training_id):
            return now_served == row.candidate
    if now_served not in (row.champion, row.candidate):
        return _passed_over(system, row)
    reason = row.reasons[0] if row.reasons else row.reason
    if now_served != row.candidate:  # what is normal for a version that is served is never moved
        with system.database.read() as session:
            held_out = snapshots.documents(session, system.vault, row.snapshot_id or "", snapshots.TEST)
        set_reference(system, load(Catalogue.of(system.settings).fetch(row.candidate)), held_out)
        if system.settings.promotion == "ask":
            approval.ask(system, training_id, row.candidate)
            return False
    try:
        rollout.promote(
            system, row.candidate, by=GATE, reason=reason, training_id=training_id, over=row.champion or row.candidate
        )
    except Conflict:
        return _passed_over(system, row)
    return True


def _passed_over(system: System, row: TrainingRow) -> bool:
    reason = f"{rollout.served(system).version} was released meanwhile; the candidate was not held against it"
    with system.database.write() as session:
        change(session, row.id, reasons=[reason, *(r for r in row.reasons if r != reason)])
    return False


def finish(system: System, training_id: str) -> dict[str, Any]:
    """When called, it will close the training, state ``done``, and give `facts`."""
    return close(system, training_id, "done")


def fail(system: System, training_id: str, failure: BaseException) -> dict[str, Any]:
    """When called, it will close the training, state ``failed``, raise an alert and say why, without words of notes."""
    # Messages of errors that are not ours may quote anything.
    said = str(failure) if isinstance(failure, BeHealthyError) else type(failure).__name__
    return close(system, training_id, "failed", said)


def facts(system: System, training_id: str) -> dict[str, Any]:
    """When called, it will give the training's row as plain values.

    Raises
    ------
    NotThere
    """
    return row_facts(row_of(system, training_id))


STEPS: tuple[tuple[Stage, Callable[[System, str], Any]], ...] = (
    ("snapshot", take_snapshot),
    ("train", fit),
    ("evaluate", evaluate),
    ("gate", judge),
    ("register", register),
    ("promote", promote),
)


def train(system: System, asked: Request) -> dict[str, Any]:
    """When called, it will do the whole story; called again with the same request, what is left of it.

    Raises
    ------
    BeHealthyError
        What a step raised; the training is then closed as failed.
    """
    if cast(str, request(system, asked)["state"]) == "done":
        return facts(system, asked.id)
    try:
        for _, step in STEPS:
            step(system, asked.id)
    except Exception as exc:
        fail(system, asked.id, exc)
        raise
    return finish(system, asked.id)

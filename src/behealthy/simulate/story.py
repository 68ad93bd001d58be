"""The story in five acts.

1. A first model is installed; the usual notes come in and nothing happens.
2. Another source begins: the watch sees it, raises an alert and draws notes for labels; a person labels them.
3. A new model learns from them, earns its place, and reads the new source better; what is normal is made anew.
4. A worse candidate is refused.
5. The same notes come twice, and then a feed breaks: what is no note is held, told of, and never learned from.

What must have come out of each act is in `simulate.claims`. This module makes things happen and judges none of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from behealthy.data import intake
from behealthy.data import snapshot as snapshots
from behealthy.flows import rollout
from behealthy.flows.system import System
from behealthy.flows.workbench import begin, change, keep_bundle
from behealthy.learn import candidate
from behealthy.note import DISEASE, TREATMENT, Extraction
from behealthy.registry.bundle import load_model
from behealthy.registry.catalogue import Catalogue
from behealthy.simulate.clinic import Clinic, drop_file
from behealthy.simulate.sources import Cast

Facts = dict[str, Any]
Progress = Callable[[str], None]

BATCHES = 8  # in which a window's notes come, one an hour
OPENS, CLOSES = 8, 18
REVIEW_S = 20 * 60.0  # that the person has for it in an hour
BROKEN = "night-feed"
CALM = 2  # windows of the other source that the new model reads
_HURRY = 4  # iterations of the worse candidate
_SPOILT = 25  # of so many characters one; the contract lets one in twenty pass
_OTHER = {DISEASE: TREATMENT, TREATMENT: DISEASE}


@dataclass(slots=True)
class Played:
    """What was done and given back, act by act, for whoever asks whether the story came out.

    Attributes
    ----------
    first, second : str
        The version that was installed, and the one that served after the drift.
    worse : dict
        The training of the worse candidate.
    again : tuple of int
        Notes that were sent twice: all, stored, known.
    broken, held : int
        Records that break the contract, and those of them that are in the quarantine.
    spoilt : list of str
        Stored notes of the broken feed, by id.
    """

    first: str = ""
    second: str = ""
    worse: Facts = field(default_factory=dict)
    again: tuple[int, int, int] = (0, 0, 0)
    broken: int = 0
    held: int = 0
    spoilt: list[str] = field(default_factory=list)


def play(clinic: Clinic, cast: Cast, progress: Progress) -> Played:
    """When called, it will play all acts and say before each what it is about.

    Raises
    ------
    BeHealthyError
        When a part of the system fails; a story that only comes out otherwise than it should raises nothing.
    """
    out, window = Played(), clinic.system.settings.window_notes
    progress("act 1: a first model, and nothing changes")
    held_out = [clinic.reviewer.annotated(d) for d in cast.held_out]
    clinic.import_gold(held_out, cast.usual)
    clinic.bring(cast.earlier, cast.usual, read=False)
    out.first = clinic.install(cast, held_out)
    for notes in _windows(cast.steady, window):
        _day(clinic, notes, cast.usual)
    progress("act 2: another source begins")
    left = _until_another_serves(clinic, cast, out.first)
    out.second = rollout.served(clinic.system).version
    progress("act 3: after the new model")
    for notes in list(_windows(left, window))[:CALM]:
        _day(clinic, notes, cast.other)
    progress("act 4: a worse candidate")
    asked = clinic.ask("worse", "a model that was learned in a hurry from mixed-up labels")
    out.worse = clinic.train(asked, instead={"train": _learned_wrongly})
    progress("act 5: notes twice, and a broken feed")
    _twice(clinic, cast, out)
    _broken_records(clinic, out)
    _spoilt_notes(clinic, cast, out)
    return out


# Time passes ---------------------------------------------------------------------------------------------------------


def _windows(notes: Sequence[Extraction], window: int) -> Iterator[Sequence[Extraction]]:
    for at in range(0, len(notes) - window + 1, window):
        yield notes[at : at + window]


def _day(clinic: Clinic, notes: Sequence[Extraction], source: str) -> None:
    """Let a window's notes come in over a day."""
    clinic.clock.to(OPENS)
    many = max(1, -(-len(notes) // BATCHES))
    for at in range(0, len(notes), many):
        clinic.hour(notes[at : at + many], source, REVIEW_S)
    while OPENS <= clinic.clock().hour < CLOSES:
        clinic.hour((), source, REVIEW_S)


def _until_another_serves(clinic: Clinic, cast: Cast, version: str) -> Sequence[Extraction]:
    """Let notes of the other source come in, day by day, until a new model serves; give those that are left.

    Where the notes end before that, a day is left for what was begun.
    """
    many, left = clinic.system.settings.window_notes // BATCHES, cast.changed
    idle = 0
    while idle < CLOSES - OPENS:
        if not OPENS <= clinic.clock().hour < CLOSES:
            clinic.clock.to(OPENS)
        arrive = left[:many] if clinic.clock().hour < OPENS + BATCHES else ()
        left = left[len(arrive) :]
        clinic.hour(arrive, cast.other, REVIEW_S)
        if rollout.served(clinic.system).version != version:
            break
        idle += not left
    return left


# Act 4 ---------------------------------------------------------------------------------------------------------------


def _learned_wrongly(system: System, training_id: str) -> str:
    """Make a candidate as a training does, but in a hurry, and from labels whose types were mixed up."""
    row = begin(system, training_id, "train")
    catalogue = Catalogue.of(system.settings)
    champion = rollout.served(system).version
    first = load_model(catalogue.fetch(candidate.first_of_line(load_model(catalogue.fetch(champion)))))
    hurried = replace(first, facts={**first.facts, "recipe": {**first.facts["recipe"], "iterations": _HURRY}})
    with system.database.read() as session:
        documents = snapshots.documents(session, system.vault, row.snapshot_id or "", snapshots.TRAIN)
    made = candidate.make(hurried, [_mixed_up(d) for d in documents], {"name": "mixed up", "snapshot": row.snapshot_id})
    version = keep_bundle(system, training_id, made)
    with system.database.write() as session:
        change(session, training_id, champion=champion, candidate=version)
    return version


def _mixed_up(document: Extraction) -> Extraction:
    return replace(document, entities=tuple(replace(e, type=_OTHER.get(e.type, e.type)) for e in document.entities))


# Act 5 ---------------------------------------------------------------------------------------------------------------


def _twice(clinic: Clinic, cast: Cast, out: Played) -> None:
    notes = cast.changed[: clinic.system.settings.window_notes]
    taken = clinic.bring(notes, cast.other)
    out.again = (len(notes), taken.stored, taken.known)
    clinic.tell("twice", f"{len(notes)} notes sent again: {taken.known} known, {taken.stored} stored")


def _broken_records(clinic: Clinic, out: Played) -> None:
    """Send what is no note, by the inbox and by a feed."""
    clinic.clock.to(OPENS)
    drop_file(clinic, "ward.txt", "Röntgen des Thorax: unauffällig.".encode("latin-1"))
    drop_file(clinic, "visits.csv", b"visit,remark\n1,seen today\n2,seen yesterday\n")
    drop_file(clinic, "export.jsonl", b'{"id": "a", "text": \n{"id": "b", "note": "Gout."}\n')
    clinic.tick()
    lines = [
        b"\xff\xfeG\x00o\x00u\x00t\x00",  # UTF-16
        b'{"id": "n1", "body": "Gout."}',
        b'{"id": "n2", "text": 17}',
        b'{"id": "n3", "text": "Has gout.", "entities": [{"start": 4, "end": 99, "type": "DISEASE"}]}',
        json.dumps({"id": "n4", "text": "patient stable " + "\ufffd" * 30}).encode(),
        b'{"id": "n5", "text": "  "}',
        b'{"id": "n6", "text": "Gout.", "written_at": "31.02.2026"}',
    ]
    raws = list(intake.read(b"\n".join(lines), "jsonl", "feed.jsonl"))
    taken = clinic.send(raws, [Extraction("", "")] * len(raws), BROKEN)
    out.broken, out.held = len(raws), taken.held
    reasons = ", ".join(f"{n} {code}" for code, n in sorted(taken.reasons.items()))
    clinic.tell("quarantine", f"{taken.held} of {len(raws)} records of {BROKEN} held: {reasons}")


def _spoilt_notes(clinic: Clinic, cast: Cast, out: Played) -> None:
    """Let a feed send notes that went through a broken converter until the watch has judged a window of them."""
    window = clinic.system.settings.window_notes
    many = window // BATCHES
    # What is too short to be spoilt would be a note like any other, and a person may make gold of that.
    notes = [_spoilt(d) for d in cast.changed if len(d.text) > _SPOILT]
    held = 0
    for at in range(0, len(notes), many):
        batch = notes[at : at + many]
        lines = "\n".join(json.dumps({"id": d.note_id, "text": d.text}) for d in batch)
        raws = list(intake.read(lines.encode(), "jsonl", "feed.jsonl"))[: window - len(out.spoilt)]
        taken = clinic.send(raws, batch[: len(raws)], BROKEN)
        out.spoilt += [fate.note_id for fate in taken.fates if fate.note_id is not None]
        held += taken.held
        clinic.tick()
        clinic.reviewer.work(REVIEW_S)
        clinic.clock.forward(hours=1)
        if len(out.spoilt) >= window:
            break
    out.broken, out.held = out.broken + held, out.held + held
    clinic.tell("quarantine", f"{held} records of {BROKEN} held for their encoding, {len(out.spoilt)} let in")


def _spoilt(document: Extraction) -> Extraction:
    """Put a replacement sign in the place of one character in so many; what is marked keeps its place."""
    signs = [("\ufffd" if i % _SPOILT == _SPOILT // 2 else c) for i, c in enumerate(document.text)]
    text = "".join(signs)
    return Extraction(
        f"spoilt {Path(document.note_id).name}",
        text,
        tuple(replace(e, text=text[e.start : e.end]) for e in document.entities),
    )

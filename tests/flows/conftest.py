"""A watched system, and made-up notes of two clinics that it reads; each batch is read once in a module."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from behealthy.flows.reading import Read, keep, reader_of
from behealthy.flows.system import System
from behealthy.note import Note
from behealthy.registry.bundle import load
from behealthy.store.notes import put_note

SIZE = 200
USUAL = (
    "Pt with {d} on {t}, {s}.\nPlan: continue {t}.",
    "HPI: {s} for {n} days. PMH: {d}. Started {t}.",
    "Follow-up of {d}; denies {s}. {t} {n} mg daily, tolerated well.",
    "Admitted for {d}. Given {t}. Now without {s}.",
)
OTHER = (
    "Tooth {n}: {d}. Placed {t} under rubber dam; occlusion adjusted, bite checked with articulating paper.",
    "Gingiva around molar {n} is swollen, {s}. {t} and scaling of the lower arch, recall in {n} weeks.",
    "Crown on premolar {n} loose after {d}; {t}, impression taken, shade matched, temporary cemented.",
)
WORDS = {
    "usual": {
        "d": ["gout", "asthma", "type 2 diabetes", "hypertension", "heart failure", "pneumonia"],
        "t": ["metformin", "lisinopril", "albuterol", "furosemide", "amoxicillin", "colchicine"],
        "s": ["chest pain", "cough", "fever", "leg swelling", "dyspnea"],
    },
    "other": {
        "d": ["caries", "pulpitis", "periapical abscess", "enamel fracture", "periodontitis"],
        "t": ["composite filling", "root canal", "fluoride varnish", "extraction"],
        "s": ["bleeding on probing", "throbbing toothache", "sensitivity to cold"],
    },
}


def written(kind: str, number: int, seed: int) -> list[str]:
    """Make notes up."""
    rng, words = Random(seed), WORDS[kind]
    shapes = USUAL if kind == "usual" else OTHER
    out = []
    for i in range(number):
        said = " ".join(rng.choice(shapes) for _ in range(rng.randint(1, 3)))
        out.append(
            said.format(n=rng.randint(2, 48), **{k: rng.choice(v) for k, v in words.items()}) + f"\nVisit {seed}-{i}."
        )
    return out


@pytest.fixture(scope="module")
def reads() -> Callable[[str, int, int], list[Read]]:
    """Read made-up notes with the shipped model; each batch is read once."""
    read, known = reader_of(load()), {}

    def get(kind: str, number: int, seed: int) -> list[Read]:
        if (kind, number, seed) not in known:
            known[kind, number, seed] = read([Note("", text) for text in written(kind, number, seed)])
        return known[kind, number, seed]

    return get


@pytest.fixture
def watched(system: System) -> System:
    """A system with small windows."""
    return replace(system, settings=replace(system.settings, window_notes=SIZE, gold_to_retrain=20, audit_percent=0))


Arrive = Callable[..., list[str]]


@pytest.fixture
def arrive(reads: Callable[[str, int, int], list[Read]]) -> Arrive:
    """Let notes of a kind come in and be read; gives their ids."""

    def bring(system: System, kind: str, number: int = SIZE, seed: int = 0, damage: str = "") -> list[str]:
        ids, kept = [], []
        with system.database.write() as session:
            for read in reads(kind, number, seed):
                text = read.extraction.text
                note = put_note(session, system.vault, Note("", text), source="ward", now=system.now())
                ids.append(note.note_id)
                observation = replace(read.observation, unreadable=read.observation.unreadable + len(damage))
                kept.append(
                    replace(read, extraction=replace(read.extraction, note_id=note.note_id), observation=observation)
                )
            keep(system, session, kept, source="ward")
        return ids

    return bring

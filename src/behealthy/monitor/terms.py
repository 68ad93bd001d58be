"""Which words moved: counted when somebody asks, from stored notes, without the sentences that they stand in.

A word is shown only when several notes of several patients have it, and never a number: what is left says what the
notes are about and not whose they are. Words are ranked by the log-odds of being in a note, with a prior that keeps
rare words from leading (Monroe, Colaresi and Quinn, "Fightin' words", Political Analysis 2008).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from math import log, sqrt

from sqlalchemy import select
from sqlalchemy.orm import Session

from behealthy.extract.tokens import PIECES
from behealthy.store.crypto import Vault
from behealthy.store.notes import opened
from behealthy.store.tables import NoteRow

FEWEST_NOTES = 5
FEWEST_PATIENTS = 3  # among the notes whose patient is known; each other note counts as another's
_SHORTEST = 3  # letters
_AT_ONCE = 200
_NAMES_OF = 0.5  # share of its appearances that a word begins with a capital inside a sentence: names do


@dataclass(frozen=True, slots=True)
class Term:
    """A word with the number of notes that have it, in the window and in the reference."""

    term: str
    count: int
    reference_count: int
    notes: int
    reference_notes: int


def moved(
    session: Session, vault: Vault, window: Iterable[str], reference: Iterable[str], limit: int = 20
) -> list[Term]:
    """When called, it will give the words that came or went the most between the stored notes of two lists of ids."""
    ours, theirs = (_Counts.of(session, vault, ids) for ids in (window, reference))
    if not ours.notes or not theirs.notes:
        return []
    shown = {w for counts in (ours, theirs) for w in counts.words if counts.may_be_shown(w)}
    scored = sorted(((_score(w, ours, theirs), w) for w in shown), key=lambda pair: (-round(abs(pair[0]), 6), pair[1]))
    return [Term(w, ours.words[w], theirs.words[w], ours.notes, theirs.notes) for _, w in islice(scored, limit)]


@dataclass(slots=True)
class _Counts:
    """Notes and patients by word."""

    notes: int
    words: Counter[str]
    capital: Counter[str]
    patients: dict[str, set[str]]

    @classmethod
    def of(cls, session: Session, vault: Vault, ids: Iterable[str]) -> _Counts:
        own = cls(0, Counter(), Counter(), {})
        wanted = list(dict.fromkeys(ids))
        for at in range(0, len(wanted), _AT_ONCE):
            rows = session.scalars(select(NoteRow).where(NoteRow.id.in_(wanted[at : at + _AT_ONCE])))
            for row in rows:
                own._add(opened(vault, row).text, row.patient_key or row.id)
        return own

    def _add(self, text: str, patient: str) -> None:
        self.notes += 1
        pieces = [piece for piece in PIECES.findall(text) if not piece.isspace()]
        for word, written in _words(pieces).items():
            self.words[word] += 1
            self.capital[word] += written
            self.patients.setdefault(word, set()).add(patient)

    def may_be_shown(self, word: str) -> bool:
        enough = self.words[word] >= FEWEST_NOTES and len(self.patients[word]) >= FEWEST_PATIENTS
        return enough and self.capital[word] <= _NAMES_OF * self.words[word]


def _words(pieces: Sequence[str]) -> dict[str, bool]:
    """Give the words of a note, and whether each is always written like a name: a capital within a sentence."""
    out: dict[str, bool] = {}
    for before, piece in zip([".", *pieces], pieces, strict=False):
        if len(piece) < _SHORTEST or not piece.isalpha():
            continue
        word = piece.lower()
        like_a_name = piece[0].isupper() and piece[1:].islower() and (before.isalpha() or before == ",")
        out[word] = out.get(word, True) and like_a_name
    return out


def _score(word: str, ours: _Counts, theirs: _Counts) -> float:
    """Give the log-odds ratio in standard errors; above zero the word came, below it went."""
    here, there = ours.words[word] + 0.5, theirs.words[word] + 0.5
    not_here, not_there = ours.notes - ours.words[word] + 0.5, theirs.notes - theirs.words[word] + 0.5
    error = sqrt(1 / here + 1 / not_here + 1 / there + 1 / not_there)
    return (log(here / not_here) - log(there / not_there)) / error

"""Which notes a person should see, and in which order.

Most notes are taken by what a reading of them probably costs to correct: the expected number of wrong or missed
entities, after the expected number of user actions of Culotta and McCallum, "Reducing labeling effort for structured
prediction tasks", AAAI 2005. It is a sum over the note and not a mean over its words: a person's hour mends most where
most is to be mended, and by the word a line with one doubtful find would come before a page with twenty.

What is chosen that way says nothing of the model's quality on all notes. So a share of the notes is reviewed whatever
the model thinks of them: the audit sample. Whether a note is in it is decided by a hash of its id under the vault's
key: the same answer whoever asks and however often, and nobody without the key can tell beforehand.

This module refuses to look at a database.
"""

from __future__ import annotations

from collections.abc import Iterable

from behealthy.note import Extraction
from behealthy.store.crypto import Vault


def expected_corrections(extraction: Extraction, missed: float = 0.0) -> float:
    """When called, it will give the expected number of entities that a person has to take out or put in.

    An entity of calibrated score p is wrong with probability 1 - p, and entities are summed as if alone, since the
    expectation of a sum needs no independence.

    Parameters
    ----------
    missed : float
        Entities expected to be there beside those that were found, from the model's marginals; 0 where nobody asked.

    Raises
    ------
    ValueError
        When ``missed`` is negative or no number.
    """
    if not 0 <= missed < float("inf"):
        raise ValueError(f"the expected number of missed entities is {missed}")
    return sum(1 - entity.score for entity in extraction.entities) + missed


def in_audit(vault: Vault, note_id: str, percent: float) -> bool:
    """When called, it will say whether a note belongs to the audit sample; one that does still does at a higher share.

    Raises
    ------
    ValueError
        When the share is none from 0 to 100.
    """
    if not 0 <= percent <= 100:
        raise ValueError(f"a share of {percent} percent")
    return _place(vault, "audit sample", note_id) < percent / 100


def shuffled(vault: Vault, note_ids: Iterable[str], occasion: str) -> list[str]:
    """When called, it will put notes in a random order that is the same for the same occasion, each note once."""
    return sorted(set(note_ids), key=lambda note_id: (_place(vault, occasion, note_id), note_id))


def _place(vault: Vault, occasion: str, note_id: str) -> float:
    """Give a number in [0, 1), uniform over notes."""
    return (int(vault.tag("sample", occasion, note_id)[:13], 16)) / 16**13

"""Judge whether an entity is present, negated, possible, hypothetical, historical, or somebody else's.

The method is ConText: Harkema, Dowling, Thornblade and Chapman, "ConText: an algorithm for determining negation,
experiencer, and temporal status from clinical reports" (J Biomed Inform 2009). A trigger reaches forward or backward
until something ends it; what stands in its reach takes its class; phrases that only look like triggers are matched
first, so that "no improvement in" negates nothing. Beyond it, sections give a class to what no trigger judges, an
entity's own words count ("old infarct"), a trigger may act on diseases or treatments alone, and of what nothing at
all is said a learned model tells whether it is past.

Where several classes reach an entity the first of `PRECEDENCE` holds: "return if no better" is hypothetical, "mother
denies" negated, "possible history of" possible. What reaches what is found in `extract.reach`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from behealthy.extract.marked import Marked
from behealthy.extract.past import load_past
from behealthy.extract.reach import Reached, reached, sentences_of, treatments
from behealthy.extract.tokens import BoolArray, IntArray
from behealthy.extract.triggers import (
    FAMILY,
    HISTORICAL,
    HYPOTHETICAL,
    NEGATED,
    POSSIBLE,
    PRESENT,
    Triggers,
    chronic_words,
)

PRECEDENCE = (HYPOTHETICAL, NEGATED, FAMILY, POSSIBLE, PRESENT, HISTORICAL)

# What a section says of the diseases and of the treatments in it, beside what triggers say.
_SECTIONS: dict[str, tuple[int, int]] = {
    "past_medical_history": (HISTORICAL, PRESENT),
    "past_surgical_history": (PRESENT, HISTORICAL),
    "family_history": (FAMILY, FAMILY),
    "allergies": (HISTORICAL, NEGATED),
    "social_history": (HISTORICAL, PRESENT),
    "discharge_instructions": (HYPOTHETICAL, PRESENT),
}
_AROUND = " \n,.:;"
_PAST = 0.0  # log odds from which on what nothing is said of is past; chosen in folds over odd example notes


@dataclass(frozen=True, slots=True)
class Judged:
    """The status of each of E entities, and the words that gave it.

    Attributes
    ----------
    status : int64 array of shape (E,)
        Indices into `behealthy.note.ASSERTIONS`.
    triggers : sequence of E tuples of (start, end)
        Code points of the entity's text, end exclusive; none where its section or its looks decided, or nothing.
    """

    status: IntArray
    triggers: Sequence[tuple[tuple[int, int], ...]]


def judge(marked: Marked, triggers: Triggers) -> IntArray:
    """When called, it will judge every entity.

    Returns
    -------
    int64 array of shape (entities,)
        Indices into `behealthy.note.ASSERTIONS`.

    Examples
    --------
    >>> from behealthy.extract.marked import mark
    >>> from behealthy.extract.tokens import Vocabulary
    >>> from behealthy.extract.triggers import load_triggers
    >>> from behealthy.note import ASSERTIONS
    >>> marked = mark(["Mother had gout, no fever."], [[(11, 15, "DISEASE"), (20, 25, "DISEASE")]], Vocabulary())
    >>> [ASSERTIONS[i] for i in judge(marked, load_triggers())]
    ['family', 'negated']
    """
    return judged(marked, triggers).status


def judged(marked: Marked, triggers: Triggers) -> Judged:
    """When called, it will judge every entity, and tell by which words."""
    if not len(marked):
        return Judged(np.zeros(0, np.int64), [])
    reach = reached(marked, triggers)
    said = _said(marked, reach)
    status = first_of(said)
    # Only where neither words nor section say anything: what is said to be current is not past because of its looks.
    silent = ~said.any(axis=0)
    if silent.any():
        status[silent & (load_past().odds(marked, *sentences_of(marked), status) > _PAST)] = HISTORICAL
    return Judged(status, _triggers(marked, reach, status))


def _triggers(marked: Marked, reach: Reached, status: IntArray) -> list[tuple[tuple[int, int], ...]]:
    """Give where the triggers stand that gave each entity its status, in reading order."""
    batch, each = marked.batch, np.arange(len(marked))
    out: list[tuple[tuple[int, int], ...]] = [()] * len(marked)
    both = np.stack([reach.before[status, each], reach.after[status, each]], axis=1)  # (entities, 2)
    given = np.flatnonzero((both >= 0).any(axis=1))
    starts, ends = batch.starts[reach.first].tolist(), batch.ends[reach.last].tolist()
    for i, note, own in zip(
        given.tolist(), batch.note[marked.first[given]].tolist(), both[given].tolist(), strict=True
    ):
        places = {_bare(marked.texts[note], starts[t], ends[t]) for t in own if t >= 0}
        out[i] = tuple(sorted(places))
    return out


def _bare(text: str, start: int, end: int) -> tuple[int, int]:
    """Give a trigger without the marks around it that only say where it may stand, as in ": none."."""
    words = text[start:end]
    first = len(words) - len(words.lstrip(_AROUND))
    return start + first, start + max(len(words.rstrip(_AROUND)), first + 1)


def first_of(said: BoolArray) -> IntArray:
    """When called, it will choose among the classes that reach each entity, from shape (classes, entities)."""
    out = np.full(said.shape[1], PRESENT)
    for kind in reversed(PRECEDENCE):
        out[said[kind]] = kind
    return out


def what_is_said(marked: Marked, triggers: Triggers) -> BoolArray:
    """When called, it will tell every class that the words and the section around each entity give it.

    They are judged apart: a denied past disease is negated and historical, and only `judge` chooses.

    Returns
    -------
    bool array of shape (classes, entities)
        In the order of `behealthy.note.ASSERTIONS`; `present` where the note says that something is current.
    """
    return _said(marked, reached(marked, triggers))


def _said(marked: Marked, reach: Reached) -> BoolArray:
    said = reach.said()
    section = _by_section(marked)
    silent = ~said.any(axis=0)
    for kind in (NEGATED, HYPOTHETICAL):
        said[kind] |= silent & (section == kind)
    for kind in (FAMILY, HISTORICAL):
        said[kind] |= section == kind
    said[PRESENT] |= _lasting(marked, said[HISTORICAL])
    return said


def _by_section(marked: Marked) -> IntArray:
    """Give what the section around each entity makes of it: its first paragraph and its lists, not what follows."""
    batch, outline = marked.batch, marked.outline
    table = np.array([_SECTIONS.get(name, (PRESENT, PRESENT)) for name in outline.names], np.int64)
    at = marked.first
    body = np.flatnonzero(~outline.heading)
    parts, where = np.unique(outline.part[body], return_index=True)
    first_block = np.zeros(int(outline.part[-1]) + 1 if len(batch.words) else 0, np.int64)
    first_block[parts] = outline.block[body[where]]
    near = outline.listed[at] | (outline.block[at] == first_block[outline.part[at]])
    kinds: IntArray = np.where(
        near & ~outline.heading[at], table[outline.section[at], treatments(marked).astype(np.int64)], PRESENT
    )
    return kinds


def _lasting(marked: Marked, past: BoolArray) -> BoolArray:
    """Tell which of the past entities are diseases that do not pass, in a note that treats something.

    A history of hypertension is one that the patient still has; without a treatment in sight it stays in the past, as
    the guideline has it.
    """
    known, words, batch = chronic_words(), marked.vocabulary.words, marked.batch
    given = treatments(marked)
    note = batch.note[marked.first]
    treated = np.zeros(len(marked.texts), np.bool_)
    treated[note[given]] = True
    out = past & treated[note] & ~given
    for i in np.flatnonzero(out).tolist():
        own = batch.words[marked.first[i] : marked.last[i] + 1].tolist()
        out[i] = any(words[w].lower() in known for w in own)
    return out

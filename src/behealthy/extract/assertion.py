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
<<<<<<< HEAD
=======


def _treatments(marked: Marked) -> BoolArray:
    return np.fromiter((kind == TREATMENT for kind in marked.type), np.bool_, len(marked))


def _reached(marked: Marked, triggers: Triggers, found: Found) -> BoolArray:
    """Tell which classes reach which entities, bool of shape (classes, entities)."""
    low, high = sentences_of(marked)
    inside = _inside(marked)
    kind, acts_on, first, last = triggers.kind[found.row], triggers.acts_on[found.row], found.first, found.last
    forward, backward = triggers.forward[found.row], triggers.backward[found.row]
    left, right = _until_ended(found, kind, acts_on, low[first], high[last], len(low))
    left, right = np.maximum(left, first - backward), np.minimum(right, last + forward)
    # A trigger that is a word of an entity speaks of that entity alone, if at all.
    own_word = inside[first] >= last
    right = np.where(own_word, np.minimum(right, inside[first]), right)
    goes_forward = (forward > 0) & (~own_word | np.isin(kind, _OWN_WORDS))
    goes_backward = (backward > 0) & ~own_word

    out = np.zeros((len(ASSERTIONS), len(marked)), np.bool_)
    treatments = _treatments(marked)
    of_type = {ALWAYS: np.ones(len(marked), np.bool_), OF_DISEASE: ~treatments, OF_TREATMENT: treatments}
    for of_kind, what in {*zip(kind.tolist(), acts_on.tolist(), strict=True)}:
        if of_kind not in PRECEDENCE or what not in of_type:
            continue
        same = (kind == of_kind) & (acts_on == what)
        hit = _covered(first, right, same & goes_forward, marked.last, marked.first)
        hit |= _covered_back(last, left, same & goes_backward, marked.first, marked.last)
        out[of_kind] |= hit & of_type[what]
    minus = _minus_signs(marked)
    minus = minus[inside[minus] < 0]
    until = np.minimum(high[minus], minus + _MINUS_REACH)
    out[NEGATED] |= _covered(minus, until, np.ones(len(minus), np.bool_), marked.last, marked.first)
    return out


def _until_ended(
    found: Found, kind: IntArray, acts_on: IntArray, left: IntArray, right: IntArray, tokens: int
) -> tuple[IntArray, IntArray]:
    """Give the first and the last token of each trigger's reach: what ends it on its way from `left` to `right`."""
    concerned = {
        ALWAYS: np.ones(len(kind), np.bool_),
        OF_FAMILY: kind == FAMILY,
        OF_TREATMENT: acts_on == OF_TREATMENT,
        OF_STATED: np.isin(kind, (NEGATED, HISTORICAL, FAMILY)),
    }
    for what, ended in concerned.items():
        own = np.flatnonzero((kind == END) & (acts_on == what))
        following = np.append(found.first[own], tokens)[np.searchsorted(found.first[own], found.last, side="right")]
        before = np.append(-1, found.last[own])[np.searchsorted(found.last[own], found.first, side="left")]
        right = np.where(ended, np.minimum(right, following - 1), right)
        left = np.where(ended, np.maximum(left, before + 1), left)
    return left, right


def _covered(first: IntArray, right: IntArray, chosen: BoolArray, begins_by: IntArray, at: IntArray) -> BoolArray:
    """Tell which entities lie in the forward reach of a chosen trigger."""
    own = chosen.nonzero()[0]
    if not len(own):
        return np.zeros(len(at), np.bool_)
    own = own[np.argsort(first[own], kind="stable")]
    farthest = np.append(-UNLIMITED, np.maximum.accumulate(right[own]))
    covered: BoolArray = farthest[np.searchsorted(first[own], begins_by, side="right")] >= at
    return covered


def _covered_back(last: IntArray, left: IntArray, chosen: BoolArray, begins: IntArray, at: IntArray) -> BoolArray:
    """Tell which entities lie in the backward reach of a chosen trigger: the same, seen in a mirror."""
    return _covered(-last, -left, chosen, -begins - 1, -at)


def sentences_of(marked: Marked) -> tuple[IntArray, IntArray]:
    """When called, it will give the ends of what a trigger at each token can reach: its sentence, inside its block."""
    batch, outline = marked.batch, marked.outline
    begins = np.ones(len(batch.words), np.bool_)
    begins[1:] = (np.diff(batch.sentence) != 0) | (np.diff(outline.block) != 0) | (np.diff(outline.part) != 0)
    first = np.flatnonzero(begins)
    unit = np.cumsum(begins) - 1
    return first[unit], np.append(first[1:], len(begins))[unit] - 1


def _inside(marked: Marked) -> IntArray:
    """Give the last token of the entities around each token, -1 outside all of them."""
    out = np.full(len(marked.batch.words), -1)
    np.maximum.at(out, marked.first, marked.last)
    reach = np.maximum.accumulate(out)
    return np.where(reach >= np.arange(len(out)), reach, -1)


def _minus_signs(marked: Marked) -> IntArray:
    """Find the signs that deny what is glued to them, as in "cough, -fever"; at the start of a line it is a bullet."""
    batch, words = marked.batch, marked.vocabulary
    signs = [words[s] for s in "-\u2013\u2212" if s in words]
    at = np.flatnonzero(np.isin(batch.words, signs))
    gaps = np.append(batch.gaps, BLANK)
    found: IntArray = at[(gaps[at] != 0) & ~has(gaps[at], NEWLINE | BLANK) & (gaps[at + 1] == 0)]
    return found
>>>>>>> main

"""Which triggers reach which entities: forward or backward, until something ends them; see `extract.assertion`.

All is done for the whole batch at once: of the triggers of a class and direction only the farthest reach so far
matters, so each entity costs one binary search in each. This module refuses to choose among the classes that reach an
entity.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from behealthy.extract.marked import Marked
from behealthy.extract.sentences import has
from behealthy.extract.tokens import BLANK, NEWLINE, BoolArray, IntArray
from behealthy.extract.triggers import (
    ALWAYS,
    END,
    FAMILY,
    HISTORICAL,
    HYPOTHETICAL,
    NEGATED,
    OF_DISEASE,
    OF_FAMILY,
    OF_STATED,
    OF_TREATMENT,
    POSSIBLE,
    Found,
    Triggers,
)
from behealthy.note import ASSERTIONS, TREATMENT

_OWN_WORDS = (POSSIBLE, HISTORICAL, HYPOTHETICAL)  # classes of triggers that count inside an entity
_MINUS_REACH = 5  # tokens


@dataclass(frozen=True, slots=True)
class Reached:
    """The triggers of a batch, and which of them reach each of its E entities.

    Attributes
    ----------
    first, last : int64 arrays of shape (T,)
        Tokens of each trigger, both inclusive.
    before, after : int64 arrays of shape (classes, E)
        Of each class, in the order of `behealthy.note.ASSERTIONS`, the trigger that reaches forward to an entity and
        the one that reaches back to it; -1 where none does. Of several it is the one that reaches farthest, and of
        those the nearest.
    """

    first: IntArray
    last: IntArray
    before: IntArray
    after: IntArray

    def said(self) -> BoolArray:
        """When called, it will tell which classes reach each entity, bool of shape (classes, E)."""
        out: BoolArray = (self.before >= 0) | (self.after >= 0)
        return out


@dataclass(frozen=True, slots=True)
class _Reach:
    """T triggers, each with all that decides what it reaches; every array is of shape (T,).

    `left` and `right` are the first and the last token of its reach, `kind` and `acts_on` as `Triggers` has them.
    """

    first: IntArray
    last: IntArray
    kind: IntArray
    acts_on: IntArray
    left: IntArray
    right: IntArray
    forward: BoolArray
    backward: BoolArray


def treatments(marked: Marked) -> BoolArray:
    """When called, it will tell which of the E entities are treatments, bool of shape (E,)."""
    return np.fromiter((kind == TREATMENT for kind in marked.type), np.bool_, len(marked))


def reached(marked: Marked, triggers: Triggers) -> Reached:
    """When called, it will find the triggers of a batch, and which of them reach each entity."""
    reach = _reach(marked, triggers, triggers.find(marked.batch, marked.vocabulary))
    before = np.full((len(ASSERTIONS), len(marked)), -1)
    after = before.copy()
    of_treatment = treatments(marked)
    of_type = {ALWAYS: np.ones(len(marked), np.bool_), OF_DISEASE: ~of_treatment, OF_TREATMENT: of_treatment}
    for kind, what in sorted({*zip(reach.kind.tolist(), reach.acts_on.tolist(), strict=True)}):
        if kind >= len(ASSERTIONS) or what not in of_type:  # what ends others, and what is none
            continue
        same = (reach.kind == kind) & (reach.acts_on == what)
        own = (same & reach.forward).nonzero()[0]
        found = _covering(reach.first[own], reach.right[own], marked.last, marked.first)
        _fill(before[kind], own, found, of_type[what])
        # The backward reach is the same, seen in a mirror.
        own = (same & reach.backward).nonzero()[0]
        found = _covering(-reach.last[own], -reach.left[own], -marked.first - 1, -marked.last)
        _fill(after[kind], own, found, of_type[what])
    return Reached(reach.first, reach.last, before, after)


def _covering(first: IntArray, right: IntArray, begins_by: IntArray, at: IntArray) -> IntArray:
    """Give a trigger whose reach from `first` to `right` each entity lies in, -1 where there is none."""
    out = np.full(len(at), -1)
    if not len(first):
        return out
    order = np.argsort(first, kind="stable")
    first, right = first[order], right[order]
    farthest = np.maximum.accumulate(right)
    which = np.maximum.accumulate(np.where(right == farthest, np.arange(len(right)), 0))
    place = np.searchsorted(first, begins_by, side="right") - 1
    hit = (place >= 0) & (farthest[place] >= at)
    out[hit] = order[which[place[hit]]]
    return out


def _fill(chosen: IntArray, own: IntArray, found: IntArray, entities: BoolArray) -> None:
    """Write the triggers that were found among `own` where they concern an entity."""
    hit = (found >= 0) & entities
    if hit.any():
        chosen[hit] = own[found[hit]]


def _reach(marked: Marked, triggers: Triggers, found: Found) -> _Reach:
    """Give how far each trigger reaches, and last the minus signs, which are not ended by what ends others."""
    low, high = sentences_of(marked)
    inside = _inside(marked)
    kind, acts_on, first, last = triggers.kind[found.row], triggers.acts_on[found.row], found.first, found.last
    forward, backward = triggers.forward[found.row], triggers.backward[found.row]
    left, right = _until_ended(found, kind, acts_on, low[first], high[last], len(low))
    left, right = np.maximum(left, first - backward), np.minimum(right, last + forward)
    # A trigger that is a word of an entity speaks of that entity alone, if at all.
    own_word = inside[first] >= last
    right = np.where(own_word, np.minimum(right, inside[first]), right)
    minus = _minus_signs(marked)
    minus = minus[inside[minus] < 0]
    signs = np.ones(len(minus), np.bool_)
    return _Reach(
        first=np.append(first, minus),
        last=np.append(last, minus),
        kind=np.append(kind, np.full(len(minus), NEGATED)),
        acts_on=np.append(acts_on, np.full(len(minus), ALWAYS)),
        left=np.append(left, minus),
        right=np.append(right, np.minimum(high[minus], minus + _MINUS_REACH)),
        forward=np.append((forward > 0) & (~own_word | np.isin(kind, _OWN_WORDS)), signs),
        backward=np.append((backward > 0) & ~own_word, ~signs),
    )


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

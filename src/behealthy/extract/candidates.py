"""Where entities stand in their notes, and which treatment is held against which disease.

A treatment is held against the nearest diseases, the title of its list, the first diseases of the note's main sections,
and in short prose against the nearest mention of every disease: so many a treatment, however long the note.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from behealthy.extract.marked import Marked
from behealthy.extract.tokens import BoolArray, IntArray

Keys = npt.NDArray[np.uint64]

NEAREST = 6  # diseases to either side of a treatment that it is held against
APART = 3  # sentences
CROSSED = 2_500  # pairs of a note in plain prose, up to which each treatment is held against each disease
MAIN = 4  # diseases of a note, named first under such a heading, that every treatment of it may be for
_MAIN = frozenset(
    "start chief_complaint reason_for_visit diagnosis diagnoses assessment impression assessment_and_plan problem_list "
    "preoperative_diagnosis postoperative_diagnosis discharge_diagnosis admission_diagnosis indication indications "
    "past_medical_history history_of_present_illness other".split()
)
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True)
class Place:
    """Where each of E entities stands."""

    first: IntArray
    last: IntArray
    note: IntArray
    sentence: IntArray
    line: IntArray
    block: IntArray
    group: IntArray
    part: IntArray
    listed: BoolArray
    prose: BoolArray
    top: BoolArray
    opens: BoolArray
    main: BoolArray


def place_of(marked: Marked, tails: IntArray) -> Place:
    """When called, it will tell where each entity stands; `tails` are the diseases, in order."""
    batch, outline, first = marked.batch, marked.outline, marked.first
    block = outline.block
    begins = np.flatnonzero(np.diff(block, prepend=-1))  # first token of each block
    listed = outline.listed[begins]
    # Items belong to the last block before them that is none, if it is of their section.
    titles = np.maximum.accumulate(np.where(listed, -1, np.arange(len(begins))))
    own = np.arange(len(begins))
    fits = (titles >= 0) & (outline.part[begins[titles]] == outline.part[begins])
    group = np.where(fits, titles, own)
    notes = int(batch.note[-1]) + 1 if len(batch.note) else 0
    structured = np.zeros(notes, bool)
    structured[batch.note[outline.heading | outline.listed]] = True
    top_line = np.full(notes, -1)
    top_line[batch.note[::-1]] = outline.line[::-1]
    opens = np.zeros(len(first), bool)  # the first disease of its block
    blocks = block[first[tails]]
    opens[tails[np.diff(blocks, prepend=-1) != 0]] = True
    parts = outline.part[first[tails]]
    main = np.zeros(len(first), bool)  # the first disease of a section that says what the note is about
    main[tails[np.diff(parts, prepend=-1) != 0]] = True
    main &= np.array([name in _MAIN for name in outline.names], bool)[outline.section[first]]
    note = batch.note[first]
    return Place(
        first=first,
        last=marked.last,
        note=note,
        sentence=batch.sentence[first],
        line=outline.line[first],
        block=block[first],
        group=group[block[first]],
        part=outline.part[first],
        listed=outline.listed[first],
        prose=~structured[note],
        top=outline.line[first] == top_line[note],
        opens=opens,
        main=main,
    )


def candidates(place: Place, heads: IntArray, tails: IntArray, concept: Keys) -> tuple[IntArray, IntArray]:
    """When called, it will give the heads and tails of all pairs worth a look, in order, each once."""
    if not (len(heads) and len(tails)):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    rank = np.searchsorted(place.first[tails], place.first[heads])
    columns = rank[:, None] + np.arange(-NEAREST, NEAREST)  # (heads, 2 * nearest)
    inside = (columns >= 0) & (columns < len(tails))
    at = np.nonzero(inside)
    head, tail = heads[at[0]], tails[columns[at]]
    near = np.abs(place.sentence[head] - place.sentence[tail]) <= APART
    near |= place.group[head] == place.group[tail]
    near &= place.note[head] == place.note[tail]
    found = [head[near] * len(place.first) + tail[near]]
    # The disease that opens the block that heads a list, and the one that opens the treatment's own.
    openers = tails[place.opens[tails]]
    for wanted in (place.block[heads], place.group[heads]):
        where = np.minimum(np.searchsorted(place.block[openers], wanted), len(openers) - 1)
        hit = place.block[openers[where]] == wanted
        found.append(heads[hit] * len(place.first) + openers[where[hit]])
    chief = tails[place.main[tails]]
    begins = np.searchsorted(place.note[chief], place.note[heads])
    for k in range(min(MAIN, len(chief))):
        where = np.minimum(begins + k, len(chief) - 1)
        hit = (begins + k < len(chief)) & (place.note[chief[where]] == place.note[heads])
        found.append(heads[hit] * len(place.first) + chief[where[hit]])
    found += _across(place, heads, tails, concept)
    both = np.unique(np.concatenate(found))
    return both // len(place.first), both % len(place.first)


def _across(place: Place, heads: IntArray, tails: IntArray, concept: Keys) -> list[IntArray]:
    """In short prose, pair the nearest mentions of every treatment and every disease of the note."""
    out = []
    starts = np.flatnonzero(np.diff(place.note[heads], prepend=-1))
    for own in np.split(heads, starts[1:]):
        note = place.note[own[0]]
        if not place.prose[own[0]]:
            continue
        low, high = np.searchsorted(place.note[tails], (note, note + 1))
        theirs = tails[low:high]
        if not 0 < len(own) * len(theirs) <= CROSSED:
            continue
        head, tail = np.repeat(own, len(theirs)), np.tile(theirs, len(own))
        apart = np.abs(place.first[head] - place.first[tail])
        both = concept[head] * _MULTIPLIER ^ concept[tail]
        order = np.lexsort((apart, both))
        nearest = order[np.append(True, both[order][1:] != both[order][:-1])]
        out.append(head[nearest] * len(place.first) + tail[nearest])
    return out

"""How what one found differs from what another found: a model's suggestion and a person's gold, or two people.

Entities are paired by where they are and not by their ids, so that a review which began blind counts like any other,
and taking out a find and marking it anew is what it is: a changed find.

Agreement of two people is F1, since nobody can count the places where both rightly marked nothing (Hripcsak and
Rothschild, "Agreement, the F-measure, and reliability in information retrieval", JAMIA 2005), and for the status of
what both marked Cohen's kappa. This module refuses to say which of two is right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from behealthy.note import Entity, Extraction

KINDS = (
    "suggested",  # entities that the model had found
    "accepted",  # of these, left as they were
    "rejected",  # of these, taken out
    "exact",  # of these, of the same place and type still
    "edited",  # of these, changed: once or more of the next four
    "retyped",
    "rebounded",
    "restatused",
    "recoded",
    "added",  # entities that the model had not found
    "relinked",  # relations put in or taken out
)

Pairs = list[tuple[Entity, Entity]]


def edits(suggested: Extraction, gold: Extraction) -> dict[str, int]:
    """When called, it will count what was done to a suggestion, by kind: see `KINDS`, each is there.

    A status that nobody judged counts as present, and of several codes the first.
    """
    pairs = paired(suggested.entities, gold.entities)
    changed = [_changes(a, b) for a, b in pairs]
    counts = Counter(kind for kinds in changed for kind in kinds)
    counts["suggested"] = len(suggested.entities)
    counts["exact"] = sum(_place(a) == _place(b) for a, b in pairs)
    counts["edited"] = sum(map(bool, changed))
    counts["accepted"] = len(pairs) - counts["edited"]
    counts["rejected"] = len(suggested.entities) - len(pairs)
    counts["added"] = len(gold.entities) - len(pairs)
    counts["relinked"] = len(_links(suggested, dict(_ids(pairs, suggested, gold))) ^ _links(gold, None))
    return {kind: counts[kind] for kind in KINDS}


def total(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """When called, it will add the counts of several notes up."""
    out = dict.fromkeys(KINDS, 0)
    for own in counts:
        for kind in KINDS:
            out[kind] += own.get(kind, 0)
    return out


def edit_rate(counts: Mapping[str, int]) -> float | None:
    """When called, it will give the share of entities that a person had to take out, change or put in.

    None where there was nothing, neither suggested nor added.
    """
    seen = counts["suggested"] + counts["added"]
    return (counts["rejected"] + counts["edited"] + counts["added"]) / seen if seen else None


@dataclass(frozen=True, slots=True)
class Agreement:
    """What two readings of the same notes have in common.

    Attributes
    ----------
    strict, relaxed, relations : float or None
        F1: same place and type; same type and one code point in common; same link of the same entities. None where
        both found nothing.
    status : float or None
        Cohen's kappa over the entities of the same place and type; None where it is not defined.
    first, second, both : int
        Entities of each, and those of the same place and type.
    """

    strict: float | None
    relaxed: float | None
    relations: float | None
    status: float | None
    first: int
    second: int
    both: int


def between(first: Sequence[Extraction], second: Sequence[Extraction]) -> Agreement:
    """When called, it will compare two readings of the same notes, given in the same order.

    Raises
    ------
    ValueError
        When the notes differ.
    """
    if [e.text for e in first] != [e.text for e in second]:
        raise ValueError("these are readings of different notes")
    same = relaxed = links = ours = theirs = 0
    statuses: list[tuple[str, str]] = []
    for a, b in zip(first, second, strict=True):
        pairs = paired(a.entities, b.entities)
        exact = [(x, y) for x, y in pairs if _place(x) == _place(y)]
        same += len(exact)
        relaxed += sum(x.type == y.type for x, y in pairs)
        statuses += [(x.assertion or "present", y.assertion or "present") for x, y in exact]
        own, other = _links(a, dict(_ids(exact, a, b))), _links(b, None)
        links, ours, theirs = links + len(own & other), ours + len(own), theirs + len(other)
    n, m = (sum(len(e.entities) for e in side) for side in (first, second))
    return Agreement(_f1(same, n, m), _f1(relaxed, n, m), _f1(links, ours, theirs), kappa(statuses), n, m, same)


def kappa(judged: Sequence[tuple[str, str]]) -> float | None:
    """When called, it will give Cohen's kappa of two judges (Cohen 1960); None without judgements or with one value."""
    if not judged:
        return None
    observed = sum(a == b for a, b in judged) / len(judged)
    one, two = Counter(a for a, _ in judged), Counter(b for _, b in judged)
    chance = sum(one[value] * two[value] for value in one) / len(judged) ** 2
    return (observed - chance) / (1 - chance) if chance < 1 else None


def paired(first: Sequence[Entity], second: Sequence[Entity]) -> Pairs:
    """When called, it will pair entities that are the same find, each at most once.

    The best fit first: same place and type, same place, then of those that overlap same type, then the longest overlap.
    """
    fits = []
    for i, a in enumerate(first):
        for j, b in enumerate(second):
            overlap = min(a.end, b.end) - max(a.start, b.start)
            if overlap > 0:
                here = (a.start, a.end) == (b.start, b.end)
                fits.append((not here, a.type != b.type, -overlap, i, j))
    pairs, left, right = [], set(range(len(first))), set(range(len(second)))
    for *_, i, j in sorted(fits):
        if i in left and j in right:
            pairs.append((first[i], second[j]))
            left.remove(i)
            right.remove(j)
    return pairs


def _changes(a: Entity, b: Entity) -> set[str]:
    differs = {
        "retyped": a.type != b.type,
        "rebounded": (a.start, a.end) != (b.start, b.end),
        "restatused": (a.assertion or "present") != (b.assertion or "present"),
        "recoded": [(c.system, c.code) for c in a.codes[:1]] != [(c.system, c.code) for c in b.codes[:1]],
    }
    return {kind for kind, is_so in differs.items() if is_so}


def _place(entity: Entity) -> tuple[int, int, str]:
    return entity.start, entity.end, entity.type


def _ids(pairs: Pairs, first: Extraction, second: Extraction) -> Iterable[tuple[str, str]]:
    """Give for the ids of one reading those of the other."""
    names = {id(e): e.id or f"e{i}" for side in (first, second) for i, e in enumerate(side.entities, 1)}
    return ((names[id(a)], names[id(b)]) for a, b in pairs)


def _links(extraction: Extraction, renamed: Mapping[str, str] | None) -> set[tuple[str, str, str]]:
    """Give the relations, by the ids of the other reading; an entity that is not there keeps a name of its own."""
    if renamed is None:
        return {(r.type, r.head, r.tail) for r in extraction.relations}
    return {
        (r.type, renamed.get(r.head, f"\0{r.head}"), renamed.get(r.tail, f"\0{r.tail}")) for r in extraction.relations
    }


def _f1(both: int, first: int, second: int) -> float | None:
    return 2 * both / (first + second) if first + second else None

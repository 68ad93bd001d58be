"""Names that look alike and mean the opposite: hypertension is not hypotension, type 1 not type 2."""

from __future__ import annotations

_OPPOSITES = (
    ("hyper", "hypo"), ("anti", ""), ("non", ""), ("tachy", "brady"), ("a", ""), ("ab", "ad"), ("intra", "extra"),
    ("hemi", "para"), ("pre", "post"), ("macro", "micro"), ("poly", "oligo"), ("meta", "para"),
)  # fmt: skip


def opposed(name: str, other: str) -> bool:
    """When called, it will tell whether names differ in a number or in a beginning that turns the meaning round."""
    mine, theirs = set(name.split()), set(other.split())
    only, others = sorted(mine - theirs), sorted(theirs - mine)
    if any(c.isdigit() for word in (*only, *others) for c in word) or min(map(len, (*only, *others)), default=9) < 4:
        return True
    pairs = [(a, b) for a in only for b in others]
    return any(
        (a.startswith(p) and b.startswith(q) and a[len(p) :] == b[len(q) :])
        or (a.startswith(q) and b.startswith(p) and a[len(q) :] == b[len(p) :])
        for a, b in pairs
        for p, q in _OPPOSITES
    )

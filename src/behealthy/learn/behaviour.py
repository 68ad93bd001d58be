"""What a model must be able to do whatever it learned last: a few plain sentences, capability by capability.

In the manner of Ribeiro et al., "Beyond accuracy: behavioral testing of NLP models with CheckList" (ACL 2020). The
cases are our own sentences (`knowledge/behaviour.tsv`), simpler than any note: a case holds when each marked name is
touched by an entity of its type, and nothing is found that touches no mark. Boundaries are left to the notes, since
conventions differ. This module refuses to say how many must hold; see `learn.gate`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

from behealthy.note import DISEASE, TREATMENT, Extraction, Note

_TYPES = {"D": DISEASE, "T": TREATMENT}
_MARK = re.compile(r"\[\[([DT]): (.+?)\]\]")

Span = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Case:
    """A sentence and what must be found in it."""

    capability: str
    text: str
    marked: tuple[Span, ...]


def cases() -> list[Case]:
    """When called, it will read the cases that come with the package."""
    table = resources.files("behealthy.learn").joinpath("knowledge", "behaviour.tsv").read_text(encoding="utf-8")
    return [_case(*row.split("\t")) for row in table.splitlines()[1:]]


def _case(capability: str, written: str) -> Case:
    text, marked, at = "", [], 0
    written = written.replace("\\n", "\n")
    for mark in _MARK.finditer(written):
        text += written[at : mark.start()]
        marked.append((len(text), len(text) + len(mark[2]), _TYPES[mark[1]]))
        text += mark[2]
        at = mark.end()
    return Case(capability, text + written[at:], tuple(marked))


def holds(case: Case, found: Extraction, types: Sequence[str]) -> bool:
    """When called, it will tell whether a model that knows these types found what the case asks for, and no more."""
    wanted = [span for span in case.marked if span[2] in types]
    got = [(e.start, e.end, e.type) for e in found.entities if e.type in types]
    missed = [w for w in wanted if not any(w[2] == g[2] and w[0] < g[1] and g[0] < w[1] for g in got)]
    extra = [g for g in got if not any(w[0] < g[1] and g[0] < w[1] for w in case.marked)]
    return not missed and not extra


def run(read: Callable[[Note], Extraction], types: Sequence[str]) -> Mapping[str, tuple[int, int]]:
    """When called, it will give for each capability how many of its cases hold, and how many there are.

    Cases that need a type which the model does not know are left out.
    """
    out: dict[str, tuple[int, int]] = {}
    for case in cases():
        if all(span[2] in types for span in case.marked):
            held, n = out.get(case.capability, (0, 0))
            out[case.capability] = (held + holds(case, read(Note("", case.text)), types), n + 1)
    return out

"""Find the sections of a note by their headings, so that "mother had it" and "he had it" can be told apart.

A heading is a phrase of `knowledge/headings.tsv` with a colon behind it at the start of a line or of a sentence, or
alone on its line. A line of capitals alone after an empty line is a heading too, though nobody knows of what.

This module refuses to guess from what a section says, and to nest: a known heading ends the section before it. An
unknown word with a colon ("Hypertension:", "BP:", "Note:") is text, because problem lists are full of them.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from operator import attrgetter

START = "start"  # what stands before the first heading
OTHER = "other"  # behind a heading that the list does not know

_LINE_ENDS = "\n\r\v\f\x85\u2028\u2029"

# All runs are possessive or bounded, so that no text costs more than a few looks at each of its characters.
_HEADING = re.compile(
    rf"""
    [{_LINE_ENDS}.;!?),]                                     # what a heading stands behind
    (?:
        (?<=[{_LINE_ENDS}])
        [ \t\u00a0\ufeff]*+
        (?P<lead>
            (?:[#*=_~>|<\[•·●▪–—-]{{1,80}}+[ \t]*+){{0,2}}+  # - ** == ##
            (?P<number>(?:\(?(?:\d{{1,2}}|[IVX]{{1,4}}(?=..?[ \t])|[A-Za-z](?=.[ \t]))[.)][ \t]*+)?)
            [*_]{{0,3}}+
        )
      | (?<=[.;!?),])[ \t\u00a0]{{0,8}}+
    )
    (?P<words>
        (?:[^\W\d_]\.){{2,5}}[^\W\d_]?
      | [^\W_][\w/&'’+]{{0,30}}+(?:(?:[ \u00a0]{{1,3}}|-)[\w/&+][\w/&'’+]{{0,30}}+){{0,8}}
    )
    (?P<aside>(?:[ ]?\([^()\n\r:]{{1,40}}\))?)
    (?:
        (?P<colon>[ \t]*+[*_\]>]{{0,3}}+[ \t]*+[:：][*_:]{{0,3}}+)
      | (?P<alone>[ \t]*+[*_~=\]>#–—-]{{0,80}}+[ \t]*+(?=[{_LINE_ENDS}]|\Z))
      | (?P<dash>[*_]{{0,3}}+(?:[ ]{{0,2}}\t|[ ]{{1,3}}[–—-](?=[ ])))
    )
    """,
    re.VERBOSE,
)
_AND = re.compile(r"\s*[/&+]\s*|\s+and\s+")
_GAP = re.compile(r"[\s-]+")
_LISTED = re.compile(r"[(\da-z•·●▪–—-](?![–—-])|\*(?!\*)")  # a bullet or a number, not a rule or **bold**
_RULED = re.compile(r"##|==")
_SHORT = 2  # characters; PE alone on its line is as likely an embolism as an examination


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of a note under one heading.

    All offsets are code points into the text, end exclusive. Sections follow on one another:
    ``[heading_start, end)`` of all of them cover the text from the first one on.

    Attributes
    ----------
    name : str
        Normalised, as ``past_medical_history``; `START` before the first heading, `OTHER` behind an unknown one.
    heading_start, heading_end : int
        The heading as written, with its number and decoration, without its colon. Empty for `START`.
    start, end : int
        What stands behind the heading and its colon.
    """

    name: str
    heading_start: int
    heading_end: int
    start: int
    end: int


def sections(text: str) -> list[Section]:
    """When called, it will cut a text into its sections, in order.

    Text before the first heading is a section `START`, if there is more to it than white space.

    Examples
    --------
    >>> note = "Seen at home.\\nPMH: gout. Allergies: none\\n\\nASSESSMENT AND PLAN\\n1. Gout: rest"
    >>> [(s.name, note[s.start : s.end].strip()) for s in sections(note)]  # doctest: +NORMALIZE_WHITESPACE
    [('start', 'Seen at home.'), ('past_medical_history', 'gout.'), ('allergies', 'none'),
     ('assessment_and_plan', '1. Gout: rest')]
    """
    found = list(_headings(text))
    first = found[0].heading_start if found else len(text)
    if text[:first].strip().strip("\ufeff"):
        found.insert(0, Section(START, 0, 0, 0, first))
    ends = [section.heading_start for section in found[1:]] + [len(text)]
    return [replace(section, end=end) for section, end in zip(found, ends, strict=bool(found))]


def section_of(sections: Sequence[Section], offset: int) -> str:
    """When called, it will give the name of the section that an offset (in code points) lies in.

    Examples
    --------
    >>> section_of([Section("plan", 5, 9, 10, 20)], 12), section_of([], 12)
    ('plan', 'start')
    """
    index = bisect_right(sections, offset, key=attrgetter("heading_start"))
    return sections[index - 1].name if index else START


@cache
def known_headings() -> Mapping[str, str]:
    """When called, it will give the name of the section for each known heading, `folded`; read once a process."""
    table = (resources.files("behealthy.extract") / "knowledge" / "headings.tsv").read_text(encoding="utf-8")
    return {folded(form): name for form, name in (line.split("\t") for line in table.splitlines())}


def folded(heading: str) -> str:
    """When called, it will give the form in which spellings of a heading meet.

    Examples
    --------
    >>> folded("ASSESSMENT & PLAN") == folded("Assessment/Plan") == folded("assessment  and plan")
    True
    """
    plain = heading.casefold().replace(".", "").replace("\u2019", "'").strip("_'")
    return _GAP.sub(" ", _AND.sub(" and ", plain))


def _headings(text: str) -> list[Section]:
    """Give the headings, each as a section that ends where it starts."""
    known = known_headings()
    lined = "\n" + text  # so that every line follows a line end; offsets in it are one more than in the text
    found: list[Section] = []
    letters: dict[int, str] = {}  # headings of a single letter, by their index
    for match in _HEADING.finditer(lined):
        words = match["words"]
        name = known.get(folded(words))
        if name is None:
            if not _is_banner(match, lined):
                continue
            name = OTHER
        elif not _is_heading(match):
            continue
        if len(words) == 1:
            letters[len(found)] = words.lower()
        first = match.start("words" if match["lead"] is None else "lead")
        found.append(Section(name, first - 1, match.end("aside") - 1, match.end() - 1, match.end() - 1))
    # "S:" with "O:" is a progress note; "P: 80" alone is a pulse, "A: patent" an airway.
    if not {"s", "o"} <= set(letters.values()):
        found = [section for i, section in enumerate(found) if i not in letters]
    return found


def _is_heading(match: re.Match[str]) -> bool:
    """Tell whether known words stand where a heading does."""
    words = match["words"]
    raised = not words[0].islower()
    if match["lead"] is None:  # inside a line
        if match["colon"] is None or len(words) == 1:
            return False
        return (
            (words.isupper() and len(words) > _SHORT + 1) if match[0][0] == "," else raised or len(words) > _SHORT + 1
        )
    if match["colon"] is not None:
        return True
    if len(words) <= _SHORT or not raised:
        return False
    # "2. Labs" alone is something to do, unless it shouts.
    listed = _LISTED.match(match["lead"]) is not None
    return words.isupper() or not listed if match["dash"] is None else not listed


def _is_banner(match: re.Match[str], lined: str) -> bool:
    """Tell whether unknown words are a heading by their looks: capitals after an empty line, or ``== ruled ==``."""
    if match["alone"] is None or match["lead"] is None:
        return False
    if _RULED.match(match["lead"]):
        return True
    words, here = match["words"], match.start()
    if match["lead"] or " " not in words or not words.isupper():
        return False
    before = lined[max(0, here - 9) : here]
    if lined[here] == "\n":
        before = before.removesuffix("\r")
    return before.strip(" \t") == "" or before.rstrip(" \t")[-1] in _LINE_ENDS

"""Find what a note itself says that its abbreviations stand for: "congestive heart failure (CHF)".

The method is that of Schwartz and Hearst, "A simple algorithm for identifying abbreviation definitions in biomedical
text", Pacific Symposium on Biocomputing 2003: the letters of the short form are looked for, from its last to its first,
in the few words before the bracket. The turned-round form "CHF (congestive heart failure)" is read too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib import resources

_SHORTEST, _LONGEST = 2, 10  # characters of a short form
_WINDOW = 120  # characters in which a long form is looked for

_AROUND = 300  # characters on either side of an abbreviation that may tell what it stands for

_BRACKET = re.compile(r"\(([^()\n]{2,80})\)")
_BEFORE = re.compile(r"[^\W_][\w/&+.-]{0,9}$")
_END = re.compile(r"[.;:!?]\s|\n\s*\n|[()\[\]]")
_WORDS = re.compile(r"\S+")
_INSIDE = re.compile(r"[;,]\s")


def definitions(text: str) -> dict[str, str]:
    """When called, it will give the long form of each short form that the text defines; the first definition counts.

    Time is linear in the text: every bracket looks at a bounded window.

    Examples
    --------
    >>> definitions("He has congestive heart failure (CHF). DVT (deep vein thrombosis) was excluded.")
    {'CHF': 'congestive heart failure', 'DVT': 'deep vein thrombosis'}
    """
    out: dict[str, str] = {}
    for found in _BRACKET.finditer(text):
        inside = _INSIDE.split(found[1], maxsplit=1)[0].strip().strip("\"'")
        before = text[max(0, found.start() - _WINDOW) : found.start()].rstrip()
        if not before or before[-1] in ".!?;:()[]":
            continue
        if _is_short(inside) and inside not in out:
            stops = [stop.end() for stop in _END.finditer(before)]
            long = _long_form(inside, before[stops[-1] if stops else 0 :])
            if long is not None:
                out.setdefault(inside, long)
                continue
        last = _BEFORE.search(before[-_LONGEST - 1 :])
        if last and _is_short(last[0]) and sum(c.isupper() for c in last[0]) >= 2 and " " in found[1]:
            long = _long_form(last[0], found[1])
            if long is not None and len(long) == len(found[1]):
                out.setdefault(last[0], long)
    return out


def expanded(mention: str, known: Mapping[str, str]) -> str | None:
    """When called, it will give a mention with the words spelt out that a note defines; None when it defines none.

    Examples
    --------
    >>> expanded("recurrent DVT", {"DVT": "deep vein thrombosis"})
    'recurrent deep vein thrombosis'
    """
    if not known:
        return None
    whole = known.get(mention)
    if whole is not None:
        return whole
    words = re.split(r"([\s/()-]+)", mention)
    out = "".join(known.get(w) or (known.get(w[:-1]) if w.endswith("s") else None) or w for w in words)
    return None if out == mention else out


def _is_short(form: str) -> bool:
    return (
        _SHORTEST <= len(form) <= _LONGEST
        and len(form.split()) <= 2
        and form[0].isalnum()
        and any(c.isalpha() for c in form)
        and (any(c.isupper() for c in form))
    )


def _long_form(short: str, window: str) -> str | None:
    """Give the shortest end of the window that holds the letters of the short form in order, the first of a word."""
    letters = [c for c in short.casefold() if c.isalnum()]
    words = [m.start() for m in _WORDS.finditer(window)]
    most = min(len(letters) + 5, len(letters) * 2)
    if not words or not letters:
        return None
    floor = words[max(0, len(words) - most)]
    folded = window.lower()
    if len(folded) != len(window):  # letters that change their number with their case
        return None
    at = len(window)
    for i in range(len(letters) - 1, -1, -1):
        at -= 1
        while at >= floor and (folded[at] != letters[i] or (i == 0 and at > 0 and folded[at - 1].isalnum())):
            at -= 1
        if at < floor:
            return None
    start = max((w for w in words if w <= at), default=at)
    long = window[start:].strip().strip("\"'")
    if len(long) <= len(short) or short in long.split() or len(long.split()) > most:
        return None
    return long


def in_context(short: str, text: str, start: int, end: int) -> str | None:
    """When called, it will give what an ambiguous abbreviation stands for as the words around it tell.

    None when it is none of the ambiguous ones, or no meaning has more words for it than every other. The words are
    looked for in a bounded part of the text on either side.

    Examples
    --------
    >>> in_context("RA", "RA with swollen joints, on methotrexate", 0, 2)
    'rheumatoid arthritis'
    >>> in_context("RA", "RA is stable", 0, 2) is None
    True
    """
    senses = _senses().get(short)
    if senses is None:
        return None
    around = f"{text[max(0, start - _AROUND) : start]} {text[end : end + _AROUND]}".casefold()
    votes = sorted(((len(set(words.findall(around))), expansion) for expansion, words in senses), reverse=True)
    most = votes[0][0]
    return votes[0][1] if most and (len(votes) == 1 or votes[1][0] < most) else None


@cache
def _senses() -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    text = (resources.files("behealthy.extract") / "knowledge" / "ambiguous.tsv").read_text(encoding="utf-8")
    out: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            short, expansion, words = line.split("\t")
            out.setdefault(short, []).append((expansion, re.compile(rf"\b(?:{words})")))
    return out

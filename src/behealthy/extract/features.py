"""What the tagger sees of a token.

Every feature is an *attribute* of one symbol of one *stream*, seen from an offset. The first stream is the words;
the others are small alphabets that depend on the place (dictionary match, position in a section). Because no feature
joins two offsets, the weights of all attributes of a symbol add up to one row, and a model compiles to tables.

An attribute's name begins with its template; `RADIUS` says from how far each template is seen.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

# How many tokens away an attribute is seen, by template.
RADIUS: Mapping[str, int] = {
    "w": 3,  # the word, lower-cased, digits as 0
    "k": 3,  # word classes, one template for each grain
    "f": 2,  # form: shape, case, digits
    "s": 1,  # endings
    "p": 1,  # beginnings
    "g": 0,  # letter trigrams
    "d": 2,  # dictionary
    "x": 3,  # the edge of the sentence
    "b": 1,  # what a base model thinks
    "e": 1,  # what a base model thinks of the same word elsewhere in the note
}
WIDEST = max(RADIUS.values())

Classes = Callable[[str], Sequence[int]]


def radius(attribute: str) -> int:
    """How far an attribute is seen, in tokens."""
    return RADIUS[attribute[0]]


def shape(word: str) -> str:
    """Letters as X, x, digits as 0, the rest as it is; runs are cut to two.

    Examples
    --------
    >>> shape("T2DM"), shape("Metformin"), shape("10.5")
    ('X0XX', 'Xxx', '00.0')
    """
    out: list[str] = []
    for c in word[:24]:
        s = "X" if c.isupper() else "x" if c.islower() else "0" if c.isdigit() else c
        if len(out) < 2 or out[-1] != s or out[-2] != s:
            out.append(s)
    return "".join(out)


_DIGIT = re.compile(r"\d")


def lowered(word: str) -> str:
    """The form in which a word is compared: lower-cased, each digit as 0."""
    return _DIGIT.sub("0", word.lower())


def word_attributes(word: str, classes: Classes | None = None) -> list[str]:
    """Give the attributes of a word, the empty word being the edge of a sentence.

    Parameters
    ----------
    classes : callable, optional
        From a lower-cased word to its class numbers, one for each grain, coarse to fine.
    """
    if not word:
        return ["x"]
    lower = lowered(word)
    n = len(lower)
    out = [f"w={lower}", f"f={shape(word)}"]
    if word[0].isupper():
        out.append("fU" if n > 1 and word.isupper() else "fT")
    if any(c.isdigit() for c in word):
        out.append("fD" if word.isdigit() else "fd")
    out.append(f"fl={min(n, 12)}")
    for size in range(1, min(n, 5) + 1):
        out.append(f"p{lower[:size]}")
        out.append(f"s{lower[-size:]}")
    if n > 3 and lower.isalpha():
        bounded = f"^{lower}$"
        out += sorted({f"g{bounded[i : i + 3]}" for i in range(len(bounded) - 2)})
    if classes is not None:
        out += [f"k{grain}={number}" for grain, number in enumerate(classes(lower))]
    return out

"""Labels in a column beside tokens, shared by the column formats: which runs of labels are entities, and back.

Understood on reading: O, B-x I-x (IOB1 and IOB2), B- I- E- S- (BIOES), B- I- L- U- (BILOU), and bare types, where a
run of equal labels is one entity. Written: B-x I-x, or bare types. A label that fits none of these is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from behealthy.extract.sentences import sentences
from behealthy.extract.tokens import Vocabulary, tokenize
from behealthy.note import Entity, Extraction

_PREFIXED = re.compile(r"([BIESLU])-(\S+)")
_BARE = re.compile(r"(?![BIESLU]$|[BIESLUO][_:.]|.-)[^\W\d_][\w./:+-]*")
_LOOKS_LIKE_A_LABEL = re.compile(r"[BIESLUObieslumo0]?[-_:]\w{0,24}|[BIESLU]|0")

BARE = ""

Label = tuple[str, str] | None
"""Position and type; None for O."""


def parse(label: str) -> Label:
    """Split a label into its position (B I E S L U, or empty for a bare type) and its type; None for O.

    Raises
    ------
    ValueError
        When it is not a label. The value is named only if it can hardly be a word of the note.
    """
    if label == "O":
        return None
    if prefixed := _PREFIXED.fullmatch(label):
        return prefixed[1], prefixed[2]
    if _BARE.fullmatch(label):
        return BARE, label
    if not label:
        raise ValueError("the label is empty")
    shown = f" {label!r}" if _LOOKS_LIKE_A_LABEL.fullmatch(label) else f" of {len(label)} characters"
    raise ValueError(f"label{shown} is neither O, nor a position and a type such as B-x, nor a type")


def decode(labels: Sequence[Label]) -> tuple[list[tuple[int, int, str]], list[tuple[int, str]]]:
    """Find the entities in a sentence's parsed labels.

    Returns
    -------
    spans : list of (first token, token after the last, type)
    oddities : list of (token, reason)
        Labels that continue an entity which was not there; they begin one.
    """
    spans: list[tuple[int, int, str]] = []
    oddities: list[tuple[int, str]] = []
    open_from = 0
    open_type: str | None = None
    for i, label in enumerate([*labels, None]):
        position, type_ = label or (None, None)
        goes_on = type_ == open_type and position in ("I", "E", "L", BARE)
        if open_type is not None and not goes_on:
            spans.append((open_from, i, open_type))
            open_type = None
        if type_ is None:
            continue
        if not goes_on:
            open_from, open_type = i, type_
            if position in ("I", "E", "L"):
                oddities.append((i, f"{position}-{type_} without a B-{type_} before it; taken as a beginning"))
        if position in ("E", "L", "S", "U"):
            spans.append((open_from, i + 1, type_))
            open_type = None
    return spans, oddities


def place(
    tokens: Sequence[str], spans: Sequence[tuple[int, int, str]], offset: int, known: int
) -> tuple[str, list[Entity]]:
    """Join a sentence's tokens by one space and place its entities in the document's text.

    Parameters
    ----------
    offset : int
        Code points of the document before this sentence.
    known : int
        Entities of the document before this sentence; ids go on from there.
    """
    starts = [offset]
    for token in tokens:
        starts.append(starts[-1] + len(token) + 1)
    entities = [
        Entity(starts[first], starts[after] - 1, " ".join(tokens[first:after]), type_, id=f"e{number}")
        for number, (first, after, type_) in enumerate(spans, known + 1)
    ]
    return " ".join(tokens), entities


def writable(type_: str, *, bare: bool) -> bool:
    """Tell whether a type can be read back from a label column."""
    return bool(_BARE.fullmatch(type_)) and type_ != "O" if bare else bool(re.fullmatch(r"\S+", type_))


def labelled(document: Extraction, vocabulary: Vocabulary, *, bare: bool) -> Iterator[list[tuple[str, str]]]:
    """Give a document's sentences as (token, label) rows.

    Of entities that overlap, the longer is kept, then the earlier. An entity that ends inside a token takes the
    whole token; a sentence never ends inside an entity.
    """
    tokens = tokenize(document.text, vocabulary)
    # White space inside a token, as in a de-identification mask, would read as a column or a row of its own.
    words = [re.sub(r"\s+", " ", word) for word in tokens]
    firsts = tokens.ends.searchsorted([e.start for e in document.entities], side="right").tolist()
    afters = tokens.starts.searchsorted([e.end for e in document.entities], side="left").tolist()
    labels = ["O"] * len(words)
    inside: set[int] = set()
    for first, after, type_ in sorted(
        zip(firsts, afters, (e.type for e in document.entities), strict=True), key=lambda s: (s[0] - s[1], s[0])
    ):
        if first < after and all(label == "O" for label in labels[first:after]):
            labels[first] = type_ if bare else f"B-{type_}"
            labels[first + 1 : after] = [type_ if bare else f"I-{type_}"] * (after - first - 1)
            inside.update(range(first + 1, after))
    cuts = [first for first, _ in sentences(tokens) if first not in inside] + [len(words)]
    for a, b in pairwise(cuts):
        yield list(zip(words[a:b], labels[a:b], strict=True))

"""What the watch sees of a note: numbers about it and about what was found in it, never its words.

An observation is made beside the extraction and must cost little, so it looks at a text once, word by word, with all
that it wants to know of a word kept in one small number. The bag of words is hashed into 256 places, which tell two
kinds of notes apart and cannot be read back. This module refuses to judge: what is normal is `monitor.drift`'s affair.
"""

from __future__ import annotations

import base64
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import insert
from sqlalchemy.orm import Session

from behealthy.extract.extractor import Extractor
from behealthy.extract.features import lowered
from behealthy.extract.lexicon import SKIP, Lexicon, exact_key, token_key
from behealthy.extract.sections import sections
from behealthy.extract.tagger import Weights
from behealthy.extract.tokens import PIECES
from behealthy.note import Extraction, Note
from behealthy.store.session import alone
from behealthy.store.tables import PredictionRow

_LOCK = 7249  # of PostgreSQL; SQLite has one writer anyway

BUCKETS = 256
BINS = 10  # of the scores' histogram
CHARACTERS = ("lower", "upper", "digit", "space", "line", "sign", "foreign", "odd")
UNJUDGED = "unjudged"
_DIGITS = 4  # of what is kept

_KNOWN, _NAMED = BUCKETS, 2 * BUCKETS  # bits of a word's number above its bucket
_LONGEST_WORD = 60  # characters without white space; more is no text
_CACHED_CHUNKS = 200_000
_TWICE_ENCODED = re.compile("[\u00c2\u00c3][\u0080-\u00bf]|\u00e2\u20ac")  # UTF-8 that was read as Latin-1


@dataclass(frozen=True, slots=True)
class Truth:
    """What a person's marks say of a reading: `marked` entities, and how many of the found ones are `right`, by score.

    An entity is right when type and both boundaries are.
    """

    marked: int
    right: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Observation:
    """Numbers about one reading of one note.

    Attributes
    ----------
    characters : tuple of int
        Characters of each kind, in the order of `CHARACTERS`.
    unreadable : int
        Characters that no person wrote: control signs, replacement signs, text that was encoded twice, endless words.
    words, unknown, named : int
        Words; those that the model never learned; those that are a name of the dictionary by themselves.
    bag : uint8 array of shape (256,)
        Words by hash.
    sections : mapping
        Characters by name of section.
    entities, assertions : mapping
        Entities by type and by status.
    expected : mapping
        Entities of each type that the model believes to be there, called or not.
    scores : tuple of int
        Entities by tenth of their score.
    score_sum : float
        Expected number of right entities, should the scores be calibrated.
    truth : Truth, optional
        Where a person has read the note too.
    """

    characters: tuple[int, ...]
    unreadable: int
    words: int
    unknown: int
    named: int
    bag: npt.NDArray[np.uint8] = field(compare=False)
    sections: Mapping[str, int]
    entities: Mapping[str, int]
    assertions: Mapping[str, int]
    expected: Mapping[str, float]
    scores: tuple[int, ...]
    score_sum: float
    truth: Truth | None = None

    def to_json(self) -> dict[str, Any]:
        """Give the observation as plain values."""
        out: dict[str, Any] = {
            "characters": list(self.characters),
            "unreadable": self.unreadable,
            "words": self.words,
            "unknown": self.unknown,
            "named": self.named,
            "bag": base64.b64encode(self.bag.tobytes()).decode("ascii"),
            "sections": dict(self.sections),
            "entities": dict(self.entities),
            "assertions": dict(self.assertions),
            "expected": dict(self.expected),
            "scores": list(self.scores),
            "score_sum": self.score_sum,
        }
        if self.truth is not None:
            out["truth"] = {"marked": self.truth.marked, "right": list(self.truth.right)}
        return out

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Observation:
        """Read an observation back.

        Raises
        ------
        KeyError, ValueError
            When it is none.
        """
        truth = data.get("truth")
        bag = np.frombuffer(base64.b64decode(data["bag"]), np.uint8)
        if len(bag) != BUCKETS:
            raise ValueError(f"a bag of {len(bag)} places, not {BUCKETS}")
        return cls(
            characters=tuple(data["characters"]),
            unreadable=data["unreadable"],
            words=data["words"],
            unknown=data["unknown"],
            named=data["named"],
            bag=bag,
            sections=data["sections"],
            entities=data["entities"],
            assertions=data["assertions"],
            expected=data["expected"],
            scores=tuple(data["scores"]),
            score_sum=data["score_sum"],
            truth=None if truth is None else Truth(truth["marked"], tuple(truth["right"])),
        )


@dataclass(frozen=True, slots=True)
class Logged:
    """A reading as it stands in the prediction log; of a note that is not stored the id is None."""

    observation: Observation
    note_id: str | None
    source: str
    version: str
    duration_s: float
    at: datetime

    def row(self) -> dict[str, Any]:
        """When called, it will give the columns of `store.tables.PredictionRow`."""
        return {
            "at": self.at,
            "note_id": self.note_id,
            "source": self.source,
            "model_version": self.version,
            "duration_s": self.duration_s,
            "observation": self.observation.to_json(),
        }


class Observer:
    """Makes observations of what one extractor reads; safe to share between threads.

    Parameters
    ----------
    extractor : Extractor
        Whose words count as known, and whose dictionary as the dictionary.
    """

    def __init__(self, extractor: Extractor) -> None:
        self.version = extractor.version
        self._chunks = _Chunks(known_words(extractor.weights), extractor.lexicon)

    def __call__(self, note: str | Note, extraction: Extraction) -> Observation:
        """When called, it will tell what there is to see of a note and its extraction."""
        text = note if isinstance(note, str) else note.text
        chunks = text.split()
        codes = np.fromiter(chain.from_iterable(map(self._chunks.__getitem__, chunks)), np.int64)
        words = np.bincount(codes, minlength=4 * BUCKETS).reshape(2, 2, BUCKETS)  # named, known, bucket
        characters, odd = _characters(text)
        endless = sum(map(len, filter(_is_endless, chunks))) if max(map(len, chunks), default=0) > _LONGEST_WORD else 0
        scores = [entity.score for entity in extraction.entities]
        total = len(codes)
        return Observation(
            characters=characters,
            unreadable=odd + endless,
            words=total,
            unknown=total - int(words[:, 1].sum()),
            named=int(words[1].sum()),
            bag=np.minimum(words.sum(axis=(0, 1)), 255).astype(np.uint8),
            sections=_sections(text),
            entities=Counter(entity.type for entity in extraction.entities),
            assertions=Counter(entity.assertion or UNJUDGED for entity in extraction.entities),
            expected=_expected(extraction),
            scores=_histogram(scores),
            score_sum=round(sum(scores), _DIGITS),
        )


def with_truth(observation: Observation, extraction: Extraction, gold: Extraction) -> Observation:
    """When called, it will add to an observation what a person's marks say of the extraction."""
    marked = Counter((e.start, e.end, e.type) for e in gold.entities)
    free = marked.copy()
    right = []
    for entity in sorted(extraction.entities, key=lambda e: -e.score):
        span = (entity.start, entity.end, entity.type)
        if free[span] > 0:
            free[span] -= 1
            right.append(entity.score)
    return replace(observation, truth=Truth(marked.total(), _histogram(right)))


def log(session: Session, readings: Sequence[Logged]) -> None:
    """When called, it will add readings to the prediction log, all in one statement; late in its transaction.

    Numbers can be seen in their order: a window that ends with a number holds all below it. Else what a transaction
    wrote that was begun before, and ended after, would be in no window.
    """
    if readings:
        alone(session, _LOCK)
        session.execute(insert(PredictionRow), [reading.row() for reading in readings])


def known_words(weights: Weights) -> frozenset[str]:
    """When called, it will give the words that a model, or one that reads before it, has learned something about."""
    known: set[str] = set()
    part: Weights | None = weights
    while part is not None:
        known.update(a[2:] for block in part.blocks for a in block.attributes if a.startswith("w="))
        part = part.base
    return frozenset(known)


class _Chunks(dict[str, tuple[int, ...]]):
    """What stands between white space, as the numbers of its words: bucket, whether known, whether named."""

    def __init__(self, known: frozenset[str], lexicon: Lexicon | None) -> None:
        super().__init__()
        self._known, self._lexicon = known, lexicon

    def __missing__(self, chunk: str) -> tuple[int, ...]:
        codes = tuple(self._code(piece) for piece in PIECES.findall(chunk) if piece[0].isalpha())
        if len(chunk) <= _LONGEST_WORD:  # what is longer comes once, and may be as long as a note
            if len(self) >= _CACHED_CHUNKS:
                self.clear()
            self[chunk] = codes
        return codes

    def _code(self, word: str) -> int:
        key = token_key(word)
        code = key % BUCKETS
        if lowered(word) in self._known:
            code |= _KNOWN
        if self._lexicon is not None and any(map(self._is_name, (key, exact_key(word)))):
            code |= _NAMED
        return code

    def _is_name(self, key: int) -> bool:
        if key <= SKIP or self._lexicon is None:
            return False
        phrases = self._lexicon.phrases
        at = int(phrases.searchsorted(np.uint64(key)))
        return at < len(phrases) and int(phrases[at]) == key


def _kinds_table() -> npt.NDArray[np.uint8]:
    """Give the kind of each character below 256."""
    lower, upper, digit, space, line, sign, foreign, odd = range(len(CHARACTERS))
    table = np.full(256, sign, np.uint8)
    for code in range(256):
        c = chr(code)
        if c in "\n\r\v\f\x85":
            table[code] = line
        elif c in " \t\xa0":
            table[code] = space
        elif code < 32 or 127 <= code < 160:
            table[code] = odd
        elif code >= 160:
            table[code] = foreign
        elif c.isdigit():
            table[code] = digit
        elif c.isalpha():
            table[code] = lower if c.islower() else upper
    return table


_KINDS = _kinds_table()
_FOREIGN, _ODD = CHARACTERS.index("foreign"), CHARACTERS.index("odd")


def _characters(text: str) -> tuple[tuple[int, ...], int]:
    """Count the characters of each kind, and those that nobody wrote."""
    if text.isascii():
        counts = np.bincount(_KINDS[np.frombuffer(text.encode(), np.uint8)], minlength=len(CHARACTERS)).tolist()
        return tuple(counts), counts[_ODD]
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    kinds = np.where(codes < 256, _KINDS[np.minimum(codes, 255)], _FOREIGN)
    kinds[(codes == 0xFFFD) | ((codes >= 0xD800) & (codes < 0xF900))] = _ODD  # surrogates, private use
    counts = np.bincount(kinds, minlength=len(CHARACTERS)).tolist()
    return tuple(counts), counts[_ODD] + 2 * len(_TWICE_ENCODED.findall(text))


def _is_endless(chunk: str) -> bool:
    """Tell whether this is no word of anybody: a rule of dashes is fine, a picture in letters is not."""
    return len(chunk) > _LONGEST_WORD and sum(map(str.isalnum, chunk)) > _LONGEST_WORD and "://" not in chunk


def _sections(text: str) -> Counter[str]:
    out: Counter[str] = Counter()
    for section in sections(text):
        out[section.name] += section.end - section.heading_start
    return out


def _expected(extraction: Extraction) -> dict[str, float]:
    """Give what the model believes to be there; of one that does not say, what it found."""
    believed = extraction.expected or Counter(entity.type for entity in extraction.entities)
    return {kind: round(number, _DIGITS) for kind, number in believed.items()}


def _histogram(scores: list[float]) -> tuple[int, ...]:
    out = [0] * BINS
    for score in scores:
        out[min(int(score * BINS), BINS - 1)] += 1
    return tuple(out)

"""Find the phrases of a dictionary in tokens, longest first, as one pass of array operations.

A token is a 64-bit key, a phrase the rolling hash of its tokens' keys, the dictionary a sorted array of such hashes
with the kinds each phrase names. A table of small bit fields, indexed by the upper bits of a hash, tells which tokens
can begin or continue a phrase; few survive it, so most of a text is looked at once.

This module refuses to know files, where phrases come from, and what a kind is used for.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.uint64]
Tags = npt.NDArray[np.int8]

# The channels, in the order of their bits and of the rows that `Lexicon.match` gives.
KINDS: tuple[str, ...] = ("disease", "drug", "treatment", "finding")

OUTSIDE, BEGIN, INSIDE, END, SINGLE = range(5)

BOUNDARY = 0  # key of no token: matches never cross it
SKIP = 1  # key of a token that phrases do not see: "beta-blocker" is "beta blocker", "Crohn's" is "Crohn"
LONGEST = 10  # tokens of a phrase, skipped ones not counted

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # odd, so that multiplying loses nothing modulo 2**64
_TABLE_BITS = 20
_FOLDED, _LONGEST_KEPT = 50_000, 60  # forms of tokens that are kept, and characters of one that is
_STARTS, _ENDS = 1, 2  # bits of a table cell: a phrase goes on here, a phrase is complete here

_SKIPPED = frozenset({"-", "\u2010", "\u2011", "\u2013", "'", "\u2019", "'s", "\u2019s"})
_ABBREVIATION = re.compile(r"(?=(?:[^A-Z]*[A-Z]){2})[A-Za-z0-9]{2,6}")

# British spellings and Greek letters; each left side is found in hardly any word that is not medical.
_SPELLINGS = {
    "aem": "em", "aest": "est", "anaes": "anes", "caec": "cec", "caes": "ces", "coel": "cel", "faec": "fec",
    "foet": "fet", "gynaec": "gynec", "leuc": "leuk", "noea": "nea", "oed": "ed", "oesoph": "esoph", "oestr": "estr",
    "orrhag": "orrhag", "paed": "ped", "rrhoea": "rrhea", "tumour": "tumor",
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ω": "omega",
}  # fmt: skip
_SPELLING = re.compile("|".join(sorted(_SPELLINGS, key=len, reverse=True)))


def token_key(token: str) -> int:
    """When called, it will give the key under which all spellings of a token meet, an integer in [0, 2**64).

    Case, accents, British spelling and a plural's ending are folded away. The empty token has key 0, a hyphen or a
    possessive ending has `SKIP`; no other token has either.

    Examples
    --------
    >>> token_key("Fractures") == token_key("fracture")
    True
    >>> token_key("anaemia") == token_key("Anemia")
    True
    >>> token_key("diagnoses") == token_key("diagnosis")
    True
    """
    if not token:
        return BOUNDARY
    if token in _SKIPPED:
        return SKIP
    return _digest("w", normalised(token))


def exact_key(token: str) -> int:
    """When called, it will give the case-sensitive key of an abbreviation, 0 when the token has not the shape of one.

    The shape: two to six letters or digits, two of them capitals.
    """
    return _digest("x", token) if _ABBREVIATION.fullmatch(token) else 0


def normalised(token: str) -> str:
    """When called, it will give the form of a token that its key is made of.

    Examples
    --------
    >>> [normalised(t) for t in ("Sjögren", "biopsies", "abscesses", "metastasis", "virus", "oedema")]
    ['sjogren', 'biopsy', 'abscess', 'metastase', 'virus', 'edema']
    """
    return _folded(token) if len(token) <= _LONGEST_KEPT else _folded.__wrapped__(token)


@lru_cache(_FOLDED)
def _folded(token: str) -> str:
    word = token.casefold()
    if not word.isascii():
        decomposed = unicodedata.normalize("NFKD", word)
        word = "".join(c for c in decomposed if not unicodedata.combining(c)).replace("ς", "σ")
    word = _SPELLING.sub(lambda found: _SPELLINGS[found[0]], word)
    return _singular(word)


def _singular(word: str) -> str:
    if len(word) < 4 or not word.isalpha():
        return word
    if word.endswith("sis"):
        return word[:-2] + "e"
    if not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "ches", "shes", "xes")):
        return word[:-2]
    return word[:-1]


def _digest(space: str, word: str) -> int:
    raw = hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8, person=space.encode()).digest()
    return max(int.from_bytes(raw, "little"), SKIP + 1)


@dataclass(frozen=True, slots=True)
class Lexicon:
    """A compiled dictionary.

    Attributes
    ----------
    phrases : uint64 array of shape (phrases,)
        Hashes, ascending; the case-sensitive abbreviations among them.
    kinds : uint8 array of shape (phrases,)
        Bit c is set when the phrase is of kind ``KINDS[c]``.
    begun : uint8 array of shape (2 ** 20 / 8,)
        Packed bits: the upper bits of the hash of any phrase's proper beginning.
    table : uint8 array of shape (2 ** 20,)
        `begun` and the phrases themselves, one cell a hash.
    """

    phrases: Keys
    kinds: npt.NDArray[np.uint8]
    begun: npt.NDArray[np.uint8]
    table: npt.NDArray[np.uint8]

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]], meta: Mapping[str, Any]) -> Lexicon:
        """When called, it will make the matcher from what `compile_lexicon` and a folder's facts gave.

        Raises
        ------
        ValueError
            With every fault found, when an array is missing, of another type or shape, or the kinds are not ours.
        """
        wanted: dict[str, type[np.generic]] = {"phrases": np.uint64, "kinds": np.uint8, "begun": np.uint8}
        faults = [
            f"array {name!r} is not a row of {np.dtype(dtype)}"
            for name, dtype in wanted.items()
            if name not in arrays or arrays[name].dtype != dtype or arrays[name].ndim != 1
        ]
        if tuple(meta.get("kinds", ())) != KINDS:
            faults.append(f"kinds are {meta.get('kinds')!r}, not {list(KINDS)!r}")
        if not faults:
            phrases, kinds, begun = (arrays[name] for name in wanted)
            if len(phrases) != len(kinds) or len(begun) * 8 != 1 << _TABLE_BITS:
                faults.append(f"{len(phrases)} phrases, {len(kinds)} kinds and {len(begun)} bytes do not fit together")
            elif len(phrases) and not bool(np.all(phrases[1:] > phrases[:-1])):
                faults.append("the phrases are not in ascending order")
        if faults:
            raise ValueError("lexicon: " + "; ".join(faults))
        table = np.unpackbits(begun)
        table[_cells(phrases)] |= _ENDS
        return cls(phrases, kinds, begun, table)

    def match(self, keys: Keys, exact: Keys) -> Tags:
        """When called, it will tag each token with its place in the dictionary phrases around it.

        For every kind the phrases are chosen from left to right, the longest at each place, and do not overlap; the
        kinds are chosen independently of each other.

        Parameters
        ----------
        keys : uint64 array of shape (tokens,)
            `token_key` of each token, or 0 between sentences.
        exact : uint64 array of shape (tokens,)
            `exact_key` of each token.

        Returns
        -------
        int8 array of shape (kinds, tokens)
            0 outside, 1 begin, 2 inside, 3 end, 4 single.
        """
        tags = np.zeros((len(KINDS), len(keys)), np.int8)
        seen = np.flatnonzero(keys != SKIP)  # (tokens that phrases see,)
        starts, lengths, kinds = self._found(keys[seen], exact[seen])
        for channel in range(len(KINDS)):
            of_kind = np.flatnonzero(kinds & (1 << channel))
            first, last = _leftmost_longest(starts[of_kind], lengths[of_kind])
            _write(tags[channel], seen[first], seen[last])
        return tags

    def _found(self, keys: Keys, exact: Keys) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Keys]:
        """Give start, length and kinds of every phrase that is found, in ascending order of length."""
        n = len(keys)
        starts: list[npt.NDArray[np.int64]] = []
        lengths: list[npt.NDArray[np.int64]] = []
        kinds: list[Keys] = []

        def look_up(at: npt.NDArray[np.int64], hashes: Keys, length: int) -> None:
            place = np.minimum(np.searchsorted(self.phrases, hashes), len(self.phrases) - 1)
            hit = self.phrases[place] == hashes
            starts.append(at[hit])
            lengths.append(np.full(np.count_nonzero(hit), length))
            kinds.append(self.kinds[place[hit]])

        if not len(self.phrases):
            return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.uint8)
        shaped = np.flatnonzero(exact)
        look_up(shaped, exact[shaped], 1)
        at = np.flatnonzero(keys)
        hashes = keys[at]  # (tokens that can begin a phrase,)
        for length in range(1, LONGEST + 1):
            cells = self.table[_cells(hashes)]
            ends = np.flatnonzero(cells & _ENDS)
            look_up(at[ends], hashes[ends], length)
            goes_on = np.flatnonzero(cells & _STARTS)
            at, hashes = at[goes_on], hashes[goes_on]
            inside = at + length < n
            at, hashes = at[inside], hashes[inside]
            following = keys[at + length]
            inside = following != BOUNDARY
            at, hashes = at[inside], hashes[inside] * _MULTIPLIER + following[inside]
            if not len(at):
                break
        return np.concatenate(starts), np.concatenate(lengths), np.concatenate(kinds)


def compile_lexicon(
    phrases: Iterable[tuple[Sequence[str], int]], abbreviations: Mapping[str, int]
) -> dict[str, npt.NDArray[Any]]:
    """When called, it will give the arrays that `Lexicon.from_arrays` reads.

    Parameters
    ----------
    phrases : iterable of (tokens, kinds)
        Kinds as a sum of bits, bit c for ``KINDS[c]``. Phrases without a visible token or of more than ten are left
        out; the same phrase may come again with further kinds.
    abbreviations : mapping of token to kinds
        Tokens to be matched as they are written, each of the shape that `exact_key` asks for.

    Raises
    ------
    ValueError
        When an abbreviation has not that shape.
    """
    kinds: dict[int, int] = {}
    begun: set[int] = set()
    for tokens, bits in phrases:
        keys = [key for key in map(token_key, tokens) if key != SKIP]
        if not 0 < len(keys) <= LONGEST:
            continue
        value = keys[0]
        for key in keys[1:]:
            begun.add(value)
            value = (value * int(_MULTIPLIER) + key) & 0xFFFF_FFFF_FFFF_FFFF
        kinds[value] = kinds.get(value, 0) | bits
    for token, bits in abbreviations.items():
        key = exact_key(token)
        if not key:
            raise ValueError(f"abbreviation {token!r} is not two to six letters or digits with two capitals")
        kinds[key] = kinds.get(key, 0) | bits
    ordered = sorted(kinds)
    table = np.zeros(1 << _TABLE_BITS, np.uint8)
    table[_cells(np.array(sorted(begun), np.uint64))] = 1
    return {
        "phrases": np.array(ordered, np.uint64),
        "kinds": np.array([kinds[value] for value in ordered], np.uint8),
        "begun": np.packbits(table),
    }


def _cells(hashes: Keys) -> npt.NDArray[np.int64]:
    return (hashes >> np.uint64(64 - _TABLE_BITS)).astype(np.int64)


def _leftmost_longest(
    starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Choose from matches; give the first and last token of each that stays, in order."""
    order = np.lexsort((-lengths, starts))
    chosen: list[tuple[int, int]] = []
    free = 0
    for start, length in zip(starts[order].tolist(), lengths[order].tolist(), strict=True):
        if start >= free:
            free = start + length
            chosen.append((start, free - 1))
    both = np.array(chosen, np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]


def _write(row: Tags, first: npt.NDArray[np.int64], last: npt.NDArray[np.int64]) -> None:
    """Write the tags of chosen matches into one channel; skipped tokens between first and last are inside."""
    change = np.zeros(len(row) + 1, np.int8)
    change[first] = 1
    change[last + 1] -= 1
    row[:] = np.cumsum(change[:-1], dtype=np.int8) * INSIDE
    row[first] = BEGIN
    row[last] = END
    row[first[first == last]] = SINGLE

"""Offer codes of public vocabularies for the name of a disease or treatment: ranked, or none rather than a wild guess.

A name becomes the set of its words in their folded form; its hash is looked up in a sorted array of the hashes of all
known names. What is not found whole is looked up with words of like meaning made one, then without words of degree,
side and form, and last by likeness to the vocabularies' own headings.

This module refuses to know files and where names come from.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt

from behealthy.extract.lexicon import normalised
from behealthy.extract.naming import block_keys, derived, loose_words, name_key, name_words, parts
from behealthy.extract.opposites import opposed
from behealthy.note import DISEASE, TREATMENT, Code

SYSTEMS: tuple[str, ...] = ("ICD-10-CM", "MeSH", "DrugBank", "OMIM")
TYPES: Mapping[str, tuple[int, ...]] = {DISEASE: (0, 1), TREATMENT: (1, 2)}  # the systems that are looked for

# How much a way of finding is trusted, by what it changes of the name.
_LOOSE, _STRIPPED, _STRIPPED_LOOSE, _PART, _LIKE = 0.9, 0.85, 0.8, 0.7, 0.75

_LONGEST_NAME = 200  # code points; what is longer names nothing that a vocabulary knows
_ANSWERS = 20_000  # answers that are kept
_CANDIDATES = 2_000  # headings that a name is compared with at most
_CUT_OFF = 90.0  # least likeness, in percent
_SHORTEST_LIKE = 6  # letters; shorter names are like too many others

_Rows = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Coder:
    """A compiled table of names and codes.

    Attributes
    ----------
    keys : uint64 array of shape (names,)
        `name_key` of every name, ascending; a name with several codes comes several times.
    rows : int32 array of shape (names,)
        The concept that each names.
    trust : uint8 array of shape (names,)
        How well the name fits, in percent.
    systems : uint8 array of shape (concepts,)
        Index into `SYSTEMS`.
    codes : bytes array of shape (concepts,)
    displays, offsets : uint8 array, int32 array of shape (concepts + 1,)
        The concepts' own names in UTF-8, one behind the other.
    blocks, members : uint64 and int32 arrays of shape (block entries,)
        `block_keys` of the concepts' own names, ascending, and the concept.
    short : mapping of abbreviation to expansion
        As written; an empty expansion says that the abbreviation alone means nothing.
    modifiers : mapping of type to words
        What may be dropped from a name.
    """

    keys: npt.NDArray[np.uint64]
    rows: _Rows
    trust: npt.NDArray[np.uint8]
    systems: npt.NDArray[np.uint8]
    codes: npt.NDArray[np.bytes_]
    displays: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.int32]
    blocks: npt.NDArray[np.uint64]
    members: _Rows
    short: Mapping[str, str]
    modifiers: Mapping[str, frozenset[str]]
    _answers: dict[tuple[str, str, str | None], tuple[Code, ...]] = field(default_factory=dict, compare=False)
    _headings: dict[int, str] = field(default_factory=dict, compare=False)  # folded, by row: folding is what costs

    @classmethod
    def from_arrays(
        cls,
        arrays: Mapping[str, npt.NDArray[Any]],
        short: Mapping[str, str],
        modifiers: Mapping[str, frozenset[str]],
    ) -> Coder:
        """When called, it will make the coder from what `compile_concepts` gave.

        Raises
        ------
        ValueError
            With every fault found, when an array is missing, of another type, or does not fit the others.
        """
        wanted = {
            "keys": "u8", "rows": "i4", "trust": "u1", "systems": "u1", "codes": "S", "displays": "u1",
            "offsets": "i4", "blocks": "u8", "members": "i4",
        }  # fmt: skip
        faults = [
            f"array {name!r} is not a row of {kind}"
            for name, kind in wanted.items()
            if name not in arrays or arrays[name].ndim != 1 or not arrays[name].dtype.str[1:].startswith(kind)
        ]
        if not faults:
            keys, rows, trust, systems, codes, displays, offsets, blocks, members = (arrays[name] for name in wanted)
            concepts = len(systems)
            if not len(keys) == len(rows) == len(trust) or len(blocks) != len(members):
                faults.append("names or blocks and their concepts differ in number")
            if len(codes) != concepts or len(offsets) != concepts + 1 or (concepts and offsets[-1] != len(displays)):
                faults.append("codes or displays do not fit the concepts")
            for indices, limit in ((rows, concepts), (members, concepts), (systems, len(SYSTEMS))):
                if len(indices) and not 0 <= int(indices.min()) <= int(indices.max()) < limit:
                    faults.append("an index leads nowhere")
            if any(len(row) and not bool(np.all(row[1:] >= row[:-1])) for row in (keys, blocks, offsets)):
                faults.append("keys, blocks or offsets are not in ascending order")
        if faults:
            raise ValueError("concepts: " + "; ".join(faults))
        return cls(*(arrays[name] for name in wanted), short, modifiers)  # type: ignore[arg-type, call-arg]

    def code(self, mention: str, type: str, expansion: str | None = None) -> tuple[Code, ...]:
        """When called, it will give the codes of a mention, best first; none when none is good enough.

        Parameters
        ----------
        expansion : str, optional
            What the mention stands for in its note, where the note says so.
        """
        asked = (mention, type, expansion)
        known = self._answers.get(asked)
        if known is None:
            if len(self._answers) >= _ANSWERS:
                self._answers.clear()
            known = self._answers[asked] = self._coded(mention, type, expansion)
        return known

    def _coded(self, mention: str, type: str, expansion: str | None) -> tuple[Code, ...]:
        if type not in TYPES:
            return ()
        name = self._spelt_out(mention) if expansion is None else expansion
        if not name or len(name) > _LONGEST_NAME:
            return ()
        found = self._named(name, type)
        return found if found or expansion is not None or name == mention else self._named(mention, type)

    def _named(self, name: str, type: str) -> tuple[Code, ...]:
        words, wanted = name_words(name), set(TYPES[type])
        out: dict[int, float] = {}
        for factor, key in self._ways(name, words, type):
            if not wanted or (out and factor < _STRIPPED_LOOSE):
                break
            self._take(factor, self._look_up(key), wanted, out)
        if not out:  # the dearest way by far, so only then
            self._take(_LIKE, self._alike(words, type), wanted, out)
        ranked = sorted(out, key=lambda row: (-out[row], int(self.systems[row]), row))
        return tuple(self._as_code(row, out[row]) for row in ranked)

    def _take(self, factor: float, found: list[tuple[int, float]], wanted: set[int], out: dict[int, float]) -> None:
        """Take what one way has found of the systems that are wanted still, and want those no more."""
        fresh: set[int] = set()
        for row, trust in found:
            system = int(self.systems[row])
            if system in wanted or (system == 3 and 1 in wanted):
                fresh.add(1 if system == 3 else system)  # OMIM stands where MeSH has no descriptor
                out[row] = max(out.get(row, 0.0), factor * trust)
        wanted -= fresh

    def _spelt_out(self, mention: str) -> str:
        """Give the mention with its abbreviations spelt out; nothing when it is one that alone means nothing."""
        bare = mention.strip()
        whole = self.short.get(bare, self.short.get(f"{bare.casefold()}*"))
        if whole is not None:
            return whole
        return " ".join(
            self.short.get(w) or self.short.get(f"{w.casefold()}*") or w if len(w) > 1 else w for w in bare.split()
        )

    def _ways(self, name: str, words: Sequence[str], type: str) -> Iterator[tuple[float, int]]:
        """Give the keys under which a name may stand, the surest first."""
        if not words:
            return
        yield 1.0, name_key(type, words)
        if type == DISEASE:
            yield _LOOSE, name_key(type, loose_words(words))
        dropped = self.modifiers.get(type, frozenset())
        kept = tuple(w for w in words if w not in dropped and not (type == TREATMENT and w[0].isdigit()))
        if kept and len(kept) < len(words):
            yield _STRIPPED, name_key(type, kept)
        if type == DISEASE:
            if kept and len(kept) < len(words):
                yield _STRIPPED_LOOSE, name_key(type, loose_words(kept))
            if len(words) > 1:
                yield _STRIPPED_LOOSE, name_key(type, loose_words((*words, "disease")))
            yield _STRIPPED_LOOSE, name_key(type, loose_words(derived(kept or words)))
            yield from ((_PART, name_key(type, part)) for part in parts(name))

    def _look_up(self, key: int) -> list[tuple[int, float]]:
        """Give the concepts of a key and how well it fits them."""
        here = _places(self.keys, key)
        return [
            (row, trust / 100) for row, trust in zip(self.rows[here].tolist(), self.trust[here].tolist(), strict=True)
        ]

    def _alike(self, words: Sequence[str], type: str) -> list[tuple[int, float]]:
        """Give the concepts whose own name is most like the words, when it is very like them."""
        name = " ".join(words)
        if len(name) < _SHORTEST_LIKE:
            return []
        found = [self.members[_places(self.blocks, key)] for key in sorted(block_keys(type, words))]
        if not found:
            return []
        rows, shared = np.unique(np.concatenate(found), return_counts=True)
        if len(rows) > _CANDIDATES:
            rows = rows[np.argsort(-shared, kind="stable")[:_CANDIDATES]]
        if not len(rows):
            return []
        from rapidfuzz import fuzz, process

        names = self._headings_of(rows.tolist())
        likeness = process.cdist([name], names, scorer=fuzz.ratio, score_cutoff=_CUT_OFF)[0]
        best = likeness.max()
        if best < _CUT_OFF:
            return []
        alike = {names[i] for i in np.flatnonzero(likeness == best) if not opposed(name, names[i])}
        # Other systems call the same thing otherwise: they are found by the heading that is alike.
        return [
            (row, trust * float(best) / 100)
            for other in sorted(alike)
            for row, trust in self._look_up(name_key(type, other.split()))
        ]

    def _headings_of(self, rows: list[int]) -> list[str]:
        known = self._headings
        for row in itertools.filterfalse(known.__contains__, rows):
            known[row] = " ".join(name_words(self._display(row)))
        return list(map(known.__getitem__, rows))

    def _display(self, row: int) -> str:
        return self.displays[self.offsets[row] : self.offsets[row + 1]].tobytes().decode("utf-8")

    def _as_code(self, row: int, score: float) -> Code:
        system = SYSTEMS[int(self.systems[row])]
        return Code(system, self.codes[row].decode("ascii"), self._display(row), round(min(score, 1.0), 4))


def _places(keys: npt.NDArray[np.uint64], key: int) -> slice:
    """Give where a key stands among keys in ascending order."""
    wanted = np.uint64(key)
    first = int(keys.searchsorted(wanted))
    if first == len(keys) or keys[first] != wanted:  # so it is mostly
        return slice(first, first)
    return slice(first, int(keys.searchsorted(wanted, "right")))


# Packaged knowledge --------------------------------------------------------------------------------------------------


def short_forms() -> dict[str, str]:
    """When called, it will give the expansions of the packaged abbreviations; an ambiguous one has an empty expansion.

    One that is known in any case of its letters has a key in small letters with a star.
    """
    out = dict(line.split("\t") for line in _lines("short_words.tsv"))
    for line in _lines("abbreviations.tsv"):
        short, expansion, _, case = line.split("\t")
        if case == "any":
            out[f"{short.casefold()}*"] = expansion
        else:
            out[short] = "" if case == "ambiguous" else expansion
    return out


def modifier_words() -> dict[str, frozenset[str]]:
    """When called, it will give the words that may be dropped from a name, folded, by type."""
    out: dict[str, set[str]] = {}
    type = ""
    for line in _lines("modifiers.txt"):
        if line.startswith("["):
            type = line.strip("[]")
        else:
            out.setdefault(type, set()).add(normalised(line))
    return {type: frozenset(words) for type, words in out.items()}


def _lines(name: str) -> list[str]:
    text = (resources.files("behealthy.extract") / "knowledge" / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]

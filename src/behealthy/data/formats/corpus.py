"""What every format speaks in: a corpus with its faults, a format, and the maps from their types to ours.

This module refuses to know any file format; those lie next door, one a file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from behealthy.errors import FormatError, LabelError, Problem, UnreadableFile
from behealthy.extract.tokens import Vocabulary, tokenize
from behealthy.note import DISEASE, TREATMENT, Extraction


@dataclass(frozen=True, slots=True)
class Corpus:
    """Annotated documents, and what was wrong with them.

    Attributes
    ----------
    documents : tuple of Extraction
    problems : tuple of Problem
        What was left out, and why.
    notices : tuple of Problem
        What was kept but is worth knowing.
    """

    documents: tuple[Extraction, ...] = ()
    problems: tuple[Problem, ...] = ()
    notices: tuple[Problem, ...] = ()


def files_by_suffix(path: Path, suffixes: Sequence[str]) -> list[Path]:
    """List the files to read: the file itself, or those of a folder that end so, hidden ones left out, by name.

    Raises
    ------
    UnreadableFile
        When the path is away or the folder is closed to us.
    """
    if not path.is_dir():
        if not path.exists():
            raise UnreadableFile(f"{path}: no such file or folder")
        return [path]
    try:
        names = sorted(p.name for p in path.iterdir() if p.is_file())
    except OSError as exc:
        raise UnreadableFile(f"{path}: cannot be listed: {exc.strerror}") from exc
    return [path / name for name in names if not name.startswith(".") and name.lower().endswith(tuple(suffixes))]


@dataclass(frozen=True, slots=True)
class Format:
    """One way of writing annotated documents down.

    Attributes
    ----------
    name : str
    suffixes : tuple of str
        Lower-case ends of the names by which a folder's files are known.
    read : function of (path, max_bytes)
        Reads one file; types stay as the file has them. Faults are problems of the corpus, not raised, except
        UnreadableFile when there is no text to read.
    write : function of (documents, path)
        Writes them; raises FormatError, before anything is written, for what the format cannot carry at all.
    files : function of (path, suffixes)
        Lists what `read` is called with, one by one.
    """

    name: str
    suffixes: tuple[str, ...]
    read: Callable[[Path, int], Corpus]
    write: Callable[[Sequence[Extraction], Path], None]
    files: Callable[[Path, Sequence[str]], list[Path]] = files_by_suffix


KNOWN_LABELS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        corpus: MappingProxyType(types)
        for corpus, types in {
            "biotext": {"D": DISEASE, "T": TREATMENT},
            "mtsamples": {"problem": DISEASE, "treatment": TREATMENT},
            "ncbi": dict.fromkeys(
                ("SpecificDisease", "Modifier", "DiseaseClass", "CompositeMention", "Disease"), DISEASE
            ),
            "bc5cdr": {"Disease": DISEASE, "Chemical": TREATMENT},
            "psytar": dict.fromkeys(("ADR", "WD", "SSI", "DI"), DISEASE),
            "biored": {"DiseaseOrPhenotypicFeature": DISEASE, "ChemicalEntity": TREATMENT},
            "e3c": {"ety": DISEASE},
        }.items()
    }
)
"""Our type for each type of the corpora that we know; a type that is absent here is neither disease nor treatment."""


def parse_label_map(items: Iterable[str]) -> dict[str, str]:
    """Read label maps as people type them.

    Raises
    ------
    LabelError
        Naming every item that is not OLD=NEW, or that gives a type a second, different meaning.

    Examples
    --------
    >>> parse_label_map(["problem=DISEASE", "treatment=TREATMENT"])
    {'problem': 'DISEASE', 'treatment': 'TREATMENT'}
    """
    labels: dict[str, str] = {}
    faults = []
    for item in items:
        old, equals, new = (part.strip() for part in item.partition("="))
        if not (old and equals and new) or "=" in new:
            faults.append(f"{item!r} is not OLD=NEW")
        elif labels.setdefault(old, new) != new:
            faults.append(f"{item!r} contradicts {old}={labels[old]}")
    if faults:
        raise LabelError("label map: " + "; ".join(faults))
    return labels


def relabel(document: Extraction, labels: Mapping[str, str]) -> Extraction:
    """Give the document with its types renamed; entities of other types go, and relations that touch them."""
    kept = tuple(replace(e, type=labels[e.type]) for e in document.entities if e.type in labels)
    ids = {e.id for e in kept}
    relations = tuple(r for r in document.relations if r.head in ids and r.tail in ids)
    return replace(document, entities=kept, relations=relations)


def unaligned(documents: Iterable[Extraction], path: Path) -> list[Problem]:
    """Tell which entities begin or end inside one of our tokens, so that a token tagger cannot hit them exactly."""
    vocabulary = Vocabulary()
    notices = []
    for document in documents:
        vocabulary.forget_if_full()
        tokens = tokenize(document.text, vocabulary)
        starts, ends = set(tokens.starts.tolist()), set(tokens.ends.tolist())
        for e in document.entities:
            sides = [side for side, fits in (("begins", e.start in starts), ("ends", e.end in ends)) if not fits]
            if sides:
                reason = f"document {document.note_id}: {e.type} [{e.start}, {e.end}) {' and '.join(sides)} off a token"
                notices.append(Problem(str(path), 0, f"{reason} boundary"))
    return notices


def refuse_ids(documents: Iterable[Extraction], path: Path, allowed: Callable[[str], bool], rule: str) -> None:
    """Refuse to write documents whose id the format cannot carry.

    Raises
    ------
    FormatError
        Naming every such document by its place, and the rule.
    """
    faults = [
        Problem(str(path), 0, f"document {number} has the id {document.note_id!r}, {rule}")
        for number, document in enumerate(documents, 1)
        if not allowed(document.note_id)
    ]
    if faults:
        raise FormatError(faults)


def refuse_types(documents: Iterable[Extraction], path: Path, allowed: Callable[[str], bool], rule: str) -> None:
    """Refuse to write entity types that the format cannot carry.

    Raises
    ------
    FormatError
        Naming every such type, and the rule.
    """
    types = sorted({e.type for document in documents for e in document.entities})
    faults = [Problem(str(path), 0, f"entity type {t!r} {rule}") for t in types if not allowed(t)]
    if faults:
        raise FormatError(faults)

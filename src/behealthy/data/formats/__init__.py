"""Annotated documents in and out of the formats that people keep them in; one format a file, one public face.

Whatever the format, the result is the same: documents with exact offsets, what was left out and why, and what was
kept but is worth knowing. One faulty file, sentence or row does not stop the rest; nothing at all does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType

from behealthy.data.formats import biotext, brat, conll, jsonl, pubtator
from behealthy.data.formats.corpus import KNOWN_LABELS, Corpus, Format, parse_label_map, relabel, unaligned
from behealthy.data.formats.pubtator import DocumentRelation, document_relations
from behealthy.data.text import MAX_BYTES
from behealthy.errors import FormatError, Problem, UnreadableFile
from behealthy.note import Extraction

__all__ = [
    "FORMATS",
    "KNOWN_LABELS",
    "Corpus",
    "DocumentRelation",
    "Format",
    "document_relations",
    "parse_label_map",
    "read_corpus",
    "write_corpus",
]

FORMATS: Mapping[str, Format] = MappingProxyType(
    {f.name: f for f in (conll.FORMAT, brat.FORMAT, pubtator.FORMAT, biotext.FORMAT, jsonl.FORMAT)}
)


def read_corpus(
    path: Path, format: str, labels: Mapping[str, str] | None = None, *, max_bytes: int = MAX_BYTES
) -> Corpus:
    """Read all documents of a file or folder.

    Parameters
    ----------
    path : Path
        A file, a folder (its files by name; folders inside are not entered), or the prefix of a BioText pair.
    format : str
        A name in `FORMATS`.
    labels : mapping of str to str, optional
        Our type for each type of the source. Entities of types that it does not name are ignored. None keeps every
        entity and type as it is.
    max_bytes : int
        The largest file that is read.

    Raises
    ------
    UnreadableFile
        When the path is away, or is one file that is not text.
    FormatError
        When the format has no such name, or no document at all can be read; carries every problem found.
    """
    chosen = _format(format, path)
    documents: list[Extraction] = []
    problems: list[Problem] = []
    notices: list[Problem] = []
    for file in chosen.files(path, chosen.suffixes):
        try:
            found = chosen.read(file, max_bytes)
        except UnreadableFile as exc:
            if not path.is_dir():
                raise
            problems.append(Problem(str(file), 0, str(exc).removeprefix(f"{file}: ")))
            continue
        kept = found.documents if labels is None else tuple(relabel(d, labels) for d in found.documents)
        documents += kept
        problems += found.problems
        notices += (*found.notices, *unaligned(kept, file))
        if labels is not None:
            notices += _map_that_names_nothing(found.documents, labels, file)
    if not documents:
        ends = ", ".join(chosen.suffixes)
        raise FormatError(problems or Problem(str(path), 0, f"no {format} file (a name that ends in {ends})"))
    notices += [
        Problem(str(path), 0, f"{times} documents have the id {id_}")
        for id_, times in Counter(d.note_id for d in documents).items()
        if times > 1
    ]
    return Corpus(tuple(documents), tuple(problems), tuple(notices))


def write_corpus(documents: Iterable[Extraction], path: Path, format: str) -> None:
    """Write documents; what a format cannot carry is told at the top of its module.

    Parameters
    ----------
    path : Path
        A file; for brat a folder, for BioText the prefix of a pair.

    Raises
    ------
    FormatError
        When the format has no such name, or a document's id, type or text would not come back; nothing is written.
    UnreadableFile
        When the place cannot be written.
    """
    _format(format, path).write(tuple(documents), path)


def _format(name: str, path: Path) -> Format:
    try:
        return FORMATS[name]
    except KeyError as exc:
        raise FormatError(Problem(str(path), 0, f"format {name!r} is none of {', '.join(FORMATS)}")) from exc


def _map_that_names_nothing(documents: Iterable[Extraction], labels: Mapping[str, str], file: Path) -> list[Problem]:
    """Tell when a map drops every entity of a file: most likely it is another corpus's map."""
    types = {e.type for d in documents for e in d.entities}
    if not types or types & labels.keys():
        return []
    reason = f"the label map names none of its types ({', '.join(sorted(types))}); no entity is left"
    return [Problem(str(file), 0, reason)]

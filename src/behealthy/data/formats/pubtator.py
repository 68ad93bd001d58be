"""PubTator: `PMID|t|title`, `PMID|a|abstract`, then rows of mentions and of relations between concepts.

Offsets count the title, one separator and the abstract; the separator is a line end here, so that no sentence runs
from the title into the abstract. Relations hold between concepts of a document, not between mentions: they are no
relations of ours and are read apart, by `document_relations`.

Not carried: line ends of the text beyond the first (they become spaces), scores, assertions, sections, attributes,
names and scores of codes, relations. Codes without a system of their own are MeSH where they look so, else PubTator.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from behealthy.data.formats.corpus import Corpus, Format, files_by_suffix, refuse_ids, refuse_types
from behealthy.data.text import MAX_BYTES, read_text, split_lines, write_text
from behealthy.errors import Problem
from behealthy.note import Code, Entity, Extraction

SEPARATOR = "\n"

_TEXT_ROW = re.compile(r"([^|\t]+)\|([ta])\|(.*)", re.DOTALL)
_OFFSET = re.compile(r"\d{1,9}", re.ASCII)
_RELATION = re.compile(r"[A-Za-z]\w*", re.ASCII)
_NO_CODE = ("", "-", "-1")
_MESH = re.compile(r"[CD]\d{6,}", re.ASCII)
_CODE = re.compile(r"(?:(?P<system>[A-Za-z][\w .-]*):)?(?P<code>[A-Z]{0,4}\d+|(?<=:)[^\s|+,]+)", re.ASCII)

Rows = list[tuple[int, str]]  # line number, line


class DocumentRelation(NamedTuple):
    """A relation that a document states between two concepts, by their ids."""

    document: str
    type: str
    first: str
    second: str


def read(path: Path, max_bytes: int) -> Corpus:
    """Read one file of documents.

    Raises
    ------
    UnreadableFile
        When it is not text.
    """
    text, encoding = read_text(path, max_bytes=max_bytes)
    notices = (Problem(str(path), 0, encoding),) if encoding else ()
    problems: list[Problem] = []
    documents = [
        document
        for rows in _blocks(split_lines(text))
        if (document := _document(rows, str(path), problems)) is not None
    ]
    if not (documents or problems):
        problems.append(Problem(str(path), 0, "is empty: no title row"))
    return Corpus(tuple(documents), tuple(problems), notices)


def document_relations(path: Path, *, max_bytes: int = MAX_BYTES) -> list[DocumentRelation]:
    """Read the relations between concepts from a file, or from all files of a folder, in file order.

    Raises
    ------
    UnreadableFile
        When a file is away or not text.
    """
    return [
        DocumentRelation(*row[:4])
        for file in files_by_suffix(path, FORMAT.suffixes)
        for line in split_lines(read_text(file, max_bytes=max_bytes)[0])
        if not _TEXT_ROW.fullmatch(line) and _is_relation(row := line.split("\t"))
    ]


def write(documents: Sequence[Extraction], path: Path) -> None:
    """Write all documents into one file; the title is the text up to its first line end.

    Raises
    ------
    FormatError
        When an id is empty or holds a bar, tab or line end, or a type holds a tab or line end.
    """
    refuse_ids(
        documents, path, lambda id_: bool(re.fullmatch(r"[^|\t\r\n]+", id_)), "empty or with a bar, tab or line end"
    )
    refuse_types(documents, path, lambda t: bool(re.fullmatch(r"[^\t\r\n]+", t)), "is empty or holds a tab or line end")
    lines = []
    for document in documents:
        title, _, abstract = document.text.partition(SEPARATOR)
        lines += [f"{document.note_id}|t|{_flat(title)}", f"{document.note_id}|a|{_flat(abstract)}"]
        for e in document.entities:
            codes = "|".join(_code_text(code) for code in e.codes) or "-1"
            lines.append("\t".join((document.note_id, str(e.start), str(e.end), _flat(e.text, "\t"), e.type, codes)))
        lines.append("")
    write_text(path, "".join(f"{line}\n" for line in lines))


FORMAT = Format("pubtator", (".pubtator", ".txt"), read, write)


def _blocks(lines: Sequence[str]) -> Iterator[Rows]:
    """Give the rows of each document; a blank line or another title parts them."""
    block: Rows = []
    for number, line in enumerate(lines, 1):
        text_row = _TEXT_ROW.fullmatch(line)
        if block and (not line.strip() or (text_row and text_row[2] == "t")):
            yield block
            block = []
        if line.strip():
            block.append((number, line))
    if block:
        yield block


def _document(rows: Rows, path: str, problems: list[Problem]) -> Extraction | None:
    """Read one document; its faulty mentions, or the whole of it, become problems."""
    title = _TEXT_ROW.fullmatch(rows[0][1])
    if title is None or title[2] != "t":
        problems.append(Problem(path, rows[0][0], "a document begins without its title row; it is left out"))
        return None
    id_, abstract, rest = title[1], "", rows[1:]
    if rest and (found := _TEXT_ROW.fullmatch(rest[0][1])):
        if found[1] != id_:
            reason = f"the abstract is of {found[1]!r}, the title of {id_!r}; both are left out"
            problems.append(Problem(path, rest[0][0], reason))
            return None
        abstract, rest = found[3], rest[1:]
    text = title[3] + (SEPARATOR + abstract if abstract else "")
    entities: list[Entity] = []
    for number, line in rest:
        row = line.split("\t")
        try:
            if row[0] != id_:
                raise ValueError(f"the row is not of document {id_!r}")
            if not _is_relation(row):
                entities.append(_mention(row, text, len(entities) + 1))
        except ValueError as exc:
            problems.append(Problem(path, number, f"{exc}; left out"))
    return Extraction(id_, text, tuple(entities))


def _is_relation(row: list[str]) -> bool:
    return len(row) in (4, 5) and bool(_RELATION.fullmatch(row[1]))


def _mention(row: list[str], text: str, number: int) -> Entity:
    if len(row) < 5 or not row[4] or not (_OFFSET.fullmatch(row[1]) and _OFFSET.fullmatch(row[2])):
        raise ValueError("the row is neither a mention (id, start, end, text, type) nor a relation")
    start, end, type_ = int(row[1]), int(row[2]), row[4]
    if not start < end:
        raise ValueError(f"{type_} [{start}, {end}) is empty")
    if end > len(text):
        raise ValueError(f"{type_} [{start}, {end}) ends past the text of {len(text)} code points")
    found = text[start:end]
    if _flat(found, "\t") != row[3]:
        raise ValueError(f"{type_} [{start}, {end}): its text is not what the title and abstract have there")
    return Entity(start, end, found, type_, codes=_codes(row[5]) if len(row) > 5 else (), id=f"e{number}")


def _codes(given: str) -> tuple[Code, ...]:
    """Read the concept column: one id, or several parted by bar, plus or comma where each of them is an id."""
    pieces = [piece.strip() for piece in re.split(r"[|+,]", given)]
    pieces = [piece for piece in pieces if piece not in _NO_CODE]
    found = [_CODE.fullmatch(piece) for piece in pieces]
    if not all(found):
        return (Code("PubTator", given.strip(), ""),)  # such as c|SUB|A|76|G, one id with bars of its own
    return tuple(Code(_system(m["system"], m["code"]), m["code"], "") for m in found if m)


def _system(given: str | None, code: str) -> str:
    if given is None:
        return "MeSH" if _MESH.fullmatch(code) else "PubTator"
    return "MeSH" if given.upper() == "MESH" else given


def _code_text(code: Code) -> str:
    bare = code.system == "PubTator" or (code.system == "MeSH" and _MESH.fullmatch(code.code))
    return _flat(code.code if bare else f"{code.system}:{code.code}", "\t")


def _flat(text: str, more: str = "") -> str:
    """Replace line ends, one space a code point, so that offsets stay true."""
    return re.sub(f"[\r\n{more}]", " ", text)

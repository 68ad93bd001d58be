"""Brat stand-off: `<name>.txt` with the text, `<name>.ann` with what was marked; a pair is a document.

Read: T (entities; fragments apart become their hull where little lies between), A and M (attributes and flags),
N (codes), R (relations: first argument the head). Remarks are passed over; events and equivalences are told of.
Offsets count code points of the text as it lies on the disk, Windows line ends included.

Not carried: scores, line ends at the edges of an entity, white space in attribute values beyond single spaces.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

from behealthy.data.formats.corpus import Corpus, Format, files_by_suffix, refuse_ids, refuse_types
from behealthy.data.text import read_text, split_lines, write_text
from behealthy.errors import FormatError, Problem
from behealthy.note import ASSERTIONS, Assertion, Code, Entity, Extraction, Relation

_TEXT, _ANNOTATIONS = ".txt", ".ann"
_WIDEST_GAP = 40  # code points between two fragments that are still read as one entity
_FRAGMENTS = re.compile(r"\d{1,9} \d{1,9}(?:;\d{1,9} \d{1,9})*", re.ASCII)
_FLAGS: dict[str, Assertion] = {
    "present": "present",
    "negated": "negated",
    "negation": "negated",
    "possible": "possible",
    "speculation": "possible",
    "uncertain": "possible",
    "hypothetical": "hypothetical",
    "conditional": "hypothetical",
    "historical": "historical",
    "history": "historical",
    "family": "family",
}


def read(path: Path, max_bytes: int) -> Corpus:
    """Read the pair of files that one of them names.

    Raises
    ------
    UnreadableFile
        When one of the two is away or not text.
    """
    text_file, annotation_file = path.with_suffix(_TEXT), path.with_suffix(_ANNOTATIONS)
    text, text_notice = read_text(text_file, max_bytes=max_bytes)
    annotations, annotation_notice = read_text(annotation_file, max_bytes=max_bytes)
    if not text:
        return Corpus(problems=(Problem(str(text_file), 0, "is empty: no text"),))
    standoff = _Standoff(text, str(annotation_file))
    for file, notice in ((text_file, text_notice), (annotation_file, annotation_notice)):
        if notice:
            standoff.notices.append(Problem(str(file), 0, notice))
    standoff.read(split_lines(annotations))
    document = Extraction(path.stem, text, tuple(standoff.entities.values()), tuple(standoff.relations))
    return Corpus((document,), tuple(standoff.problems), tuple(standoff.notices))


def write(documents: Sequence[Extraction], path: Path) -> None:
    """Write a pair of files a document into the folder `path`, each named by the document's id.

    Raises
    ------
    FormatError
        When an id cannot name a file or occurs twice, or a type or attribute name is not one word.
    """
    times = Counter(document.note_id for document in documents)
    refuse_ids(documents, path, _names_a_file, "which cannot name a file")
    refuse_ids(documents, path, lambda id_: times[id_] == 1, "which another document has too")
    refuse_types(documents, path, _is_word, "is not one word")
    faults = [
        Problem(str(path), 0, f"document {d.note_id}: {what} {name!r} cannot be written")
        for d in documents
        for what, name in _unwritable(d)
    ]
    if faults:
        raise FormatError(faults)
    for document in documents:
        write_text(path / (document.note_id + _TEXT), document.text)
        write_text(path / (document.note_id + _ANNOTATIONS), "".join(f"{line}\n" for line in _lines(document)))


def pairs(path: Path, suffixes: Sequence[str]) -> list[Path]:
    """List the text files of the pairs to read; one whose partner is away is listed too, so that reading says so.

    Raises
    ------
    UnreadableFile
        When the path is away.
    """
    return sorted({file.with_suffix(_TEXT) for file in files_by_suffix(path, suffixes)})


FORMAT = Format("brat", (_TEXT, _ANNOTATIONS), read, write, pairs)


@dataclass(slots=True)
class _Standoff:
    """The state of reading one `.ann` file."""

    text: str
    path: str
    entities: dict[str, Entity] = field(default_factory=dict)
    relations: list[Relation] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notices: list[Problem] = field(default_factory=list)

    def read(self, lines: Sequence[str]) -> None:
        """Take in every line, the entities first because all else refers to them."""
        rows = [(n, line.split("\t")) for n, line in enumerate(lines, 1) if line.strip() and line[0] != "#"]
        kinds: dict[str, Callable[[list[str]], str | None]] = {
            "T": self._entity,
            "A": self._attribute,
            "M": self._attribute,
            "N": self._code,
            "R": self._relation,
        }
        for entities_now in (True, False):
            for number, row in rows:
                kind = row[0][:1]
                if (kind == "T") != entities_now:
                    continue
                if kind in ("E", "*"):
                    self.notices.append(Problem(self.path, number, "events and equivalences are not read"))
                    continue
                try:
                    if kind not in kinds or len(row) < 2:
                        raise ValueError("not a line of an annotation file")
                    notice = kinds[kind](row)
                except ValueError as exc:
                    self.problems.append(Problem(self.path, number, f"{exc}; left out"))
                    continue
                if notice:
                    self.notices.append(Problem(self.path, number, notice))

    def _entity(self, row: list[str]) -> str | None:
        type_, _, offsets = row[1].partition(" ")
        if len(row) != 3 or not type_ or not _FRAGMENTS.fullmatch(offsets):
            raise ValueError("not an entity: id TAB type start end[;start end] TAB text")
        if row[0] in self.entities:
            raise ValueError(f"{row[0]} occurs twice")
        fragments = [(int(a), int(b)) for a, b in (pair.split() for pair in offsets.split(";"))]
        start, end = fragments[0][0], fragments[-1][1]
        for a, b in fragments:
            if not a < b:
                raise ValueError(f"{type_} [{a}, {b}) is empty")
            if b > len(self.text):
                raise ValueError(f"{type_} [{a}, {b}) ends past the text of {len(self.text)} code points")
        if " ".join(row[2].split()) != " ".join(" ".join(self.text[a:b] for a, b in fragments).split()):
            raise ValueError(f"{type_} [{start}, {end}): its text is not what the text file has there")
        notice = self._check_gaps(type_, fragments)
        self.entities[row[0]] = Entity(start, end, self.text[start:end], type_, id=row[0])
        return notice

    def _check_gaps(self, type_: str, fragments: list[tuple[int, int]]) -> str | None:
        """Let fragments stand for their hull where only white space, or a few words of one line, lie between."""
        notice = None
        for (_, end), (start, _) in pairwise(fragments):
            gap = self.text[end:start]
            if start < end:
                raise ValueError(f"{type_} has fragments out of order")
            if not gap.strip():
                continue  # brat itself cuts an entity at each line end
            if "\n" in gap or len(gap) >= _WIDEST_GAP:
                raise ValueError(f"{type_} has fragments too far apart to be one entity")
            notice = f"{type_} in fragments, read as its hull [{fragments[0][0]}, {fragments[-1][1]})"
        return notice

    def _attribute(self, row: list[str]) -> str | None:
        name, target, value = [*row[1].split(" ", 2), "", ""][:3]
        if not (name and target):
            raise ValueError("not an attribute: id TAB name target [value]")
        if target[0] != "T":
            return "attributes of events and relations are not read"
        entity = self._named(target)
        if name.lower() == "assertion" or (not value and name.lower() in _FLAGS):
            judged = _FLAGS.get((value or name).lower())
            if judged is None:
                raise ValueError(f"the assertion is none of {', '.join(ASSERTIONS)}")
            self.entities[target] = replace(entity, assertion=judged)
        elif name.lower() == "section" and value:
            self.entities[target] = replace(entity, section=value)
        else:
            self.entities[target] = replace(entity, attributes={**entity.attributes, name: value or "true"})
        return None

    def _code(self, row: list[str]) -> None:
        parts = row[1].split(" ", 2)
        system, colon, code = parts[-1].partition(":")
        if len(parts) != 3 or not (system and colon and code):
            raise ValueError("not a code: id TAB name target system:code TAB display")
        entity = self._named(parts[1])
        codes = (*entity.codes, Code(system, code, row[2] if len(row) > 2 else ""))
        self.entities[parts[1]] = replace(entity, codes=codes)

    def _relation(self, row: list[str]) -> None:
        found = re.fullmatch(r"(\S+) [^\s:]+:(\S+) [^\s:]+:(\S+)\s*", row[1])
        if not found:
            raise ValueError("not a relation: id TAB type Arg1:T.. Arg2:T..")
        self._named(found[2])
        self._named(found[3])
        self.relations.append(Relation(found[1], head=found[2], tail=found[3]))

    def _named(self, id_: str) -> Entity:
        if id_ not in self.entities:
            raise ValueError(f"it refers to {id_!r}, which is not among the entities read")
        return self.entities[id_]


def _lines(document: Extraction) -> Iterator[str]:
    """Give the lines of a document's `.ann` file."""
    attributes = codes = 0
    names = {}
    for number, e in enumerate(document.entities, 1):
        names[e.id or f"e{number}"] = f"T{number}"
        # Brat wants no line end inside a fragment.
        pieces = [(m.start() + e.start, m.end() + e.start) for m in re.finditer(r"[^\r\n]+", e.text)]
        offsets = ";".join(f"{a} {b}" for a, b in pieces or [(e.start, e.end)])
        yield f"T{number}\t{e.type} {offsets}\t{_one_line(e.text)}"
        judged = [("assertion", e.assertion or ""), ("section", e.section or ""), *e.attributes.items()]
        for name, value in judged:
            if value:
                attributes += 1
                yield f"A{attributes}\t{name} T{number} {_one_line(value)}"
        for c in e.codes:
            codes += 1
            yield f"N{codes}\tReference T{number} {_one_line(c.system)}:{_one_line(c.code)}\t{_one_line(c.display)}"
    for number, r in enumerate(document.relations, 1):
        yield f"R{number}\t{r.type} Arg1:{names[r.head]} Arg2:{names[r.tail]}"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _is_word(name: str) -> bool:
    return bool(re.fullmatch(r"\S+", name))


def _names_a_file(id_: str) -> bool:
    return (
        bool(id_)
        and not re.search(r"[/\\\x00-\x1f]", id_)
        and id_[0] != "."
        and len(id_.encode(errors="replace")) < 200
    )


def _unwritable(document: Extraction) -> Iterator[tuple[str, str]]:
    known = {e.id or f"e{number}" for number, e in enumerate(document.entities, 1)}
    for e in document.entities:
        for name in e.attributes:
            if not _is_word(name) or name.lower() in ("assertion", "section"):
                yield "attribute", name
        yield from (("system", c.system) for c in e.codes if not c.system or ":" in c.system)
    for r in document.relations:
        if not _is_word(r.type):
            yield "relation type", r.type
        yield from (("relation to entity", id_) for id_ in (r.head, r.tail) if id_ not in known)

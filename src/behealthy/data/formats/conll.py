"""CoNLL columns: a token and its label a row, a blank line between sentences.

The first column is the token, the last the label; columns are parted by tabs, or by spaces where a row has no tab.
A file is one document, named after the file, unless `-DOCSTART-` rows part it. The text of a document is its tokens
joined by one space and its sentences by an empty line, so that no sentence splitter joins what the file parts.

Not carried: the white space of the text, scores, assertions, sections, codes, attributes, relations, entities that
overlap. A sentence with a faulty row is left out whole: half a sentence would teach a tagger that the rest is O.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from behealthy.data.formats import tags
from behealthy.data.formats.corpus import Corpus, Format, refuse_ids, refuse_types
from behealthy.data.text import read_text, split_lines, write_text
from behealthy.errors import Problem
from behealthy.extract.tokens import Vocabulary
from behealthy.note import Entity, Extraction

_DOCUMENT = "-DOCSTART-"
_MOST_COLUMNS = 32  # more is running text, not a table
SENTENCE_BREAK = "\n\n"

Rows = list[tuple[int, str]]  # line number, line


def read(path: Path, max_bytes: int) -> Corpus:
    """Read one file of columns.

    Raises
    ------
    UnreadableFile
        When it is not text.
    """
    text, encoding = read_text(path, max_bytes=max_bytes)
    reading = _Reading(str(path), _Draft(path.stem))
    if encoding:
        reading.notices.append(Problem(str(path), 0, encoding))
    for rows in _blocks(split_lines(text)):
        if rows[0][1].startswith(_DOCUMENT):
            reading.begin_document(rows[0][1], path.stem)
        else:
            reading.add_sentence(rows)
    reading.end_document()
    if not (reading.documents or reading.problems):
        reading.problems.append(Problem(str(path), 0, "is empty: no row of a token and a label"))
    return Corpus(tuple(reading.documents), tuple(reading.problems), tuple(reading.notices))


def write(documents: Sequence[Extraction], path: Path) -> None:
    """Write all documents into one file, with tokens of our own and labels B-x, I-x, O.

    Raises
    ------
    FormatError
        When an id holds a line end or tab, or a type white space.
    """
    refuse_ids(documents, path, lambda id_: not re.search(r"[\t\r\n]", id_), "which holds a tab or line end")
    refuse_types(documents, path, lambda t: tags.writable(t, bare=False), "is not one word")
    vocabulary = Vocabulary()
    lines = []
    for document in documents:
        vocabulary.forget_if_full()
        lines.append(f"{_DOCUMENT}\t({document.note_id})\tO\n\n")
        for sentence in tags.labelled(document, vocabulary, bare=False):
            lines.extend(f"{token}\t{label}\n" for token, label in sentence)
            lines.append("\n")
    write_text(path, "".join(lines))


FORMAT = Format("conll", (".conll", ".bio", ".iob", ".iob2", ".tsv", ".txt"), read, write)


def _blocks(lines: Sequence[str]) -> Iterator[Rows]:
    """Give the sentences as numbered rows, each `-DOCSTART-` row as a block of its own."""
    block: Rows = []
    for number, line in enumerate(lines, 1):
        starts_document = line.startswith(_DOCUMENT)
        if block and (starts_document or not line.strip(" \t")):
            yield block
            block = []
        if starts_document:
            yield [(number, line)]
        elif line.strip(" \t"):
            block.append((number, line))
    if block:
        yield block


@dataclass(slots=True)
class _Draft:
    """A document while its sentences come in."""

    id: str
    explicit: bool = False  # a -DOCSTART- row named it, so it exists even without a sentence
    sentences: list[str] = field(default_factory=list)
    entities: list[Entity] = field(default_factory=list)
    length: int = 0


@dataclass(slots=True)
class _Reading:
    """The state of reading one file."""

    path: str
    draft: _Draft
    documents: list[Extraction] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notices: list[Problem] = field(default_factory=list)
    columns: int | None = None
    started: int = 0
    faults_before: int = 0

    def begin_document(self, row: str, stem: str) -> None:
        self.end_document()
        named = re.search(r"\((.*)\)", row)
        self.draft = _Draft(named[1] if named else f"{stem}:{self.started}", explicit=True)
        self.started += 1

    def end_document(self) -> None:
        draft = self.draft
        whole = len(self.problems) == self.faults_before
        if draft.sentences or (draft.explicit and whole):
            text = SENTENCE_BREAK.join(draft.sentences)
            self.documents.append(Extraction(draft.id, text, tuple(draft.entities)))
        self.faults_before = len(self.problems)

    def add_sentence(self, rows: Rows) -> None:
        tokens: list[str] = []
        labels: list[tags.Label] = []
        sound = True
        for number, row in rows:
            try:
                token, label = self._cells(row)
                labels.append(tags.parse(label))
            except ValueError as exc:
                self.problems.append(Problem(self.path, number, f"{exc}; its sentence is left out"))
                sound = False
                continue
            tokens.append(token)
        if not sound:
            return
        draft = self.draft
        spans, oddities = tags.decode(labels)
        self.notices.extend(Problem(self.path, rows[i][0], reason) for i, reason in oddities)
        offset = draft.length + len(SENTENCE_BREAK) if draft.sentences else 0
        text, entities = tags.place(tokens, spans, offset, len(draft.entities))
        draft.sentences.append(text)
        draft.entities.extend(entities)
        draft.length = offset + len(text)

    def _cells(self, row: str) -> tuple[str, str]:
        cells = row.split("\t") if "\t" in row else re.split(" +", row.strip(" "))
        if len(cells) < 2:
            raise ValueError("the row has no label column")
        if len(cells) > _MOST_COLUMNS:
            raise ValueError(f"the row has {len(cells)} columns: this is not a table of tokens and labels")
        if self.columns is None:
            self.columns = len(cells)
        elif len(cells) != self.columns:
            raise ValueError(f"the row has {len(cells)} columns where the file's first has {self.columns}")
        if not cells[0]:
            raise ValueError("the row has no token")
        return cells[0], cells[-1]

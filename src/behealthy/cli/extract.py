"""``behealthy extract``: notes in, diseases and treatments out."""

from __future__ import annotations

import csv
import errno
import io
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, cast

import typer

from behealthy.cli import terminal
from behealthy.cli.options import ModelOption, model_folder
from behealthy.cli.outputs import WRITERS, OutputFormat
from behealthy.errors import FormatError, Problem, UnreadableFile
from behealthy.note import Extraction, Note
from behealthy.settings import Settings

if TYPE_CHECKING:
    pass

STANDARD_INPUT = "-"
_SUFFIX = ".txt"


def extract(
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH", help="Notes: text files, folders of .txt files, or - for stdin.")
    ],
    model: ModelOption = None,
    format: Annotated[OutputFormat, typer.Option("--format", "-f", help="What to make.")] = OutputFormat.table,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The file to write, for brat the folder; else standard output."),
    ] = None,
    patients: Annotated[
        Path | None,
        typer.Option("--patients", metavar="FILE", help="CSV with the columns note_id and patient_id."),
    ] = None,
    recursive: Annotated[bool, typer.Option("--recursive", "-r", help="Enter folders inside folders.")] = False,
    min_score: Annotated[
        float, typer.Option("--min-score", min=0, max=1, help="Leave out what is less probable than this.")
    ] = 0.0,
) -> None:
    """Find the diseases and treatments in notes.

    Notes of one patient make one record: those in a folder inside the folder that is read are that folder's patient's,
    others the one's that --patients names, else each its own.
    """
    from behealthy.registry.bundle import load

    settings = Settings.from_environment()
    owners = {} if patients is None else _owners(patients)
    sources = [source for path in paths for source in _sources(path, recursive)]
    _check_output(format, output, sources)
    extractor = load(model_folder(model, settings))
    reading = _Reading(sources, settings.max_note_bytes, owners)
    with terminal.bar(len(sources), "Reading notes") as done:
        found = (_kept(reading.noticed(e), min_score, done) for e in extractor.pipe(reading.notes()))
        first = next(found, None)
        if first is not None:
            WRITERS[format](chain([first], found), output, extractor.types)
    terminal.report(reading.rejects, reading.notices)
    if first is None:
        terminal.error("no note could be read")
        raise typer.Exit(terminal.FAILED)
    if reading.rejects:
        terminal.say(f"{len(reading.rejects):,} of {len(sources):,} notes could not be read")
        raise typer.Exit(terminal.REJECTS)


# Reading -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _StandardInput:
    """Standard input in the place of a path: bytes that can be opened once."""

    def open(self, _mode: str) -> AbstractContextManager[IO[bytes]]:
        if sys.stdin is None:  # whoever called closed it
            raise OSError(errno.EBADF, "it is closed")
        if sys.stdin.isatty():
            terminal.say("Type or paste a note; end with Ctrl-D.")
        return nullcontext(sys.stdin.buffer)

    def __str__(self) -> str:
        return "standard input"


@dataclass(frozen=True, slots=True)
class _Source:
    id: str
    path: Path
    patient_id: str | None = None


@dataclass(slots=True)
class _Reading:
    """Notes as they are read, with what could not be and what is worth knowing."""

    sources: list[_Source]
    max_bytes: int
    owners: Mapping[str, str]
    rejects: list[Problem] = field(default_factory=list)
    notices: list[Problem] = field(default_factory=list)
    _warnings: deque[tuple[str, ...]] = field(default_factory=deque)

    def notes(self) -> Iterator[Note]:
        from behealthy.data.text import read_text

        for source in self.sources:
            try:
                text, notice = read_text(source.path, max_bytes=self.max_bytes)
            except UnreadableFile as exc:
                self.rejects.append(Problem(str(source.path), 0, str(exc).removeprefix(f"{source.path}: ")))
                continue
            said = [notice] if notice else []
            if not text.strip():
                said.append("is empty: no text")
            self.notices += [Problem(str(source.path), 0, reason) for reason in said]
            self._warnings.append(tuple(said))
            yield Note(source.id, text, self.owners.get(source.id, source.patient_id))

    def noticed(self, extraction: Extraction) -> Extraction:
        """Give the next extraction, which come in the order of the notes, with what was said of its note."""
        said = self._warnings.popleft()
        return replace(extraction, warnings=(*extraction.warnings, *said)) if said else extraction


def _sources(name: str, recursive: bool) -> list[_Source]:
    if name == STANDARD_INPUT:
        return [_Source("stdin", cast(Path, _StandardInput()))]
    path = Path(name)
    if not path.exists():
        raise typer.BadParameter(f"{name}: no such file or folder", param_hint="PATH")
    if not path.is_dir():
        return [_Source(path.name, path)]
    files = path.rglob("*") if recursive else path.iterdir()
    # A link that leads nowhere is a note that cannot be read, not one that is not there.
    notes = sorted(f for f in files if f.suffix.lower() == _SUFFIX and (f.is_file() or not f.exists()))
    inside = [(f, f.relative_to(path)) for f in notes]
    found = [
        _Source(name.as_posix(), f, name.parts[0] if len(name.parts) > 1 else None)
        for f, name in inside
        if not _hidden(name)
    ]
    if not found:
        more = "" if recursive else "; --recursive looks into the folders inside it"
        raise UnreadableFile(f"{path}: holds no {_SUFFIX} file{more}")
    return found


def _owners(path: Path) -> dict[str, str]:
    """Read whose note each is.

    Raises
    ------
    UnreadableFile, FormatError
        When the file is not there, or has not the two columns.
    """
    from behealthy.data.text import read_text

    text, _ = read_text(path)
    sheet = csv.DictReader(io.StringIO(text, newline=""))
    if not {"note_id", "patient_id"} <= {*(sheet.fieldnames or ())}:
        raise FormatError(Problem(str(path), 1, "has not the columns note_id and patient_id"))
    return {row["note_id"]: row["patient_id"] for row in sheet if row["patient_id"]}


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _check_output(format: OutputFormat, output: Path | None, sources: list[_Source]) -> None:
    """Refuse places where a result cannot lie, or would lie on a note."""
    hint = "--output"
    read = {s.path.resolve() for s in sources if isinstance(s.path, Path)}
    if output is not None:
        for folder in output.parents:
            if folder.exists() and not folder.is_dir():
                raise typer.BadParameter(f"{folder} is a file, not a folder", param_hint=hint)
    if format is OutputFormat.brat:
        if output is None:
            raise typer.BadParameter("brat makes a folder of files; give its name", param_hint=hint)
        if output.exists() and not output.is_dir():
            raise typer.BadParameter(f"{output} is a file; brat makes a folder", param_hint=hint)
        if {(output / Path(s.id).parent).resolve() for s in sources} & {path.parent for path in read}:
            raise typer.BadParameter(f"{output} holds the notes themselves; choose another folder", param_hint=hint)
    elif output is not None:
        if output.is_dir():
            raise typer.BadParameter(f"{output} is a folder; {format.value} makes one file", param_hint=hint)
        if output.resolve() in read:
            raise typer.BadParameter(f"{output} is one of the notes; choose another file", param_hint=hint)


def _kept(extraction: Extraction, min_score: float, done: Callable[[str], None]) -> Extraction:
    done("")
    entities = tuple(e for e in extraction.entities if e.score >= min_score)
    ids = {e.id for e in entities}
    relations = tuple(r for r in extraction.relations if r.head in ids and r.tail in ids)
    return replace(extraction, entities=entities, relations=relations)

"""``behealthy extract``: notes in, diseases and treatments out."""

from __future__ import annotations

import errno
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, cast

import typer

from behealthy.cli import terminal
from behealthy.cli.options import ModelOption, model_folder
from behealthy.errors import Problem, UnreadableFile
from behealthy.note import DISEASE, TREATMENT, Extraction, Note, to_json
from behealthy.settings import Settings

if TYPE_CHECKING:
    from rich.table import Table

STANDARD_INPUT = "-"
_SUFFIX = ".txt"


class OutputFormat(StrEnum):
    """What extractions are shown as."""

    table = "table"
    jsonl = "jsonl"
    html = "html"
    brat = "brat"


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
    recursive: Annotated[bool, typer.Option("--recursive", "-r", help="Enter folders inside folders.")] = False,
    min_score: Annotated[
        float, typer.Option("--min-score", min=0, max=1, help="Leave out what is less probable than this.")
    ] = 0.0,
) -> None:
    """Find the diseases and treatments in notes."""
    from behealthy.registry.bundle import load

    settings = Settings.from_environment()
    sources = [source for path in paths for source in _sources(path, recursive)]
    _check_output(format, output, sources)
    extractor = load(model_folder(model, settings))
    reading = _Reading(sources, settings.max_note_bytes)
    with terminal.bar(len(sources), "Reading notes") as done:
        found = (_kept(reading.noticed(e), min_score, done) for e in extractor.pipe(reading.notes()))
        first = next(found, None)
        if first is not None:
            _WRITERS[format](chain([first], found), output, extractor.types)
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


@dataclass(slots=True)
class _Reading:
    """Notes as they are read, with what could not be and what is worth knowing."""

    sources: list[_Source]
    max_bytes: int
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
            yield Note(source.id, text)

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
    found = [_Source(f.relative_to(path).as_posix(), f) for f in notes if not _hidden(f.relative_to(path))]
    if not found:
        more = "" if recursive else "; --recursive looks into the folders inside it"
        raise UnreadableFile(f"{path}: holds no {_SUFFIX} file{more}")
    return found


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


# Writing -------------------------------------------------------------------------------------------------------------


def _write_jsonl(found: Iterator[Extraction], output: Path | None, _: tuple[str, ...]) -> None:
    with _destination(output) as write:
        for extraction in found:
            write(terminal.json_line(to_json(extraction)) + "\n")


def _write_table(found: Iterator[Extraction], output: Path | None, types: tuple[str, ...]) -> None:
    table = _table(list(found), types)
    if output is None:
        terminal.show(table)
    else:
        with _destination(output) as write:
            write(terminal.drawn(table))


def _write_html(found: Iterator[Extraction], output: Path | None, _: tuple[str, ...]) -> None:
    from behealthy.extract.render import to_html

    page = to_html([(terminal.printable(e.note_id), e) for e in found], "Diseases and treatments")
    with _destination(output) as write:
        write(page)


def _write_brat(found: Iterator[Extraction], output: Path | None, _: tuple[str, ...]) -> None:
    from behealthy.data.formats import write_corpus

    folders: dict[Path, list[Extraction]] = {}
    for extraction in found:
        name = Path(extraction.note_id)
        folder = cast(Path, output) / name.parent
        folders.setdefault(folder, []).append(replace(extraction, note_id=name.stem))
    for folder, extractions in folders.items():
        write_corpus(extractions, folder, "brat")


_WRITERS: dict[OutputFormat, Callable[[Iterator[Extraction], Path | None, tuple[str, ...]], None]] = {
    OutputFormat.table: _write_table,
    OutputFormat.jsonl: _write_jsonl,
    OutputFormat.html: _write_html,
    OutputFormat.brat: _write_brat,
}


@contextmanager
def _destination(output: Path | None) -> Iterator[Callable[[str], None]]:
    """Give what writes to standard output, or to a file that is there once all of it is written."""
    if output is None:
        yield terminal.write
        return
    from behealthy.data.text import is_written_through

    output.parent.mkdir(parents=True, exist_ok=True)
    through = is_written_through(output)
    partial = output if through else output.with_name(output.name + ".partial")
    try:
        with partial.open("wb") as file:
            yield lambda text: cast(None, file.write(text.encode("utf-8", "backslashreplace")))
        if not through:
            partial.replace(output)
    finally:
        if not through:
            partial.unlink(missing_ok=True)


def _table(extractions: list[Extraction], types: tuple[str, ...]) -> Table:
    """Lay the entities out, one a row, each in the column of its type."""
    from rich.text import Text

    columns = sorted(types, key=lambda t: (t != DISEASE, t != TREATMENT, t))
    table = terminal.table("note", *(t.lower() for t in columns), "score", numbers=("score",))
    for extraction in extractions:
        name = terminal.printable(extraction.note_id)
        for entity in extraction.entities:
            cells = (terminal.printable(entity.text) if entity.type == t else "" for t in columns)
            table.add_row(Text(name), *map(Text, cells), f"{entity.score:.2f}")
            name = ""
        if not extraction.entities:
            table.add_row(Text(name), *("" for _ in columns), "")
        table.add_section()
    return table

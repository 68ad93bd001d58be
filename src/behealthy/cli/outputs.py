"""The forms in which ``behealthy extract`` gives what was found: for people, for scripts, for hospital systems."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, cast

from behealthy.cli import terminal
from behealthy.note import DISEASE, TREATMENT, Extraction, to_json

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from behealthy.extract.record.rows import Row, Treatment

_QUOTED = 18  # code points on either side of what a table quotes


class OutputFormat(StrEnum):
    """What extractions are shown as."""

    table = "table"
    entities = "entities"
    jsonl = "jsonl"
    csv = "csv"
    fhir = "fhir"
    omop = "omop"
    html = "html"
    brat = "brat"


def _write_jsonl(found: Iterator[Extraction], output: Path | None, _: tuple[str, ...]) -> None:
    with _destination(output) as write:
        for extraction in found:
            write(terminal.json_line(to_json(extraction)) + "\n")


def _write_table(found: Iterator[Extraction], output: Path | None, types: tuple[str, ...]) -> None:
    from behealthy.extract.record.rows import rows

    # A model that knows neither diseases nor treatments has no record to show.
    known = {DISEASE, TREATMENT} & {*types}
    _draw(_record_tables(rows(found)) if known else _entity_table(list(found), types), output)


def _write_entities(found: Iterator[Extraction], output: Path | None, types: tuple[str, ...]) -> None:
    _draw(_entity_table(list(found), types), output)


def _draw(table: RenderableType, output: Path | None) -> None:
    if output is None:
        terminal.show(table)
    else:
        with _destination(output) as write:
            write(terminal.drawn(table))


def _write_csv(found: Iterator[Extraction], output: Path | None, _: tuple[str, ...]) -> None:
    from behealthy.extract.record.rows import rows
    from behealthy.extract.record.sheet import to_csv

    with _destination(output) as write:
        for line in to_csv(rows(found)):
            write(line)


def _write_fhir(found: Iterator[Extraction], output: Path | None, _: tuple[str, ...]) -> None:
    from behealthy.extract.record.fhir import to_bundle

    with _destination(output) as write:
        write(terminal.json_line(to_bundle(found, datetime.now(UTC))) + "\n")


def _write_omop(found: Iterator[Extraction], output: Path | None, _: tuple[str, ...]) -> None:
    from behealthy.extract.record.omop import to_csv

    with _destination(output) as write:
        for line in to_csv(found, datetime.now(UTC)):
            write(line)


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


WRITERS: dict[OutputFormat, Callable[[Iterator[Extraction], Path | None, tuple[str, ...]], None]] = {
    OutputFormat.table: _write_table,
    OutputFormat.entities: _write_entities,
    OutputFormat.jsonl: _write_jsonl,
    OutputFormat.csv: _write_csv,
    OutputFormat.fhir: _write_fhir,
    OutputFormat.omop: _write_omop,
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


def _entity_table(extractions: list[Extraction], types: tuple[str, ...]) -> Table:
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


def _record_tables(record: list[Row]) -> RenderableType:
    """Lay the record out, a table a patient: a disease a row, its treatments below one another."""
    from rich.console import Group
    from rich.text import Text

    tables: dict[str, Table] = {}
    for row in record:
        if row.patient_id not in tables:
            columns = ("disease", "status", "code", "treatments", "dose", "evidence")
            tables[row.patient_id] = terminal.table(*columns, title=terminal.printable(row.patient_id))
        doses = "\n".join(terminal.printable(t.dose or "-") for t in row.treatments)
        tables[row.patient_id].add_row(
            Text(terminal.printable(row.disease) or "(not named)"),
            row.status or "",
            row.code.code if row.code else "",
            Text("\n".join(terminal.printable(_named(t)) for t in row.treatments)),
            Text(doses if any(t.dose for t in row.treatments) else ""),
            Text(terminal.printable(_evidence(row))),
        )
    return Group(*tables.values()) if tables else Text("Nothing found.")


def _named(treatment: Treatment) -> str:
    return f"{treatment.name} ({treatment.remark})" if treatment.remark else treatment.name


def _evidence(row: Row) -> str:
    """Quote what the row stands on: where disease and treatment meet, else where the disease is named."""
    linked = [t.mention for t in row.treatments if t.relation]
    mention = (linked or list(row.mentions) or [row.treatments[0].mention])[0]
    note = mention.extraction.note_id
    quote = mention.quote(_QUOTED)
    return quote if note == row.patient_id else f"{note}: {quote}"

"""The record as a sheet of comma-separated values: one line for each disease and treatment."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from behealthy.extract.record.rows import Mention, Row, Treatment

COLUMNS = (
    "patient_id", "disease", "status", "code_system", "code", "code_display", "treatment", "relation",
    "treatment_status", "treatment_code_system", "treatment_code", "dose", "route", "frequency", "score",
    "note_id", "start", "end", "evidence",
)  # fmt: skip

_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet takes for the beginning of a formula


def to_csv(record: Iterable[Row]) -> Iterator[str]:
    """When called, it will give the lines of the sheet, the names of the columns first (RFC 4180, ends of CR LF).

    A row of the record without treatments is one line, one with several is as many. Words that a spreadsheet would
    run as a formula get an apostrophe before them. ``start`` and ``end`` are code points into the note, end exclusive.

    Examples
    --------
    >>> next(to_csv([])).split(",")[:3]
    ['patient_id', 'disease', 'status']
    """
    yield line(COLUMNS)
    for row in record:
        for treatment in row.treatments or (None,):
            yield line(_cells(row, treatment))


def _cells(row: Row, treatment: Treatment | None) -> tuple[str, ...]:
    code, attributes = row.code, {} if treatment is None else treatment.attributes
    given = treatment and treatment.code
    evidence: Mention = row.mentions[0] if treatment is None else treatment.mention
    where = evidence.entity
    return (
        row.patient_id,
        row.disease,
        row.status or "",
        code.system if code else "",
        code.code if code else "",
        code.display if code else "",
        treatment.name if treatment else "",
        (treatment and treatment.relation) or "",
        (treatment and treatment.status) or "",
        given.system if given else "",
        given.code if given else "",
        *(attributes.get(name, "") for name in ("dose", "route", "frequency")),
        f"{treatment.score if treatment else where.score:.3f}",
        evidence.extraction.note_id,
        str(where.start),
        str(where.end),
        evidence.quote(),
    )


def line(cells: Iterable[str | int]) -> str:
    """When called, it will give cells as a line of a sheet; none that are words can begin a formula.

    >>> line([7, "-2 kg", "gout"])
    "7,'-2 kg,gout\\r\\n"
    """
    words = (f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell for cell in cells)
    out = io.StringIO()
    csv.writer(out).writerow(words)
    return out.getvalue()

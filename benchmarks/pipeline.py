"""Measure the whole way from a note to its record, on one core: ``python -m benchmarks.pipeline [--quick] [--json]``.

First beside medSpaCy, with sections, context and 20,000 terms, over the notes of ACI-Bench. Then the time against the
length of a note, for notes of every shape that could make it grow faster than the note. Prints rates, never text.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import behealthy
from behealthy.data.vocabulary import drug_terms, mesh_disease_terms
from behealthy.errors import BeHealthyError, UnreadableFile
from benchmarks import report
from benchmarks.corpora import EXAMPLES, corpora_folder, note_texts

MEDSPACY = Path(__file__).resolve().parent.parent / ".venv-medspacy" / "bin" / "python"
TERMS = 20_000
REPEATS = 5

SIDE_BY_SIDE: report.Columns = {
    "system": lambda row: row["system"],
    "notes/s": lambda row: report.count(row["notes_per_s"]),
    "ms a note": lambda row: f"{1000 / row['notes_per_s']:.2f}",
    "times medSpaCy": lambda row: f"{row['times']:.0f}" if row.get("times") else "-",
    "entities a note": lambda row: f"{row['entities_a_note']:.0f}",
}


def _ms_of(size: str, row: report.Row) -> str:
    return f"{row[size]:.1f} ms" if size in row else "-"


GROWTH: report.Columns = {
    "note": lambda row: row["shape"],
    **{f"{kb:,} kB": partial(_ms_of, str(kb)) for kb in (1, 10, 100, 1000)},
    "entities at the longest": lambda row: report.count(row["entities"]),
    "time over length, 10 x from the last but one": lambda row: f"{row['growth']:.2f}",
}


def beside_medspacy(notes: list[str], repeats: int) -> report.Table:
    """Time both systems over the same notes on the same core, one after the other."""
    ours = behealthy.load()
    first = _timed(lambda: list(ours.pipe(notes)))
    found = [len(e.entities) for e in ours.pipe(notes)]
    before = [_timed(lambda: list(ours.pipe(notes))) for _ in range(repeats)]
    theirs = _medspacy(notes, max(1, repeats // 2))
    after = [_timed(lambda: list(ours.pipe(notes))) for _ in range(repeats)]
    rows: list[dict[str, Any]] = []
    slow = None
    if theirs:
        slow = len(notes) / statistics.median(theirs["seconds"])
        name = f"medSpaCy: {', '.join(p.removeprefix('medspacy_') for p in theirs['pipes'])}; {TERMS:,} terms"
        rows.append({"system": name, "notes_per_s": slow, "entities_a_note": theirs["entities"] / len(notes)})
    for name, seconds in (
        ("behealthy, first sight of every word", first),
        ("behealthy", statistics.median(before + after)),
    ):
        rate = len(notes) / seconds
        rows.append(
            {
                "system": f"{name}: entities, status, codes, doses, relations",
                "notes_per_s": rate,
                "times": rate / slow if slow else None,
                "entities_a_note": sum(found) / len(notes),
            }
        )
    facts = {"notes": len(notes), "characters a note": sum(map(len, notes)) // len(notes), "cores used": 1}
    return report.Table("The whole pipeline, ACI-Bench notes", facts, rows)


def growth(sizes: tuple[int, ...]) -> report.Table:
    """Time single notes of growing length, of shapes that stress one part each."""
    extractor = behealthy.load()
    rows = []
    for shape, piece in _shapes().items():
        row: dict[str, Any] = {"shape": shape}
        for kb in sizes:
            text = _filled(piece, kb * 1000)
            extractor(text)
            row[str(kb)] = 1000 * min(_timed(partial(extractor, text)) for _ in range(3))
        row["entities"] = len(extractor(text).entities)
        row["growth"] = row[str(sizes[-1])] / row[str(sizes[-2])] / (sizes[-1] / sizes[-2])
        rows.append(row)
    return report.Table(
        "Time of one note against its length", {"measured": "fastest of 3, warm", "cores used": 1}, rows
    )


def _shapes() -> dict[str, Callable[[int], str]]:
    """Give pieces that are repeated, by what the note is made of; each is given its number."""
    examples = [p.read_text(encoding="utf-8") for p in sorted(EXAMPLES.glob("*-01.txt"))]
    return {
        "our example notes, one after another": lambda i: examples[i % len(examples)] + "\n\n",
        "one sentence without an end": lambda i: f"denies fever, cough and chest pain {i}, ",
        "a list of medications": lambda i: f"{i}. lisinopril {i} mg po daily\n",
        "one disease, then treatments only": lambda i: "hypertension treated with " if not i else "metoprolol, ",
        "a heading that never ends": lambda i: "PAST MEDICAL HISTORY " if i % 50 else "PAST MEDICAL HISTORY: gout ",
        "definitions within definitions": lambda i: f"chronic obstructive (pulmonary (disease {i} (COPD ",
    }


def _filled(piece: Callable[[int], str], characters: int) -> str:
    parts: list[str] = []
    size = i = 0
    while size < characters:
        parts.append(piece(i))
        size += len(parts[-1])
        i += 1
    return "".join(parts)[:characters]


def _medspacy(notes: list[str], repeats: int) -> dict[str, Any] | None:
    if not MEDSPACY.is_file():
        report.progress("medSpaCy is left out: no .venv-medspacy here (make bench sets it up)")
        return None
    given = json.dumps({"terms": list(islice(_terms(), TERMS)), "notes": notes, "repeats": repeats})
    script = Path(__file__).with_name("medspacy_notes.py")
    done = subprocess.run([MEDSPACY, script], input=given, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UnreadableFile(f"medSpaCy failed: {done.stderr.strip().splitlines()[-1]}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _terms() -> Iterator[tuple[str, str]]:
    """Names of diseases and drugs in turn, each once."""
    seen: set[str] = set()
    for pair in zip(mesh_disease_terms(), drug_terms(), strict=False):
        for term, label in zip(pair, ("DISEASE", "TREATMENT"), strict=True):
            if term.name.lower() not in seen:
                seen.add(term.name.lower())
                yield term.name, label


def _timed(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def main() -> int:
    """When called, it will measure and print, and give the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few notes and short ones: only that it runs")
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")
    options = parser.parse_args()
    report.one_core()
    show = report.Printer(as_json=options.json)
    try:
        notes = note_texts(corpora_folder())["ACI-Bench notes"]
        if options.quick:
            notes = notes[:5]
        show(beside_medspacy(notes, 1 if options.quick else REPEATS), SIDE_BY_SIDE)
        show(growth((1, 10) if options.quick else (1, 10, 100, 1000)), GROWTH)
    except BeHealthyError as exc:
        print(f"pipeline: {exc}", file=sys.stderr)
        return 1
    show.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

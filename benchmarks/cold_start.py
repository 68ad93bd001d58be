"""Measure a cold start: ``python -m benchmarks.cold_start [--rivals] [--runs 7] [--json]``.

Starts `behealthy extract` on one example note as a process of its own, several times, and tells how long each took by
the clock and how much memory it held at most. What Python and NumPy need alone stands beside it. This script imports
nothing large itself: a child's peak, as the system counts it, cannot lie below its parent's size.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import sysconfig
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import report

_NOTES = Path(__file__).resolve().parent.parent / "examples" / "notes"
_RSS_UNIT = 1 if sys.platform == "darwin" else 1024

COLUMNS: report.Columns = {
    "command": lambda row: row["command"],
    "seconds, median": lambda row: f"{statistics.median(row['seconds']):.3f}",
    "fastest-slowest": lambda row: f"{min(row['seconds']):.3f}-{max(row['seconds']):.3f}",
    "first": lambda row: f"{row['first_seconds']:.3f}",
    "peak memory, MB": lambda row: f"{row['peak_bytes'] / 1e6:.0f}",
}

_SPACY = """
import sys, spacy
nlp = spacy.blank("en")
nlp.add_pipe("ner").add_label("DISEASE")
nlp.initialize()
print(len(nlp(open(sys.argv[1], encoding="utf-8").read()).ents))
"""


def run(command: Sequence[str]) -> tuple[float, int]:
    """Run a command to its end: seconds by the clock, and the most memory it held, in bytes.

    Raises
    ------
    CalledProcessError
        When it fails.
    """
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, list(command))
    return seconds, usage.ru_maxrss * _RSS_UNIT


def row(name: str, command: Sequence[str], runs: int) -> dict[str, Any]:
    """Measure a command: once to fill the disk's cache, then as often as asked."""
    first, _ = run(command)
    results = [run(command) for _ in range(runs)]
    return {
        "command": name,
        "first_seconds": first,
        "seconds": [seconds for seconds, _ in results],
        "peak_bytes": max(peak for _, peak in results),
    }


def commands(note: Path, *, with_rivals: bool) -> dict[str, list[str]]:
    """Name what is started."""
    ours = Path(sysconfig.get_path("scripts")) / "behealthy"
    out = {
        "behealthy extract NOTE": [str(ours), "extract", str(note)],
        "python, nothing else": [sys.executable, "-c", "pass"],
        "python, import numpy": [sys.executable, "-c", "import numpy"],
    }
    if with_rivals:
        out["spaCy, blank with an untrained NER, one note"] = [sys.executable, "-c", _SPACY, str(note)]
    return out


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the cold start of the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cold_start", description=__doc__)
    parser.add_argument("--rivals", action="store_true", help="spaCy as well")
    parser.add_argument("--runs", type=int, default=7, help="processes of each kind (default 7)")
    parser.add_argument("--note", type=Path, default=min(_NOTES.glob("*.txt"), default=_NOTES), help="a text file")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of a table")
    options = parser.parse_args(arguments)
    if not options.note.is_file():
        parser.error(f"no note at {options.note}")
    show = report.Printer(as_json=options.json)
    rows = [row(*named, options.runs) for named in commands(options.note, with_rivals=options.rivals).items()]
    floor = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RSS_UNIT
    facts = {"bytes of the note": options.note.stat().st_size, "runs": options.runs, "floor of memory in bytes": floor}
    show(report.Table("Cold start, one note", facts, rows), COLUMNS)
    show.close()


if __name__ == "__main__":
    try:
        main()
    except FileNotFoundError as exc:
        sys.exit(f"{exc.filename} is not there: set the project up first (make setup)")
    except subprocess.CalledProcessError as exc:
        sys.exit(str(exc))

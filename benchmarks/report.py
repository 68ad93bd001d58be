"""What every benchmark prints: the machine it ran on, tables for people, the same as JSON for programs.

Imports nothing but the standard library, so that a script that measures memory or start-up can use it. It never sees
a document; what it prints are names and numbers.
"""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_PACKAGES = ("behealthy", "numpy", "scipy", "python-crfsuite", "sklearn-crfsuite", "spacy")

Row = Mapping[str, Any]
Columns = Mapping[str, Callable[[Row], str]]


@dataclass(frozen=True)
class Table:
    """One measurement: its name, the facts it stands on (documents, seeds), and a row for each system."""

    name: str
    facts: Mapping[str, Any]
    rows: Sequence[Row]


def machine() -> dict[str, Any]:
    """Tell where this process runs: processor, cores, versions."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{package: found for package in _PACKAGES if (found := _version(package))},
    }


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def one_core() -> None:
    """Run this process on a single core with single-threaded arithmetic; starts it anew where that is needed.

    NumPy reads the number of threads when it is loaded, so the variables must be there before Python starts.
    """
    wanted = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    if any(os.environ.get(name) != value for name, value in wanted.items()):
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, **wanted})
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def f1(value: float) -> str:
    """Write a share in the way of the field, without its zero.

    >>> f1(0.5974), f1(1.0)
    ('.597', '1.000')
    """
    return f"{value:.3f}".removeprefix("0")


def count(value: float) -> str:
    """Write a whole number, or a rate, with three digits that matter.

    >>> count(983_412.7), count(57.0)
    ('983,000', '57')
    """
    return f"{float(f'{value:.3g}'):,.0f}" if value >= 10 else f"{value:.3g}"


def markdown(table: Table, columns: Columns) -> str:
    """Lay a table out for people."""
    facts = ", ".join(f"{name} {value}" for name, value in table.facts.items())
    lines = ["| " + " | ".join(columns) + " |", "| " + " | ".join(["---"] * len(columns)) + " |"]
    lines += ["| " + " | ".join(cell(row) for cell in columns.values()) + " |" for row in table.rows]
    return "\n".join([f"### {table.name}", "", facts, "", *lines, ""])


class Printer:
    """Prints tables as they come, or everything as one JSON document at the end."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._tables: list[Table] = []
        if not as_json:
            print(", ".join(f"{name} {value}" for name, value in machine().items()) + "\n")

    def __call__(self, table: Table, columns: Columns) -> None:
        """Print a table, or keep it for the end."""
        self._tables.append(table)
        if not self._as_json:
            print(markdown(table, columns), flush=True)

    def close(self) -> None:
        """Print the JSON document, if one was asked for."""
        if self._as_json:
            print(json.dumps({"machine": machine(), "tables": [asdict(t) for t in self._tables]}, indent=1))


def progress(message: str) -> None:
    """Tell on the error stream how far a long run has come."""
    print(message, file=sys.stderr, flush=True)

"""Make the shipped word classes and model again: ``make starter``. Needs the corpora folder.

With ``--check`` nothing is replaced; it fails when what was made differs from what ships by a single byte.
"""

from __future__ import annotations

import argparse
import filecmp
import sys
import tempfile
from pathlib import Path

from behealthy.errors import BeHealthyError
from behealthy.learn import starter
from behealthy.registry.bundle import STARTER, package_folder
from behealthy.settings import Settings

EXAMPLES = Path(__file__).resolve().parent.parent / "examples" / "notes"
CLASSES = package_folder("extract/knowledge/classes")
MODEL = package_folder(STARTER)


def main() -> int:
    """When called, it will build or compare, and give the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with what ships instead of replacing it")
    check = parser.parse_args().check
    try:
        return verify() if check else build(CLASSES, MODEL)
    except BeHealthyError as exc:
        print(f"starter: {exc}", file=sys.stderr)
        return 1


def build(classes: Path, model: Path) -> int:
    """When called, it will put the word classes and the model where it is told."""
    corpora = Settings.from_environment().corpora
    print(f"word classes from {corpora} ...", flush=True)
    words = starter.build_classes(corpora, EXAMPLES, classes)
    print(f"{words} words classed; training ...", flush=True)
    report = starter.build_model(corpora, EXAMPLES, model, _show)
    micro = report.micro
    print(f"held-out notes: strict F1 {micro.strict.f1:.3f}, relaxed {micro.relaxed.f1:.3f}; bundle at {model}")
    return 0


def verify() -> int:
    """When called, it will build in a temporary folder and compare with what ships."""
    with tempfile.TemporaryDirectory() as folder:
        classes, model = Path(folder) / "classes", Path(folder) / STARTER
        build(classes, model)
        changed = [*_differences(CLASSES, classes), *_differences(MODEL, model)]
    for path in changed:
        print(f"differs from what ships: {path}")
    print("what ships is what the sources give" if not changed else f"{len(changed)} files differ")
    return 1 if changed else 0


def _differences(shipped: Path, made: Path) -> list[Path]:
    names = {p.name for p in (*shipped.iterdir(), *made.iterdir())}
    same, _, _ = filecmp.cmpfiles(shipped, made, names, shallow=False)
    return [shipped / name for name in sorted(names - set(same))]


def _show(iteration: int, loss: float) -> None:
    if iteration % 25 == 0:
        print(f"  iteration {iteration}: loss {loss:.1f}", flush=True)


if __name__ == "__main__":
    sys.exit(main())

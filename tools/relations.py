"""Make the shipped model of relations again. Needs the corpora folder.

With ``--check`` nothing is replaced; it fails when what was made differs from what ships by a single byte.
"""

from __future__ import annotations

import argparse
import filecmp
import sys
import tempfile
from pathlib import Path

from behealthy.errors import BeHealthyError
from behealthy.learn.relations import build_relations
from behealthy.registry.bundle import package_folder
from behealthy.settings import Settings

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
SHIPPED = package_folder("extract/knowledge/relations")


def main() -> int:
    """When called, it will build or compare, and give the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with what ships instead of replacing it")
    check = parser.parse_args().check
    corpora = Settings.from_environment().corpora
    try:
        if not check:
            build_relations(corpora, EXAMPLES, SHIPPED)
            return 0
        with tempfile.TemporaryDirectory() as folder:
            made = Path(folder) / "relations"
            build_relations(corpora, EXAMPLES, made)
            names = {p.name for p in (*SHIPPED.iterdir(), *made.iterdir())}
            same, _, _ = filecmp.cmpfiles(SHIPPED, made, names, shallow=False)
    except BeHealthyError as exc:
        print(f"relations: {exc}", file=sys.stderr)
        return 1
    changed = sorted(names - set(same))
    print("what ships is what the sources give" if not changed else f"differs from what ships: {', '.join(changed)}")
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main())

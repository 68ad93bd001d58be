"""Compile the dictionary anew and put it where the extractor finds it; needs the dependency group ``vocabulary``."""

from pathlib import Path

from behealthy.data.vocabulary import compile_vocabulary
from behealthy.registry.folder import write_folder

SHIPPED = Path(__file__).resolve().parent.parent / "src" / "behealthy" / "extract" / "knowledge" / "lexicon"


def main() -> None:
    """When called, it will replace the shipped dictionary and say what the new one holds."""
    compiled = compile_vocabulary()
    write_folder(SHIPPED, "lexicon", compiled.arrays, compiled.meta)
    kinds = ", ".join(f"{count} {kind}" for kind, count in compiled.meta["names_by_kind"].items())
    print(f"{SHIPPED}: {compiled.meta['names']} names ({kinds}), {compiled.meta['abbreviations']} abbreviations")


if __name__ == "__main__":
    main()

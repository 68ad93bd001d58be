"""Compile dictionary and codes anew and put them where the extractor finds them.

Needs the dependency group ``vocabulary``, and the corpora whose annotators teach what a concept is called.
"""

from pathlib import Path

from behealthy.data.concepts import compile_concepts
from behealthy.data.vocabulary import compile_vocabulary
from behealthy.registry.folder import write_folder
from behealthy.settings import Settings

KNOWLEDGE = Path(__file__).resolve().parent.parent / "src" / "behealthy" / "extract" / "knowledge"


def main() -> None:
    """When called, it will replace the shipped dictionary and codes and say what the new ones hold."""
    compiled = compile_vocabulary()
    write_folder(KNOWLEDGE / "lexicon", "lexicon", compiled.arrays, compiled.meta)
    kinds = ", ".join(f"{count} {kind}" for kind, count in compiled.meta["names_by_kind"].items())
    print(f"lexicon: {compiled.meta['names']} names ({kinds}), {compiled.meta['abbreviations']} abbreviations")
    compiled = compile_concepts(Settings.from_environment().corpora)
    write_folder(KNOWLEDGE / "concepts", "concepts", compiled.arrays, compiled.meta)
    concepts = ", ".join(f"{count} {system}" for system, count in compiled.meta["concepts"].items())
    print(f"concepts: {compiled.meta['names']} names of {concepts}; {compiled.meta['learned']} from annotators")


if __name__ == "__main__":
    main()

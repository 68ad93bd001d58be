"""Measure codes of gold mentions: ``python -m benchmarks.coding [--develop] [--json]``.

Every gold mention counts, also those whose id no vocabulary holds; of several gold ids any one is right. A mention is
coded with what its own document defines it to stand for, as the extractor does. Prints figures, never text.

``--develop`` measures while developing: the table is compiled without what is measured on.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from behealthy.data.concepts import TEACHERS, compile_concepts
from behealthy.data.formats import KNOWN_LABELS, read_corpus
from behealthy.extract.abbreviations import definitions, expanded
from behealthy.extract.coding import Coder, modifier_words, short_forms
from behealthy.note import DISEASE, TREATMENT, Extraction
from behealthy.registry.bundle import load_coder
from benchmarks import report
from benchmarks.corpora import corpora_folder

Part = tuple[str, str, str, str]  # title, file, labels, type

MEASURED: tuple[Part, ...] = (
    ("NCBI-disease test", "ncbi_disease/test.PubTator.txt", "ncbi", DISEASE),
    ("BC5CDR dev, disease", "bc5cdr/CDR_DevelopmentSet.PubTator.txt", "bc5cdr", DISEASE),
    ("BC5CDR dev, chemical", "bc5cdr/CDR_DevelopmentSet.PubTator.txt", "bc5cdr", TREATMENT),
)
DEVELOPED: tuple[Part, ...] = (
    ("NCBI-disease devel", "ncbi_disease/devel.PubTator.txt", "ncbi", DISEASE),
    ("BC5CDR training, disease", "bc5cdr/CDR_TrainingSet.PubTator.txt", "bc5cdr", DISEASE),
    ("BC5CDR training, chemical", "bc5cdr/CDR_TrainingSet.PubTator.txt", "bc5cdr", TREATMENT),
)
COLUMNS: report.Columns = {
    "mentions": lambda row: row["title"],
    "number": lambda row: report.count(row["mentions"]),
    "top 1": lambda row: f"{row['top1']:.3f}",
    "coded": lambda row: f"{row['coded']:.3f}",
    "right of coded": lambda row: f"{row['precision']:.3f}",
    "ms a mention, first sight": lambda row: f"{row['ms']:.3f}",
}


def measured(documents: Iterable[Extraction], type: str, coder: Coder) -> dict[str, Any]:
    """Give how many gold mentions of a type get the right MeSH code, and how long one takes."""
    total = coded = right = 0
    seconds = 0.0
    for document in documents:
        own = definitions(document.text)
        for e in document.entities:
            if e.type != type:
                continue
            begin = time.perf_counter()
            codes = [c for c in coder.code(e.text, type, expanded(e.text, own)) if c.system in ("MeSH", "OMIM")]
            seconds += time.perf_counter() - begin
            total += 1
            coded += bool(codes)
            right += bool(codes) and codes[0].code in {c.code for c in e.codes}
    return {
        "mentions": total,
        "top1": right / total,
        "coded": coded / total,
        "precision": right / max(coded, 1),
        "ms": seconds / total * 1e3,
    }


def rows(corpora: Path, parts: Iterable[Part], coder_for: Callable[[str], Coder]) -> list[dict[str, Any]]:
    """Give a row for each part, each with the coder that has not seen it."""
    out = []
    for title, file, labels, type in parts:
        documents = read_corpus(corpora / file, "pubtator", KNOWN_LABELS[labels]).documents
        out.append({"title": title, **measured(documents, type, coder_for(file))})
    return out


def main() -> None:
    """When called, it will print a table of figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--develop", action="store_true", help="measure on what may be developed on")
    parser.add_argument("--json", action="store_true", help="print figures as JSON")
    given = parser.parse_args()
    corpora = corpora_folder()

    def unseen(file: str) -> Coder:
        compiled = compile_concepts(corpora, [t for t in TEACHERS if t[0] != file])
        return Coder.from_arrays(compiled.arrays, short_forms(), modifier_words())

    parts, coder_for = (DEVELOPED, unseen) if given.develop else (MEASURED, lambda _: load_coder())
    printer = report.Printer(as_json=given.json)
    printer(report.Table("MeSH code of gold mentions", {}, rows(corpora, parts, coder_for)), COLUMNS)
    printer.close()


if __name__ == "__main__":
    main()

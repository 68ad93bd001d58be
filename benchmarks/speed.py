"""Measure how fast notes are read, on one core: ``python -m benchmarks.speed [--rivals] [--quick] [--json]``.

First the tagger alone: one CRFsuite model labels BioText's test sentences through python-crfsuite and compiled into
tables. Then the whole way from raw text to scored entities, over whole notes. Prints rates, never text.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from behealthy.data.formats import read_corpus
from behealthy.errors import BeHealthyError, UnreadableFile
from behealthy.extract.tokens import tokenize
from behealthy.note import Extraction
from behealthy.registry.bundle import load, load_lexicon
from benchmarks import recipes, report, rivals
from benchmarks.corpora import BOTH, EXAMPLES, Documents, biotext, corpora_folder, note_texts
from benchmarks.same_model import PLAIN, Labels, Sentences, Way, full, given_sentences, train_file, ways

T = TypeVar("T")
Reader = Callable[[Sequence[str]], object]

TAGGING: report.Columns = {
    "features": lambda row: row["features"],
    "way": lambda row: row["way"],
    "tokens/s": lambda row: report.count(row["tokens_per_s"]),
    "times the first": lambda row: f"{row['times_first']:.1f}" if "times_first" in row else "-",
    "sentences labelled as by the first": lambda row: row.get("alike", "-"),
}
READING: report.Columns = {
    "notes": lambda row: f"{row['source']} ({row['notes']:,})",
    "system": lambda row: row["system"],
    "tokens/s, warm": lambda row: report.count(row["tokens_per_s"]),
    "tokens/s, first sight": lambda row: report.count(row["first_tokens_per_s"]),
    "words/s, warm": lambda row: report.count(row["words_per_s"]),
    "notes/s, warm": lambda row: report.count(row["notes_per_s"]),
}


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Give the seconds that one call takes, and what it gave."""
    begin = time.perf_counter()
    result = work()
    return time.perf_counter() - begin, result


def warm_median(work: Callable[[], object], repeats: int) -> float:
    """Give the median seconds of several calls, after one that does not count."""
    work()
    return statistics.median(timed(work)[0] for _ in range(repeats))


def measured(way: Way, repeats: int) -> tuple[float, Labels | None]:
    """Give the median seconds of a way to tag, and its labels."""
    if way.warm:
        run = way.make()
        return warm_median(run, repeats), run()
    results = [timed(way.make()) for _ in range(repeats)]
    return statistics.median(seconds for seconds, _ in results), results[0][1]


def tagging(corpora: Path, options: argparse.Namespace) -> report.Table:
    """Compare ways to label the same sentences with the same model."""
    task = biotext(corpora, 0)
    train, test = (task.thinned(10) if options.quick else task).splits[0]
    iterations = 10 if options.quick else 50
    rows: list[dict[str, Any]] = []
    for features in (full(recipes.knowledge()), PLAIN):
        given = given_sentences([d.text for d in test], features.knowledge)
        tokens = sum(map(len, given.words))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.crfsuite"
            train_file(path, features, train, iterations)
            results = {way.name: measured(way, options.repeats) for way in ways(features, given, path)}
        usual_seconds, usual_labels = next(iter(results.values()))
        for name, (seconds, labels) in results.items():
            row: dict[str, Any] = {"features": features.name, "way": name, "tokens_per_s": tokens / seconds}
            row["times_first"] = usual_seconds / seconds
            if labels is not None and usual_labels is not None:
                same = sum(a == b for a, b in zip(labels, usual_labels, strict=True))
                row["alike"] = f"{same:,} of {len(labels):,}"
            rows.append(row)
        report.progress(f"tagging with features {features.name}: done")
    if options.rivals:
        rows += rival_rows(train, given, options)
    facts = {
        "training documents": len(train),
        "test documents": len(test),
        "sentences": f"{len(given.words):,}",
        "tokens": f"{tokens:,}",
        "training iterations": iterations,
    }
    return report.Table("Tagging BioText test, tokens given", facts | measured_how(options), rows)


def rival_rows(train: Documents, given: Sentences, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Time the others on the same sentences; each with features and a model of its own."""
    from spacy.tokens import Doc

    crf = rivals.plain_crf(train, BOTH, iterations=10 if options.quick else 50)
    nlp = rivals.spacy_model(train, BOTH, epochs=1 if options.quick else 3)
    recognise = nlp.get_pipe("ner").pipe
    works: dict[str, Callable[[], object]] = {
        "sklearn-crfsuite: build features, predict": lambda: rivals.predict_plain(crf, given.words),
        "spaCy NER": lambda: list(recognise(Doc(nlp.vocab, words=words) for words in given.words)),
    }
    tokens = sum(map(len, given.words))
    return [
        {"features": "its own", "way": name, "tokens_per_s": tokens / warm_median(work, options.repeats)}
        for name, work in works.items()
    ]


def measured_how(options: argparse.Namespace) -> dict[str, Any]:
    """The facts that all tables here share."""
    out: dict[str, Any] = {"measured": f"median of {options.repeats}", "cores used": 1}
    return out | ({"QUICK": "a tenth of the documents, no figure to quote"} if options.quick else {})


# From raw text -------------------------------------------------------------------------------------------------------


def behealthy() -> Reader:
    """The shipped model, fresh from its folder."""
    extractor = load(find_only=True)
    return lambda texts: list(extractor.pipe(texts))


def rival_readers(options: argparse.Namespace) -> dict[str, Callable[[], Reader]]:
    """The others, trained on our example notes; a training too short to be good takes as long to run."""
    train: Documents = read_corpus(EXAMPLES, "brat").documents
    nlp = rivals.spacy_model(train, BOTH, epochs=1 if options.quick else 5)
    crf = rivals.plain_crf(train, BOTH, iterations=10 if options.quick else 50)

    lexicon = load_lexicon()

    def documents(texts: Sequence[str]) -> list[Extraction]:
        return [Extraction("", text) for text in texts]

    return {
        "sklearn-crfsuite, our tokens": lambda: lambda texts: rivals.read_with_crf(crf, documents(texts), BOTH),
        "spaCy NER": lambda: lambda texts: [doc.ents for doc in nlp.pipe(texts)],
        "dictionary": lambda: lambda texts: rivals.dictionary((), documents(texts), BOTH, lexicon=lexicon),
    }


def reading(corpora: Path | None, options: argparse.Namespace) -> report.Table:
    """Time the way from raw note text to scored entities."""
    systems: dict[str, Callable[[], Reader]] = {"behealthy": behealthy}
    if options.rivals:
        systems |= rival_readers(options)
    rows = []
    for source, texts in note_texts(corpora).items():
        texts = texts[::10] if options.quick else texts
        tokens, words = sum(len(tokenize(t)) for t in texts), sum(len(t.split()) for t in texts)
        for name, make in systems.items():
            rows.append({"source": source, "notes": len(texts), "tokens": tokens, "words": words, "system": name})
            rows[-1] |= rates(make(), texts, tokens, words, options.repeats)
            report.progress(f"reading {source} with {name}: done")
    facts = {"model": load(find_only=True).version, "tokens": "as our tokenizer cuts", "words": "between white space"}
    return report.Table("From raw text to scored entities", facts | measured_how(options), rows)


def rates(read: Reader, texts: Sequence[str], tokens: int, words: int, repeats: int) -> dict[str, float]:
    """Read the same notes again and again; the first time every word is new."""
    first, _ = timed(lambda: read(texts))
    seconds = statistics.median(timed(lambda: read(texts))[0] for _ in range(repeats))
    return {
        "first_tokens_per_s": tokens / first,
        "tokens_per_s": tokens / seconds,
        "words_per_s": words / seconds,
        "notes_per_s": len(texts) / seconds,
    }


def tables(options: argparse.Namespace) -> Iterator[tuple[report.Table, report.Columns]]:
    """Measure all that can be measured here."""
    try:
        corpora = corpora_folder()
    except UnreadableFile as exc:
        report.progress(f"{exc}; only our own example notes are read")
        yield reading(None, options), READING
    else:
        yield tagging(corpora, options), TAGGING
        yield reading(corpora, options), READING


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure tagging and reading on one core."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument("--rivals", action="store_true", help="the others on raw text as well")
    parser.add_argument("--quick", action="store_true", help="a small share of everything, to see that it runs")
    parser.add_argument("--repeats", type=int, help="how often each is timed (default 7, with --quick 3)")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of tables")
    options = parser.parse_args(arguments)
    options.repeats = options.repeats or (3 if options.quick else 7)
    report.one_core()
    show = report.Printer(as_json=options.json)
    for table, columns in tables(options):
        show(table, columns)
    show.close()


if __name__ == "__main__":
    try:
        main()
    except BeHealthyError as exc:
        sys.exit(str(exc))

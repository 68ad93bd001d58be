"""Options that several commands share, and what they mean: formats, label maps, models.

Nothing here is imported that a command does not need to show its help.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.core import TyperCommand

if TYPE_CHECKING:
    from behealthy.data.formats import Corpus
    from behealthy.settings import Settings


class CorpusFormat(StrEnum):
    """The formats of annotated documents."""

    conll = "conll"
    brat = "brat"
    pubtator = "pubtator"
    biotext = "biotext"
    jsonl = "jsonl"


CorpusPath = Annotated[
    Path, typer.Argument(metavar="PATH", help="A file of annotated documents, or a folder of such files.")
]
FormatOption = Annotated[
    CorpusFormat,
    typer.Option("--format", "-f", metavar="FORMAT", help=f"How they are written down: {', '.join(CorpusFormat)}."),
]
MapOption = Annotated[
    list[str] | None,
    typer.Option(
        "--map", metavar="OLD=NEW", help="Our type for a type of the source; others are ignored. May be repeated."
    ),
]
LabelsOption = Annotated[
    str | None, typer.Option("--labels", metavar="CORPUS", help="The label map of a corpus that we know, as biotext.")
]
ModelOption = Annotated[
    str | None,
    typer.Option("--model", "-m", metavar="BUNDLE", help="A model's folder or name; by default the shipped one."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


class MapsCommand(TyperCommand):
    """A command whose ``--map`` takes one pair after the other: ``--map D=DISEASE T=TREATMENT``."""

    def parse_args(self, ctx, args: list[str]) -> list[str]:  # type: ignore[no-untyped-def]
        """When called, it will put a ``--map`` before each further pair."""
        return super().parse_args(ctx, spread(args))


def spread(arguments: Sequence[str]) -> list[str]:
    """Give the arguments with ``--map`` before each pair that follows one.

    >>> spread(["--map", "D=DISEASE", "T=TREATMENT", "--json", "a=b"])
    ['--map', 'D=DISEASE', '--map', 'T=TREATMENT', '--json', 'a=b']
    """
    out: list[str] = []
    mapping = False
    for argument in arguments:
        pair = "=" in argument and not argument.startswith("-")
        if pair and mapping and out[-1] != "--map":
            out.append("--map")
        mapping = argument == "--map" or argument.startswith("--map=") or (mapping and pair)
        out.append(argument)
    return out


def label_map(pairs: list[str] | None, labels: str | None) -> dict[str, str] | None:
    """Give the label map that the options ask for, None where they ask for none; a pair outdoes the known corpus.

    Raises
    ------
    LabelError
        When a pair is not one.
    """
    from behealthy.data.formats import KNOWN_LABELS, parse_label_map

    if labels is not None and labels not in KNOWN_LABELS:
        raise typer.BadParameter(f"{labels!r} is none of {', '.join(KNOWN_LABELS)}", param_hint="--labels")
    if not pairs:
        return dict(KNOWN_LABELS[labels]) if labels else None
    return dict(KNOWN_LABELS[labels] if labels else {}) | parse_label_map(pairs)


def read(path: Path, format: CorpusFormat, labels: dict[str, str] | None, settings: Settings) -> Corpus:
    """When called, it will read annotated documents and say what of them was left out.

    Raises
    ------
    UnreadableFile, FormatError
        See `data.formats.read_corpus`.
    """
    from behealthy.cli import terminal
    from behealthy.data.formats import read_corpus

    corpus = read_corpus(path, format.value, labels, max_bytes=settings.max_note_bytes)
    terminal.report(corpus.problems, corpus.notices)
    if corpus.problems:
        terminal.say(f"{len(corpus.documents):,} documents were read; what is listed as rejected was left out")
    return corpus


def model_folder(wanted: str | None, settings: Settings) -> Path | None:
    """Give the folder of the model that ``--model`` asks for, None for the shipped one.

    Raises
    ------
    ForeignBundle
        When there is no such model.
    """
    from behealthy.registry.models import find

    return None if wanted is None else find(wanted, settings.models)

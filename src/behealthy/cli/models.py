"""``behealthy models``: which models there are, and what each was made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from behealthy.cli import terminal
from behealthy.cli.evaluate import figures
from behealthy.cli.options import JsonOption
from behealthy.settings import Settings

if TYPE_CHECKING:
    from behealthy.registry.models import Card

app = typer.Typer(no_args_is_help=True, help="The models at hand.")


@app.command("list", epilog="Example: behealthy models list --json")
def list_(json: JsonOption = False) -> None:
    """List the shipped model and those that were trained here."""
    from behealthy.registry.models import listed

    settings = Settings.from_environment()
    cards, faults = listed(settings.models)
    if json:
        terminal.write_json({"models": [card.to_json() for card in cards], "unusable": [f.path for f in faults]})
    else:
        table = terminal.table(
            "name", "version", "documents", "types", "strict F1", "data", numbers=("documents", "strict F1")
        )
        for card in cards:
            name = f"{card.name} (shipped)" if card.shipped else card.name
            cells = (name, card.version, _documents(card), ", ".join(card.types), _strict(card), _hash(card))
            table.add_row(*map(terminal.printable, cells))
        terminal.show(table)
        terminal.say(f"Models that are trained here lie in {settings.models}")
    for fault in faults:
        terminal.say(f"rejected: {fault}")
    if faults:
        raise typer.Exit(terminal.REJECTS)


@app.command(epilog="Example: behealthy models show starter")
def show(
    name: Annotated[str, typer.Argument(metavar="MODEL", help="A model's name or folder.")],
    json: JsonOption = False,
) -> None:
    """Show what a model was made of and how good it was found to be."""
    from behealthy.registry.models import card, find

    settings = Settings.from_environment()
    found = card(find(name, settings.models))
    if json:
        terminal.write_json(found.to_json())
        return
    facts = terminal.table("what", "value", title=found.version)
    facts.show_header = False
    rows: dict[str, Any] = {
        "folder": found.path,
        "finds": ", ".join(found.types),
        "documents": _documents(found),
        "data": found.data.get("name"),
        "data hash": found.data.get("hash"),
        **{f"recipe: {key}": value for key, value in found.recipe.items()},
        **{f"knowledge: {key}": value for key, value in found.knowledge.items()},
        "judged by": found.metrics.get("judged_by"),
    }
    for what, value in rows.items():
        if value not in (None, "", {}):
            shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            facts.add_row(what, terminal.printable(shown))
    terminal.show(facts)
    if "micro" in found.metrics:
        terminal.show(figures(found.metrics, ""))


def _documents(card: Card) -> str:
    number = card.data.get("documents")
    return f"{number:,}" if isinstance(number, int) else ""


def _strict(card: Card) -> str:
    micro = card.metrics.get("micro")
    return f"{micro['strict']['f1']:.3f}" if micro else ""


def _hash(card: Card) -> str:
    return str(card.data.get("hash", ""))[:12]

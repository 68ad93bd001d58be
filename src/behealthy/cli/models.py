"""``behealthy models``: which models there are, what each was made of, and which is served."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from behealthy.cli import releasing, terminal
from behealthy.cli.evaluate import figures
from behealthy.cli.options import JsonOption
from behealthy.settings import Settings

if TYPE_CHECKING:
    from behealthy.registry.catalogue import Entry
    from behealthy.registry.models import Card

app = typer.Typer(no_args_is_help=True, help="The models at hand, and which is served.")
releasing.add_to(app)


@app.command("list", epilog="Example: behealthy models list --json")
def list_(json: JsonOption = False) -> None:
    """List the shipped model, those that were trained here, and those of the registry."""
    from behealthy.registry.models import listed

    settings = Settings.from_environment()
    cards, faults = listed(settings.models)
    entries, served = releasing.registered(settings), releasing.serving(settings)
    if json:
        terminal.write_json(
            {
                "models": [card.to_json() for card in cards],
                "unusable": [f.path for f in faults],
                "registered": [entry.to_json() for entry in entries],
                "serving": served,
            }
        )
    else:
        _show(cards, entries, served)
        terminal.say(f"Models that are trained here lie in {settings.models}")
    for fault in faults:
        terminal.say(f"rejected: {fault}")
    if faults:
        raise typer.Exit(terminal.REJECTS)


def _show(cards: list[Card], entries: list[Entry], served: str | None) -> None:
    numbers = ("documents", "strict F1")
    table = terminal.table("name", "version", "standing", "documents", "types", "strict F1", "data", numbers=numbers)
    for card in cards:
        name = f"{card.name} (shipped)" if card.shipped else card.name
        now = releasing.standing(card.version, entries, served)
        cells = (name, card.version, now, _documents(card), ", ".join(card.types), _strict(card), _hash(card))
        table.add_row(*map(terminal.printable, cells))
    here = {card.version for card in cards}
    for entry in entries:
        if entry.version not in here:
            now = releasing.standing(entry.version, entries, served)
            told = (entry.tags.get("documents", ""), "", _short(entry.tags.get("strict_f1", "")))
            cells = ("(registry)", entry.version, now, *told, entry.tags.get("data_hash", "")[:12])
            table.add_row(*map(terminal.printable, cells))
    terminal.show(table)


def _short(number: str) -> str:
    return f"{float(number):.3f}" if number else ""


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

"""The models at hand: the one that ships with the package, and those in the local models folder, by name.

A model's name is its folder's. Refuses to choose: who asks for a name that is not there is told which are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from behealthy.errors import BundleError, DamagedBundle, ForeignBundle
from behealthy.registry.bundle import STARTER, Model, load_model, package_folder
from behealthy.registry.folder import MANIFEST, aside, refuse_foreign_target

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True)
class Card:
    """What there is to say of a model without running it.

    Attributes
    ----------
    types : tuple of str
        What it finds.
    metrics : mapping
        The figures that were measured when it was trained, as `learn.evaluate.Report.to_json` gives them; may be empty.
    shipped : bool
        Whether it came with the package.
    """

    name: str
    version: str
    path: Path
    types: tuple[str, ...]
    data: Mapping[str, Any]
    recipe: Mapping[str, Any]
    knowledge: Mapping[str, str]
    metrics: Mapping[str, Any]
    shipped: bool

    def to_json(self) -> dict[str, Any]:
        """Give the card as plain values."""
        return {
            "name": self.name,
            "version": self.version,
            "path": str(self.path),
            "shipped": self.shipped,
            "types": list(self.types),
            "data": dict(self.data),
            "recipe": dict(self.recipe),
            "knowledge": dict(self.knowledge),
            "metrics": dict(self.metrics),
        }


def is_name(name: str) -> bool:
    """Tell whether a model may be kept under this name: a plain word that no path hides in, and not the shipped one's.

    >>> is_name("cardiology-2"), is_name("../other"), is_name("starter")
    (True, False, False)
    """
    return bool(_NAME.fullmatch(name)) and name != STARTER


def find(wanted: str, models: Path) -> Path:
    """When called, it will give the folder of a model: a folder as it is, the shipped model, or a name in `models`.

    Raises
    ------
    ForeignBundle
        When it is none of these; says which names there are.
    """
    here = Path(wanted)
    kept = models / wanted if is_name(wanted) else None
    for place in (here, kept):
        if place is not None and any((p / MANIFEST).is_file() for p in (place, aside(place))):
            return place
    if wanted == STARTER:
        return package_folder(STARTER)
    if here.is_dir() or not is_name(wanted):
        return here  # let its reader say what is wrong with it
    names = ", ".join([STARTER, *(path.name for path in _folders(models))])
    raise ForeignBundle(wanted, f"is neither a folder nor the name of a model in {models} (there: {names})")


def refuse_taken(path: Path) -> None:
    """When called, it will make sure that a model may be written to a folder, before hours are spent on making one.

    Raises
    ------
    ForeignBundle
        When there is something at ``path`` that is not a folder of this package.
    """
    refuse_foreign_target(path)


def card(path: Path) -> Card:
    """When called, it will read a bundle and say what it is.

    Raises
    ------
    BundleError
        When the folder is not a whole bundle.
    """
    return _card(load_model(path))


def listed(models: Path) -> tuple[list[Card], list[BundleError]]:
    """When called, it will give the shipped model and all of a folder, by name, and what is wrong with the others."""
    cards: list[Card] = []
    faults: list[BundleError] = []
    for path in (package_folder(STARTER), *_folders(models)):
        try:
            cards.append(card(path))
        except BundleError as exc:
            faults.append(exc)
    return cards, faults


def _folders(models: Path) -> list[Path]:
    """Give the folders in which a model may be; hidden ones are being written."""
    if not models.is_dir():
        return []
    return sorted(path for path in models.iterdir() if path.is_dir() and not path.name.startswith("."))


def _card(model: Model) -> Card:
    facts = model.facts
    lacking = {"data", "knowledge", "recipe"} - facts.keys()
    if lacking:
        raise DamagedBundle(model.path, f"its facts lack {', '.join(sorted(lacking))}")
    shipped = model.path == package_folder(STARTER)
    return Card(
        name=STARTER if shipped else model.path.resolve().name,
        version=model.version,
        path=model.path,
        types=tuple(dict.fromkeys(kind for head in model.weights.heads for kind in head.types)),
        data=facts["data"],
        recipe=facts["recipe"],
        knowledge=facts["knowledge"],
        metrics=facts.get("metrics", {}),
        shipped=shipped,
    )

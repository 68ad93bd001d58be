"""A model as a folder: weights, labels, what it was trained on and what it needs; and how to load it.

Everything is arrays, lists of strings and one manifest (see `registry.folder`); nothing is unpickled. The dictionary
and the word classes come with the package, and a bundle names the versions it was trained with.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from behealthy.errors import BundleError, DamagedBundle
from behealthy.extract.classes import WordClasses
from behealthy.extract.coding import Coder, modifier_words, short_forms
from behealthy.extract.extractor import Extractor
from behealthy.extract.lexicon import Lexicon
from behealthy.extract.relations import Linker
from behealthy.extract.tagger import Block, Head, Weights
from behealthy.extract.understanding import Understanding
from behealthy.registry.folder import Folder, read_folder, write_folder

KIND = "model"
STARTER = "starter"
FACTS = ("name", "recipe", "data", "knowledge")  # what every bundle says of itself


@dataclass(frozen=True)
class Model:
    """A bundle in memory.

    Attributes
    ----------
    facts : mapping
        What the manifest says beside the weights: ``name``, ``recipe``, ``data`` (hash, documents, sources),
        ``metrics``, ``knowledge`` (version by part).
    """

    path: Path
    weights: Weights
    facts: Mapping[str, Any]
    seal: str

    @property
    def version(self) -> str:
        """Name and the first digits of the seal: enough to tell two models apart."""
        return f"{self.facts['name']}-{self.seal[:8]}"


def package_folder(name: str) -> Path:
    """A folder that ships inside the package."""
    return Path(str(resources.files("behealthy"))).joinpath(*name.split("/"))


def load_lexicon() -> Lexicon:
    """Load the dictionary that ships with the package."""
    path = package_folder("extract/knowledge/lexicon")
    folder = read_folder(path, "lexicon")
    try:
        return Lexicon.from_arrays(folder.arrays, folder.meta)
    except ValueError as exc:
        raise DamagedBundle(path, str(exc)) from exc


def load_coder() -> Coder:
    """Load the names and codes that ship with the package."""
    path = package_folder("extract/knowledge/concepts")
    folder = read_folder(path, "concepts")
    try:
        return Coder.from_arrays(folder.arrays, short_forms(), modifier_words())
    except ValueError as exc:
        raise DamagedBundle(path, str(exc)) from exc


def load_classes() -> WordClasses:
    """Load the word classes that ship with the package."""
    path = package_folder("extract/knowledge/classes")
    folder = read_folder(path, "classes")
    try:
        return WordClasses.from_arrays(folder.arrays)
    except ValueError as exc:
        raise DamagedBundle(path, str(exc)) from exc


def load_linker() -> Linker:
    """Load the model of relations that ships with the package, with the word classes it was trained with."""
    path = package_folder("extract/knowledge/relations")
    folder = read_folder(path, "relations")
    try:
        return Linker.from_arrays(folder.arrays, load_classes())
    except ValueError as exc:
        raise DamagedBundle(path, str(exc)) from exc


def knowledge_versions() -> dict[str, str]:
    """Version of each part of the package's knowledge, as bundles record it."""
    out = {}
    for part in ("lexicon", "classes"):
        folder = read_folder(package_folder(f"extract/knowledge/{part}"), part)
        out[part] = folder.seal[:12]
    return out


def save_model(
    path: Path,
    weights: Weights,
    facts: Mapping[str, Any],
    *,
    dtype: npt.DTypeLike = np.float32,
) -> None:
    """Write a bundle; the folder appears whole or not at all.

    Parameters
    ----------
    dtype : float type of the stored tables
        The stored numbers are the model: a narrower type makes another, slightly different one.

    Raises
    ------
    BundleError
        When the target exists and is not a bundle, or the facts lack what every bundle has.
    """
    lacking = sorted(set(FACTS) - set(facts))
    if lacking:
        raise BundleError(path, f"facts lack {', '.join(lacking)}")
    arrays: dict[str, npt.NDArray[Any]] = {}
    texts: dict[str, tuple[str, ...]] = {}
    parts = []
    for prefix, part in _parts(weights):
        parts.append(_put_part(part, prefix, arrays, texts, dtype))
    write_folder(path, KIND, arrays, {**facts, "parts": parts}, texts)


def _parts(weights: Weights) -> Iterator[tuple[str, Weights]]:
    """The model, its base, its base's base, each with the prefix of its files."""
    depth, part = 0, weights
    while True:
        yield (f"base{depth}_" if depth else ""), part
        if part.base is None:
            return
        depth, part = depth + 1, part.base


def _put_part(
    weights: Weights,
    prefix: str,
    arrays: dict[str, npt.NDArray[Any]],
    texts: dict[str, tuple[str, ...]],
    dtype: npt.DTypeLike,
) -> dict[str, Any]:
    for block in weights.blocks:
        arrays[f"{prefix}table_{block.radius}"] = np.asarray(block.table).astype(dtype)
        texts[f"{prefix}attributes_{block.radius}"] = block.attributes
    for i, head in enumerate(weights.heads):
        arrays[f"{prefix}transitions_{i}"] = head.transitions.astype(np.float64)
    heads = [{"labels": list(head.labels), "lean": head.lean} for head in weights.heads]
    return {"prefix": prefix, "heads": heads, "hears": weights.hears, "radii": [b.radius for b in weights.blocks]}


def load_model(path: Path) -> Model:
    """Read a bundle.

    Raises
    ------
    ForeignBundle, DamagedBundle, NewerBundle
        See `registry.folder.read_folder`.
    """
    folder = read_folder(path, KIND)
    meta = dict(folder.meta)
    lacking = sorted(set(FACTS) - set(meta))
    if lacking:
        raise DamagedBundle(path, f"its facts lack {', '.join(lacking)}")
    weights: Weights | None = None
    try:
        for part in reversed(meta.pop("parts")):
            weights = replace(_get_part(folder, part), base=weights)
    except (AttributeError, KeyError, TypeError, ValueError) as exc:
        raise DamagedBundle(path, f"its parts do not fit together ({exc})") from exc
    if weights is None:
        raise DamagedBundle(path, "it has no parts")
    return Model(path, weights, meta, folder.seal)


def _get_part(folder: Folder, part: Mapping[str, Any]) -> Weights:
    prefix = part["prefix"]
    heads = tuple(
        Head(tuple(h["labels"]), folder.arrays[f"{prefix}transitions_{i}"], float(h["lean"]))
        for i, h in enumerate(part["heads"])
    )
    blocks = tuple(
        Block(int(r), folder.texts[f"{prefix}attributes_{r}"], folder.arrays[f"{prefix}table_{r}"])
        for r in part["radii"]
    )
    for i, head in enumerate(heads):
        if head.transitions.shape != (len(head.labels), len(head.labels)):
            raise ValueError(f"{prefix}transitions_{i} has the shape {head.transitions.shape}")
    columns = sum(len(h.labels) for h in heads)
    for block in blocks:
        if block.table.shape != (len(block.attributes), 2 * block.radius + 1, columns):
            raise ValueError(f"{prefix}table_{block.radius} has the shape {block.table.shape}")
    hears = part.get("hears", "opinion")  # bundles from before there was a choice say nothing
    if hears not in ("opinion", "echo"):
        raise ValueError(f"a part hears {hears!r}")
    return Weights(heads, blocks, hears=hears)


def load(path: Path | str | None = None, *, find_only: bool = False) -> Extractor:
    """Load a model, the shipped one by default, and give an extractor that is ready for notes.

    With ``find_only`` it finds entities and leaves it at that: nothing is judged, coded or linked.
    """
    model = load_model(package_folder(STARTER) if path is None else Path(path))
    uses = model.facts["knowledge"]
    installed = knowledge_versions() if path is not None else uses  # the shipped model is tested with what ships
    stale = [part for part, version in uses.items() if installed.get(part) != version]
    if stale:
        warnings.warn(
            f"model {model.version} was trained with another {' and '.join(stale)} than is installed; train it again",
            stacklevel=3,
        )
    return Extractor(
        model.weights,
        load_lexicon() if "lexicon" in uses else None,
        load_classes() if "classes" in uses else None,
        version=model.version,
        understanding=None if find_only else Understanding(load_coder(), load_linker()),
    )

"""Train the CRF that the tagger compiles: one head for all types, or one for each.

Two trainers give the same kind of weights. ``likelihood`` is ours (see `learn.likelihood`): it works on the compiled
tables, takes partly labelled documents and per-template scales. ``crfsuite`` is the C++ reference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from behealthy.data.split import folds
from behealthy.errors import TrainingError
from behealthy.extract.features import WIDEST, radius
from behealthy.extract.lattice import FloatArray
from behealthy.extract.tagger import Block, Head, Weights
from behealthy.learn.dataset import (
    Dataset,
    Knowledge,
    Scheme,
    attribute_counts,
    encode,
    label_names,
    lay_out_documents,
    of_few,
    read_once,
)
from behealthy.learn.likelihood import BoolArray, Likelihood, Stream, minimise
from behealthy.note import Extraction

if TYPE_CHECKING:
    from scipy import sparse

Progress = Callable[[int, float], None]  # iteration, loss
_MOST_ECHOED, _MOST_HEARD = 3, 4  # types
_LOOKS = 4  # parts in which training documents are read by a model that has not seen them


@dataclass(frozen=True)
class Recipe:
    """Every choice that makes a model, with the values that won on held-out training documents.

    Attributes
    ----------
    l2 : float
        Strength of the Gaussian prior on the weights.
    scales : mapping of str to float
        Prior width by template: an attribute with a smaller value must earn its weight harder.
    fewest : int
        Attributes seen less often in training are left out.
    fewest_patients : int
        Words that fewer patients' notes have are left out, so that nobody's name is in the model; 1 leaves out none.
    second_look : bool
        Train twice: the second model hears what the first thinks of the same word elsewhere in the document. Five
        times the training, half the speed; pays where documents repeat their names, as abstracts do.
    lean : float
        See `extract.tagger.Head`; a positive value calls more entities.
    """

    types: tuple[str, ...]
    scheme: Scheme = "BIOES"
    trainer: Literal["likelihood", "crfsuite"] = "likelihood"
    head_per_type: bool = False
    l2: float = 2.0
    scales: Mapping[str, float] = field(default_factory=lambda: {"d": 1.7, "k": 0.6})
    iterations: int = 150
    fewest: int = 2
    fewest_patients: int = 1
    lean: float = 0.2
    second_look: bool = False

    def to_json(self) -> dict[str, object]:
        """Plain values, for the manifest and the experiment tracker."""
        plain = {f.name: getattr(self, f.name) for f in fields(self)}
        scales = {} if self.trainer == "crfsuite" else dict(self.scales)  # CRFsuite has one width for all
        if self.fewest_patients == 1:
            del plain["fewest_patients"]  # as models from before there was a choice say it
        return plain | {"scales": scales, "types": list(self.types)}


@dataclass(frozen=True)
class Partial:
    """Documents of another convention, which mark only some types, or only some of what we would mark.

    Attributes
    ----------
    complete : tuple of str
        Types that are marked wherever they occur. What is not marked may still be an entity of any other type.
    weight : float
        What a sentence of them counts, a sentence of our own being 1.
    """

    documents: Sequence[Extraction]
    complete: tuple[str, ...]
    weight: float


def train(
    documents: Sequence[Extraction],
    recipe: Recipe,
    knowledge: Knowledge | None = None,
    progress: Progress | None = None,
    partials: Sequence[Partial] = (),
) -> Weights:
    """Fit a model to documents, and to what partly marked ones tell beside them.

    Raises
    ------
    TrainingError
        When the documents hold none of the wanted types, or CRFsuite is asked to learn from partly marked ones.
    """
    present = {e.type for d in documents for e in d.entities}
    if not present & set(recipe.types):
        raise TrainingError(f"none of the types {', '.join(recipe.types)} occurs in {len(documents)} documents")
    if partials and recipe.trainer == "crfsuite":
        raise TrainingError("CRFsuite cannot learn from partly marked documents; take the trainer 'likelihood'")
    knowledge = knowledge or Knowledge()
    _refuse_too_many_types(recipe, knowledge)
    if recipe.second_look:
        return _train_twice(documents, recipe, knowledge, progress, partials)
    everything = [*documents, *(d for partial in partials for d in partial.documents)]
    dataset = lay_out_documents(everything, knowledge)
    recipes = [replace(recipe, types=(t,)) for t in recipe.types] if recipe.head_per_type else [recipe]
    heads = [_train_head(dataset, r, len(documents), partials, progress) for r in recipes]
    return replace(join(heads) if len(heads) > 1 else heads[0], base=knowledge.base)


def _refuse_too_many_types(recipe: Recipe, knowledge: Knowledge) -> None:
    """What is heard of a head is a product over its types; a handful is what it is made for."""
    heard = len(recipe.types) if recipe.second_look else 0
    heads = () if knowledge.base is None else knowledge.base.heads
    if heard > _MOST_ECHOED or any(len(head.types) > _MOST_HEARD for head in heads):
        raise TrainingError(
            f"a second look takes at most {_MOST_ECHOED} types and a base model at most {_MOST_HEARD} a head; "
            "map types together, or train without"
        )


def _train_twice(
    documents: Sequence[Extraction],
    recipe: Recipe,
    knowledge: Knowledge,
    progress: Progress | None,
    partials: Sequence[Partial],
) -> Weights:
    """Train on what first models, each trained without the documents it reads, thought of them."""
    if partials or knowledge.base is not None or recipe.head_per_type:
        raise TrainingError("a second look goes with one head, no base model and no partly marked documents")
    once = replace(recipe, second_look=False)
    documents = [replace(d) for d in documents]  # the same document may be given twice; each needs a place of its own
    order = {id(d): i for i, d in enumerate(documents)}
    thought: list[FloatArray] = [np.zeros(0)] * len(documents)
    for learn, held in folds(documents, _LOOKS):
        first = train(learn, once, knowledge, progress)
        for document, own in zip(held, read_once(held, first, knowledge), strict=True):
            thought[order[id(document)]] = own
    base = train(documents, once, knowledge, progress)
    dataset = lay_out_documents(documents, knowledge)
    dataset = dataset.hearing(np.concatenate(thought), base.heads[0].types)
    return replace(_train_head(dataset, once, len(documents), (), progress), base=base, hears="echo")


def _train_head(
    dataset: Dataset, recipe: Recipe, own: int, partials: Sequence[Partial], progress: Progress | None
) -> Weights:
    labels = encode(dataset, recipe.types, recipe.scheme)
    if recipe.trainer == "crfsuite":
        from behealthy.learn import crfsuite

        return crfsuite.train(dataset, labels, recipe, progress)
    names = label_names(recipe.types, recipe.scheme)
    allowed = np.eye(len(names), dtype=np.bool_)[labels]
    weights = np.ones(len(labels))
    note, at = dataset.batch.note, own
    for partial in partials:
        its = (note >= at) & (note < at + len(partial.documents))
        at += len(partial.documents)
        weights[its] = partial.weight
        possible = np.array([name != "O" and name[2:] not in partial.complete for name in names])
        allowed[its & (labels == 0)] |= possible
    return fit(dataset, allowed, names, recipe, progress, weights)


def fit(
    dataset: Dataset,
    allowed: BoolArray,
    labels: tuple[str, ...],
    recipe: Recipe,
    progress: Progress | None = None,
    weights: FloatArray | None = None,
    start: tuple[FloatArray, FloatArray] | None = None,
) -> Weights:
    """Maximise the likelihood of the labels each token is allowed to have.

    Parameters
    ----------
    allowed : bool array of shape (N, L)
    weights, start : optional
        See `learn.likelihood.Likelihood`.
    """
    streams, names = _streams(dataset, recipe)
    batch = dataset.batch
    objective = Likelihood(streams, batch.positions, batch.lengths, allowed, l2=recipe.l2, weights=weights, start=start)
    parameters = minimise(objective, iterations=recipe.iterations, progress=progress)
    tables, transitions = objective.split(parameters)
    head = Head(labels, transitions.copy(), recipe.lean)
    blocks: dict[int, tuple[list[str], list[FloatArray]]] = {}
    for stream, own, table in zip(streams, names, tables, strict=True):
        scale = np.array([recipe.scales.get(a[0], 1.0) for a in own])
        attributes, rows = blocks.setdefault(stream.radius, ([], []))
        attributes += own
        rows.append(table.reshape(len(own), 2 * stream.radius + 1, len(labels)) * scale[:, None, None])
    return Weights((head,), tuple(Block(r, tuple(a), np.concatenate(t)) for r, (a, t) in sorted(blocks.items())))


def _streams(dataset: Dataset, recipe: Recipe) -> tuple[list[Stream], list[list[str]]]:
    """Attribute matrices, one for each stream and radius, and the names of their columns."""
    streams, names = [], []
    few = of_few(dataset, recipe.fewest_patients) if recipe.fewest_patients > 1 else frozenset()
    for symbols, attributes in zip(dataset.symbols, dataset.attributes, strict=True):
        counts = attribute_counts(symbols, attributes)
        for reach in range(WIDEST + 1):
            enough = (a for a, n in counts.items() if n >= max(recipe.fewest, 1) and a not in few)
            columns = [a for a in enough if radius(a) == reach]
            if columns:
                streams.append(Stream(symbols, _matrix(attributes, columns, recipe.scales), reach))
                names.append(columns)
    return streams, names


def _matrix(attributes: list[list[str]], columns: list[str], scales: Mapping[str, float]) -> sparse.csr_matrix:
    from scipy import sparse

    index = {a: i for i, a in enumerate(columns)}
    found = [(i, index[a], scales.get(a[0], 1.0)) for i, own in enumerate(attributes) for a in own if a in index]
    row, column, value = (np.array(x) for x in zip(*found, strict=True)) if found else (np.zeros(0),) * 3
    return sparse.csr_matrix((value, (row, column)), shape=(len(attributes), len(columns)))


def join(models: Sequence[Weights]) -> Weights:
    """Put single models side by side as the heads of one; attributes are shared where they meet."""
    columns = sum(m.columns for m in models)
    at = 0
    reach: dict[str, int] = {}
    for model in models:
        for block in model.blocks:
            for a in block.attributes:
                reach[a] = max(reach.get(a, 0), block.radius)
    index: dict[int, dict[str, int]] = {}
    for a, r in reach.items():
        own = index.setdefault(r, {})
        own[a] = len(own)
    tables = {r: np.zeros((len(own), 2 * r + 1, columns)) for r, own in index.items()}
    for model in models:
        for block in model.blocks:
            for i, a in enumerate(block.attributes):
                r = reach[a]
                shift = r - block.radius
                tables[r][index[r][a], shift : shift + 2 * block.radius + 1, at : at + model.columns] = block.table[i]
        at += model.columns
    return Weights(
        tuple(h for m in models for h in m.heads), tuple(Block(r, tuple(index[r]), tables[r]) for r in sorted(tables))
    )

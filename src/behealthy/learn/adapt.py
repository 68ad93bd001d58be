"""Learn on from a model: what a few notes of one's own tell is added to what many notes taught.

The weights are those of the first model plus a difference that is learned with a prior, so that the new model departs
from the first only where the notes say so (maximum a posteriori adaptation; Chelba & Acero, "Adaptation of maximum
entropy capitalizer: little data can help a lot", EMNLP 2004). The prior is tighter than that of a model from nothing:
the first one's weights were earned by many notes, which are not there to speak for themselves again. The result is one
model: it needs no base at run time, is as fast as the first and hardly larger. Always adapt the first model of a line
to all notes there are; adapting again and again what was adapted would count the old notes many times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from behealthy.errors import TrainingError
from behealthy.extract.streams import tagger_with_streams
from behealthy.extract.tagger import Block, Head, Weights
from behealthy.learn.crf import Progress, Recipe, fit
from behealthy.learn.dataset import Knowledge, encode, label_names, lay_out_documents
from behealthy.note import Extraction

HOLD = 3.0  # how much harder a change must be earned than a weight of a model from nothing; see docs/experiments.md
SLIGHT = 0.05  # a new attribute whose weights all stay below this is left out: it would cost room and decide nothing


def adaptable(weights: Weights, recipe: Recipe) -> bool:
    """When called, it will tell whether a model can be learned on from: one head of the recipe's labels, no base."""
    labels = label_names(recipe.types, recipe.scheme)
    return weights.base is None and len(weights.heads) == 1 and weights.heads[0].labels == labels


def adapt(
    first: Weights,
    documents: Sequence[Extraction],
    recipe: Recipe,
    knowledge: Knowledge,
    progress: Progress | None = None,
) -> Weights:
    """When called, it will fit the difference that the documents make to a model, and give the sum.

    Parameters
    ----------
    first : Weights
        Trained with the same lexicon and classes as `knowledge` has.

    Raises
    ------
    TrainingError
        When the model cannot be learned on from, or the documents hold none of the types.
    """
    if not adaptable(first, recipe):
        raise TrainingError("only a model with one head of the same labels, and without a base, can be learned on from")
    present = {e.type for d in documents for e in d.entities}
    if not present & set(recipe.types):
        raise TrainingError(f"none of the types {', '.join(recipe.types)} occurs in {len(documents)} documents")
    dataset = lay_out_documents(documents, knowledge)
    labels = label_names(recipe.types, recipe.scheme)
    allowed = np.eye(len(labels), dtype=np.bool_)[encode(dataset, recipe.types, recipe.scheme)]
    tagger, streams = tagger_with_streams(first, knowledge.lexicon, knowledge.classes)
    given = tagger.emissions(dataset.batch, dataset.vocabulary, streams(dataset.batch, dataset.vocabulary))
    start = (given, np.asarray(first.heads[0].transitions, np.float64))
    learned = fit(dataset, allowed, labels, replace(recipe, l2=HOLD * recipe.l2), progress, start=start)
    return _sum(first, learned, recipe)


def _sum(first: Weights, learned: Weights, recipe: Recipe) -> Weights:
    known = {b.radius: b for b in first.blocks}
    blocks = []
    for radius in sorted({b.radius for b in (*first.blocks, *learned.blocks)}):
        own = next((b for b in learned.blocks if b.radius == radius), None)
        there = known.get(radius)
        if own is None or there is None:
            blocks.append(own or there)
            continue
        index = {a: i for i, a in enumerate(there.attributes)}
        table = np.asarray(there.table, np.float64).copy()
        telling = np.abs(own.table).reshape(len(own.attributes), -1).max(axis=1) >= SLIGHT
        fresh = [i for i, a in enumerate(own.attributes) if a not in index and telling[i]]
        shared = [i for i, a in enumerate(own.attributes) if a in index]
        table[[index[own.attributes[i]] for i in shared]] += own.table[shared]
        names = (*there.attributes, *(own.attributes[i] for i in fresh))
        blocks.append(Block(radius, names, np.concatenate([table, own.table[fresh]])))
    head = learned.heads[0]
    transitions = head.transitions + first.heads[0].transitions
    return Weights((Head(head.labels, transitions, recipe.lean),), tuple(b for b in blocks if b is not None))

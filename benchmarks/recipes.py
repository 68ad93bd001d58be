"""What our own model is trained with, for each task: the one place to change it."""

from __future__ import annotations

from collections.abc import Mapping

from behealthy.learn.crf import Recipe
from behealthy.learn.dataset import Knowledge
from behealthy.note import DISEASE, TREATMENT
from behealthy.registry.bundle import load_classes, load_lexicon

BOTH = (DISEASE, TREATMENT)

RECIPES: Mapping[str, Recipe] = {
    "biotext": Recipe(BOTH),
    "biotext-folds": Recipe(BOTH),
    "ncbi": Recipe((DISEASE,)),
    "bc5cdr": Recipe(BOTH),
    "mtsamples": Recipe(BOTH),
}


def knowledge() -> Knowledge:
    """What comes with the package: the dictionary and the word classes."""
    return Knowledge(load_lexicon(), load_classes())

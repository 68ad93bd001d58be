"""What our own model is trained with, for each task: the one place to change it."""

from __future__ import annotations

from collections.abc import Mapping

from behealthy.learn.crf import Recipe
from behealthy.learn.dataset import Knowledge
from behealthy.note import DISEASE, TREATMENT
from behealthy.registry.bundle import STARTER, load_classes, load_lexicon, load_model, package_folder

BOTH = (DISEASE, TREATMENT)

# The lean towards calling entities was chosen by folds of training documents; the rest are the defaults.
RECIPES: Mapping[str, Recipe] = {
    "biotext": Recipe(BOTH, lean=0.3),
    "biotext-folds": Recipe(BOTH, lean=0.3),
    "ncbi": Recipe((DISEASE,), lean=0.1, second_look=True),
    "bc5cdr": Recipe(BOTH, lean=0.1, second_look=True),
    "mtsamples": Recipe(BOTH, lean=0.4),
}

# Tasks of which the shipped model has seen nothing, so that it may be the base of another.
FROM_SHIPPED = ("biotext", "biotext-folds", "mtsamples")


def knowledge(*, from_shipped: bool = False) -> Knowledge:
    """What comes with the package: the dictionary, the word classes and, where asked for, the shipped model as base."""
    base = load_model(package_folder(STARTER)).weights if from_shipped else None
    return Knowledge(load_lexicon(), load_classes(), base)

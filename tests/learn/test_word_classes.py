"""Words that keep the same company get the same class; the same text always gives the same classes."""

import itertools
import random

import numpy as np
import pytest

from behealthy.learn.word_classes import learn_classes

DRUGS = ("alphazine", "betazole", "gammacin", "deltapril")
PAINS = ("headache", "earache", "toothache", "backache")
TOWNS = ("northwick", "southam", "eastleigh", "westbury")


def texts(seed: int = 0) -> list[str]:
    """Sentences in which each word could stand where the others of its kind do."""
    rng = random.Random(seed)
    frames = [(DRUGS, "she takes {} tablets daily"), (PAINS, "severe {} since monday"), (TOWNS, "he lives in {} now")]
    out = [frame.format(word) for kind, frame in frames for word in kind for _ in range(12)]
    out += [f"{word} tablets were stopped" for word in DRUGS for _ in range(6)]
    rng.shuffle(out)
    return out


def classes(fewest: int = 3, seed: int = 0, grains: tuple[int, ...] = (4, 10)) -> dict[str, list[int]]:
    words, numbers = learn_classes(texts(), grains=grains, dimensions=8, fewest=fewest, seed=seed)
    assert numbers.shape == (len(words), len(grains))
    assert numbers.dtype == np.int64
    return dict(zip(words, numbers.tolist(), strict=True))


def test_words_that_keep_the_same_company_share_a_class() -> None:
    of = classes()
    for kind in (DRUGS, PAINS, TOWNS):
        assert len({tuple(of[word]) for word in kind}) == 1
    for one, other in itertools.combinations((DRUGS, PAINS, TOWNS), 2):
        assert of[one[0]][1] != of[other[0]][1]


def test_each_grain_has_its_number_of_classes() -> None:
    of = classes(grains=(2, 5))
    assert {row[0] for row in of.values()} <= set(range(2))
    assert {row[1] for row in of.values()} <= set(range(5))
    assert len({row[1] for row in of.values()}) > 2


def test_the_same_text_gives_the_same_classes() -> None:
    assert classes() == classes()


def test_rare_words_and_case_are_passed_over() -> None:
    rare = [*texts(), "zebrin seen once", "SEVERE Headache Since MONDAY"]
    words, _ = learn_classes(rare, grains=(4,), dimensions=8)
    assert "zebrin" not in words
    assert {"headache", "severe"} <= set(words)
    assert all(word == word.lower() for word in words)
    assert len(set(words)) == len(words)


@pytest.mark.parametrize("given", [["one two three"], []])
def test_too_few_words_are_refused(given: list[str]) -> None:
    with pytest.raises(ValueError, match=r"0 words occur 3 times or more; 1000 classes need as many"):
        learn_classes(given)

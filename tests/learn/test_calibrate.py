"""Calibration: a model that is too sure is put right, one that is right is left alone, and few spans change nothing."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from behealthy.extract.extractor import Extractor
from behealthy.learn.calibrate import (
    IDENTITY,
    Calibration,
    Spans,
    bins,
    error,
    expected_entities,
    fit,
    spans,
)
from behealthy.learn.dataset import Knowledge
from behealthy.note import Extraction, entity_at
from behealthy.registry.bundle import STARTER, load_classes, load_lexicon, load_model, package_folder


def drawn(slope: float, n: int = 4000, seed: int = 0) -> Spans:
    """Spans whose log-odds of being right are `slope` times those of their score."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(1.0, 1.5, n)
    score = 1 / (1 + np.exp(-odds))
    right = rng.random(n) < 1 / (1 + np.exp(-slope * odds))
    return Spans(np.zeros(n, np.int64), score, right, missed=100)


@pytest.mark.parametrize("slope", [0.4, 0.7, 1.0, 1.8])
def test_scores_become_probabilities(slope: float) -> None:
    table = fit(drawn(slope), expected=5000.0, notes=100)
    fresh = drawn(slope, seed=1)
    before, after = (error(bins(score, fresh.right)) for score in (fresh.score, table(fresh.score)))
    assert after < 0.03
    assert after < before + 0.005
    if slope != 1.0:
        assert after < before - 0.02


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1000), n=st.integers(0, 400), slope=st.floats(-1, 3))
def test_a_table_is_monotone_and_stays_within_bounds(seed: int, n: int, slope: float) -> None:
    table = fit(drawn(slope, n, seed), expected=float(n), notes=5)
    grid = table(np.linspace(0, 1, 101))
    assert (np.diff(grid) >= 0).all()
    assert grid.min() >= 0
    assert grid.max() <= 1
    assert 0.1 <= table.missed <= 10
    assert Calibration.from_json(json.loads(json.dumps(table.to_json()))) == table


def test_few_spans_leave_scores_as_they_are() -> None:
    table = fit(drawn(0.3, 60), expected=60.0, notes=3)
    assert table(np.array([0.2, 0.7])).tolist() == [0.2, 0.7]
    assert table.facts["fitted_on"] == {"notes": 3, "spans": 60, "missed": 100}


def test_a_bundle_without_a_table_is_taken_as_it_is() -> None:
    assert Calibration.from_json(None) is IDENTITY
    assert Calibration.from_json({}) is IDENTITY


def test_misses_are_expected_as_often_as_they_were() -> None:
    found = drawn(1.0, 1000)
    mass = 80.0
    table = fit(found, expected=float(found.score.sum()) + mass, notes=50)
    assert table.missed * mass == pytest.approx(found.missed, rel=0.05)


def test_the_error_of_known_bins() -> None:
    diagram = bins(np.array([0.85, 0.85, 0.15, 0.15]), np.array([True, False, False, False]))
    assert [row["n"] for row in diagram] == [0, 2, 0, 0, 0, 0, 0, 0, 2, 0]
    assert error(diagram) == pytest.approx(0.5 * 0.35 + 0.5 * 0.15)
    assert error(bins(np.zeros(0), np.zeros(0, np.bool_))) == 0


def test_spans_are_right_when_place_and_type_are() -> None:
    text = "Started metformin for diabetes and gout."
    gold = Extraction(
        "n", text, tuple(entity_at(text, a, b, t) for a, b, t in [(8, 17, "T"), (22, 30, "D"), (35, 39, "D")])
    )
    guess = [(8, 17, "T", 0.9), (22, 30, "T", 0.8), (35, 38, "D", 0.7)]
    found = Extraction("n", text, tuple(entity_at(text, a, b, t, score=s) for a, b, t, s in guess))
    result = spans([gold], [found])
    assert result.right.tolist() == [True, False, False]
    assert result.score.tolist() == [0.9, 0.8, 0.7]
    assert result.missed == 2
    assert spans([gold], [Extraction("n", text)]).missed == 3


def test_a_model_expects_about_what_it_finds_where_it_is_sure() -> None:
    model = load_model(package_folder(STARTER))
    known = Knowledge(load_lexicon(), load_classes())
    texts = ["He takes metformin for diabetes and lisinopril for hypertension.", "The sky is blue.", ""]
    expected = expected_entities(model.weights, known, texts)
    found = [len(x.entities) for x in Extractor(model.weights, known.lexicon, known.classes).pipe(texts)]
    assert found == [4, 0, 0]
    assert expected == pytest.approx(found, abs=0.7)
    assert expected[2] == 0

"""The parts of the assertion benchmark that can be wrong without anyone seeing it."""

from pathlib import Path

import numpy as np
import pytest
from benchmarks import assertion

from behealthy.errors import UnreadableFile

KIT = """report\tconcept\tsentence\tnegation\tnegation_rs\ttemporality\texperiencer
1\tknee   pain\tNo KNEE PAIN today.\tNegated\tNegated\tRecent\tPatient
2\tgout\tHistory of GOUT.\tAffirmed\tAffirmed\tHistorical\tPatient
2\tasthma\tNothing of the kind.\tAffirmed\tAffirmed\tNot particular\tPatient
"""


def test_a_concept_is_found_whatever_its_case_and_white_space(tmp_path: Path) -> None:
    path = tmp_path / "kit.tsv"
    path.write_text(KIT, encoding="utf-8")
    rows, missing = assertion.read_kit(path)
    assert [(r.text[r.start : r.end], r.negated, r.historical) for r in rows] == [
        ("KNEE PAIN", True, False),
        ("GOUT", False, True),
    ]
    assert missing == 1
    said = assertion.ours(rows)["behealthy"]
    assert (said["negated"].tolist(), said["historical"].tolist()) == ([True, False], [False, True])


def test_scores_are_those_of_the_definition() -> None:
    gold, said = np.array([1, 1, 1, 0, 0], bool), np.array([1, 1, 0, 1, 0], bool)
    found = assertion.scores(gold, said, np.arange(5), seed=0)
    assert found["precision"] == found["recall"] == pytest.approx(2 / 3)
    assert found["f1"] == pytest.approx(2 / 3)
    assert 0 <= found["low"] <= found["f1"] <= found["high"] <= 1


def test_what_is_missing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assertion, "_MEDSPACY", tmp_path / "python")
    with pytest.raises(UnreadableFile, match="make bench"):
        assertion.medspacy([])
    with pytest.raises(UnreadableFile, match="NegEx"):
        assertion.read_kit(tmp_path / "away.tsv")

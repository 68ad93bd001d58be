"""Models by name: which there are, which one is meant, and what is said when none is."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from behealthy.errors import DamagedBundle, ForeignBundle
from behealthy.extract.tagger import Block, Head, Weights
from behealthy.registry.bundle import STARTER, package_folder, save_model
from behealthy.registry.folder import MANIFEST, write_folder
from behealthy.registry.models import Card, card, find, is_name, listed, refuse_taken

LABELS = ("O", "B-DISEASE", "I-DISEASE", "E-DISEASE", "S-DISEASE")
FACTS = {
    "name": "trial",
    "recipe": {"l2": 2.0},
    "data": {"documents": 3, "hash": "abc"},
    "knowledge": {},
    "metrics": {"micro": {"strict": {"f1": 0.5}}},
}


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "models"


def kept(path: Path, **facts: object) -> Path:
    weights = Weights((Head(LABELS, np.zeros((5, 5))),), (Block(0, ("w=gout",), np.ones((1, 1, 5))),))
    save_model(path, weights, FACTS | facts)
    return path


def test_the_shipped_model_is_always_there(models: Path) -> None:
    (shipped,), faults = listed(models)
    assert (shipped.name, shipped.shipped, faults) == (STARTER, True, [])
    assert shipped.version.startswith(STARTER)
    assert {"DISEASE", "TREATMENT"} <= set(shipped.types)


def test_models_are_listed_by_name_and_the_unusable_ones_aside(models: Path) -> None:
    for name in ("b", "a"):
        kept(models / name)
    (models / "unfinished").mkdir()
    (models / ".b.x.new").mkdir()
    (models / "note.txt").touch()
    cards, faults = listed(models)
    assert [c.name for c in cards] == [STARTER, "a", "b"]
    assert [Path(f.path).name for f in faults] == ["unfinished"]


def test_a_card_says_what_a_model_is(models: Path) -> None:
    found = card(kept(models / "a"))
    assert found == Card(
        name="a",
        version=found.version,
        path=models / "a",
        types=("DISEASE",),
        data=FACTS["data"],
        recipe=FACTS["recipe"],
        knowledge={},
        metrics=FACTS["metrics"],
        shipped=False,
    )
    assert found.version.startswith("trial-")
    assert found.to_json()["path"] == str(models / "a")
    assert found.to_json() | {"name": "x"} == replace(found, name="x").to_json()


def test_a_model_without_its_facts_is_damaged(models: Path) -> None:
    (models / "a").parent.mkdir()
    part = {"prefix": "", "heads": [], "radii": []}
    write_folder(models / "a", "model", {}, {"name": "x", "parts": [part], "recipe": {}})
    with pytest.raises(DamagedBundle, match="facts lack data, knowledge"):
        card(models / "a")


def test_a_model_is_found_by_folder_and_by_name(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept(models / "a")
    assert find(str(models / "a"), models) == models / "a"
    assert find("a", models) == models / "a"
    assert find(STARTER, models) == package_folder(STARTER)
    monkeypatch.chdir(models)
    assert find("./a", models / "elsewhere") == Path("a")


def test_a_name_outdoes_a_folder_that_is_no_model(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(models / "a")
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(tmp_path)
    assert find("a", models) == models / "a"


def test_who_asks_for_what_is_not_there_is_told_what_is(models: Path) -> None:
    kept(models / "mine")
    with pytest.raises(ForeignBundle, match=r"yours: is neither a folder nor the name of a model in .*starter, mine"):
        find("yours", models)


def test_a_name_does_not_climb_out_of_the_models(models: Path) -> None:
    kept(models.parent / "outside")
    assert find("../outside", models) == Path("../outside")


@pytest.mark.parametrize(
    ("name", "good"),
    [(name, True) for name in ("a", "icu-2.1_b", "9", "x" * 64)]
    + [(name, False) for name in ("", ".a", "a/b", "..", "a b", "a\n", STARTER, "x" * 65, "é")],
)
def test_a_name_is_one_plain_word(name: str, good: bool) -> None:
    assert is_name(name) is good


def test_nothing_else_is_replaced_by_a_model(models: Path) -> None:
    refuse_taken(models / "free")
    refuse_taken(kept(models / "a"))
    (models / "empty").mkdir()
    refuse_taken(models / "empty")
    (models / "thesis").mkdir()
    (models / "thesis" / "chapter.txt").touch()
    (models / "link").symlink_to(models / "a")
    for taken in (models / "thesis", models / "thesis" / "chapter.txt", models / "link"):
        with pytest.raises(ForeignBundle, match="not replaced"):
            refuse_taken(taken)
    assert not (models / "thesis" / MANIFEST).exists()

"""The table of codes compiles to the same each time, holds nobody's text, and knows only codes that exist."""

from collections.abc import Callable
from functools import cache
from importlib import util
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest

from behealthy.data import concepts, vocabulary
from behealthy.data.concepts import compile_concepts, curated_lines, icd_entries, mesh_headings
from behealthy.data.vocabulary import knowledge_lines
from behealthy.errors import FormatError
from behealthy.registry.bundle import package_folder
from behealthy.registry.folder import read_folder, write_folder

SHIPPED = package_folder("extract/knowledge/concepts")


@pytest.fixture(autouse=True)
def _packages(missing: Callable[[str], NoReturn]) -> None:
    absent = [p for p in vocabulary.PACKAGES if util.find_spec(p.replace("-", "_")) is None]
    if absent:
        missing(f"not installed: {', '.join(absent)} (dependency group 'vocabulary')")


@pytest.fixture(autouse=True)
def _read_once(monkeypatch: pytest.MonkeyPatch, _packages: None) -> None:
    """What the packages hold is read for the first test and kept for the others."""
    for name, own in (("mesh_headings", _headings), ("icd_entries", _entries)):
        monkeypatch.setattr(concepts, name, own)


_headings, _entries = cache(mesh_headings), cache(icd_entries)


def test_the_shipped_table_is_what_compiles_now(corpora: Path, tmp_path: Path) -> None:
    compiled = compile_concepts(corpora)
    write_folder(tmp_path / "concepts", "concepts", compiled.arrays, compiled.meta)
    shipped, now = (read_folder(p, "concepts") for p in (SHIPPED, tmp_path / "concepts"))
    assert all(np.array_equal(shipped.arrays[name], now.arrays[name]) for name in now.arrays)


def test_the_shipped_table_is_small() -> None:
    assert sum(file.stat().st_size for file in SHIPPED.iterdir()) < 7_000_000


def test_ids_of_well_known_headings() -> None:
    headings = _headings()
    known = {"hypertension": "D006973", "aspirin": "D001241", "asthma": "D001249", "breast neoplasms": "D001943"}
    assert {name: headings[name][0] for name in known} == known


def test_our_own_list_names_codes_that_exist() -> None:
    icd, headings = _entries(), _headings()
    for terms, code, heading in curated_lines():
        assert code or heading, terms
        assert not code or code in icd, terms
        assert not heading or heading.casefold() in headings, terms


@pytest.mark.parametrize(
    "line", ["term only", "gout\tM10.9\tno such heading", "gout\tX99.99\tGout", "a\tb\tc\td"], ids=range(4)
)
def test_a_faulty_line_of_our_own_list_is_refused(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(concepts, "knowledge_lines", lambda name: [line] if name == "codes.tsv" else [])
    for name in ("_add_icd", "_add_diseases", "_add_treatments"):  # they take seconds and do not look at our own list
        monkeypatch.setattr(concepts, name, lambda *_: None)
    with pytest.raises(FormatError):
        compile_concepts()


def test_terms_of_treatments_have_three_columns_at_most() -> None:
    assert all(1 <= line.count("\t") <= 2 for line in knowledge_lines("treatment_codes.tsv"))

"""The web app's source keeps the rules of the house, and what it is built from names no place."""

import json
import re
from pathlib import Path

import pytest

WEB = Path(__file__).resolve().parent.parent / "web"
MODULES = sorted(
    file for file in (WEB / "src").rglob("*") if file.suffix in (".ts", ".tsx", ".css") and file.name != "schema.d.ts"
)
CODE = [file for file in MODULES if file.suffix != ".css"]


def every(files: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("file", files, ids=lambda file: file.relative_to(WEB).as_posix())


@every(MODULES)
def test_a_module_stays_under_400_lines(file: Path) -> None:
    assert len(file.read_text(encoding="utf-8").splitlines()) < 400


@every([file for file in CODE if ".test." not in file.name])
def test_a_module_says_what_it_is_for(file: Path) -> None:
    assert re.match(r"// [A-Z`].{20,}", file.read_text(encoding="utf-8"))


@every(CODE)
def test_words_of_notes_are_never_taken_for_html(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert not re.search(
        r"dangerouslySetInnerHTML|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", text
    )


@every(CODE)
def test_nothing_is_loaded_from_elsewhere(file: Path) -> None:
    assert not re.search(r"https?://", file.read_text(encoding="utf-8"))


def test_the_lock_is_whole_and_pins_every_package() -> None:
    lock = json.loads((WEB / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: facts for name, facts in lock["packages"].items() if name}
    assert packages
    assert not [name for name, facts in packages.items() if "resolved" in facts]
    assert not [name for name, facts in packages.items() if not facts.get("integrity", "").startswith("sha512-")]


def test_every_dependency_is_named_with_its_version() -> None:
    wanted = json.loads((WEB / "package.json").read_text(encoding="utf-8"))
    for name, version in {**wanted["dependencies"], **wanted["devDependencies"]}.items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), name

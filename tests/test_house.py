"""The rules of the house, kept by a machine: sizes, layers, what may be imported, and what a tracked file may say."""

import ast
import importlib
import json
import os
import pkgutil
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import NoReturn

import pytest
from importlinter.cli import lint_imports
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import behealthy
from behealthy import errors

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "behealthy"
MIGRATIONS = SOURCE / "store" / "migrations" / "versions"  # written by a machine, see tools/migration.py
MODULES = sorted(file for file in SOURCE.rglob("*.py") if file.parent != MIGRATIONS)
SCRIPTS = sorted(file for folder in ("benchmarks", "tests", "tools") for file in (ROOT / folder).rglob("*.py"))

# The one module that reads pickles: those of the vocabulary packages, through a reader that refuses every class.
PICKLE_READER = SOURCE / "data" / "vocabulary.py"
RUNS_WHAT_IT_READS = {"pickle", "cPickle", "_pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
HEAVY = ("mlflow", "pandas", "pycrfsuite", "scipy", "sklearn", "typer")


def named(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def every(files: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("file", files, ids=named)


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def imported(file: Path) -> Iterator[str]:
    """Give the dotted names that a module imports, wherever in it."""
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def used(file: Path) -> Iterator[str]:
    """Give the dotted names that a module uses, as they are written."""
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Name | ast.Attribute):
            yield ast.unparse(node)


# Sizes and docstrings ------------------------------------------------------------------------------------------------


@every(MODULES + SCRIPTS)
def test_a_module_stays_under_400_lines(file: Path) -> None:
    assert len(file.read_text(encoding="utf-8").splitlines()) < 400


@every(MODULES + SCRIPTS)
def test_a_function_stays_under_60_lines(file: Path) -> None:
    functions = [n for n in ast.walk(tree(file)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    long = {f.name: f.end_lineno - f.lineno + 1 for f in functions if f.end_lineno and f.end_lineno - f.lineno >= 59}
    assert not long


@every(MODULES)
def test_a_module_says_what_it_is_for(file: Path) -> None:
    assert ast.get_docstring(tree(file))


@every(MODULES)
def test_no_module_is_named_for_nothing(file: Path) -> None:
    empty = {"utils", "util", "helpers", "helper", "base", "manager", "misc", "common"}
    assert not empty & set(file.relative_to(SOURCE).with_suffix("").parts)


# What code may do ----------------------------------------------------------------------------------------------------


@every(MODULES)
def test_nothing_that_is_read_can_run(file: Path) -> None:
    roots = {name.split(".")[0] for name in imported(file)}
    if file == PICKLE_READER:
        roots -= {"pickle"}
        assert {name for name in used(file) if name.startswith("pickle.")} <= {
            "pickle.Unpickler",
            "pickle.UnpicklingError",
        }
        readers = [n for n in ast.walk(tree(file)) if isinstance(n, ast.ClassDef) and "Unpickler" in ast.unparse(n)]
        assert all(any(isinstance(f, ast.FunctionDef) and f.name == "find_class" for f in c.body) for c in readers)
        assert sum(name == "pickle.Unpickler" for name in used(file)) == len(readers)
    assert not roots & RUNS_WHAT_IT_READS
    assert not {"eval", "exec", "compile", "__import__"} & {
        node.func.id for node in ast.walk(tree(file)) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    allowed = [n for n in ast.walk(tree(file)) if isinstance(n, ast.keyword) and n.arg == "allow_pickle"]
    assert all(isinstance(k.value, ast.Constant) and k.value.value is False for k in allowed)


@every([file for file in MODULES if file != SOURCE / "cli" / "terminal.py"])
def test_the_library_prints_nothing(file: Path) -> None:
    loud = {"print", "sys.stdout", "sys.stderr", "typer.echo", "click.echo", "rich.print", "Console"}
    assert not loud & ({*used(file)} | {name.removeprefix("rich.console.") for name in imported(file)})


@every([file for file in MODULES if file != SOURCE / "settings.py"])
def test_settings_alone_reads_the_environment(file: Path) -> None:
    assert not {"os.environ", "os.environb", "os.getenv", "environ", "getenv"} & {*used(file), *imported(file)}


EXTRACTION = [f"behealthy.extract.{file.stem}" for file in sorted((SOURCE / "extract").glob("[a-z]*.py"))]


@pytest.mark.parametrize(
    "names", [["behealthy"], ["behealthy.settings"], EXTRACTION], ids=["face", "settings", "extract"]
)
def test_importing_is_light(names: list[str]) -> None:
    program = f"import json, sys, {', '.join(names)}; print(json.dumps([m for m in {HEAVY!r} if m in sys.modules]))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert json.loads(run.stdout) == []


def test_every_module_can_be_imported_and_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    for module in pkgutil.walk_packages(behealthy.__path__, "behealthy."):
        importlib.import_module(module.name)
    assert capfd.readouterr() == ("", "")


# Layers --------------------------------------------------------------------------------------------------------------


def test_arrows_go_down_only(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It would silence every logger that is there by now, and with it the tests of logs that come after this one.
    monkeypatch.setattr("logging.config.dictConfig", lambda _: None)
    config = str(ROOT / "pyproject.toml")
    status = lint_imports(config_filename=config, cache_dir=str(tmp_path), is_debug_mode=False)
    assert status == 0, capsys.readouterr().out


def test_the_layers_name_the_whole_house() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(c for c in contracts if c["type"] == "layers")
    there = {p.stem for p in SOURCE.iterdir() if p.suffix == ".py" or (p / "__init__.py").is_file()} - {"__init__"}
    assert layers["exhaustive"] is True
    assert there <= {layer.strip("()") for layer in layers["layers"]}


# Errors --------------------------------------------------------------------------------------------------------------


def test_the_drawn_tree_of_errors_is_the_real_one() -> None:
    drawn: dict[str, str] = {}
    path: list[str] = []
    for indent, name in re.findall(r"^ {4}([ │├└─]*)([A-Z]\w+)", errors.__doc__ or "", re.MULTILINE):
        depth = len(indent) // 4
        path[depth:] = [name]
        drawn[name] = path[depth - 1] if depth else "Exception"
    classes = [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, Exception)]
    assert drawn == {c.__name__: c.__bases__[0].__name__ for c in classes}


@every(MODULES)
def test_errors_are_defined_in_one_place(file: Path) -> None:
    if file != SOURCE / "errors.py":
        ours = {name for name, value in vars(errors).items() if isinstance(value, type)} | {"Exception"}
        classes = [node for node in ast.walk(tree(file)) if isinstance(node, ast.ClassDef)]
        assert not [c.name for c in classes if {ast.unparse(base).split(".")[-1] for base in c.bases} & ours]


# Files ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def tracked(missing: Callable[[str], NoReturn]) -> list[Path]:
    """The files that are, or would be, under version control."""
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        run = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        missing("not a git checkout: nobody can tell which files are tracked")
    return [file for name in run.stdout.decode().split("\0") if name and (file := ROOT / name).is_file()]


def test_no_file_names_a_registry_or_a_place_on_a_machine(tracked: list[Path]) -> None:
    # Written so that this file does not say what it forbids.
    hosts = rb"(?:pypi|test\.pypi)\.org|pythonhosted\.org|registry\.npm|anaconda\.org|proxy\.golang"
    options = rb"--(?:default-|extra-)?index(?:-url)?[ =]|--find[-]links"
    places = rb"(?<![\w.-])/(?:work|root|tmp|home)/|\b[A-Z]:\\\\?Users"
    forbidden = re.compile(rb"|".join([hosts, options, places]))
    said = {named(file): forbidden.search(file.read_bytes()) for file in tracked}
    assert {name: found[0] for name, found in said.items() if found} == {}


def test_the_license_is_the_one_that_is_declared() -> None:
    text = (ROOT / "LICENSE").read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["license"] == "Apache-2.0"
    assert "Apache License" in text
    assert "BeHealthy" in text


def test_the_changelog_tells_of_this_version() -> None:
    assert version("behealthy") in (ROOT / "CHANGELOG.md").read_text()


# Locks ---------------------------------------------------------------------------------------------------------------


def locked(name: str) -> dict[str, set[str]]:
    """Give the versions of each package in a lock file; a package has several where they differ by platform."""
    pins = re.findall(r"^([\w.-]+)==([^\s;]+)", (ROOT / "requirements" / f"{name}.txt").read_text(), re.MULTILINE)
    out: dict[str, set[str]] = {}
    for package, pin in pins:
        out.setdefault(canonicalize_name(package), set()).add(pin)
    return out


@pytest.mark.parametrize(
    ("lock", "groups"),
    [
        ("run", []),
        ("dev", ["dev"]),
        ("bench", ["dev", "bench"]),
        ("medspacy", ["medspacy"]),
        ("vocabulary", ["vocabulary"]),
        ("build", ["build"]),
        ("node", ["node"]),
        ("uv", ["uv"]),
    ],
)
def test_a_lock_holds_what_the_project_asks_for(lock: str, groups: list[str]) -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = pyproject["project"]["dependencies"] if lock in ("run", "dev", "bench") else []
    asked = [
        Requirement(line) for line in asked + [r for group in groups for r in pyproject["dependency-groups"][group]]
    ]
    pins = locked(lock)
    for requirement in asked:
        versions = pins.get(canonicalize_name(requirement.name), set())
        assert versions, f"{requirement} is not in requirements/{lock}.txt: make lock"
        assert all(requirement.specifier.contains(v, prereleases=True) for v in versions), f"{requirement}: make lock"


@pytest.mark.parametrize("lock", ["run", "dev", "bench", "medspacy", "vocabulary", "build", "node", "uv"])
def test_every_pin_has_its_hashes(lock: str) -> None:
    lines = (ROOT / "requirements" / f"{lock}.txt").read_text().splitlines()
    code = [line for line in lines if not line.startswith("#")]
    for line, following in pairwise([*code, ""]):
        assert re.match(r"[\w.-]+==|    --hash=sha256:[0-9a-f]{64}", line), line
        assert "--hash" in line or "--hash" in following, line


def test_the_larger_locks_agree_with_the_smaller() -> None:
    for smaller, larger in pairwise(["run", "dev", "bench"]):
        assert locked(smaller).items() <= locked(larger).items()


@pytest.mark.slow
def test_a_fresh_clone_sets_itself_up(tmp_path: Path, tracked: list[Path]) -> None:
    clone = tmp_path / "clone"
    for file in tracked:
        copy = clone / file.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy)
    # What a login gives, and how this machine reaches packages; nothing of the environment that runs this test.
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME") or k.startswith(("PIP_", "UV_", "SSL_"))}
    kept["PYTHONDONTWRITEBYTECODE"] = "1"  # as many images set it; a start must be quick all the same
    command = ["make", "setup", f"PYTHON={sys.executable}"]
    try:
        subprocess.run(command, cwd=clone, env=kept, check=True)
        compiled = {file.parent.parent.name for file in clone.rglob("__pycache__/*.pyc")}
        assert {"numpy", "typer", "extract"} <= compiled
        again = ["make", "--question", ".venv/.ready"]
        assert subprocess.run(again, cwd=clone, env=kept).returncode == 0  # a second time there is nothing to do
        where = "import behealthy; print(behealthy.__file__)"
        python = clone / ".venv/bin/python"
        run = subprocess.run([python, "-c", where], env=kept, capture_output=True, text=True, check=True)
        assert Path(run.stdout.strip()).is_relative_to(clone)
    finally:
        shutil.rmtree(clone)

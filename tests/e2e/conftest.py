"""The whole system as `behealthy up` starts it, in a home and on ports of its own, and people in front of a browser.

Nothing is replaced: what is here is a tree of processes, and Debian's Chromium. Tests prepare what they need through
the database of the running system, as another process of the same machine would.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import httpx
import psutil
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

import behealthy
from behealthy.data.formats import read_corpus
from behealthy.data.lineage import fingerprints
from behealthy.errors import NotThere
from behealthy.flows import rollout
from behealthy.flows.system import System
from behealthy.learn import crf
from behealthy.learn.crf import Recipe
from behealthy.learn.dataset import Knowledge
from behealthy.note import DISEASE, TREATMENT
from behealthy.registry.bundle import (
    knowledge_versions,
    load_classes,
    load_lexicon,
    load_model,
    package_folder,
    save_model,
)
from behealthy.serve import auth
from behealthy.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
START_S = 300  # other work may share the machine
PATIENCE_MS = 120_000
ANSWER_S = 120  # within which a request is answered by whoever is there
CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


class Started:
    """A system that runs: its processes, its address, and what it told whoever started it."""

    def __init__(self, home: Path, ports: tuple[int, int], *options: str, **settings: str) -> None:
        self.home = home
        self.port, self.tracker_port = ports
        self.url = f"http://127.0.0.1:{self.port}"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("BEHEALTHY_", "MLFLOW_"))}
        ours = {
            "BEHEALTHY_HOME": str(home),
            "BEHEALTHY_CORPORA": str(home / "no corpora"),
            "BEHEALTHY_PORT": str(self.port),
            "BEHEALTHY_TRACKER_PORT": str(self.tracker_port),
            **settings,
        }
        self.environ = {**kept, **ours, "PYTHONPATH": str(Path(behealthy.__file__).resolve().parents[1])}
        self.settings = Settings.from_environment(ours, home.parent)
        self._options = options
        self._system: System | None = None
        self.said: list[str] = []
        self.process = self._start()

    def _start(self) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", "from behealthy.cli import main; main()", "up", *self._options]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=self.environ)
        threading.Thread(target=self._listen, args=(process,), daemon=True).start()
        until = time.monotonic() + START_S
        while not any(line.startswith("The log is") for line in self.said):
            if process.poll() is not None or time.monotonic() > until:
                process.kill()
                pytest.fail("the system does not start:\n" + "\n".join(self.said[-20:]))
            time.sleep(0.05)
        return process

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stderr is not None
        for line in process.stderr:
            self.said.append(line.strip())

    @property
    def link(self) -> str:
        """The one-time link of the admin; nobody watches what is printed here, so it is in the file that is named."""
        file = re.findall(r"the link in (.+) sets one, once", "\n".join(self.said))[-1]
        return Path(file).read_text().strip()

    def child(self, name: str) -> psutil.Process:
        """Give the process of the tree that does this: api, worker, tracker."""

        def found() -> psutil.Process | None:
            for child in psutil.Process(self.process.pid).children():
                with suppress(psutil.Error):  # it has just ended
                    if child.cmdline()[-1:] == [name]:
                        return child
            return None

        return self.wait_until(f"a process does {name}", found)

    def wait_until(self, what: str, true: Callable[[], Any], seconds: float = START_S) -> Any:
        """Wait for something to be so, and give what it came to."""
        until = time.monotonic() + seconds
        while not (found := true()):
            assert time.monotonic() < until, f"not within {seconds} s: {what}\n" + "\n".join(self.said[-20:])
            assert self.process.poll() is None, "the system has ended"
            time.sleep(0.1)
        return found

    def ready(self) -> bool:
        """Say whether requests can be served."""
        return self.answers(f"{self.url}/readyz")

    def answers(self, url: str) -> bool:
        """Say whether all is well at an address."""
        try:
            return httpx.get(url, timeout=30).status_code == 200
        except httpx.HTTPError:
            return False

    def serves(self, version: str) -> bool:
        """Say whether this model answers."""
        return bool(httpx.get(f"{self.url}/info", timeout=ANSWER_S).json()["model_version"] == version)

    def stranger(self) -> httpx.Client:
        """Give somebody who calls without credentials."""
        return httpx.Client(base_url=self.url, timeout=ANSWER_S)

    @property
    def system(self) -> System:
        """The parts of the system, opened from here."""
        if self._system is None:
            self._system = System.open(self.settings)
        return self._system

    def token(self, name: str) -> str:
        """Give a session of a person, made where there is none; the name begins with the role, as reviewer.ann."""
        with self.system.database.write() as session:
            try:
                row = auth.named(session, name)
            except NotThere:
                auth.invite(session, name, name.partition(".")[0], self.system.now())
                session.flush()
                row = auth.named(session, name)
            return auth.begin(session, self.system, row, "")[1]

    def caller(self, *scopes: str) -> httpx.Client:
        """Give a program that calls with a key of its own."""
        with self.system.database.write() as session:
            now = self.system.now()
            _, key = auth.make_key(session, "a program", [*scopes], by="test", requests_per_minute=10**6, now=now)
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {key}"}, timeout=ANSWER_S)

    def stop(self) -> None:
        """End the system as Ctrl-C does, and see that nothing of it is left."""
        if self._system is not None:
            self._system.close()
            self._system = None
        tree = psutil.Process(self.process.pid).children(recursive=True)
        self.process.send_signal(signal.SIGINT)
        try:
            code = self.process.wait(120)
        finally:
            self.process.kill()  # of no use where it has ended
            left = [child for child in psutil.wait_procs(tree, 60)[1] if child.is_running()]
            for child in left:
                child.kill()
        assert code == 0, "\n".join(self.said[-20:])
        assert not left, "processes have outlived the system"

    def log(self) -> str:
        """Give all that was logged and said."""
        files = [file.read_text(encoding="utf-8") for file in (self.home / "logs").iterdir()]
        return "\n".join([*files, *self.said])


@contextmanager
def running(home: Path, ports: tuple[int, int], *options: str, **settings: str) -> Iterator[Started]:
    """Start a system and stop it at the end of the block."""
    started = Started(home, ports, *options, **settings)
    try:
        yield started
    finally:
        started.stop()


Starts = Callable[..., AbstractContextManager[Started]]


@pytest.fixture(scope="session")
def starts(missing: Callable[[str], NoReturn], free_port: Callable[[], int]) -> Starts:
    """Starts systems, as `with starts(home, "--demo", BEHEALTHY_...="...") as started`."""
    if not (package_folder("serve/static") / "index.html").is_file():
        missing("the web app is not built; make web builds it")
    return lambda home, *options, **settings: running(home, (free_port(), free_port()), *options, **settings)


@pytest.fixture
def visits(browser: Browser) -> Callable[..., Any]:
    """Lets people into such a system, as `with visits(started) as enters`."""
    return partial(people, browser)


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory, starts: Starts) -> Iterator[Started]:
    """The one system that the quick tests share; no note is drawn for the audit by itself."""
    with starts(tmp_path_factory.mktemp("up") / "home", BEHEALTHY_AUDIT_PERCENT="0") as started:
        yield started


@pytest.fixture(scope="session")
def audited(started: Started) -> System:
    """The same system as one that draws every note for the audit sees it."""
    system = started.system
    return replace(system, settings=replace(system.settings, audit_percent=100))


# A model to be bettered ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def weak_home() -> Callable[[Path], str]:
    """Makes a home that serves a model which has seen two notes, and gives its version.

    The home's key is always the same, since it decides which notes judge.
    """
    return _with_a_weak_model


def _with_a_weak_model(home: Path) -> str:
    home.mkdir(parents=True)
    key = home / "note.key"
    key.write_text(f"behealthy-note-key-1:{'57' * 32}\n")
    key.chmod(0o600)
    system = System.open(Settings.from_environment({"BEHEALTHY_HOME": str(home)}))
    learned = list(read_corpus(ROOT / "examples" / "notes", "brat").documents[:2])
    recipe = Recipe((DISEASE, TREATMENT), iterations=4)
    weights = crf.train(learned, recipe, Knowledge(load_lexicon(), load_classes()))
    data = {"hash": "0" * 64, "documents": len(learned), "seen": fingerprints(learned)}
    facts = {"name": "first", "recipe": recipe.to_json(), "data": data, "knowledge": knowledge_versions()}
    models = system.settings.models
    save_model(models / "first", weights, facts, dtype="float16")
    version = load_model(models / "first").version
    (models / "first").rename(models / version)
    rollout.install(system, version, reason="a first model")
    system.close()
    return version


# People --------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser(missing: Callable[[str], NoReturn]) -> Iterator[Browser]:
    """Debian's Chromium; a module's own, since its event loop would be in the way of other tests."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        missing("no chromium here; tools/debian-packages.sh installs it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=CHROMIUM)
        expect.set_options(timeout=PATIENCE_MS)
        yield browser
        browser.close()


class Person:
    """Somebody in front of a browser; whatever breaks in a page is noted and fails the test."""

    def __init__(self, browser: Browser, started: Started, name: str | None, **options: Any) -> None:
        view = {"width": 1440, "height": 900}
        self.name = name
        self.context: BrowserContext = browser.new_context(**{"base_url": started.url, "viewport": view, **options})
        self.context.set_default_timeout(PATIENCE_MS)
        self.faults: list[str] = []
        if name is not None:
            cookie = {"name": auth.COOKIE, "value": started.token(name), "url": started.url}
            self.context.add_cookies([cookie])  # type: ignore[list-item]
        self.context.on("page", self._listen)
        self.context.on("weberror", lambda error: self.faults.append(str(error.error)))

    def _listen(self, page: Page) -> None:
        page.on("console", lambda line: line.type in ("error", "warning") and self.faults.append(line.text))

    def page(self, path: str | None = None) -> Page:
        """Open a tab."""
        page = self.context.new_page()
        if path is not None:
            page.goto(path)
        return page


Enters = Callable[..., Person]


@pytest.fixture
def enters(started: Started, browser: Browser) -> Iterator[Enters]:
    """Lets people in: the name begins with the role; without a name they have not logged in."""
    with people(browser, started) as enter:
        yield enter


@contextmanager
def people(browser: Browser, started: Started) -> Iterator[Enters]:
    """Let people in and see that nothing broke in front of them."""
    there: list[Person] = []

    def enter(name: str | None = None, **options: Any) -> Person:
        there.append(Person(browser, started, name, **options))
        return there[-1]

    yield enter
    for person in there:
        person.context.close()
    broken: Mapping[str | None, list[str]] = {person.name: person.faults for person in there if person.faults}
    assert not broken


@pytest.fixture(scope="session")
def breaches(missing: Callable[[str], NoReturn]) -> Callable[[Page], list[str]]:
    """Says which rules of WCAG 2.1 AA a page breaks as it stands, and where, by axe-core."""
    file = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
    if not file.is_file():
        missing("axe-core is not there; make web brings it")
    source = file.read_text(encoding="utf-8")
    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], "resultTypes": ["violations"]}

    def judge(page: Page) -> list[str]:
        page.evaluate(AT_REST)  # colours that are on their way to others are no one's
        page.evaluate(source)  # as the browser's own tools do; a script of the page's would be refused
        found = page.evaluate("(rules) => axe.run(document, rules)", rules)
        return [
            f"{each['id']} ({each['help']}): {node['target'][0]} {node['html'][:200]} {_told(node)}"
            for each in found["violations"]
            for node in each["nodes"]
        ]

    return judge


# What moves for a while has come to rest.
AT_REST = """() => Promise.all(document.getAnimations()
  .filter((each) => Number.isFinite(each.effect?.getComputedTiming().endTime))
  .map((each) => each.finished.catch(() => {})))"""


def _told(node: dict[str, Any]) -> str:
    return "; ".join(check["message"] for kind in ("any", "all", "none") for check in node[kind])

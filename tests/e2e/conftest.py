"""A real system on a port of its own, and browsers in which people of its roles have logged in."""

import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from behealthy.flows.durable import Work
from behealthy.flows.system import System
from behealthy.registry.bundle import package_folder
from behealthy.serve import auth
from behealthy.serve.app import create_app
from behealthy.serve.registered import Registered
from behealthy.settings import Settings


class NoRegistry(Registered):
    """Says what the registry says when it is away, without a process that finds that out."""

    def __init__(self) -> None:
        pass

    def known(self) -> dict[str, Any]:
        return {}


class NoWork(Work):
    """Asks for nothing and does not open the workflow library."""

    def __init__(self) -> None:
        pass

    def list(self, **_: Any) -> list[Any]:
        return []

    def close(self) -> None:
        pass


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """The parts of a system with the time as it is; no note is drawn for the audit, so that each has a suggestion."""
    folder = tmp_path_factory.mktemp("system")
    environ = {
        "BEHEALTHY_HOME": str(folder),
        "BEHEALTHY_CORPORA": str(folder / "none"),
        "BEHEALTHY_AUDIT_PERCENT": "0",
    }
    system = System.open(Settings.from_environment(environ, folder))
    yield system
    system.close()


@pytest.fixture(scope="module")
def address(system: System) -> Iterator[str]:
    """Where the system answers."""
    if not (package_folder("serve/static") / "index.html").is_file():
        reason = "the web app is not built; make web builds it"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    app = create_app(system, work=NoWork())
    app.state.parts = replace(app.state.parts, registered=NoRegistry(), apart=lambda part, facts: part(system, facts))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    for _ in range(300):
        if server.started:
            break
        time.sleep(0.1)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(20)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("no chromium here; tools/debian-packages.sh installs it")
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=program, args=options)
        yield browser
        browser.close()


Enters = Callable[[str], BrowserContext]


@pytest.fixture
def enters(system: System, address: str, browser: Browser) -> Iterator[Enters]:
    """Lets a person of a role in, named after the role with what stands after a dot: reviewer.ann."""
    contexts = []

    def enter(name: str) -> BrowserContext:
        with system.database.write() as session:
            auth.invite(session, name, name.partition(".")[0], system.now())
            session.flush()
            _, token = auth.begin(session, system, auth.named(session, name), "")
        context = browser.new_context(base_url=address, viewport={"width": 1440, "height": 900}, accept_downloads=True)
        context.set_default_timeout(15_000)
        context.add_cookies([{"name": auth.COOKIE, "value": token, "url": address}])
        contexts.append(context)
        return context

    yield enter
    for context in contexts:
        context.close()

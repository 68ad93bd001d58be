"""An application over a real database, and people and programs who call it."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from limits import strategies
from limits.storage import memory

from behealthy.flows.durable import Work
from behealthy.flows.system import System
from behealthy.serve import auth
from behealthy.serve.app import create_app
from behealthy.serve.registered import Registered

NOTE = "ASSESSMENT: Type 2 diabetes, on metformin 500 mg twice daily. Denies chest pain. Mother had breast cancer."
PASSWORD = "four quiet herons wade"


class NoRegistry(Registered):
    """Says what the registry says when it is away, without a process that finds that out."""

    def __init__(self) -> None:
        pass

    def known(self) -> dict[str, Any]:
        return {}


class NotedWork(Work):
    """Notes what is asked for and does not open the workflow library."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, Any]]] = []

    def enqueue(self, name: str, id: str, **arguments: Any) -> bool:
        self.asked.append((name, id, arguments))
        return True

    def list(self, **_: Any) -> list[Any]:
        return []

    def close(self) -> None:
        pass


@pytest.fixture(autouse=True)
def _no_minute_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls are counted by the minute of the wall's clock: where one ended in a test, more would be let in."""
    now = time.time()
    still = SimpleNamespace(time=lambda: now)
    for module in (memory, strategies):
        monkeypatch.setattr(module, "time", still)


@pytest.fixture
def app(system: System) -> FastAPI:
    """An application all in one process; neither the registry nor the workflow library is opened."""
    app = create_app(system, work=NotedWork())
    app.state.parts = replace(app.state.parts, registered=NoRegistry(), apart=lambda part, facts: part(system, facts))
    return app


@pytest.fixture
def anonymous(app: FastAPI) -> Iterator[TestClient]:
    """Somebody without credentials; the application runs as long as the test."""
    with TestClient(app) as client:
        yield client


Calls = Callable[[str], TestClient]


@pytest.fixture
def person(app: FastAPI, anonymous: TestClient, system: System) -> Calls:
    """Makes a person who has logged in; the name begins with the role, as reviewer.ann."""

    def made(name: str) -> TestClient:
        client = TestClient(app, headers={"X-BeHealthy": "1"})
        with system.database.write() as session:
            auth.invite(session, name, name.partition(".")[0], system.now())
            session.flush()
            row = auth.named(session, name)
            _, token = auth.begin(session, system, row, "")
        client.cookies.set(auth.COOKIE, token)
        return client

    return made


@pytest.fixture
def program(app: FastAPI, anonymous: TestClient, system: System) -> Calls:
    """Makes a program with a key of these scopes, several with commas between them."""

    def made(scopes: str, per_minute: int = 10**6) -> TestClient:
        with system.database.write() as session:
            _, key = auth.make_key(
                session, "a program", scopes.split(","), by="test", requests_per_minute=per_minute, now=system.now()
            )
        return TestClient(app, headers={"Authorization": f"Bearer {key}"})

    return made

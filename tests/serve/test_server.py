"""The application behind a real server: many callers at once, a model that changes under them, and rude clients."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from argon2.exceptions import VerifyMismatchError

from behealthy.flows.system import System
from behealthy.registry import releases
from behealthy.registry.bundle import STARTER, load_model, package_folder, save_model
from behealthy.registry.catalogue import shipped_version
from behealthy.serve import auth
from behealthy.serve.app import create_app
from behealthy.serve.listening import LONGEST_HEAD, server_of
from behealthy.settings import Settings
from behealthy.store import audit

NOTE = "Type 2 diabetes, on metformin. Denies chest pain."


class Server:
    """A running server and a key to it."""

    def __init__(self, system: System) -> None:
        self.system = system
        with system.database.write() as session:
            scopes = ["extract", "notes:write", "reviews"]
            _, self.key = auth.make_key(session, "k", scopes, by="test", requests_per_minute=10**6, now=system.now())
        self.app = create_app(system)
        self._server = server_of(self.app, "127.0.0.1", 0)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive(), "the server does not start"
            time.sleep(0.01)
        self.port: int = self._server.servers[0].sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {self.key}"}, timeout=300)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(60)


def serving(system: System) -> Iterator[Server]:
    server = Server(system)
    yield server
    server.stop()


@pytest.fixture
def server(system: System) -> Iterator[Server]:
    yield from serving(system)


def test_no_request_fails_while_the_model_changes(
    server: Server, system: System, wait_until: Callable[..., None]
) -> None:
    shipped = load_model(package_folder(STARTER))
    fresh: Path = system.settings.models / "fresh"
    fresh.parent.mkdir(parents=True, exist_ok=True)
    save_model(fresh, shipped.weights, {**shipped.facts, "name": "second"})
    second = load_model(fresh).version
    fresh.rename(system.settings.models / second)
    done = threading.Event()

    answers: list[tuple[int, str]] = []

    def hammer() -> None:
        with server.client() as client:
            while not done.is_set():
                answer = client.post("/api/v1/extract", json={"notes": [{"text": NOTE}] * 3})
                versions = {item["model_version"] for item in answer.json()["items"]}
                answers.append((answer.status_code, ",".join(versions)))

    def goes_on() -> None:
        begun = len(answers)
        wait_until(lambda: len(answers) >= begun + 12 or any(caller.done() for caller in callers))

    with ThreadPoolExecutor(4) as pool:
        callers = [pool.submit(hammer) for _ in range(4)]
        try:
            for version in (second, shipped_version(), second):
                goes_on()
                with system.database.write() as session:
                    releases.promote(session, version, by="test", reason="a test", now=system.now())
                server.app.state.parts.engine.refresh()
            goes_on()
        finally:
            done.set()
        for caller in callers:
            caller.result()
    assert set(answers) == {(200, second), (200, shipped_version())}
    with system.database.read() as session:
        assert audit.broken_at(session, system.vault) is None
        assert audit.count(session) == len(answers)


def test_many_callers_send_the_same_note_at_once_and_it_is_one(server: Server) -> None:
    def send(_: int) -> dict:
        with server.client() as client:
            return client.post("/api/v1/notes", json={"notes": [{"text": NOTE, "id": "v1"}]}).json()

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(send, range(16)))
    assert sum(t["stored"] for t in told) == 1
    assert len({t["items"][0]["note_id"] for t in told}) == 1


def test_two_people_claim_at_once_and_one_gets_it(server: Server, system: System) -> None:
    with server.client() as client:
        client.post("/api/v1/extract?to_review=true", json={"text": NOTE})
    keys = []
    for _ in range(6):
        with system.database.write() as session:
            made = auth.make_key(session, "r", ["reviews"], by="t", requests_per_minute=1000, now=system.now())
            keys.append(made[1])

    def claim(key: str) -> int:
        headers = {"Authorization": f"Bearer {key}"}
        return httpx.post(f"{server.url}/api/v1/reviews/next", headers=headers, timeout=300).status_code

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(claim, keys)) == [200] + [204] * 5


def test_many_who_log_in_at_once_leave_threads_to_others(
    server: Server, monkeypatch: pytest.MonkeyPatch, wait_until: Callable[..., None]
) -> None:
    """A password takes long to check, and anybody may send one, from as many addresses as there are."""
    over = threading.Event()

    def slow(*_: object) -> bool:
        over.wait(300)
        raise VerifyMismatchError

    def log_in(number: int) -> int:
        body = {"name": f"somebody-{number}", "password": "four quiet herons wade"}
        return httpx.post(f"{server.url}/api/v1/login", json=body, timeout=300).status_code

    monkeypatch.setattr(auth, "_hasher", SimpleNamespace(verify=slow, hash=auth._hasher.hash))
    with ThreadPoolExecutor(20) as pool:
        tries = [pool.submit(log_in, number) for number in range(20)]
        try:
            wait_until(lambda: sum(each.done() for each in tries) >= 12)
            with server.client() as client:
                assert client.post("/api/v1/extract", json={"text": NOTE}).status_code == 200
        finally:
            over.set()
        assert sorted(each.result() for each in tries) == [401] * 8 + [429] * 12


def test_rude_clients_do_not_take_it_down(server: Server) -> None:
    head = f"POST /api/v1/extract HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.key}\r\n"
    sent = [
        b"\x00\xff\xfe not HTTP at all\r\n\r\n",
        head.encode() + b"Content-Length: 100\r\nContent-Type: application/json\r\n\r\n{half",
        head.encode() + b"Transfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\nZZ\r\n",
        head.encode() + b"Content-Length: 5\r\nContent-Length: 7\r\n\r\nabcde",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Request-ID: a\x01b\r\n\r\n",
        b"GET /api/v1/notes/%ff%fe%00 HTTP/1.1\r\nHost: x\r\n\r\n",
    ]
    for piece in sent:
        with socket.create_connection(("127.0.0.1", server.port), timeout=60) as line:
            line.sendall(piece)
            line.shutdown(socket.SHUT_WR)
            line.settimeout(60)
            while line.recv(65536):
                pass
    with server.client() as client:
        assert client.get("/healthz").status_code == 200
        assert client.post("/api/v1/extract", json={"text": NOTE}).status_code == 200


@pytest.mark.parametrize("path", ["/extract", "/notes"])
def test_who_leaves_in_the_middle_of_a_body_is_no_failure_of_ours(
    server: Server, path: str, wait_until: Callable[..., None]
) -> None:
    """A feed whose line breaks often would else be told of as requests that fail."""
    head = f"POST /api/v1{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.key}\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as line:
        line.sendall(f"{head}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{half".encode())
    totals = server.app.state.parts.metrics.totals
    wait_until(lambda: totals()[0] > 0)
    assert totals() == (1, 0)


@pytest.mark.parametrize(("path", "status"), [("/login", 413), ("/extract", 413), ("/notes", 401), ("/nothing", 404)])
def test_a_body_without_end_is_cut_off(server: Server, path: str, status: int) -> None:
    sent = 0
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as line:
        head = f"POST /api/v1{path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        line.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        with contextlib.suppress(ConnectionError):
            while sent < 100 * 2**20:
                line.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")
                sent += 65536
    assert sent < 50 * 2**20
    answer = httpx.post(
        f"{server.url}/api/v1{path}", content=b"x" * 100_000, headers={"Content-Type": "application/json"}, timeout=300
    )
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("begin", "piece"),
    [
        ("GET /", b"a" * 65536),
        ("GET /healthz HTTP/1.1\r\nHost: x\r\n", b"X-Padding: " + b"a" * 1000 + b"\r\n"),
        ("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Padding: ", b"a" * 65536),
        (
            "POST /api/v1/extract HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n",
            b"X-Padding: " + b"a" * 1000 + b"\r\n",
        ),
    ],
    ids=["path", "headers", "header", "trailers"],
)
def test_what_is_of_no_body_has_an_end(server: Server, begin: str, piece: bytes) -> None:
    sent = 0
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as line:
        line.sendall(begin.encode())
        with contextlib.suppress(ConnectionError):
            while sent < 50 * 2**20:
                line.sendall(piece)
                sent += len(piece)
    assert LONGEST_HEAD < sent < 20 * 2**20  # what the system's buffers hold is taken before the end is noticed


def test_the_loop_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    environ = {"BEHEALTHY_HOME": str(tmp_path / "home"), "BEHEALTHY_DATABASE_URL": postgres_url}
    system = System.open(Settings.from_environment(environ, tmp_path))
    for server in serving(system):
        with server.client() as client:
            told = client.post("/api/v1/extract?to_review=true", json={"text": NOTE + "\u4e00"}).json()
            claimed = client.post("/api/v1/reviews/next")
            review = claimed.json()
            assert review["note_id"] == told["items"][0]["note_id"]
            entity = {"id": "e1", "start": 0, "end": 15, "type": "DISEASE"}
            body: dict = {"entities": [entity], "relations": [], "judged": {}, "active_s": 1.0}
            if review["suggestion"]:
                body["judged"] = {e["id"]: "rejected" for e in review["suggestion"]["entities"]}
                body["entities"][0]["id"] = "mine"
            headers = {"If-Match": claimed.headers["etag"]}
            done = client.post(f"/api/v1/reviews/{review['note_id']}:submit", json=body, headers=headers)
            assert done.status_code == 200, done.text
            assert client.post("/api/v1/extract", json={"text": "a\u0000b"}).status_code == 422
            lines = json.dumps({"text": NOTE, "id": "a\u0000"})
            held = client.post("/api/v1/notes", content=lines, headers={"Content-Type": "application/x-ndjson"})
            assert held.json()["held"] == 1, held.text
        with system.database.read() as session:
            assert audit.broken_at(session, system.vault) is None
    system.close()

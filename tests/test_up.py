"""``behealthy up`` as it is: real processes, real ports, and what happens when some of them are killed."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from behealthy.cli import terminal
from behealthy.cli.up import _greet
from behealthy.errors import Unrecognised
from behealthy.flows.system import System
from behealthy.serve import auth
from behealthy.settings import Settings
from behealthy.up import first
from behealthy.up.lines import Log, short
from behealthy.up.run import MLFLOW, Ready, Wish
from behealthy.up.tree import Child, Plan, follow

COMMAND = [sys.executable, "-c", "from behealthy.cli import main; main()", "up"]
LONG_S = 300.0


class Tree:
    """A running ``behealthy up`` and what it has said."""

    def __init__(self, home: Path, ports: tuple[int, int], *options: str) -> None:
        self.home = home
        self.port, self.tracker_port = ports
        self.address = f"http://127.0.0.1:{self.port}"
        self.said = home.with_name(f"{home.name}-said")
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(("BEHEALTHY_", "MLFLOW_"))} | {
            "BEHEALTHY_HOME": str(home),
            "BEHEALTHY_PORT": str(self.port),
            "BEHEALTHY_TRACKER_PORT": str(self.tracker_port),
        }
        with self.said.open("wb") as file:
            self.process = subprocess.Popen([*COMMAND, *options], env=self.environment, stderr=file)

    @property
    def text(self) -> str:
        return self.said.read_text()

    def wait(self, until: Callable[[], object]) -> None:
        end = time.monotonic() + LONG_S
        while not until():
            assert time.monotonic() < end, self.text
            assert self.process.poll() is None, self.text
            time.sleep(0.1)

    def until_it_answers(self) -> None:
        self.wait(lambda: "BeHealthy answers at" in self.text)

    def children(self) -> dict[str, psutil.Process]:
        found = {}
        for process in psutil.Process(self.process.pid).children():
            try:
                words = process.cmdline()
            except psutil.Error:  # it has just ended
                continue
            if "behealthy.up.child" in words:
                found[words[-1]] = process
        return found

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def ready(self) -> bool:
        return answers(f"{self.address}/readyz")

    def other(self, **changes: str) -> "subprocess.CompletedProcess[str]":
        """Try to start another one."""
        return subprocess.run(COMMAND, env=self.environment | changes, capture_output=True, text=True, timeout=LONG_S)


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=30).status_code == 200
    except httpx.HTTPError:
        return False


Starts = Callable[..., AbstractContextManager[Tree]]


@pytest.fixture
def tree(free_port: Callable[[], int]) -> Starts:
    """Starts the system in a home, as `with tree(home, "--no-tracker") as running`."""
    return lambda home, *options: _running(home, (free_port(), free_port()), *options)


@contextmanager
def _running(home: Path, ports: tuple[int, int], *options: str) -> Iterator[Tree]:
    running = Tree(home, ports, *options)
    family: list[psutil.Process] = []
    try:
        running.until_it_answers()
        yield running
        family = running.family() if running.process.poll() is None else []
    finally:
        if running.process.poll() is None:
            running.process.send_signal(signal.SIGINT)
            try:
                running.process.wait(60)
            except subprocess.TimeoutExpired:
                running.process.kill()
        psutil.wait_procs(family, 60)


def all_gone(family: list[psutil.Process]) -> bool:
    _, alive = psutil.wait_procs(family, 60)
    return not alive


def test_the_tree_lives_through_the_death_of_a_child_and_ends_clean(tmp_path: Path, tree: Starts) -> None:
    with tree(tmp_path / "home", "--no-tracker") as running:
        assert running.ready()
        file = running.home / "admin-link.txt"
        link = re.fullmatch(rf"{running.address}/start#token=([\w-]+)\n", file.read_text())
        assert link is not None
        assert len(link[1]) >= 40
        assert file.stat().st_mode & 0o777 == 0o600
        assert f"the link in {file} sets one" in running.text
        assert link[1] not in running.text  # nobody watches it: it would end in a journal
        running.wait(lambda: "worker-begins" in running.text)

        again = running.other()
        assert again.returncode == 1
        assert f"behealthy up runs on it already, as process {running.process.pid}" in again.stderr
        elsewhere = running.other(BEHEALTHY_HOME=str(tmp_path / "second"))
        assert elsewhere.returncode == 1
        assert f"port {running.port} of 127.0.0.1 is taken" in elsewhere.stderr
        assert "BEHEALTHY_PORT" in elsewhere.stderr
        assert list((tmp_path / "second").glob("*.db")) == []  # nothing was begun

        for name in ("api", "worker"):
            before = running.children()[name]
            before.kill()
            running.wait(lambda n=name, b=before: (now := running.children().get(n)) and now.pid != b.pid)
        running.wait(running.ready)
        assert "api was killed by signal 9; it is started again" in running.text

        log = [json.loads(line) for line in (running.home / "logs" / "behealthy.log").read_text().splitlines()]
        assert {"up", "api", "worker"} <= {line["service"]["type"] for line in log}
        assert all({"@timestamp", "log.level", "message"} <= line.keys() for line in log)
        assert link[1] not in json.dumps(log)

        family = running.family()
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(60) == 0
        assert all_gone(family)


@pytest.mark.slow
def test_no_process_outlives_a_supervisor_that_is_killed(tmp_path: Path, tree: Starts) -> None:
    with tree(tmp_path / "home") as running:
        running.wait(lambda: {"api", "worker", "tracker"} <= running.children().keys())
        tracker = f"http://127.0.0.1:{running.tracker_port}"
        running.wait(lambda: answers(f"{tracker}/health"))
        assert answers(f"{tracker}/api/2.0/mlflow/experiments/search?max_results=5")
        family = running.family()
        running.process.kill()
        running.process.wait()
        assert all_gone(family)
    with tree(tmp_path / "home", "--no-tracker") as second:  # the lock went with the process
        assert second.ready()


def test_a_wish_to_end_is_heeded_whatever_the_process_is_at() -> None:
    program = """
import os, signal, threading
from behealthy.up import wishes
stop = threading.Event()
wishes.heed(stop)
with stop._cond:  # as inside of wait, which is where a process that has nothing to do mostly is
    os.kill(os.getpid(), signal.SIGINT)
    for _ in range(1000):
        pass
assert stop.wait(60)
"""
    assert subprocess.run([sys.executable, "-c", program], timeout=LONG_S).returncode == 0


def test_both_taken_ports_are_named_at_once(tmp_path: Path) -> None:
    with socket.socket() as one, socket.socket() as two:
        for taken in (one, two):
            taken.bind(("127.0.0.1", 0))
            taken.listen()
        ports = {"BEHEALTHY_PORT": one, "BEHEALTHY_TRACKER_PORT": two}
        changes = {name: str(taken.getsockname()[1]) for name, taken in ports.items()}
        environment = {**os.environ, "BEHEALTHY_HOME": str(tmp_path / "home"), **changes}
        environment.pop("MLFLOW_TRACKING_URI", None)
        done = subprocess.run(COMMAND, env=environment, capture_output=True, text=True, timeout=LONG_S)
    assert done.returncode == 1
    for name, port in changes.items():
        assert f"port {port} of 127.0.0.1 is taken by another program" in done.stderr
        assert name in done.stderr


# The first start -----------------------------------------------------------------------------------------------------


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    settings = Settings.from_environment({"BEHEALTHY_HOME": str(tmp_path / "home"), "HOME": str(tmp_path)}, tmp_path)
    system = System.open(settings)
    yield system
    system.close()


def token(link: str | None) -> str:
    assert link is not None
    return link.split("token=")[1]


def test_each_start_gives_a_new_link_until_an_admin_has_a_password(system: System) -> None:
    old, new = token(first.admin_link(system)), token(first.admin_link(system))
    with pytest.raises(Unrecognised):
        auth.accept_invitation(system, old, "a long password", "test")
    caller, _ = auth.accept_invitation(system, new, "a long password", "test")
    assert caller.role == "admin"
    assert first.admin_link(system) is None


def test_the_users_of_the_demo_keep_their_passwords(system: System) -> None:
    users = first.demo_users(system)
    file = system.settings.home / "demo-users.txt"
    assert file.stat().st_mode & 0o777 == 0o600
    assert {user["role"] for user in users} == {"reviewer", "data_scientist", "operator"}
    assert len({user["password"] for user in users}) == 3
    for user in users:
        assert auth.log_in(system, user["name"], user["password"], "test")[0].role == user["role"]
    assert first.demo_users(system) == users


def test_a_home_that_is_named_is_the_one_that_is_opened(tmp_path: Path) -> None:
    assert Wish(home=Path("there")).changes(tmp_path)["BEHEALTHY_HOME"] == str(tmp_path / "there")
    assert Wish(demo=True, home=Path("there")).changes(tmp_path)["BEHEALTHY_HOME"] == str(tmp_path / "there")
    assert "BEHEALTHY_HOME" not in Wish().changes(tmp_path)


@pytest.mark.parametrize("watched", [True, False])
def test_links_and_passwords_are_shown_to_a_person_and_to_no_journal(
    tmp_path: Path, watched: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(terminal, "watched", lambda: watched)
    users = (("rita", "reviewer", "four-word-pass-here"),)
    _greet(
        Ready(
            "http://x", None, "http://x/start#token=abc", tmp_path / "l", users, tmp_path / "u", None, tmp_path / "g", 1
        )
    )
    said = capsys.readouterr().err
    assert [word in said for word in ("token=abc", "four-word-pass-here")] == [watched, watched]
    assert str(tmp_path / "u") in said
    assert watched or str(tmp_path / "l") in said


# The log -------------------------------------------------------------------------------------------------------------


def test_a_line_that_is_no_json_is_put_into_the_form_of_the_others(tmp_path: Path) -> None:
    said: list[str] = []
    log = Log(tmp_path / "logs", said.append)
    log.take("tracker", "Traceback (most recent call last):")
    log.take("api", json.dumps({"@timestamp": "2026-01-01T08:30:00Z", "log.level": "error", "message": "gone"}))
    log.close()
    one, two = (json.loads(line) for line in log.path.read_text().splitlines())
    assert one["message"] == "Traceback (most recent call last):"
    assert one["service"] == {"name": "behealthy", "type": "tracker"}
    assert said[1] == "08:30:00 api     error: gone" == short("api", two)
    assert log.path.stat().st_mode & 0o077 == 0


@pytest.mark.slow  # to load MLflow takes a while
def test_a_terminal_that_is_gone_stops_no_child(tmp_path: Path) -> None:
    """As where ``up`` writes into ``head``: a child whose lines nobody takes stands still once its pipe is full."""

    def gone(_: str) -> None:
        raise BrokenPipeError(32, "Broken pipe")

    log = Log(tmp_path / "logs", gone)
    code = "import sys\nfor i in range(3000): print('[' * 1000, i, file=sys.stderr)"
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE) as child:
        follow("child", child, log)
        assert child.wait(LONG_S) == 0
    log.close()
    assert len(log.path.read_text().splitlines()) == 3000


def test_a_child_that_cannot_be_started_again_is_tried_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where memory is short a child dies and no process is to be had: the supervisor must not end all others."""
    said: list[str] = []
    log = Log(tmp_path / "logs", said.append)
    child = Child(Plan("prepare", {"BEHEALTHY_HOME": str(tmp_path)}), log)
    child.start()
    child.end()
    child.ended(time.monotonic() + LONG_S)
    child.look()

    def full(*_: object, **__: object) -> None:
        raise OSError(12, "Cannot allocate memory")

    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "Popen", full)
        while not any("Cannot allocate memory" in line for line in said):
            child.look()
    assert child.pid is None
    while child.pid is None:
        child.look()
    child.end()
    child.ended(time.monotonic() + LONG_S)
    log.close()


def test_what_mlflow_is_handed_is_what_it_asks_for() -> None:
    from mlflow import environment_variables
    from mlflow.server import constants

    known = {value for name, value in vars(constants).items() if name.endswith("_ENV_VAR")}
    known |= {knob.name for knob in vars(environment_variables).values() if hasattr(knob, "name")}
    assert set(MLFLOW) - {"DO_NOT_TRACK"} <= known

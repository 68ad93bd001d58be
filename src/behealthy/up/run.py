"""``behealthy up`` as a story: check, prepare, start, wait until it answers, watch, end.

Nothing is started before every port is free and no other supervisor has this home. MLflow's pages answer on this
machine alone, whatever the application does: they ask nobody for a password.
"""

from __future__ import annotations

import errno
import fcntl
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from behealthy.errors import StartError
from behealthy.settings import Settings, for_child
from behealthy.simulate import origin
from behealthy.up import private
from behealthy.up.lines import Log, Say
from behealthy.up.tree import Child, Plan, end_all, follow

_LOOK_S = 0.2
_TRACKER_S = 60.0  # how long the worker waits for it at most: two that make MLflow's tables at once hinder each other
_DEATHS = 4  # of an application that never answered; then there is no use in going on
_HERE = "127.0.0.1"

DEMO_FILE = "demo-users.txt"  # in the home
LINK_FILE = "admin-link.txt"  # in the home, while there is one

# What MLflow's own command hands to its server; see `mlflow.server.constants` and `mlflow.environment_variables`.
MLFLOW = {
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "_MLFLOW_SGI_NAME": "uvicorn",
    "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
    "_MLFLOW_IN_JOB_EXECUTOR": "false",
}


@dataclass(frozen=True, slots=True)
class Ready:
    """What people must know once the system answers.

    Attributes
    ----------
    link, link_file : str or None, Path or None
        One-time link of the admin, while none has a password; and the file that has it too.
    users : tuple of (name, role, password)
        Of the demo.
    invented : str or None
        That the notes in the home are invented, where they are.
    """

    address: str
    tracker: str | None
    link: str | None
    link_file: Path | None
    users: tuple[tuple[str, str, str], ...]
    users_file: Path | None
    invented: str | None
    log: Path
    seconds: float


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked of ``behealthy up``; None leaves a setting as it is."""

    demo: bool = False
    home: Path | None = None
    tracker: bool = True
    host: str | None = None
    port: int | None = None

    def changes(self, cwd: Path) -> dict[str, str]:
        """When called, it will give the environment's changes: the demo lives in a home of its own."""
        out: dict[str, str] = {}
        if self.home is not None:
            out["BEHEALTHY_HOME"] = str(cwd / self.home)
        if self.demo:
            here = for_child(out)
            out["BEHEALTHY_HOME"] = here.get("BEHEALTHY_HOME") or str(cwd / "out" / "demo")
            out["BEHEALTHY_WINDOW_NOTES"] = here.get("BEHEALTHY_WINDOW_NOTES") or "200"  # its notes fill one
        if self.host is not None:
            out["BEHEALTHY_HOST"] = self.host
        if self.port is not None:
            out["BEHEALTHY_PORT"] = str(self.port)
        return out


def up(wish: Wish, *, say: Say, ready: Callable[[Ready], None], stop: threading.Event) -> None:
    """When called, it will run the whole system until `stop` is set.

    Parameters
    ----------
    say : callable
        Told each line of the log in short.
    ready : callable
        Told once, when the application answers.

    Raises
    ------
    StartError
        When a port is taken, another supervisor has the home, or a part does not start.
    SettingsError, OSError
        When a setting cannot be used; when the home cannot be made.
    """
    began = time.monotonic()
    changes = wish.changes(Path.cwd())
    settings = Settings.from_environment(for_child(changes))
    tracked = wish.tracker and settings.tracking_uri.startswith("sqlite")
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(settings.home):
        _free(settings, tracked)
        log = Log(settings.home / "logs", say)
        children: list[Child] = []
        try:
            link, users = _prepare(wish, changes, log, stop)
            if stop.is_set():
                return
            tree = _Tree(settings, changes, tracked, log)
            children = tree.children
            tree.start(stop)
            if not stop.is_set():
                ready(_told(settings, tracked, link, users, log, time.monotonic() - began))
            tree.watch(stop)
        finally:
            end_all(children)
            log.note("all processes have ended")
            log.close()


class _Tree:
    """The children, and what is done with them until the end."""

    def __init__(self, settings: Settings, changes: dict[str, str], tracked: bool, log: Log) -> None:
        self._settings = settings
        self._log = log
        self._api = Child(Plan("api", changes), log)
        self._worker = Child(Plan("worker", changes), log)
        self._tracker = Child(Plan("tracker", changes | MLFLOW), log) if tracked else None
        self.children = [child for child in (self._api, self._worker, self._tracker) if child is not None]

    def start(self, stop: threading.Event) -> None:
        """Start what people wait for, alone, until it answers; the tracker then, and the worker when that is there."""
        self._api.start()
        while not stop.wait(_LOOK_S) and not answers(self._settings.host, self._settings.port):
            self._api.look()
            if self._api.deaths >= _DEATHS:
                raise StartError(f"the application does not start; the reason is in {self._log.path}")

    def watch(self, stop: threading.Event) -> None:
        """See to all of them until `stop` is set."""
        self._began = time.monotonic()
        if self._tracker is not None and not stop.is_set():
            self._tracker.start()
        while not stop.wait(_LOOK_S):
            self._look()

    def _look(self) -> None:
        for child in self.children:
            child.look()
        if self._worker.idle and (self._tracked() or time.monotonic() - self._began > _TRACKER_S):
            self._worker.start()

    def _tracked(self) -> bool:
        return self._tracker is None or _listens(_HERE, self._settings.tracker_port)


def _prepare(
    wish: Wish, changes: dict[str, str], log: Log, stop: threading.Event
) -> tuple[str | None, list[dict[str, str]]]:
    """Let a process of its own prepare the home, so that what it loads is not kept in the supervisor."""
    command = [sys.executable, "-m", "behealthy.up.child", "prepare-demo" if wish.demo else "prepare"]
    pipe = subprocess.PIPE
    environment = for_child(changes)
    process = subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment, start_new_session=True, bufsize=-1
    )
    threading.Thread(target=follow, args=("prepare", process, log), daemon=True).start()
    while process.poll() is None:
        if stop.wait(0.05):
            process.kill()
    line = process.stdout.read() if process.stdout is not None else b""
    process.wait()
    if stop.is_set():
        return None, []
    if process.returncode or not line:
        raise StartError(f"the home could not be prepared; the reason is in {log.path}")
    told = json.loads(line)
    return told["link"], told["users"]


def _told(
    settings: Settings, tracked: bool, link: str | None, users: list[dict[str, str]], log: Log, seconds: float
) -> Ready:
    address = f"http://{_seen(settings.host)}:{settings.port}"
    file = settings.home / LINK_FILE
    if link is None:
        file.unlink(missing_ok=True)
    else:
        private.write(file, f"{address}{link}\n")
    return Ready(
        address=address,
        tracker=f"http://{_HERE}:{settings.tracker_port}" if tracked else None,
        link=None if link is None else address + link,
        link_file=None if link is None else file,
        users=tuple((user["name"], user["role"], user["password"]) for user in users),
        users_file=settings.home / DEMO_FILE if users else None,
        invented=origin.says(settings.home),
        log=log.path,
        seconds=seconds,
    )


# Before anything starts ----------------------------------------------------------------------------------------------


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Hold the home's lock; it is let go with the process, however that ends."""
    path = home / "up.lock"
    with path.open("a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            file.seek(0)
            whose = file.read().strip() or "unknown"
            raise StartError(f"home {home}: behealthy up runs on it already, as process {whose}") from exc
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def _free(settings: Settings, tracked: bool) -> None:
    wanted = [("BEHEALTHY_PORT, or --port,", settings.host, settings.port)]
    if tracked:
        wanted.append(("BEHEALTHY_TRACKER_PORT", _HERE, settings.tracker_port))
        if settings.port == settings.tracker_port:
            raise StartError(f"port {settings.port} is meant for both: set BEHEALTHY_TRACKER_PORT to another")
    problems = [said for setting, host, port in wanted if (said := _hindrance(setting, host, port)) is not None]
    if problems:
        raise StartError("\n".join(problems))


def _hindrance(setting: str, host: str, port: int) -> str | None:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as exc:
        if exc.errno == errno.EADDRINUSE:
            return f"port {port} of {host} is taken by another program: end that, or set {setting} to a free port"
        return f"nothing can listen on port {port} of {host}: {exc.strerror or exc}; see {setting} and the host"
    return None


# Does it answer? -----------------------------------------------------------------------------------------------------


def answers(host: str, port: int) -> bool:
    """When called, it will say whether the application is ready to serve."""
    connection = http.client.HTTPConnection(_seen(host), port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def _seen(host: str) -> str:
    """Give the host as one calls it from this machine."""
    return {"0.0.0.0": _HERE, "": _HERE, "::": "::1"}.get(host, host)

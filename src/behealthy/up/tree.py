"""The tree of processes: each child is started, its lines are taken, and it is started again when it dies.

    up
    ├── api       the application, pages and all
    ├── worker    durable work; it starts a process of its own where work is heavy
    └── tracker   MLflow's pages, where the tracking database is ours

A child that dies at once again waits longer each time. This module knows nothing of what the children do.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from behealthy.settings import for_child
from behealthy.up.lines import Log

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0
_STEADY_S = 60.0  # after so long a child's death is the first again
_END_S = 7.0  # until a child that was told to end is killed


@dataclass(frozen=True, slots=True)
class Plan:
    """A child to be: its name, which is what it does, and what its environment has besides ours."""

    name: str
    environment: dict[str, str] = field(default_factory=dict)


class Child:
    """One process of the tree and those that come in its place."""

    def __init__(self, plan: Plan, log: Log) -> None:
        self.name = plan.name
        self.deaths = 0
        self._plan = plan
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._began = 0.0
        self._again_at = 0.0
        self._pause_s = _FIRST_PAUSE_S

    @property
    def pid(self) -> int | None:
        """The number of the process that lives now."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    @property
    def idle(self) -> bool:
        """Whether it was never started."""
        return self._began == 0.0

    def start(self) -> None:
        """When called, it will start the process and begin to take its lines.

        It is in a session of its own, so that a terminal's Ctrl-C reaches the supervisor alone.
        """
        command = [sys.executable, "-m", "behealthy.up.child", self._plan.name]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=for_child(self._plan.environment),
            start_new_session=True,
        )
        self._began = time.monotonic()
        threading.Thread(target=follow, args=(self.name, self._process, self._log), daemon=True).start()

    def look(self) -> None:
        """When called, it will start the process again when it has died and has waited long enough."""
        process, now = self._process, time.monotonic()
        if process is not None and process.poll() is not None:
            self._process = None
            self.deaths += 1
            if now - self._began > _STEADY_S:
                self._pause_s = _FIRST_PAUSE_S
            self._wait(_how(process.returncode))
        elif process is None and self._began and now >= self._again_at:
            try:
                self.start()
            except OSError as exc:  # where there is no memory for a process, the others must not end as well
                self._wait(f"cannot be started ({exc.strerror})")

    def _wait(self, why: str) -> None:
        self._again_at = time.monotonic() + self._pause_s
        self._log.note(f"{self.name} {why}; it is started again in {self._pause_s:g} s", "warning")
        self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)

    def end(self) -> None:
        """When called, it will tell the process to end."""
        if self._process is not None and self._process.poll() is None:
            with suppress(ProcessLookupError):
                self._process.terminate()

    def ended(self, until: float) -> None:
        """When called, it will wait for the end, and kill what has not ended by `until`, by the monotonic clock."""
        if self._process is None:
            return
        try:
            self._process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            self._log.note(f"{self.name} did not end and is killed", "warning")
            self._process.kill()
            self._process.wait()


def end_all(children: Sequence[Child]) -> None:
    """When called, it will end all children, together."""
    for child in children:
        child.end()
    until = time.monotonic() + _END_S
    for child in children:
        child.ended(until)


def follow(name: str, process: subprocess.Popen[bytes], log: Log) -> None:
    """When called, it will take the lines that a process writes until it closes its end."""
    if process.stderr is not None:
        for line in process.stderr:
            if text := line.decode("utf-8", "replace").strip():
                log.take(name, text)


def _how(code: int) -> str:
    return f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"

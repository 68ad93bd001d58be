"""Heavy work in a process of its own: what it loads and holds is gone when it ends, and it can be stopped midway.

A worker that trains once a day would otherwise keep MLflow and scikit-learn in memory for the rest of it. The process
opens the system from its settings, so a system with a clock of its own cannot work apart. It ends with its parent,
also when that is killed.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from behealthy import errors
from behealthy.errors import BeHealthyError, Conflict, TrainingError
from behealthy.flows.facts import Facts, Part, kind
from behealthy.flows.system import System
from behealthy.monitor import logs
from behealthy.settings import Settings

_LOOK_S = 1.0  # how often it is asked whether the work is still wanted


class Apart:
    """One process for the calls of one run; started at the first call, ended with the block.

    Parameters
    ----------
    wanted : callable
        Asked every second while a call runs; the process is ended when it says no.
    """

    def __init__(self, settings: Settings, wanted: Callable[[], bool] = lambda: True) -> None:
        self._settings = settings
        self._wanted = wanted
        self._process: Any = None
        self._line: Connection | None = None

    def __enter__(self) -> Apart:
        return self

    def __exit__(self, *_: object) -> None:
        self._end(grace_s=2.0)

    def __call__(self, part: Part, facts: Facts) -> Facts:
        """When called, it will do the part there and give what came of it.

        Raises
        ------
        Conflict
            When the work is not wanted any more.
        TrainingError
            When the process was lost, or could not be started, as for want of memory.
        BeHealthyError
            What the part raised; a foreign error only by its kind, since its message may quote anything.
        """
        try:
            line = self._started()
            line.send((part, json.dumps(facts)))
            while not line.poll(_LOOK_S):
                if not self._wanted():
                    self._end()
                    raise Conflict(f"{part.__name__} was stopped: it is not wanted any more")
            kind, body = line.recv()
        except (EOFError, OSError) as exc:
            raise TrainingError(f"the process that did {part.__name__} was lost (exit {self._end()})") from exc
        if kind != "done":
            raise _error(kind, body)
        out: Facts = json.loads(body)
        return out

    def _started(self) -> Connection:
        if self._line is None:
            context = multiprocessing.get_context("spawn")
            line, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, self._settings), daemon=True)
            process.start()
            theirs.close()
            self._line, self._process = line, process
        return self._line

    def _end(self, grace_s: float = 0.0) -> int | None:
        process, line = self._process, self._line
        self._process = self._line = None
        if line is not None:
            line.close()
        if process is None:
            return None
        process.join(grace_s)
        if process.is_alive():
            process.kill()
            process.join()
        return int(process.exitcode or 0)


def _serve(line: Connection, settings: Settings) -> None:
    """Do what comes over the line until it closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; whoever began this decides
    threading.Thread(target=_end_with_parent, daemon=True).start()
    logs.configure("apart")  # it writes where its parent does, and libraries would write there in their own way
    system = System.open(settings)
    while True:
        try:
            part, facts = line.recv()
        except (EOFError, OSError):
            return
        line.send(_answer(part, system, json.loads(facts)))


def _answer(part: Part, system: System, facts: Facts) -> tuple[str, str]:
    try:
        return "done", json.dumps(part(system, facts))
    except BeHealthyError as exc:
        return type(exc).__name__, str(exc)
    except Exception as exc:  # noqa: BLE001 - whatever it is, the run must hear of it and not hang
        return "", f"{part.__name__} failed: {kind(exc)}"


def _error(name: str, message: str) -> BeHealthyError:
    """Give an error of ours anew; one that is made of more than a message as the root of them all."""
    found = getattr(errors, name, None) if name else None
    simple = isinstance(found, type) and issubclass(found, BeHealthyError) and found.__init__ is Exception.__init__
    return found(message) if simple and found is not None else BeHealthyError(message)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)

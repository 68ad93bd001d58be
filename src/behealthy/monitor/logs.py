"""Logs: one JSON object a line, in the names of the Elastic Common Schema, and no word of a note in any of them.

Our own code logs a fixed message and facts under known names. What foreign code logs is kept from WARNING on. Of an
exception only the type and the places in the code are written, its message only where it is one of ours: a driver's or
a validator's message may quote what it was given. See https://www.elastic.co/guide/en/ecs/current.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from contextvars import ContextVar
from types import TracebackType
from typing import IO, Any

import ecs_logging

from behealthy.errors import BeHealthyError

request_id: ContextVar[str] = ContextVar("request_id", default="")

OURS = "behealthy"
_QUIET = ("uvicorn.access", "alembic", "httpx", "apprise", "mlflow")
_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


def configure(service: str, *, stream: IO[str] | None = None, level: int = logging.INFO) -> None:
    """When called, it will send all logs of this process to a stream (by default standard error), as JSON lines.

    Parameters
    ----------
    service : str
        Which part of the system this process is: api, worker, up.
    """
    handler = logging.StreamHandler(sys.__stderr__ if stream is None else stream)
    handler.setFormatter(Formatter(extra={"service": {"name": OURS, "type": service}}))
    handler.addFilter(_known)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger(OURS).setLevel(level)
    for name in ("uvicorn", "uvicorn.error", *_QUIET):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    # What is wrong with a URL it says with the URL, password and all; `alerts` says it without.
    logging.getLogger("apprise").setLevel(logging.CRITICAL)
    threading.excepthook = _thread_failed


def _thread_failed(failure: threading.ExceptHookArgs) -> None:
    """Log that a thread has died; the interpreter itself would write the error's message, which may quote a note."""
    if failure.exc_value is not None and failure.exc_type is not SystemExit:
        given = (failure.exc_type, failure.exc_value, failure.exc_traceback)
        logging.getLogger(OURS).error("a thread has died", exc_info=given)


def event(name: str, action: str, level: int = logging.INFO, **facts: str | float | bool | None) -> None:
    """When called, it will log that something of ours happened.

    Parameters
    ----------
    name : str
        The room, as ``serve`` or ``flows.training``.
    action : str
        A fixed phrase, lower case with dashes, as ``note-held``; what `event.action` is searched for.
    facts : numbers, names and ids
        Never words of a note.
    """
    logger = logging.getLogger(f"{OURS}.{name}")
    logger.log(
        level, action, extra={"event": {"action": action}, OURS: {k: v for k, v in facts.items() if v is not None}}
    )


class Formatter(ecs_logging.StdlibFormatter):
    """ECS lines in which exceptions keep their words to themselves, unless they are ours."""

    def format_to_ecs(self, record: logging.LogRecord) -> dict[str, Any]:
        """When called, it will give the fields of one line."""
        given = record.exc_info
        record.exc_info, record.exc_text = None, None
        try:
            fields = dict(super().format_to_ecs(record))
        finally:
            record.exc_info = given
        if isinstance(given, tuple) and given[0] is not None and given[1] is not None:
            fields["error"] = _error((given[0], given[1], given[2]))
        if request_id.get():
            fields["http"] = {"request": {"id": request_id.get()}}
        return fields


def _error(given: _ExcInfo) -> dict[str, str]:
    kind, error, where = given
    message = str(error) if isinstance(error, BeHealthyError) else "kept back: it may quote a note"
    frames = "".join(traceback.format_tb(where))
    return {"type": f"{kind.__module__}.{kind.__qualname__}", "message": message, "stack_trace": frames}


def _known(record: logging.LogRecord) -> bool:
    """Let pass what is ours, and of others what they warn of."""
    return record.name.split(".")[0] == OURS or record.levelno >= logging.WARNING or record.name.startswith("uvicorn")

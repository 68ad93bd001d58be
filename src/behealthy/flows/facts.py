"""Facts of a run, and how they are written down: JSON, which nothing can hide a program in.

Facts are ids, numbers and reasons. What an error says is kept only when it is one of ours, since those quote no note;
of any other its kind and place are.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from behealthy.errors import BeHealthyError
from behealthy.flows.system import System

Facts = dict[str, Any]
Part = Callable[[System, Facts], Facts]


def written(data: Any) -> str:
    """When called, it will write facts down, times and failures with them.

    Raises
    ------
    TypeError
        When something is no fact.

    Examples
    --------
    >>> read(written({"n": 3, "why": ValueError("words of a note")}))
    {'n': 3, 'why': BeHealthyError('ValueError')}
    """
    return json.dumps(data, default=_plain)


def read(text: str) -> Any:
    """When called, it will give back what was written down; a failure as the root of our errors."""
    return json.loads(text, object_hook=_from_plain)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return {"$at": value.isoformat()}
    if isinstance(value, BaseException):
        return {"$failure": says(value)}
    raise TypeError(f"{type(value).__name__} is no fact")


def _from_plain(value: dict[str, Any]) -> Any:
    if value.keys() == {"$at"}:
        return datetime.fromisoformat(value["$at"])
    if value.keys() == {"$failure"}:
        return BeHealthyError(value["$failure"])
    return value


def says(error: BaseException) -> str:
    """When called, it will give what may be kept of an error."""
    if isinstance(error, BeHealthyError):
        return str(error)
    tried = getattr(error, "errors", None)  # of a step that was tried again and again: the last one says why
    return says(tried[-1]) if isinstance(tried, list) and tried else kind(error)


def kind(exc: BaseException) -> str:
    """Give the kind of an error and where it was raised, without its message.

    >>> try:
    ...     int("asthma")
    ... except ValueError as exc:
    ...     print(kind(exc).partition(" at ")[0])
    ValueError
    """
    trace = exc.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" at {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace is not None else ""
    return type(exc).__name__ + where

"""What a request works with: the parts of the system, who calls, and the audit of what they do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Query, Request

from behealthy.serve import auth

Cursor = Annotated[str | None, Query(max_length=200)]
Limit = Annotated[int, Query(ge=1, le=200)]


@dataclass(frozen=True, slots=True)
class Desk:
    """One request's place of work."""

    parts: Any
    caller: auth.Caller
    request_id: str
    secure: bool


def _open(request: Request) -> Desk:
    raise NotImplementedError


def _called(request: Request) -> Desk:
    raise NotImplementedError


Open = Annotated[Desk, Depends(_open)]
Called = Annotated[Desk, Depends(_called)]

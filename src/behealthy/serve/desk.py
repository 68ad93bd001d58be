"""What a request works with: the parts of the system, who calls, and the audit of what they do.

Every route asks for a desk, `Open` or `Called`; only a `Called` one has been through recognition, rights and rate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import AfterValidator
from sqlalchemy.orm import Session

from behealthy.errors import BadInput, NotAllowed, Unrecognised
from behealthy.flows.durable import Work
from behealthy.flows.facts import Facts, Part
from behealthy.flows.system import System
from behealthy.monitor.metrics import Metrics
from behealthy.registry.engine import Engine
from behealthy.serve import auth, rights
from behealthy.serve.limits import Places, Rates
from behealthy.serve.predictions import PredictionLog
from behealthy.serve.registered import Registered
from behealthy.store import audit


def _plain(cursor: str | None) -> str | None:
    if cursor is not None and not (cursor.isascii() and cursor.isprintable()):  # PostgreSQL refuses a NUL
        raise ValueError("this cursor is none of ours")
    return cursor


Cursor = Annotated[str | None, Query(max_length=400), AfterValidator(_plain)]
Limit = Annotated[int, Query(ge=1, le=200)]

_CSRF_HEADER = "X-BeHealthy"  # no form and no foreign page can send it
_CHANGING = ("POST", "PUT", "PATCH", "DELETE")


RunApart = Callable[[Part, Facts], Facts]


@dataclass(frozen=True, slots=True)
class Parts:
    """What one application holds.

    Attributes
    ----------
    apart : callable
        Does a part of a flow in a process of its own, so that what is heavy does not stay in this one.
    comparing, promoting : Places
        What is asked for by request and done so has a bound; who only looks never keeps a promotion waiting.
    """

    system: System
    engine: Engine
    predictions: PredictionLog
    work: Work
    registered: Registered
    apart: RunApart
    metrics: Metrics = field(default_factory=Metrics)
    rates: Rates = field(default_factory=Rates)
    callers: auth.Callers = field(default_factory=auth.Callers)
    comparing: Places = field(default_factory=Places)
    promoting: Places = field(default_factory=Places)


@dataclass(frozen=True, slots=True)
class Desk:
    """One request's place of work.

    Attributes
    ----------
    operation : str
        The name of the route, by which `rights` knows it.
    address : str
        Where the request comes from.
    """

    parts: Parts
    operation: str
    request_id: str
    address: str
    secure: bool
    _caller: auth.Caller | None = None

    @property
    def caller(self) -> auth.Caller:
        """Who calls.

        Raises
        ------
        Unrecognised
            At an open desk.
        """
        if self._caller is None:
            raise Unrecognised("log in, or send a key")
        return self._caller

    @property
    def system(self) -> System:
        """The system's parts."""
        return self.parts.system

    def now(self) -> datetime:
        """When called, it will give the time."""
        return self.parts.system.now()

    def may(self, right: str) -> bool:
        """When called, it will say whether the caller has a right."""
        return right in self.caller.rights

    def demand(self, right: str) -> None:
        """When called, it will refuse a caller who lacks a right that this request needs beside the operation's own.

        Raises
        ------
        NotAllowed
        """
        if not self.may(right):
            raise NotAllowed(f"this needs the right {right}")

    def audit(self, session: Session, action: str, object: str, outcome: str = "done") -> None:
        """When called, it will write down what the caller does, in the session's transaction."""
        act = audit.Act(self.caller.name, action, object, outcome, self.request_id)
        audit.record(session, self.system.vault, act, now=self.now())

    def note_down(self, action: str, object: str, outcome: str = "done") -> None:
        """When called, it will write down what the caller is about to do, in a transaction of its own."""
        with self.system.database.write() as session:
            self.audit(session, action, object, outcome)

    @contextmanager
    def audited(self, action: str, object: str) -> Iterator[Session]:
        """Give a transaction that writes down what the caller does in it; of what is refused, that it was tried."""
        try:
            with self.system.database.write() as session:
                yield session
                self.audit(session, action, object)
        except NotAllowed:
            with self.system.database.write() as session:
                self.audit(session, action, object, "refused")
            raise


async def _open(request: Request) -> Desk:
    return Desk(
        parts=request.app.state.parts,
        operation=request.scope["route"].name,
        request_id=request.state.request_id,
        address=request.client.host if request.client else "",
        secure=request.url.scheme == "https",
    )


async def _called(request: Request) -> Desk:
    desk = await _open(request)
    caller = await recognise(request, desk.parts)
    request.state.caller = caller.name
    desk.parts.rates.take(f"{caller.by}:{caller.hash}", caller.requests_per_minute)
    known = Desk(desk.parts, desk.operation, desk.request_id, desk.address, desk.secure, caller)
    if not rights.may(caller.rights, desk.operation):
        await run_in_threadpool(known.note_down, desk.operation, "route", "refused")
        wanted = " or ".join(sorted(rights.OPERATIONS.get(desk.operation, {"no right opens it"})))
        raise NotAllowed(f"this needs the right {wanted}")
    return known


async def recognise(request: Request, parts: Parts) -> auth.Caller:
    """When called, it will say who calls: by key where one is sent, else by the session's cookie.

    Raises
    ------
    Unrecognised
        When neither is good.
    NotAllowed
        When a page that is not ours may have sent it.
    """
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind:
        if kind.lower() != "bearer" or not token.strip().startswith(auth.KEY_PREFIX):
            raise Unrecognised("send the key as: Authorization: Bearer bh_...")
        return await _remembered(parts, auth.of_key, token.strip())
    cookie = request.cookies.get(auth.COOKIE)
    if not cookie:
        raise Unrecognised("log in, or send a key")
    caller = await _remembered(parts, auth.of_session, cookie)
    if request.method in _CHANGING and request.headers.get(_CSRF_HEADER) != "1":
        raise NotAllowed(f"changes by session need the header {_CSRF_HEADER}: 1")
    return caller


async def _remembered(parts: Parts, recognise: Callable[[System, str], auth.Caller], token: str) -> auth.Caller:
    """Ask the database who has a token only when it was not asked within the last second."""
    now = parts.system.now()
    caller = parts.callers.get(token, now)
    if caller is None:
        caller = await run_in_threadpool(recognise, parts.system, token)
        parts.callers.put(token, caller, now)
    return caller


Open = Annotated[Desk, Depends(_open)]
Called = Annotated[Desk, Depends(_called)]


def number_of(cursor: str | None, most: int = 2**63 - 1) -> int | None:
    """When called, it will read a cursor that is a number, of a column that holds so much at most.

    Raises
    ------
    BadInput
        When it is none of ours.
    """
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19 and int(cursor) <= most):
        raise BadInput("this cursor is none of ours")
    return int(cursor)

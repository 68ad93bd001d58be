"""What every request passes through: an id, a bound on its size, headers that protect the reader, one line of log.

Whatever goes wrong further in and is no error of ours becomes a 500 here. Its message is not logged, since it may quote
a note: only its type and where it happened.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
import traceback
from collections.abc import MutableMapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from behealthy.errors import BeHealthyError
from behealthy.monitor import logs
from behealthy.serve.desk import recognise
from behealthy.serve.problems import of_error, problem

_GONE = 499  # as nginx names a caller who left before the answer
_REQUEST_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_SMALL = 64 * 1024  # bytes of a body whose sender is not recognised, or whose path takes no notes
_TAKES_NOTES = re.compile(r"/api/v1/(extract|notes|reviews|quarantine)\b")

_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; "
    "font-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Guard:
    """An ASGI middleware, the outermost of ours."""

    def __init__(self, app: ASGIApp, max_body_bytes: int) -> None:
        self._app = app
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """When called, it will serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        state: MutableMapping[str, Any] = scope.setdefault("state", {})
        state["request_id"] = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        logs.request_id.set(state["request_id"])
        began = time.perf_counter()
        status = 0
        body = _Body(receive, headers, _SMALL)

        async def told(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _dress(message, scope, state["request_id"], hang_up=body.unread)
            await send(message)

        try:
            if body.may_be_large and await self._welcome(scope, headers):
                body.limit = self._max_body_bytes
            await self._app(scope, body.receive, told)
        except HTTPException as exc:
            await problem(scope, exc.status_code)(scope, receive, told)
        except BeHealthyError as exc:  # of whoever was not recognised: the application answers its own
            await of_error(scope, exc)(scope, receive, told)
        except ClientDisconnect:  # nobody is there to be answered, and nothing failed here
            status = status or _GONE
        except Exception as exc:  # noqa: BLE001 - the last place before the server, which would log the message
            _say(exc)
            if status == 0:
                await problem(scope, 500)(scope, receive, told)
        finally:
            _account(scope, status, time.perf_counter() - began)

    async def _welcome(self, scope: Scope, headers: Headers) -> bool:
        """Say whether a large body may come; whoever shows credentials that are no good is told so before it is read.

        Raises
        ------
        Unrecognised, NotAllowed
        """
        shown = "authorization" in headers or "cookie" in headers
        if not (shown and _TAKES_NOTES.match(scope["path"])):
            return False
        await recognise(Request(scope), scope["app"].state.parts)
        return True


class _Body:
    """Reads a body and stops with 413 when it grows too large, whatever its header promises."""

    def __init__(self, receive: Receive, headers: Headers, limit: int) -> None:
        self._receive, self.limit = receive, limit
        said = headers.get("content-length", "")
        self._promised = int(said[:19]) if said.isdigit() else 0
        self._taken = 0
        endless = "transfer-encoding" in headers
        self.unread = self._promised > 0 or endless
        self.may_be_large = self._promised > limit or endless

    async def receive(self) -> Message:
        """When called, it will give the next part."""
        if self._promised > self.limit:
            raise self._too_large()
        message = await self._receive()
        self._taken += len(message.get("body", b""))
        self.unread = bool(message.get("more_body"))
        if self._taken > self.limit:
            raise self._too_large()
        return message

    def _too_large(self) -> HTTPException:
        return HTTPException(413, f"the body is larger than {self.limit} bytes")


def _dress(message: Message, scope: Scope, request_id: str, *, hang_up: bool) -> None:
    headers = MutableHeaders(scope=message)
    if hang_up:  # else the server would go on to read the rest, for as long as somebody sends
        headers["Connection"] = "close"
    headers["X-Request-ID"] = request_id
    for name, value in _HEADERS.items():
        headers.setdefault(name, value)
    if not scope["path"].startswith("/assets/"):
        headers.setdefault("Cache-Control", "no-store")


def _say(exc: Exception) -> None:
    places = [f"{frame.name} ({frame.filename}:{frame.lineno})" for frame in traceback.extract_tb(exc.__traceback__)]
    where = " < ".join(reversed(places[-8:]))
    logs.event("serve", "request-failed", logging.ERROR, error=type(exc).__qualname__, where=where)


def _account(scope: Scope, status: int, duration_s: float) -> None:
    """Log the request by its route, never by its path or query, and count it."""
    operation = getattr(scope.get("route"), "name", "other")
    logs.event(
        "serve",
        "request",
        operation=operation,
        status=status,
        duration_ms=round(duration_s * 1000, 1),
        caller=scope["state"].get("caller"),
    )
    parts = getattr(scope["app"].state, "parts", None) if "app" in scope else None
    if parts is not None:
        parts.metrics.request(operation, status, duration_s)

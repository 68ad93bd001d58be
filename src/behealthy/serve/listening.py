"""How the application is listened for: one way for every process that serves it.

Requests are parsed by httptools, several times as fast as uvicorn's other parser; but it keeps whatever comes before a
body for as long as it comes, so a bound on that is set here. This module refuses to know what is served.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LONGEST_HEAD = 64 * 1024  # bytes of a request that are of no body, in one piece


class Bounded(HttpToolsProtocol):
    """A connection that is ended when heads, trailers or the sizes of chunks go on for too long."""

    _loose = 0  # bytes since the last of a body, or since a head was complete

    def data_received(self, data: bytes) -> None:
        """When called, it will take what has come."""
        self._loose += len(data)
        super().data_received(data)
        if self._loose > LONGEST_HEAD and not self.transport.is_closing():
            if self.cycle is None or self.cycle.response_complete:
                self.send_400_response("The head of the request is too long.")
            else:
                self.transport.close()

    def on_headers_complete(self) -> None:
        """When called, it will begin to serve a request whose head is complete."""
        self._loose = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """When called, it will hand a part of a body on."""
        self._loose = 0
        super().on_body(body)


def serve(app: Callable[..., Any], host: str, port: int, **options: Any) -> None:
    """When called, it will serve an application until the process is told to end; parameters as of `server_of`.

    What is in memory by now stays there, models above all: the collector need not look through it again and again.
    """
    gc.collect()
    gc.freeze()
    server_of(app, host, port, **options).run()


def server_of(app: Callable[..., Any], host: str, port: int, **options: Any) -> uvicorn.Server:
    """When called, it will give the server of an application; it listens once it is run.

    Parameters
    ----------
    options : of uvicorn.Config
    """
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            http=Bounded,
            log_config=None,
            access_log=False,
            server_header=False,
            **options,
        )
    )

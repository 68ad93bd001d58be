"""``behealthy up`` and its parts alone: ``behealthy worker``, ``behealthy serve``."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from behealthy.cli import terminal

if TYPE_CHECKING:
    from behealthy.up.run import Ready

HomeOption = Annotated[
    Path | None, typer.Option("--home", metavar="FOLDER", help="Where everything is kept; by default BEHEALTHY_HOME.")
]
HostOption = Annotated[
    str | None, typer.Option("--host", metavar="HOST", help="Where to answer; by default BEHEALTHY_HOST, this machine.")
]
PortOption = Annotated[
    int | None, typer.Option("--port", metavar="PORT", min=1, max=65535, help="By default BEHEALTHY_PORT, 8600.")
]


def up(
    demo: Annotated[bool, typer.Option("--demo", help="With example notes and users, in a home of its own.")] = False,
    home: HomeOption = None,
    host: HostOption = None,
    port: PortOption = None,
    no_tracker: Annotated[bool, typer.Option("--no-tracker", help="Without MLflow's pages.")] = False,
) -> None:
    """Run the whole system: the application, a worker, MLflow's pages. Ctrl-C ends it."""
    from behealthy.up import wishes
    from behealthy.up.run import Wish
    from behealthy.up.run import up as run

    stop = threading.Event()
    wishes.heed(stop)
    wish = Wish(demo=demo, home=home, tracker=not no_tracker, host=host, port=port)
    run(wish, say=terminal.say, ready=_greet, stop=stop)


def serve(host: HostOption = None, port: PortOption = None) -> None:
    """Run the application alone; a worker and MLflow's pages are somewhere else, or nowhere."""
    from behealthy.monitor import logs
    from behealthy.up.child import api

    logs.configure("api")
    api(host, port)


def worker() -> None:
    """Run a worker alone: it trains, watches, takes in and sends out. There may be several."""
    from behealthy.monitor import logs
    from behealthy.up.child import worker as work

    logs.configure("worker")
    work()


def _greet(ready: Ready) -> None:
    lines = ["", f"BeHealthy answers at {ready.address}  (after {ready.seconds:.1f} s)"]
    if ready.invented is not None:
        lines.append(ready.invented)
    if ready.tracker is not None:
        lines.append(f"MLflow's pages are at {ready.tracker}")
    seen = terminal.watched()  # by a person; else it ends in a journal, which others may read
    if ready.link is not None:
        where = f"this link sets one, once: {ready.link}" if seen else f"the link in {ready.link_file} sets one, once"
        lines.append(f"The admin has no password yet; {where}")
    if ready.users:
        also = "also " if seen else ""
        lines.append(f"Users of the demo ({also}in {ready.users_file}):")
        lines += [
            f"  {name:<6} {password if seen else '':<19} {role.replace('_', ' ')}"
            for name, role, password in ready.users
        ]
    terminal.say("\n".join([*lines, f"The log is {ready.log}; Ctrl-C ends everything.", ""]))

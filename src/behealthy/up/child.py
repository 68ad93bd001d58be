"""One process of the tree: ``python -m behealthy.up.child api|worker|tracker|prepare|prepare-demo``.

It writes its log as JSON lines on standard error and ends when its standard input closes: whoever started it holds the
other end, so that no process outlives a supervisor that was killed. What `prepare` found out is one line of JSON on
standard output, which is no log, since one-time links and the demo's passwords are in it.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from functools import partial

from behealthy.errors import BeHealthyError
from behealthy.flows.system import System
from behealthy.monitor import logs
from behealthy.settings import Settings

_GRACE_S = 5.0  # from the wish to end to the end

_log = logging.getLogger(f"{logs.OURS}.up")


def main(arguments: list[str]) -> int:
    """When called, it will be the process that the first argument names, to its end; and give its exit code."""
    what = arguments[0]
    # What the demo's past is made of did not happen now, and stands before the address that people wait for.
    logs.configure(what, level=logging.WARNING if what == "prepare-demo" else logging.INFO)
    if not os.isatty(0):
        threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        _WHAT[what]()
    except BeHealthyError as exc:
        _log.error("%s cannot go on: %s", what, exc)
        return 1
    except Exception:  # noqa: BLE001 - the log keeps back what its message may quote
        _log.exception("%s has failed", what)
        return 1
    return 0


def api(host: str | None = None, port: int | None = None) -> None:
    """When called, it will serve the application until it is told to end."""
    from behealthy.serve.app import create_app
    from behealthy.serve.listening import serve

    settings = Settings.from_environment()
    app = create_app(System.open(settings))
    serve(app, host or settings.host, port or settings.port, timeout_graceful_shutdown=3)


def worker() -> None:
    """When called, it will do durable work until it is told to end.

    It then ends at once, whatever its threads are at: what it was in the middle of is gone on with at the next start.
    Where it must be started anew it ends with code 1, so that whoever looks after it does so.
    """
    from behealthy.flows.durable import run_worker
    from behealthy.up import wishes

    stop = threading.Event()
    wishes.heed(stop)
    logs.event("up", "worker-begins")
    as_wished = run_worker(System.open(Settings.from_environment()), stop=stop)
    logging.shutdown()
    os._exit(0 if as_wished else 1)


def tracker() -> None:
    """When called, it will serve MLflow's pages over the tracking database, in this very process.

    MLflow's own command starts a second process, which costs another 150 MB and outlives a command that is killed. What
    it hands over lies in the environment already, see `behealthy.up.run`.
    """
    import uvicorn
    from mlflow.server.handlers import initialize_backend_stores

    settings = Settings.from_environment()
    artifacts = settings.home / "mlartifacts"
    initialize_backend_stores(settings.tracking_uri, settings.tracking_uri, artifacts.as_uri())
    config = uvicorn.Config(
        "mlflow.server.fastapi_app:app",
        host="127.0.0.1",
        port=settings.tracker_port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=1,
    )
    uvicorn.Server(config).run()


def prepare(*, demo: bool = False) -> None:
    """When called, it will bring the store up to date, see to an admin and the demo, and say what people must know."""
    from behealthy.up import first

    system = System.open(Settings.from_environment())
    told: dict[str, object] = {"link": first.admin_link(system), "users": []}
    if demo:
        from behealthy.simulate import past

        past.fill(system)
        told["users"] = first.demo_users(system)
    os.write(1, json.dumps(told).encode() + b"\n")
    system.close()


_WHAT: dict[str, Callable[[], None]] = {
    "api": api,
    "worker": worker,
    "tracker": tracker,
    "prepare": prepare,
    "prepare-demo": partial(prepare, demo=True),
}


def _end_with_parent() -> None:
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE_S)
    os._exit(1)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

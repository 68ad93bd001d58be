"""The one way to MLflow: a client that answers soon, and MLflow's errors as ours.

MLflow takes seconds to import, so that happens when a client is asked for. This module refuses to know what is kept
there.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from sqlalchemy.exc import SQLAlchemyError

from behealthy.errors import TrackingError

_TIMEOUT_S = 15
_RETRIES = 1
_PATIENCE_S = 3  # with who is only asked whether they are there
_REMOTE = ("http", "https", "databricks")
_DATABASE_SERVERS = ("mssql", "mysql", "postgresql")


@contextmanager
def mapped(uri: str) -> Iterator[None]:
    """Turn what MLflow and what lies under it raise into our error; a password in the address is left out.

    Raises
    ------
    TrackingError
    """
    try:
        from mlflow.exceptions import MlflowException
    except ImportError as exc:
        raise TrackingError(f"MLflow cannot be imported: {exc}") from exc
    try:
        yield
    except (MlflowException, SQLAlchemyError, OSError, ImportError) as exc:
        # ImportError: the driver of a database. OSError: the disk, and everything that `requests` raises.
        reason = (str(exc).strip() or type(exc).__name__).splitlines()[0]
        raise TrackingError(f"tracker {masked(uri)}: {_without_password(reason, uri)[:400]}") from exc


def masked(uri: str) -> str:
    """Give an address without the user and password that it may carry.

    >>> masked("https://ann:hush@host:5000/x"), masked("sqlite:///a.db")
    ('https://host:5000/x', 'sqlite:///a.db')
    """
    return re.sub(r"(?<=://)[^/?#]*@", "", uri)


def _without_password(message: str, uri: str) -> str:
    message = message.replace(uri.rstrip("/"), masked(uri).rstrip("/"))
    password = re.search(r"://[^/?#]*?:([^/?#]+)@", uri)
    return message.replace(password[1], "***") if password else message


def client(uri: str) -> Any:
    """When called, it will give a client of MLflow that does not wait for minutes; call it inside `mapped`."""
    from mlflow import MlflowClient
    from mlflow import environment_variables as knobs
    from mlflow.telemetry import set_telemetry_client

    # MLflow reports its use to its makers unless told not to, and its only knobs are the process's own variables.
    knobs.MLFLOW_DISABLE_TELEMETRY.set(True)
    set_telemetry_client()
    for knob, value in (
        (knobs.MLFLOW_HTTP_REQUEST_TIMEOUT, _TIMEOUT_S),
        (knobs.MLFLOW_HTTP_REQUEST_MAX_RETRIES, _RETRIES),
    ):
        if not knob.is_set():
            knob.set(value)
    _knock(uri)
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    return MlflowClient(tracking_uri=uri, registry_uri=uri)


def _knock(uri: str) -> None:
    """Connect once to a database server: MLflow itself tries ten times over minutes before it says a word."""
    from sqlalchemy import create_engine

    backend = re.split("[+:]", uri, maxsplit=1)[0]
    if backend in _DATABASE_SERVERS:
        patience = {} if backend == "mssql" else {"connect_timeout": _TIMEOUT_S}
        engine = create_engine(uri, connect_args=patience)
        engine.connect().close()
        engine.dispose()


def answers(uri: str) -> bool:
    """When called, it will say within seconds whether a server or database answers, without loading MLflow.

    Whether a database holds what it should, and whether Databricks would let one in, is not asked.
    """
    scheme = re.split("[+:]", uri, maxsplit=1)[0]
    try:
        if scheme in ("http", "https"):
            with urlopen(Request(masked(uri).rstrip("/") + "/health"), timeout=_PATIENCE_S):
                return True
        if scheme in _DATABASE_SERVERS:
            _knock(uri)
        return scheme != "sqlite" or _may_open(Path(uri.partition(":///")[2]))
    except HTTPError:
        return True  # it answers, if only to say no
    except (OSError, SQLAlchemyError, ImportError):
        return False


def _may_open(file: Path) -> bool:
    """Say whether a file of SQLite can be read; one that is not there yet is made when it is needed."""
    if not file.exists():
        return True
    with file.open("rb") as opened:
        return opened.read(15) in (b"SQLite format 3", b"")


def experiment(client: Any, uri: str, name: str, artifacts: Path) -> str:
    """When called, it will find or make an experiment and give its id; a server keeps the artifacts itself."""
    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    remote = uri.partition(":")[0] in _REMOTE
    return str(client.create_experiment(name, None if remote else artifacts.resolve().as_uri()))

"""Logs are JSON lines in the Elastic Common Schema, and whatever goes wrong, no word of a note is in them."""

import io
import json
import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from behealthy.errors import SettingsError, StoreError
from behealthy.monitor import alerts, logs

SECRET = "Zosterella rash"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    names = ("behealthy", "uvicorn", "uvicorn.error", "uvicorn.access", "alembic", "httpx", "apprise", "mlflow")
    loggers = [logging.getLogger(), *map(logging.getLogger, names)]
    before = [(logger, logger.handlers[:], logger.level) for logger in loggers]
    hook = threading.excepthook
    out = io.StringIO()
    logs.configure("api", stream=out)
    yield out
    threading.excepthook = hook
    for logger, handlers, level in before:
        logger.handlers[:] = handlers
        logger.setLevel(level)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_a_line_with_the_names_of_the_schema(stream: io.StringIO) -> None:
    token = logs.request_id.set("r-1")
    logs.event("serve", "note-held", source="ward", records=2, nothing=None)
    logs.request_id.reset(token)
    (line,) = lines(stream)
    assert line["@timestamp"].endswith("Z")
    assert line["ecs.version"]
    assert (line["message"], line["log.level"]) == ("note-held", "info")
    assert line["event"]["action"] == "note-held"
    assert line["behealthy"] == {"source": "ward", "records": 2}
    assert line["service"] == {"name": "behealthy", "type": "api"}
    assert line["http"]["request"]["id"] == "r-1"


def test_an_error_of_ours_says_its_message(stream: io.StringIO) -> None:
    try:
        raise StoreError("the database is away")
    except StoreError:
        logging.getLogger("behealthy.serve").exception("request-failed")
    (line,) = lines(stream)
    assert line["error"]["message"] == "the database is away"
    assert "test_logs.py" in line["error"]["stack_trace"]


def test_what_foreign_errors_quote_stays_out(stream: io.StringIO) -> None:
    engine = create_engine("sqlite://")
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT :note FROM nowhere"), {"note": SECRET})
    except SQLAlchemyError:
        logging.getLogger("behealthy.store").exception("failed")
    try:
        int(SECRET)
    except ValueError:
        logging.getLogger("uvicorn.error").error("Exception in ASGI application", exc_info=True)
    first, second = lines(stream)
    assert SECRET not in stream.getvalue()
    assert (first["error"]["type"], second["error"]["type"]) == (
        "sqlalchemy.exc.OperationalError",
        "builtins.ValueError",
    )


def test_a_thread_that_dies_does_not_say_what_it_was_given(
    stream: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    thread = threading.Thread(target=int, args=(SECRET,))
    thread.start()
    thread.join()
    (line,) = lines(stream)
    assert line["error"]["type"] == "builtins.ValueError"
    assert SECRET not in stream.getvalue() + capsys.readouterr().err


def test_the_passwords_of_receivers_stay_out(stream: io.StringIO) -> None:
    with pytest.raises(SettingsError) as caught:
        alerts.outlet(["slack://hush-hush"])
    assert "hush" not in stream.getvalue() + str(caught.value)


def test_chatter_of_others_is_left_out(stream: io.StringIO) -> None:
    logging.getLogger("alembic.runtime").info("Context impl SQLiteImpl")
    logging.getLogger("uvicorn.access").info("GET /")
    logging.getLogger("somebody").warning("disk nearly full")
    assert [line["message"] for line in lines(stream)] == ["disk nearly full"]

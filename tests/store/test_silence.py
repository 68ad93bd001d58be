"""A database that says nothing is one that is away."""

import socket
import time

import pytest
from sqlalchemy import text

from behealthy.errors import StoreError
from behealthy.store import session
from behealthy.store.session import Database


@pytest.mark.parametrize("asked", ["", "?connect_timeout=2"])
def test_a_server_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch, asked: str) -> None:
    """As a proxy whose database is gone: each thread would wait for two minutes, and for hours where it had asked."""
    if not asked:
        monkeypatch.setitem(session._PATIENCE, "connect_timeout", 2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        database = Database(f"postgresql+psycopg://127.0.0.1:{silent.getsockname()[1]}/x{asked}")
        began = time.monotonic()
        with pytest.raises(StoreError), database.read() as reading:
            reading.execute(text("SELECT 1"))
    assert time.monotonic() - began < 100
    database.close()


def test_what_the_url_says_of_patience_counts(postgres_url: str) -> None:
    said = f"{postgres_url}&connect_timeout=77"
    for url, patience in ((postgres_url, "10"), (said, "77")):
        database = Database(url)
        with database.engine.connect() as connection:
            raw = connection.connection.dbapi_connection
            assert raw is not None
            known = raw.info.get_parameters()
        assert (known["connect_timeout"], known["keepalives_idle"]) == (patience, "30")
        database.close()

"""Alerts are raised once, sent to a real receiver until they went through, and not lost by a crash."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from behealthy.errors import NotThere, SettingsError
from behealthy.flows.system import System, utc_now
from behealthy.monitor import alerts
from behealthy.store import properties
from behealthy.store.session import Database
from behealthy.store.tables import AlertRow


@contextmanager
def receiver(status: int = 200, port: int = 0) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A web hook on this machine; gives its URL for Apprise, and what arrived."""
    got: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"json://127.0.0.1:{server.server_port}/hook", got
    server.shutdown()
    server.server_close()
    thread.join()


def raise_(system: System, key: str = "drift:a", **facts: Any) -> str:
    with system.database.write() as session:
        row = alerts.raise_(
            session,
            kind="drift",
            severity="warning",
            title="Notes changed",
            facts=facts or {"windows": 2},
            key=key,
            now=system.now(),
        )
        return row.id


def state(system: System, id_: str) -> AlertRow:
    with system.database.read() as session:
        return session.get_one(AlertRow, id_)


def test_the_same_alert_again_is_counted_not_raised(system: System) -> None:
    first = raise_(system)
    system.now.forward(hours=1)  # type: ignore[attr-defined]
    again = raise_(system, windows=3)
    row = state(system, first)
    assert again == first
    assert (row.times, row.facts, row.last_at > row.at) == (2, {"windows": 3}, True)
    assert raise_(system, key="drift:b") != first


def test_after_it_was_acknowledged_it_is_raised_anew_and_the_first_who_did_is_named(system: System) -> None:
    first = raise_(system)
    for name in ("ann", "bob"):
        with system.database.write() as session:
            alerts.acknowledge(session, first, by=name, now=system.now())
    assert state(system, first).acknowledged_by == "ann"
    assert raise_(system) != first
    with system.database.read() as session:
        assert len(alerts.listed(session, state="open")) == 1
        with pytest.raises(NotThere):
            alerts.acknowledge(session, "a_none", by="ann", now=system.now())


def test_an_alert_arrives_once_with_its_facts(system: System) -> None:
    raise_(system, windows=2, signal="unknown words")
    with receiver() as (url, got):
        send = alerts.outlet([url])
        assert alerts.send_pending(system.database, send, system.now()) == 1
        assert alerts.send_pending(system.database, send, system.now()) == 0
    (message,) = got
    assert "Notes changed" in message["title"]
    assert "signal: unknown words" in message["message"]


def test_what_did_not_go_through_is_sent_later(system: System, free_port: Callable[[], int]) -> None:
    id_, port = raise_(system), free_port()
    with receiver(status=500, port=port) as (url, _):
        assert alerts.send_pending(system.database, alerts.outlet([url]), system.now()) == 0
    assert "did not take it" in (state(system, id_).sending_failed or "")
    assert alerts.send_pending(system.database, alerts.outlet([url]), system.now()) == 0  # nobody listens there now
    with receiver(port=port) as (_, got):
        assert alerts.send_pending(system.database, alerts.outlet([url]), system.now()) == 1
    assert len(got) == 1
    assert (state(system, id_).sending_failed, state(system, id_).sent_at is None) == (None, False)


def test_a_crash_while_sending_loses_none(system: System) -> None:
    ids = [raise_(system, key=f"k{i}") for i in range(3)]
    told: list[str] = []

    def crash(title: str, _: str) -> None:
        told.append(title)
        if len(told) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        alerts.send_pending(system.database, {"a": crash}, system.now())
    assert alerts.send_pending(system.database, {"a": lambda *_: None}, system.now()) == 2
    assert all(state(system, id_).sent_at for id_ in ids)


def test_the_first_receiver_is_told_what_is_open_and_not_all_that_ever_was(system: System) -> None:
    raise_(system, key="open")
    seen, over = raise_(system, key="seen"), raise_(system, key="over")
    with system.database.write() as session:
        alerts.acknowledge(session, seen, by="ann", now=system.now())
        alerts.resolve(session, "over", now=system.now())
    assert alerts.send_pending(system.database, {}, system.now()) == 2
    told: list[str] = []
    assert alerts.send_pending(system.database, {"pager": lambda *said: told.append(said[0])}, system.now()) == 1
    assert told == ["[warning] Notes changed"]
    assert state(system, over).sent_at is not None


def test_who_took_an_alert_is_not_told_it_again_while_another_is_away(system: System) -> None:
    id_ = raise_(system)
    told: list[str] = []

    def away(*_: str) -> None:
        raise OSError("nobody listens there")

    receivers = {"pager": lambda title, _: told.append(title), "mail": away}
    for _ in range(3):
        assert alerts.send_pending(system.database, receivers, system.now()) == 0
    assert told == ["[warning] Notes changed"]
    assert state(system, id_).sending_failed == "nobody listens there"
    with system.database.write() as session:
        alerts.resolve(session, "drift:a", now=system.now())
    both = {name: lambda title, _: told.append(title) for name in receivers}
    assert alerts.send_pending(system.database, both, system.now()) == 1
    assert told[1:] == ["[resolved] Notes changed"] * 2
    with system.database.read() as session:
        assert properties.under(session, "alert-took:") == {}


def test_the_end_of_an_alert_is_told_though_it_came_while_its_beginning_was_told(system: System) -> None:
    raise_(system)
    told: list[str] = []

    def slow(title: str, _: str) -> None:
        told.append(title)
        if len(told) == 1:
            with system.database.write() as session:
                alerts.resolve(session, "drift:a", now=system.now())

    for _ in range(3):
        alerts.send_pending(system.database, {"a": slow}, system.now())
    assert told == ["[warning] Notes changed", "[resolved] Notes changed"]


def test_two_processes_that_raise_an_alert_at_once_raise_one(database: Database) -> None:
    def again(session: Session) -> None:
        alerts.raise_(
            session, kind="drift", severity="warning", title="Notes changed", facts={}, key="k", now=utc_now()
        )  # fmt: skip

    def later() -> None:
        with database.write() as session:
            again(session)

    with database.write() as session:
        again(session)
        other = threading.Thread(target=later)
        other.start()
        other.join(1)
    other.join()
    with database.read() as session:
        assert session.scalars(select(AlertRow.times)).all() == [2]


def test_a_url_that_nobody_knows_is_named_by_its_place_alone() -> None:
    with pytest.raises(SettingsError) as caught:
        alerts.outlet(["json://127.0.0.1/", "nonsense://user:hush@host"])
    assert "number 2" in str(caught.value)
    assert "hush" not in str(caught.value)

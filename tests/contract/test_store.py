"""What the store promises, kept by SQLite and by PostgreSQL alike."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import inspect, select, update

from behealthy.errors import Conflict, NotThere, StoreError
from behealthy.note import Extraction, Note, entity_at
from behealthy.store import audit
from behealthy.store.audit import Act
from behealthy.store.crypto import Vault
from behealthy.store.notes import (
    get_note,
    has_gold,
    newest_extraction,
    newest_gold,
    open_gold,
    put_extraction,
    put_gold,
    put_note,
)
from behealthy.store.session import Database, add_once
from behealthy.store.tables import AuditRow, BaselineRow, GoldRow, NoteRow, RatingRow, UserRow

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
TEXT = "Gout since March; allopurinol was begun. 🩺 No tophi."


def keep(database: Database, vault: Vault, note: Note, source: str = "clinic") -> str:
    with database.write() as session:
        return put_note(session, vault, note, source=source, now=NOW).note_id


def rate(database: Database, stars: int, by: str = "ann", at: datetime = NOW) -> None:
    with database.write() as session:
        session.add(RatingRow(at=at, by=by, stars=stars))


def stars(database: Database) -> list[int]:
    with database.read() as session:
        return list(session.scalars(select(RatingRow.stars).order_by(RatingRow.number)))


def together(*jobs: Callable[[], object]) -> list[BaseException]:
    """Run jobs at the same time and give what they raised."""
    raised: list[BaseException] = []
    gate = threading.Barrier(len(jobs))

    def run(job: Callable[[], object]) -> None:
        gate.wait()
        try:
            job()
        except Exception as exc:  # noqa: BLE001 - whatever it is, the test looks at it
            raised.append(exc)

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


# Sessions ------------------------------------------------------------------------------------------------------------


def test_what_was_written_is_there(database: Database) -> None:
    rate(database, 4)
    assert stars(database) == [4]


def test_a_block_that_fails_leaves_nothing(database: Database) -> None:
    def fail() -> None:
        with database.write() as session:
            session.add(RatingRow(at=NOW, by="ann", stars=1))
            session.flush()
            session.add(RatingRow(at=NOW, by="ann", stars=1 // 0))

    with pytest.raises(ZeroDivisionError):
        fail()
    assert stars(database) == []


def test_a_contradiction_leaves_nothing_and_the_database_goes_on(database: Database, vault: Vault) -> None:
    keep(database, vault, Note("", TEXT))
    rows = [RatingRow(at=NOW, by="ann", stars=1), GoldRow(id="g", note_id="none", at=NOW, by="a", why="b", sealed=b"")]
    with pytest.raises(StoreError, match="contradict"), database.write() as session:
        session.add_all(rows)
    assert stars(database) == []
    rate(database, 5)
    assert stars(database) == [5]


def test_a_reading_session_forgets_what_it_would_write(database: Database) -> None:
    with database.read() as session:
        session.add(RatingRow(at=NOW, by="ann", stars=1))
        session.flush()
    assert stars(database) == []


def test_a_reader_sees_nothing_of_what_is_being_written(database: Database) -> None:
    with database.write() as session:
        session.add(RatingRow(at=NOW, by="ann", stars=3))
        session.flush()
        assert stars(database) == []
    assert stars(database) == [3]


def test_a_value_that_is_read_and_raised_by_many_at_once_loses_nothing(database: Database) -> None:
    rate(database, 0)

    def raise_it() -> None:
        for _ in range(5):
            with database.write() as session:
                row = session.scalars(select(RatingRow).with_for_update()).one()
                row.stars += 1

    assert together(*[raise_it] * 4) == []
    assert stars(database) == [20]


def test_writers_at_once_all_come_through(database: Database) -> None:
    jobs = [lambda n=n: [rate(database, n) for _ in range(10)] for n in range(4)]
    assert together(*jobs) == []
    assert sorted(stars(database)) == sorted([*range(4)] * 10)


def test_a_row_is_added_once(database: Database) -> None:
    user = {"id": "u_1", "name": "ann", "role": "reviewer", "active": True, "created_at": NOW, "version": 1}
    with database.write() as session:
        assert add_once(session, UserRow, user)
        assert not add_once(session, UserRow, user | {"id": "u_2"})
        assert not add_once(session, UserRow, user | {"name": "bob"})
    with database.read() as session:
        assert [(u.id, u.name) for u in session.scalars(select(UserRow))] == [("u_1", "ann")]


def test_of_many_at_once_one_adds_the_row(database: Database) -> None:
    added: list[bool] = []

    def add(number: int) -> None:
        values = {"id": f"u_{number}", "name": "ann", "role": "admin", "active": True, "created_at": NOW, "version": 1}
        with database.write() as session:
            added.append(add_once(session, UserRow, values))

    assert together(*[lambda n=n: add(n) for n in range(6)]) == []
    assert sorted(added) == [False] * 5 + [True]


# Times ---------------------------------------------------------------------------------------------------------------

ZONES = [UTC, timezone(timedelta(hours=5, minutes=45)), timezone(-timedelta(hours=11)), ZoneInfo("Europe/Berlin")]
TIMES = st.datetimes(datetime(1900, 1, 2), datetime(2999, 1, 1), timezones=st.sampled_from(ZONES))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(times=st.lists(TIMES, min_size=1, max_size=20))
def test_a_time_comes_back_as_the_same_instant_with_its_zone_and_sorts_by_it(
    database: Database, times: list[datetime]
) -> None:
    # In UTC, since Python calls an hour that the clocks left out unequal to every other.
    instants = [time.astimezone(UTC) for time in times]
    with database.write() as session:
        session.query(BaselineRow).delete()
        session.add_all(BaselineRow(name=str(i), value=0, at=time, by="ann") for i, time in enumerate(times))
    with database.read() as session:
        rows = session.scalars(select(BaselineRow).order_by(BaselineRow.at)).all()
        assert {row.name: row.at for row in rows} == {str(i): time for i, time in enumerate(instants)}
        assert all(row.at.tzinfo is UTC or row.at.utcoffset() == timedelta(0) for row in rows)
        assert [row.at for row in rows] == sorted(instants)
        late = session.scalars(select(BaselineRow.at).where(BaselineRow.at >= times[0])).all()
        assert sorted(late) == sorted(time for time in instants if time >= instants[0])


def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(StoreError):
        rate(database, 3, at=datetime(2026, 1, 1))
    assert stars(database) == []


# Notes ---------------------------------------------------------------------------------------------------------------


def test_a_note_comes_back_whole_under_the_stores_id(database: Database, vault: Vault) -> None:
    note_id = keep(database, vault, Note("file-7", TEXT, "patient 9"))
    with database.read() as session:
        assert get_note(session, vault, note_id) == Note(note_id, TEXT, "patient 9")
        with pytest.raises(NotThere, match="n_none"):
            get_note(session, vault, "n_none")


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(codec=None), min_size=1), patient=st.none() | st.text(st.characters(codec=None)))
def test_every_text_comes_back(database: Database, vault: Vault, text: str, patient: str | None) -> None:
    note_id = keep(database, vault, Note("", text, patient))
    with database.read() as session:
        found = get_note(session, vault, note_id)
    assert (found.text, found.patient_id or "") == (text, patient or "")


def test_a_note_is_fresh_once(database: Database, vault: Vault) -> None:
    with database.write() as session:
        assert [put_note(session, vault, Note("", TEXT), source=s, now=NOW).fresh for s in "abb"] == [
            True,
            False,
            False,
        ]


def test_the_same_note_is_one(database: Database, vault: Vault) -> None:
    first = keep(database, vault, Note("a", TEXT, "p"))
    assert keep(database, vault, Note("b", TEXT, "p"), "elsewhere") == first
    assert keep(database, vault, Note("a", TEXT, "p")) == first
    assert keep(database, vault, Note("c", TEXT, "another patient")) != first
    assert keep(database, vault, Note("d", TEXT + " ", "p")) != first


def test_an_id_that_named_another_text_is_refused(database: Database, vault: Vault) -> None:
    keep(database, vault, Note("a", TEXT))
    with pytest.raises(Conflict, match="clinic"):
        keep(database, vault, Note("a", TEXT + " More."))
    keep(database, vault, Note("a", TEXT + " More."), "another clinic")


def test_the_same_note_from_many_at_once_is_one(database: Database, vault: Vault) -> None:
    ids: list[str] = []
    assert together(*[lambda: ids.append(keep(database, vault, Note("", TEXT)))] * 6) == []
    assert len(set(ids)) == 1
    with database.read() as session:
        assert len(session.scalars(select(NoteRow)).all()) == 1


def test_an_id_given_twice_at_once_names_one_text(database: Database, vault: Vault) -> None:
    jobs = [lambda n=n: keep(database, vault, Note("same id", f"{TEXT} {n}")) for n in range(4)]
    raised = together(*jobs)
    assert [type(exc) for exc in raised] == [Conflict] * 3


def found_in(note_id: str, version: str | None = "m1") -> Extraction:
    return Extraction(note_id, TEXT, (entity_at(TEXT, 0, 4, "DISEASE", score=0.5, id="e1"),), model_version=version)


def test_of_what_a_model_found_the_newest_counts(database: Database, vault: Vault) -> None:
    note_id = keep(database, vault, Note("", TEXT))
    nothing = Extraction(note_id, TEXT, model_version="m1")
    with database.write() as session:
        first = put_extraction(session, vault, nothing, now=NOW)
        other = put_extraction(session, vault, replace(nothing, model_version="m2"), now=NOW + timedelta(seconds=1))
        again = put_extraction(session, vault, found_in(note_id), now=NOW + timedelta(seconds=2))
        assert (first == again, first == other) == (True, False)
    with database.read() as session:
        assert newest_extraction(session, vault, note_id) == found_in(note_id)
        assert newest_extraction(session, vault, "n_none") is None


def test_what_many_find_at_once_is_kept_once(database: Database, vault: Vault) -> None:
    note_id = keep(database, vault, Note("", TEXT))
    ids: list[str] = []

    def put() -> None:
        with database.write() as session:
            ids.append(put_extraction(session, vault, found_in(note_id), now=NOW))

    assert together(*[put] * 4) == []
    assert len(set(ids)) == 1


def test_nothing_is_found_in_a_note_that_is_not_there(database: Database, vault: Vault) -> None:
    with pytest.raises(StoreError, match="contradict"), database.write() as session:
        put_extraction(session, vault, found_in("n_none"), now=NOW)


def test_gold_is_only_added_and_the_newest_counts(database: Database, vault: Vault) -> None:
    one, two = (keep(database, vault, Note("", TEXT, patient)) for patient in ("p", "q"))
    with database.write() as session:
        assert not has_gold(session, one)
        put_gold(session, vault, Extraction(one, TEXT), by="ann", why="audit", now=NOW)
        put_gold(session, vault, found_in(two), by="ann", why="audit", now=NOW + timedelta(seconds=1))
        put_gold(session, vault, found_in(one), by="bob", why="audit", now=NOW + timedelta(seconds=2))
    with database.read() as session:
        assert len(session.scalars(select(GoldRow)).all()) == 3
        assert has_gold(session, one)
        rows = newest_gold(session)
        assert [(row.note_id, row.by) for row in rows] == [(two, "ann"), (one, "bob")]
        assert list(open_gold(vault, rows)) == [found_in(two, None), found_in(one, None)]


@pytest.mark.parametrize("seconds", [0, -300])
def test_the_newest_gold_is_what_was_added_last_whatever_the_clock_says(
    database: Database, vault: Vault, seconds: int
) -> None:
    note_id = keep(database, vault, Note("", TEXT))
    ids = []
    for n in range(20):
        with database.write() as session:
            at = NOW + timedelta(seconds=n * seconds)
            ids.append(put_gold(session, vault, Extraction(note_id, TEXT), by="ann", why="sent", now=at))
    assert ids == sorted(ids)
    with database.read() as session:
        assert [row.id for row in newest_gold(session)] == ids[-1:]


# The audit trail -----------------------------------------------------------------------------------------------------


def act(database: Database, vault: Vault, actor: str = "ann") -> int:
    with database.write() as session:
        return audit.record(session, vault, Act(actor, "read", "note:n_1", request_id="r"), now=NOW)


def broken(database: Database, vault: Vault) -> int | None:
    with database.read() as session:
        return audit.broken_at(session, vault)


def test_the_chain_is_whole(database: Database, vault: Vault) -> None:
    assert broken(database, vault) is None
    assert [act(database, vault) for _ in range(5)] == [1, 2, 3, 4, 5]
    assert broken(database, vault) is None
    with database.read() as session:
        assert audit.count(session) == 5
        number, digest = audit.newest(session)
        last = session.get_one(AuditRow, 5)
        assert (number, digest) == (5, last.hash)


@pytest.mark.parametrize("column", ["actor", "action", "object", "outcome", "request_id", "previous", "hash", "at"])
def test_a_changed_row_is_seen(database: Database, vault: Vault, column: str) -> None:
    for _ in range(4):
        act(database, vault)
    value = NOW + timedelta(microseconds=1) if column == "at" else "x"
    with database.write() as session:
        session.execute(update(AuditRow).where(AuditRow.number == 3).values({column: value}))
    assert broken(database, vault) == 3


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_row_taken_out_is_seen_even_when_the_others_close_up(database: Database, vault: Vault, number: int) -> None:
    for _ in range(4):
        act(database, vault)
    with database.write() as session:
        session.query(AuditRow).filter(AuditRow.number == number).delete()
    assert broken(database, vault) == number
    with database.write() as session:
        for behind in range(number + 1, 5):
            session.execute(update(AuditRow).where(AuditRow.number == behind).values(number=behind - 1))
    assert broken(database, vault) == number


def test_a_row_put_in_is_seen_even_from_another_chain(database: Database, vault: Vault) -> None:
    act(database, vault)
    with database.read() as session:
        first = session.get_one(AuditRow, 1)
        copy = {c.key: getattr(first, c.key) for c in inspect(AuditRow).columns if c.key != "number"}
    with database.write() as session:
        session.add(AuditRow(number=2, **copy | {"previous": copy["hash"]}))
    assert broken(database, vault) == 2


def test_another_key_cannot_go_on_with_the_chain(database: Database, vault: Vault) -> None:
    act(database, vault)
    act(database, Vault(b"k" * 32))
    assert broken(database, vault) == 2


def test_writers_at_once_make_one_chain(database: Database, vault: Vault) -> None:
    jobs = [lambda n=n: [act(database, vault, f"person {n}") for _ in range(8)] for n in range(4)]
    assert together(*jobs) == []
    assert broken(database, vault) is None
    with database.read() as session:
        assert audit.count(session) == 32


def test_an_act_and_its_record_are_one(database: Database, vault: Vault) -> None:
    act(database, vault)
    with pytest.raises(ZeroDivisionError), database.write() as session:
        1 // (audit.record(session, vault, Act("ann", "read", "note:n_1"), now=NOW) - 2)
    assert act(database, vault) == 2
    assert broken(database, vault) is None

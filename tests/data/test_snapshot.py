"""Snapshots: the same gold is the same snapshot, a patient is in one part for ever, and copies do not leak."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import func, select

from behealthy.data import snapshot
from behealthy.errors import BadInput, NotThere
from behealthy.flows.ingest import import_gold
from behealthy.flows.system import System
from behealthy.note import Extraction, entity_at
from behealthy.store import session as session_module
from behealthy.store.notes import put_gold
from behealthy.store.session import Database
from behealthy.store.tables import RatingRow, SnapshotRow


def document(number: int, patient: str | None = None, extra: str = "") -> Extraction:
    text = f"Gout number {number} of the left toe, seen in clinic and treated with rest and ice.{extra}"
    return Extraction(f"d{number}", text, (entity_at(text, 0, 4, "DISEASE"),), patient_id=patient)


def learn_from(system: System, documents: list[Extraction]) -> None:
    import_gold(system, documents, source="ours", by="ann")


def take(system: System) -> SnapshotRow:
    return snapshot.take(system.database, system.vault, now=system.now())


def part(system: System, row: SnapshotRow, name: str) -> list[Extraction]:
    with system.database.read() as session:
        return snapshot.documents(session, system.vault, row.id, name)


def test_without_gold_there_is_none(system: System) -> None:
    with pytest.raises(BadInput, match="no gold"):
        take(system)


def test_the_same_gold_is_the_same_snapshot(system: System) -> None:
    learn_from(system, [document(i) for i in range(20)])
    first = take(system)
    system.now.forward(days=1)  # type: ignore[attr-defined]
    assert take(system).id == first.id
    assert first.documents == 20
    assert len(part(system, first, "train")) + len(part(system, first, "test")) == 20


def test_others_write_while_gold_is_opened_and_compared(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    learn_from(system, [document(i) for i in range(5)])
    monkeypatch.setattr(session_module, "_WAIT_MS", 50)
    opened, compared = snapshot.open_gold, snapshot._nearly_the_same

    def write() -> None:
        with system.database.write() as session:
            session.add(RatingRow(at=system.now(), by="ann", stars=1))

    def slowly_opened(*args):  # type: ignore[no-untyped-def]
        write()
        return opened(*args)

    def slowly_compared(items):  # type: ignore[no-untyped-def]
        write()
        return compared(items)

    monkeypatch.setattr(snapshot, "open_gold", slowly_opened)
    monkeypatch.setattr(snapshot, "_nearly_the_same", slowly_compared)
    take(system)
    with system.database.read() as session:
        assert session.scalar(select(func.count()).select_from(RatingRow)) == 2


def test_two_that_take_the_same_at_once_have_one(
    system: System, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = replace(system, database=database)
    learn_from(system, [document(i) for i in range(5)])
    both_compared, compared = threading.Barrier(2), snapshot._nearly_the_same

    def wait_for_the_other(items):  # type: ignore[no-untyped-def]
        both_compared.wait(300)
        return compared(items)

    monkeypatch.setattr(snapshot, "_nearly_the_same", wait_for_the_other)
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(take, (system, system))
    assert first.id == second.id
    with database.read() as session:
        assert len(snapshot.listed(session)) == 1
        assert len(snapshot.rows(session, first.id)) == first.documents == second.documents == 5


def test_a_test_document_stays_one_when_more_gold_comes(system: System) -> None:
    learn_from(system, [document(i) for i in range(60)])
    before = take(system)
    learn_from(system, [document(i) for i in range(60, 120)])
    after = take(system)
    assert after.parent == before.id
    assert {d.note_id for d in part(system, before, "test")} <= {d.note_id for d in part(system, after, "test")}
    with system.database.read() as session:
        found = snapshot.difference(session, before.id, after.id)
    assert (len(found.added), found.removed, found.changed, found.moved) == (60, (), (), ())


def test_about_a_fifth_is_tested_by(system: System) -> None:
    learn_from(system, [document(i) for i in range(300)])
    assert 35 <= take(system).parts["test"] <= 90


def test_a_patient_is_in_one_part_only(system: System) -> None:
    learn_from(system, [document(i, patient=f"p{i % 15}") for i in range(90)])
    row = take(system)
    learned, tested = ({d.text.split()[2] for d in part(system, row, name)} for name in ("train", "test"))
    assert {int(n) % 15 for n in learned}.isdisjoint({int(n) % 15 for n in tested})
    assert row.leaks["groups_in_both_parts"] == 0


def test_a_copy_of_a_test_document_is_not_learned_from(system: System) -> None:
    # The same words under many patients: some of them fall into the test part.
    documents = [replace(document(i // 10, patient=f"p{i}"), note_id=f"d{i}") for i in range(100)]
    learn_from(system, documents)
    row = take(system)
    learned, tested = ({d.text for d in part(system, row, name)} for name in ("train", "test"))
    assert learned.isdisjoint(tested)
    assert row.leaks["copies_left_out"] == 100 - row.documents > 0


def test_documents_that_are_nearly_the_same_are_reported(system: System) -> None:
    words = " ".join(f"word{i}" for i in range(80))
    texts = [f"Gout. {words} seen{i}." for i in range(30)]
    learn_from(system, [Extraction(f"n{i}", t, (entity_at(t, 0, 4, "DISEASE"),)) for i, t in enumerate(texts)])
    row = take(system)
    assert len(row.leaks["nearly_the_same"]) == row.parts["test"]


def test_corrected_gold_is_another_snapshot_and_the_old_one_stays(system: System) -> None:
    learn_from(system, [document(i) for i in range(10)])
    before = take(system)
    old = part(system, before, "train")[0]
    system.now.forward(hours=1)  # type: ignore[attr-defined]
    with system.database.write() as session:
        better = Extraction(old.note_id, old.text, (entity_at(old.text, 0, 8, "DISEASE"),))
        put_gold(session, system.vault, better, by="bob", why="sent", now=system.now())
    after = take(system)
    with system.database.read() as session:
        assert snapshot.difference(session, before.id, after.id).changed == (old.note_id,)
    assert part(system, before, "train")[0] == old
    assert after.lineage["by"] == {"ann": 9, "bob": 1}


def test_a_snapshot_is_found_by_its_first_digits(system: System) -> None:
    learn_from(system, [document(1), document(2)])
    row = take(system)
    with system.database.read() as session:
        assert snapshot.get(session, row.id[:10]).id == row.id
        with pytest.raises(NotThere):
            snapshot.get(session, "zz")
        with pytest.raises(NotThere):
            snapshot.get(session, "%")

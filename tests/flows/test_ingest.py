"""Notes come in: stored once, held with their reason, told of, replayed or dropped; never half."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from time import sleep

import pytest
from sqlalchemy import func, select

from behealthy.data import intake, quarantine
from behealthy.errors import BadInput, Conflict, ContractError, NotThere
from behealthy.flows.ingest import Sender, import_gold, replay, take_in
from behealthy.flows.system import System
from behealthy.note import Extraction, Note, entity_at
from behealthy.store import audit
from behealthy.store.notes import get_note
from behealthy.store.session import Database
from behealthy.store.tables import AlertRow, AuditRow, Base, GoldRow, NoteRow, QuarantineRow

SECRET = "Zosterella"


def send(system: System, *lines: object, source: str = "ward", **more: object):  # type: ignore[no-untyped-def]
    data = "\n".join(json.dumps(line) for line in lines).encode()
    return take_in(system, intake.read(data, "jsonl", "feed"), Sender(source, "feed", gold=True), **more)  # type: ignore[arg-type]


def count(system: System, table: type[Base]) -> int:
    with system.database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_note_is_stored_and_can_be_had_again(system: System) -> None:
    taken = send(system, {"id": "1", "text": "Gout of the toe.", "patient_id": "p"})
    assert (taken.stored, taken.known, taken.held) == (1, 0, 0)
    with system.database.read() as session:
        note = get_note(session, system.vault, taken.fates[0].note_id or "")
    assert (note.text, note.patient_id) == ("Gout of the toe.", "p")


def test_the_same_note_twice_is_one(system: System) -> None:
    first = send(system, {"text": "Gout."}, {"text": "Gout."})
    again = send(system, {"text": "Gout."}, source="elsewhere")
    assert (first.stored, first.known, again.stored, again.known) == (1, 1, 0, 1)
    assert len({f.note_id for f in first.fates + again.fates}) == 1


def test_the_same_words_of_two_patients_are_two_notes(system: System) -> None:
    assert send(system, {"text": "Gout.", "patient_id": "a"}, {"text": "Gout.", "patient_id": "b"}).stored == 2


def test_another_text_under_the_same_id_is_held(system: System) -> None:
    taken = send(system, {"id": "1", "text": "Gout."}, {"id": "1", "text": "Asthma."})
    assert [f.code for f in taken.fates] == [None, "id_reused"]
    assert send(system, {"id": "1", "text": "Asthma."}, source="another-ward").stored == 1


def test_what_breaks_the_contract_is_held_told_of_once_and_never_learned_from(system: System) -> None:
    bad = {"text": SECRET + " rash.", "entities": [{"start": 0, "end": 900, "type": "DISEASE"}]}
    for _ in range(3):
        assert send(system, bad, {"txet": "x"}, {"text": "Gout."}).reasons == {"offsets": 1, "schema": 1}
    assert count(system, NoteRow) == 1
    assert count(system, GoldRow) == 0
    with system.database.read() as session:
        held = quarantine.listed(session)
        alerts = {a.key: a.times for a in session.scalars(select(AlertRow))}
        assert sorted(row.code for row in held) == ["offsets", "schema"]
        assert alerts == {"quarantine:ward:offsets": 3, "quarantine:ward:schema": 3}
        assert SECRET.encode() in quarantine.payload(system.vault, next(r for r in held if r.code == "offsets"))


def test_no_word_of_a_note_lies_in_the_clear(system: System) -> None:
    send(system, {"text": SECRET + " rash.", "patient_id": "Person-" + SECRET}, {"text": 4, "id": SECRET + "-9"})
    system.database.close()
    for file in system.settings.home.rglob("*"):
        if file.is_file():
            assert SECRET.encode() not in file.read_bytes(), file.name


def test_a_held_record_is_replayed_when_it_was_mended(system: System) -> None:
    (fate,) = send(system, {"text": "Gout.", "written_at": "someday"}).fates
    held = fate.quarantine_id or ""
    with pytest.raises(ContractError):
        replay(system, held, by="ann")
    with pytest.raises(BadInput):
        replay(system, held, by="ann", payload=b'{"text": "Gout."}\n{"text": "Asthma."}')
    done = replay(system, held, by="ann", payload=b'{"text": "Gout."}')
    with pytest.raises(Conflict, match="replayed by ann"):
        replay(system, held, by="bob")
    with system.database.read() as session:
        row = session.get_one(QuarantineRow, held)
        assert (row.state, row.note_id, row.decided_by, row.sealed) == ("replayed", done.note_id, "ann", b"")


def test_a_text_has_a_limit_of_its_own_below_that_of_a_file(system: System) -> None:
    limit = system.settings.max_text_bytes
    assert limit < system.settings.max_note_bytes
    fits = ("Gout. " * limit)[: limit - 1] + "x"
    taken = send(system, {"text": fits}, {"text": fits + "x"}, {"text": "é" + fits[1:]})
    assert [f.code for f in taken.fates] == [None, "too_large", "too_large"]
    with pytest.raises(ContractError) as caught:
        replay(system, taken.fates[1].quarantine_id or "", by="ann")
    assert caught.value.code == "too_large"


def test_a_dropped_record_is_forgotten(system: System) -> None:
    (fate,) = send(system, {"text": ""}).fates
    with system.database.write() as session:
        quarantine.drop(session, fate.quarantine_id or "", by="ann", now=system.now())
    with system.database.read() as session:
        assert quarantine.listed(session) == []
    with pytest.raises(Conflict, match="dropped by ann"):
        replay(system, fate.quarantine_id or "", by="bob")
    with pytest.raises(NotThere):
        replay(system, "q_none", by="bob")


def test_what_one_is_dropping_just_now_becomes_no_note_of_another(system: System, database: Database) -> None:
    system = replace(system, database=database)
    (fate,) = send(system, {"text": ""}).fates
    held = fate.quarantine_id or ""
    with ThreadPoolExecutor(1) as pool:
        with database.write() as session:
            quarantine.drop(session, held, by="ann", now=system.now())
            session.flush()
            other = pool.submit(replay, system, held, by="bob", payload=b'{"text": "Gout."}')
            sleep(0.5)  # the other is waiting by now
        with pytest.raises(Conflict, match="dropped by ann"):
            other.result(300)
    assert count(system, NoteRow) == 0


def test_what_comes_after_is_in_the_same_transaction(system: System) -> None:
    seen: list[Note] = []

    def fail(_: object, notes: list[Note]) -> None:
        seen.extend(notes)
        raise RuntimeError("the power is gone")

    with pytest.raises(RuntimeError):
        send(system, {"text": "Gout."}, after=fail)
    assert [n.text for n in seen] == ["Gout."]
    assert count(system, NoteRow) == 0


def test_annotated_documents_are_gold_once(system: System) -> None:
    text = "Gout of the toe."
    document = Extraction("d1", text, (entity_at(text, 0, 4, "DISEASE"),))
    send(system, {"text": text})
    for _ in range(2):
        taken = import_gold(system, [document], source="ours", by="ann")
        assert taken.known == 1
    assert count(system, GoldRow) == 1


def test_there_are_only_so_many_sources(system: System) -> None:
    system = replace(system, settings=replace(system.settings, max_sources=2))
    for source in ("a", "b", "api"):  # ours count for nothing
        assert send(system, {"text": f"Gout {source}."}, source=source).stored == 1
    for source in ("c", "d"):
        taken = send(system, {"text": f"Gout {source}."}, {"text": ""}, source=source)
        assert [f.code for f in taken.fates] == ["too_many_sources"] * 2
    assert send(system, {"text": "Asthma."}, {"text": ""}, source="a").stored == 1
    with system.database.read() as session:
        held = session.scalars(select(QuarantineRow).where(QuarantineRow.code == "too_many_sources")).all()
        keys = set(session.scalars(select(AlertRow.key)))
        assert {quarantine.label(system.vault, row).source for row in held} == {"c", "d"}
    assert {row.source for row in held} == {"other"}
    assert keys == {"quarantine:other:too_many_sources", "quarantine:a:empty"}
    good = next(row.id for row in held if row.size_bytes > len('{"text": ""}'))
    with pytest.raises(ContractError, match="BEHEALTHY_MAX_SOURCES"):
        replay(system, good, by="ann")
    more = replace(system, settings=replace(system.settings, max_sources=3))
    fate = replay(more, good, by="ann")
    with system.database.read() as session:
        assert session.get_one(NoteRow, fate.note_id).source in ("c", "d")


@pytest.mark.parametrize("source", ["", "Ward 7", "smith, john", "-a", "a" * 41, "ward\n", "ward:7", "été"])
def test_a_source_has_a_strict_form(system: System, source: str) -> None:
    with pytest.raises(BadInput, match="small letters"):
        send(system, {"text": "Gout."}, source=source)
    assert count(system, NoteRow) == 0


def test_what_is_stored_and_its_row_of_the_audit_trail_are_one(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    assert send(system, {"text": "Gout."}, {"text": ""}).stored == 1
    with system.database.read() as session:
        acts = [(a.actor, a.action, a.object) for a in session.scalars(select(AuditRow))]
    assert acts == [("feed", "store", "notes:2")]

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        send(system, {"text": "Asthma."}, settle=fails)
    assert (count(system, NoteRow), count(system, AuditRow)) == (1, 1)
    monkeypatch.setattr(audit, "record", fails)
    with pytest.raises(RuntimeError):
        send(system, {"text": "Asthma."})
    assert count(system, NoteRow) == 1


def test_annotations_of_who_may_not_bring_them_are_held(system: System) -> None:
    lines = json.dumps({"text": "Gout.", "entities": []}).encode()
    taken = take_in(system, intake.read(lines, "jsonl", "feed"), Sender("ward", "feed"))
    assert [f.code for f in taken.fates] == ["annotated"]
    held = taken.fates[0].quarantine_id or ""
    with pytest.raises(ContractError):
        replay(system, held, by="olga")
    assert replay(system, held, by="ann", gold=True).note_id is not None
    with system.database.read() as session:
        assert session.scalars(select(GoldRow.by)).all() == ["ann"]

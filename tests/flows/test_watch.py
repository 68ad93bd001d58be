"""The watch on real notes in a real store: one clinic as ever, then another that writes of other things."""

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select

from behealthy.flows import rollout
from behealthy.flows import watch as story
from behealthy.flows.reading import Read
from behealthy.flows.reference import set_reference
from behealthy.flows.standing import moved_terms, standing
from behealthy.flows.system import System
from behealthy.monitor import alerts, drift, windows
from behealthy.note import DISEASE, Extraction, entity_at
from behealthy.registry import releases
from behealthy.registry.bundle import load
from behealthy.store.crypto import Vault
from behealthy.store.notes import put_gold
from behealthy.store.session import Database
from behealthy.store.tables import AlertRow, PredictionRow, ReferenceRow, ReviewRow, TrainingRow, WindowRow

SIZE = 200  # as in the windows of `watched`
Arrive = Callable[..., list[str]]


def rows(system: System, table: Any) -> Sequence[Any]:
    with system.database.read() as session:
        return session.scalars(select(table)).all()


def labelled(system: System, ids: Sequence[str]) -> None:
    """Let a person mark the first word of each note."""
    with system.database.write() as session:
        for id_ in ids:
            text = "some words"
            gold = Extraction(id_, text, (entity_at(text, 0, 4, DISEASE),))
            put_gold(session, system.vault, gold, by="ann", why="drift", now=system.now())


# The story -----------------------------------------------------------------------------------------------------------


def test_from_steady_notes_to_drift_labels_and_a_request(watched: System, arrive: Arrive, clock: Any) -> None:
    arrive(watched, "usual", SIZE - 1, seed=1)
    assert story.watch(watched) is None
    assert standing(watched)["sentence"] == f"Too few notes to judge: {SIZE - 1} of {SIZE} are in."

    arrive(watched, "usual", 1, seed=2)
    first = story.watch(watched)
    assert first is not None
    assert (first.state, first.notes) == ("insufficient", SIZE)  # there was nothing to compare with
    arrive(watched, "usual", seed=3)
    calm = story.watch(watched)
    assert calm is not None
    assert (calm.state, calm.decision["action"]) == ("ok", "log")
    assert "as the model knows them" in standing(watched)["sentence"]
    assert not rows(watched, AlertRow)

    clock.forward(hours=5)
    arrive(watched, "other", seed=4)
    warned = story.watch(watched)
    assert warned is not None
    assert (warned.state, warned.decision["action"]) == ("warning", "log")
    assert not rows(watched, AlertRow)
    assert [r for r in rows(watched, ReviewRow) if r.why == "drift"] == []

    new = arrive(watched, "other", seed=5)
    facts = story.turn(watched)
    assert (facts["state"], facts["asks"]) == ("drift", [])
    (alert,) = rows(watched, AlertRow)
    assert (alert.kind, alert.severity, alert.state) == ("drift", "warning", "open")
    drawn = [r.note_id for r in rows(watched, ReviewRow) if r.why == "drift"]
    assert len(drawn) == 20
    newest = rows(watched, WindowRow)[-1]
    assert newest.decision["action"] == "label"
    assert "vocabulary" in newest.decision["moved"]
    assert standing(watched)["sentence"].startswith("Since 2 March the notes of ward differ in ")
    assert "20 notes wait to be labelled" in standing(watched)["sentence"]
    assert new[0] in {*drawn, *new}

    labelled(watched, drawn)
    (ask,) = story.consider_gold(watched)["asks"]
    assert (ask["name"], ask["arguments"]["trigger"]) == ("training", "gold")
    assert story.consider_gold(watched)["asks"] == [ask]

    arrive(watched, "other", seed=6)
    (wish,) = story.turn(watched)["asks"]
    assert (wish["name"], wish["arguments"]["trigger"]) == ("training", "drift")
    assert story.turn(watched)["asks"] == [wish]  # until it is begun, it is asked for again, under one id
    with watched.database.write() as session:
        session.add(training(wish["id"], clock()))
    assert story.turn(watched)["asks"] == []
    assert story.consider_gold(watched)["decision"]["action"] == "hold"  # one at a time
    (alert,) = rows(watched, AlertRow)
    assert alert.times == 2


def training(id_: str, now: Any, state: str = "running") -> TrainingRow:
    return TrainingRow(
        id=id_, trigger="drift", requested_by="watch", reason="", state=state, stage="train", started_at=now, reasons=[]
    )


def test_what_is_written_down_holds_no_word(watched: System, arrive: Arrive) -> None:
    for kind, seed in (("usual", 1), ("usual", 3), ("other", 4), ("other", 5)):
        arrive(watched, kind, seed=seed)
    story.watch(watched)
    told = [[r.signals, r.performance, r.decision] for r in rows(watched, WindowRow)]
    told += [r.observations for r in rows(watched, ReferenceRow)] + [r.facts for r in rows(watched, AlertRow)]
    said = json.dumps([*told, *(r.observation for r in rows(watched, PredictionRow))])
    assert not [word for word in ("gout", "metformin", "caries", "molar", "toothache") if word in said]


def test_a_broken_feed_is_held_told_and_never_learned_from(watched: System, arrive: Arrive) -> None:
    arrive(watched, "usual", seed=1)
    ids = arrive(watched, "usual", seed=3, damage="\x00" * 30)
    labelled(watched, ids[:25])  # there would be enough to learn from
    row = story.watch(watched)
    assert row is not None
    assert (row.decision["action"], row.decision["cause"], row.decision["labels"]) == ("hold", "format", 0)
    assert story.wanted(watched) == []
    (alert,) = rows(watched, AlertRow)
    assert (alert.severity, alert.title) == ("critical", "A feed sends what is no note")


def test_outputs_that_move_after_a_release_point_at_the_rollout(watched: System, arrive: Arrive) -> None:
    from behealthy.registry import releases

    arrive(watched, "usual", seed=1)
    story.watch(watched)
    version = load().version
    with watched.database.write() as session:
        releases.promote(session, "another-1", by="x", reason="", now=watched.now())
        releases.promote(session, version, by="x", reason="", now=watched.now())
    for seed in (3, 4):
        arrive(watched, "usual", seed=seed)
        with watched.database.write() as session:  # the same notes, as a model reads them that finds nothing
            read = select(PredictionRow).order_by(PredictionRow.number.desc()).limit(SIZE)
            for row in session.scalars(read):
                nothing = {"entities": {}, "assertions": {}, "expected": {}, "scores": [0] * 10, "score_sum": 0.0}
                row.observation = {**row.observation, **nothing}
    newest = story.watch(watched)
    assert newest is not None
    assert (newest.state, newest.decision["action"]) == ("drift", "alert")
    assert "rollout" in newest.decision["reasons"][0]


def test_audits_of_the_notes_before_say_nothing_of_the_new_ones(
    watched: System, arrive: Arrive, reads: Callable[[str, int, int], list[Read]]
) -> None:
    def found(ids: Sequence[str], seed: int) -> list[Extraction]:
        return [replace(r.extraction, note_id=id_) for r, id_ in zip(reads("usual", len(ids), seed), ids, strict=True)]

    held_out = found(arrive(watched, "usual", 40, seed=1), 1)
    arrive(watched, "usual", SIZE, seed=2)
    set_reference(watched, load(), held_out)
    with watched.database.write() as session:  # what came before it was served was read by another
        for row in session.scalars(select(PredictionRow)):
            session.delete(row)
    audited = found(arrive(watched, "usual", seed=3), 3)[:60]  # nothing wrong is found in them
    with watched.database.write() as session:
        for gold in audited:
            put_gold(session, watched.vault, gold, by="ann", why="audit", now=watched.now())
    calm = story.watch(watched)
    assert calm is not None
    assert (calm.state, calm.performance["audited"]["value"]) == ("ok", 1.0)
    arrive(watched, "other", seed=4)
    arrive(watched, "other", seed=5)
    newest = story.watch(watched)
    assert newest is not None
    assert (newest.state, newest.decision["action"]) == ("drift", "label")


# Once ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def both(database: Database, vault: Vault, system: System) -> System:
    """A watched system on SQLite, and on PostgreSQL."""
    settings = replace(system.settings, window_notes=SIZE, gold_to_retrain=20, audit_percent=0)
    return System(settings, database, vault, system.now)


def test_two_watchers_at_once_judge_a_window_once(
    both: System, arrive: Arrive, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind, seed in (("usual", 1), ("other", 4), ("other", 5)):
        arrive(both, kind, seed=seed)
        if seed < 5:
            story.watch(both)
    together, compare = threading.Barrier(2), drift.compare

    def compare_together(*given: Any) -> Any:
        together.wait(300)
        return compare(*given)

    monkeypatch.setattr(drift, "compare", compare_together)
    found: list[Any] = []
    watchers = [threading.Thread(target=lambda: found.append(story.judge_next(both))) for _ in range(2)]
    for watcher in watchers:
        watcher.start()
    for watcher in watchers:
        watcher.join()
    assert sorted(row is None for row in found) == [False, True]
    assert len(rows(both, WindowRow)) == 3
    (alert,) = rows(both, AlertRow)
    assert alert.times == 1
    assert len([r for r in rows(both, ReviewRow) if r.why == "drift"]) == 20


def test_what_a_version_read_before_it_was_replaced_is_in_no_window_after_it_came_back(
    watched: System, arrive: Arrive, clock: Any
) -> None:
    """Half of the first window would be notes of weeks ago, and what is wrong now would show by half."""
    version = rollout.served(watched).version
    for seed in (1, 3):
        arrive(watched, "usual", seed=seed)
        story.watch(watched)
    arrive(watched, "usual", SIZE - 1, seed=1)
    with watched.database.write() as session:
        releases.promote(session, "other-1", by="ann", reason="to see", now=clock.forward(days=10))
        releases.rollback(session, by="ann", reason="to see", now=clock.forward(days=10))
    assert rollout.served(watched).version == version
    clock.forward(hours=1)
    arrive(watched, "other", SIZE - 1, seed=5)
    assert story.watch(watched) is None
    assert standing(watched)["waiting_notes"] == SIZE - 1
    arrive(watched, "other", 1, seed=4)
    judged = story.watch(watched)
    assert judged is not None
    assert judged.begins_at == clock()


def test_watching_again_changes_nothing(watched: System, arrive: Arrive) -> None:
    arrive(watched, "usual", seed=1)
    arrive(watched, "usual", 50, seed=2)
    assert story.watch(watched) is not None
    assert story.watch(watched) is None
    assert len(rows(watched, WindowRow)) == 1


def test_a_crash_while_telling_leaves_nothing_half_done(
    watched: System, arrive: Arrive, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind, seed in (("usual", 1), ("other", 4)):
        arrive(watched, kind, seed=seed)
    story.watch(watched)
    arrive(watched, "other", seed=5)

    def crash(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(alerts, "raise_", crash)
        with pytest.raises(KeyboardInterrupt):
            story.watch(watched)
    assert len(rows(watched, WindowRow)) == 2
    assert not [r for r in rows(watched, ReviewRow) if r.why == "drift"]
    newest = story.watch(watched)
    assert newest is not None
    assert newest.state == "drift"
    assert len(rows(watched, AlertRow)) == 1


# What is normal ------------------------------------------------------------------------------------------------------


def test_a_model_is_not_alarmed_by_the_notes_it_was_accepted_for(watched: System, arrive: Arrive) -> None:
    marked = arrive(watched, "usual", 40, seed=1)
    recent = arrive(watched, "other", SIZE + 20, seed=4)
    labelled(watched, marked + recent[:20])
    text = "Has gout."
    held_out = [Extraction(id_, text, (entity_at(text, 4, 8, DISEASE),)) for id_ in marked]
    reference = set_reference(watched, load(), held_out)
    assert (len(reference.held_out), len(reference.recent)) == (40, SIZE)
    assert not set(reference.recent_ids) & set(marked + recent[:20])
    with watched.database.write() as session:  # what came before it was served was read by another
        for row in session.scalars(select(PredictionRow)):
            session.delete(row)
    arrive(watched, "other", seed=6)
    row = story.watch(watched)
    assert row is not None
    assert row.state == "ok"
    assert row.performance["promised"]["notes"] == SIZE  # of the notes it was accepted for
    assert row.performance["estimated"]["low"] <= row.performance["estimated"]["value"]
    assert standing(watched)["reference_notes"] == SIZE


def test_what_is_usual_reaches_no_further_back_than_the_change(watched: System, arrive: Arrive, clock: Any) -> None:
    marked = arrive(watched, "usual", 40, seed=1)
    text = "Has gout."
    held_out = [Extraction(id_, text, (entity_at(text, 4, 8, DISEASE),)) for id_ in marked]
    set_reference(watched, load(), held_out)
    before = arrive(watched, "usual", SIZE - 40, seed=2)
    while story.watch(watched) is not None:  # the first is what the next are held against
        pass
    clock.forward(hours=1)
    since = []
    for seed in (3, 4):
        since += arrive(watched, "other", seed=seed)
        row = story.watch(watched)
    assert row is not None
    assert row.state == "drift"
    labelled(watched, since[:-50])
    reference = set_reference(watched, load(), held_out)
    assert reference.changed
    assert 0 < len(reference.recent) <= len(since) - len(since[:-50])
    assert set(reference.recent_ids) <= set(since[-50:])
    assert not set(reference.recent_ids) & set(before)
    assert reference.usual == reference.recent  # and none of the held-out notes, which are older than the change


def test_a_day_of_enough_notes_is_a_window(watched: System, arrive: Arrive, clock: Any) -> None:
    slow = replace(watched, settings=replace(watched.settings, window_notes=1000))
    arrive(slow, "usual", seed=1)
    assert story.watch(slow) is None
    clock.forward(hours=25)
    row = story.watch(slow)
    assert row is not None
    assert row.notes == SIZE


def test_a_note_that_is_read_twice_counts_once(watched: System, arrive: Arrive) -> None:
    arrive(watched, "usual", SIZE // 2, seed=1)
    arrive(watched, "usual", SIZE // 2, seed=1)  # the same notes
    with watched.database.read() as session:
        assert session.scalar(select(func.count(PredictionRow.number))) == SIZE
        assert windows.waiting(session, load().version, SIZE) == SIZE // 2
    assert story.watch(watched) is None


# What it has to say --------------------------------------------------------------------------------------------------


def test_the_page_has_each_signal_over_the_windows_and_the_words_that_moved(watched: System, arrive: Arrive) -> None:
    for kind, seed in (("usual", 1), ("usual", 3), ("other", 4)):
        arrive(watched, kind, seed=seed)
    story.watch(watched)
    page = standing(watched)
    assert page["state"] == "warning"
    signals = {s["name"]: s for s in page["signals"]}
    assert [p["moved"] for p in signals["vocabulary"]["points"]] == [False, True]
    assert signals["vocabulary"]["points"][1]["value"] > signals["vocabulary"]["threshold"]
    terms = {t["term"]: t for t in page["moved_terms"]}
    assert len(terms) == 20
    assert terms["dam"]["count"] > 5
    assert terms["dam"]["reference_count"] == 0
    assert [t["term"] for t in moved_terms(watched, page["windows"][-1].number, limit=3)] == list(terms)[:3]
    assert moved_terms(watched, 99) == []


def test_what_led_to_a_release_is_not_forgotten_with_it(watched: System, arrive: Arrive) -> None:
    from behealthy.registry import releases

    for kind, seed in (("usual", 1), ("usual", 3), ("other", 4)):
        arrive(watched, kind, seed=seed)
    story.watch(watched)
    with watched.database.write() as session:
        releases.promote(session, "another-1", by="x", reason="", now=watched.now())
    page = standing(watched)
    assert (page["version"], page["state"], page["decision"]) == ("another-1", "insufficient", {})
    assert page["moved_terms"] == []
    assert {row.model_version for row in page["windows"]} == {load().version}
    assert len(page["windows"]) == 3
    assert [len(s["points"]) for s in page["signals"] if s["name"] == "vocabulary"] == [2]

"""The demo: a system at work from the first visit on, in which drift can be seen; and never among a patient's notes."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner

from behealthy.cli import app
from behealthy.data import intake
from behealthy.data.lineage import seen
from behealthy.errors import StartError
from behealthy.flows import demo, inbox, ingest, triggers, watch
from behealthy.flows.system import System
from behealthy.learn import gate
from behealthy.learn.contest import contest
from behealthy.monitor import kpi, performance
from behealthy.note import Note
from behealthy.registry.bundle import load, load_model, package_folder
from behealthy.registry.catalogue import Catalogue, shipped_version
from behealthy.settings import Settings
from behealthy.simulate import origin, past
from behealthy.simulate.visits import invented
from behealthy.store.tables import AlertRow, NoteRow, ReviewRow, WindowRow


def opened(home: Path) -> System:
    return System.open(Settings.from_environment({"BEHEALTHY_HOME": str(home), "BEHEALTHY_WINDOW_NOTES": "200"}))


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Give a demo as its first start leaves it."""
    system = opened(tmp_path_factory.mktemp("demo") / "home")
    assert past.fill(system) == past.ARCHIVED + (past.DAYS + 1) * 200 + 230
    yield system
    system.close()


def windows(system: System) -> list[WindowRow]:
    with system.database.read() as session:
        return list(session.scalars(select(WindowRow).order_by(WindowRow.number)))


def test_the_first_visit_finds_windows_that_were_compared_and_are_calm(system: System) -> None:
    rows = windows(system)
    assert [row.state for row in rows] == ["ok"] * past.DAYS
    assert all(row.signals and row.performance["estimated"] and row.performance["promised"] for row in rows)
    days = [row.begins_at.date() for row in rows]
    assert days == sorted(set(days))
    assert rows[-1].judged_at < system.now()
    with system.database.read() as session:
        assert session.scalar(select(func.count(AlertRow.id))) == 0
        queue = Counter((row.state, row.why) for row in session.scalars(select(ReviewRow)))
        facts = watch.training_facts(session, system)
    assert queue["open", "sent"] > 30  # of 46; by chance some are of the audit sample
    assert rows[-1].performance["audit_tells"]
    # A few reviews more and a new model is trained by itself; not before.
    assert facts.needed_gold - facts.new_gold == past.LEFT
    assert triggers.on_gold(facts).action == "nothing"


def test_a_manager_finds_what_it_is_worth(system: System) -> None:
    with system.database.read() as session:
        figures = {each.definition.name: each.value.value for each in kpi.report(session, now=system.now())}
    assert [name for name, value in figures.items() if value is None] == ["adaptability"]  # no drift was answered yet


def test_it_is_filled_once_and_says_what_it_is(system: System) -> None:
    assert past.fill(system) == 0
    assert demo.fill(system) == 0
    assert origin.origin_of(system.settings.home) == "demo"
    assert "every note in it is invented" in (origin.says(system.settings.home) or "")


def test_the_shipped_model_can_be_judged_by_the_demos_gold(system: System) -> None:
    path = Catalogue.of(system.settings).fetch(shipped_version())
    archived = invented("letters", past.ARCHIVED, 0)
    judged = archived[: past.ARCHIVED // 5]
    found = contest(path, path, judged, sources=dict.fromkeys((d.note_id for d in judged), "x"))
    assert found.left_out == 0
    assert len(judged) >= gate.LIMITS.notes
    types = Counter(e.type for d in judged for e in d.entities)
    assert min(types.values()) >= gate.LIMITS.entities


def test_a_feed_of_another_kind_is_called_drift_and_labels_are_asked_for(system: System) -> None:
    home = ["--home", str(system.settings.home)]
    result = CliRunner().invoke(app, ["demo-feed", *home])
    assert result.exit_code == 0, result.output
    # The inbox waits until a file is written to its end.
    later = replace(system, now=lambda: system.now().replace(year=system.now().year + 1))
    assert inbox.sweep(later)["stored"] == 400
    watch.watch(later)
    rows = windows(system)[past.DAYS :]
    assert [row.state for row in rows][-1] in ("drift", "performance_breach")
    assert rows[-1].decision["action"] == "label"
    assert rows[-1].decision["drawn"] + rows[0].decision["drawn"] > 0
    with system.database.read() as session:
        assert session.scalar(select(func.count(AlertRow.id)).where(AlertRow.kind.in_(("drift", "performance")))) == 1


@pytest.mark.parametrize("at", ["watch.watch", "demo.fill"])
def test_a_start_that_was_broken_off_is_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: str) -> None:
    system = opened(tmp_path / "home")

    def broken(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        module, name = at.split(".")
        patch.setattr(getattr(past, module), name, broken)
        with pytest.raises(KeyboardInterrupt):
            past.fill(system)
    past.fill(system)
    assert len(windows(system)) == past.DAYS
    with system.database.read() as session:
        assert session.scalar(select(func.count(NoteRow.id))) == past.ARCHIVED + (past.DAYS + 1) * 200 + 230
    system.close()


def test_the_demo_never_goes_among_notes_of_others(tmp_path: Path) -> None:
    system = opened(tmp_path / "home")
    raws = intake.read(b'{"id": "1", "text": "Has gout of the left foot."}\n', "jsonl", "ward.jsonl")
    ingest.take_in(system, raws, ingest.Sender("ward", "ward"))
    with pytest.raises(StartError, match="leave --demo out"):
        past.fill(system)
    system.close()
    assert origin.origin_of(system.settings.home) is None
    result = CliRunner().invoke(app, ["demo-feed", "--home", str(system.settings.home)])
    assert result.exit_code == 2
    assert not system.settings.inbox.exists()


# The invented notes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["letters", "telegrams"])
def test_invented_notes_are_marked_differ_and_come_out_the_same(kind) -> None:
    notes = invented(kind, 300, 1)
    assert notes == invented(kind, 400, 1)[:300]
    assert len({d.text for d in notes}) == len({d.patient_id for d in notes}) == 300
    assert not [d for d in notes if set("[]{}") & set(d.text)]
    for d in notes:
        assert d.entities
        assert all(d.text[e.start : e.end] == e.text for e in d.entities)
    assert {d.text for d in notes}.isdisjoint(d.text for d in invented(kind, 300, 2))


def test_no_invented_note_is_one_that_the_shipped_model_has_learned_from() -> None:
    facts = load_model(package_folder("starter")).facts
    assert seen(facts, invented("letters", 500, 0)) == 0


def test_a_model_of_letters_reads_telegrams_worse() -> None:
    extractor = load()
    figures = []
    for kind in ("letters", "telegrams"):
        notes = invented(kind, 200, 0)
        found = extractor.pipe([Note(d.note_id, d.text) for d in notes])
        figure = performance.measured([performance.agreement(a, b) for a, b in zip(found, notes, strict=True)])
        figures.append(figure.value if figure else 0.0)
    assert figures[0] > figures[1] + 0.1

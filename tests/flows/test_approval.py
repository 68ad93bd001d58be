"""A person's word between the gate and what is served: a candidate waits, is approved, refused, or passed over."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from behealthy.data import snapshot as snapshots
from behealthy.data.formats import read_corpus
from behealthy.errors import Conflict, NotThere
from behealthy.flows import approval, rollout, shelf, training
from behealthy.flows.ingest import import_gold
from behealthy.flows.system import System
from behealthy.flows.workbench import TrainingFolder
from behealthy.monitor import alerts, windows
from behealthy.registry import releases
from behealthy.registry.bundle import STARTER, Model, load_model, package_folder, save_model
from behealthy.registry.catalogue import shipped_version
from behealthy.store.tables import TrainingRow

NOTES = read_corpus(Path(__file__).resolve().parents[2] / "examples" / "notes", "brat").documents[30:60]
KEY = "training:t_1:approval"


@pytest.fixture
def asking(system: System, monkeypatch: pytest.MonkeyPatch) -> System:
    """A system that asks a person, and whose gate has just said that the candidate of ``t_1`` is to be promoted."""
    monkeypatch.setattr("behealthy.flows.rollout._mirrored", lambda *_: "the registry is away")
    rollout.served(system)
    shipped = load_model(package_folder(STARTER))
    fresh = system.settings.models / "fresh"
    fresh.parent.mkdir(parents=True, exist_ok=True)
    save_model(fresh, shipped.weights, {**shipped.facts, "name": "learned"})
    candidate = load_model(fresh).version
    fresh.rename(system.settings.models / candidate)
    import_gold(system, NOTES, source="a", by="ann")
    taken = snapshots.take(system.database, system.vault, now=system.now())
    with system.database.write() as session:
        session.add(
            TrainingRow(
                id="t_1", trigger="gold", requested_by="watch", reason="", state="running", stage="register",
                started_at=system.now(), snapshot_id=taken.id, candidate=candidate, champion=shipped_version(),
                verdict="promote", reasons=["it is better"],
            )
        )  # fmt: skip
    folder = TrainingFolder.of(system, "t_1")
    folder.write_json(folder.dossier, {"approver": "gate"})
    return replace(system, settings=replace(system.settings, promotion="ask"))


def candidate_of(system: System) -> str:
    with system.database.read() as session:
        return str(session.get_one(TrainingRow, "t_1").candidate)


def state(system: System) -> tuple[str, str | None]:
    with system.database.read() as session:
        found = approval.states(session, session.scalars(select(TrainingRow)).all())["t_1"]
    return found.state, found.by


def waiting_alerts(system: System) -> list[str]:
    with system.database.read() as session:
        return [row.title for row in alerts.listed(session, state=alerts.OPEN) if row.key == KEY]


def test_what_the_gate_promotes_is_served_by_itself_where_nobody_is_to_be_asked(asking: System) -> None:
    automatic = replace(asking, settings=replace(asking.settings, promotion="automatic"))
    assert training.promote(automatic, "t_1") is True
    assert rollout.served(asking).version == candidate_of(asking)
    assert waiting_alerts(asking) == []


def test_a_candidate_waits_and_is_served_when_a_person_says_so(asking: System) -> None:
    version = candidate_of(asking)
    for _ in range(2):
        assert training.promote(asking, "t_1") is False
    assert training.finish(asking, "t_1")["state"] == "done"
    assert rollout.served(asking).version == shipped_version()
    assert state(asking) == ("waiting", None)
    (title,) = waiting_alerts(asking)
    assert version in title
    assert "waits for approval" in title
    with pytest.raises(NotThere):
        approval.promote(asking, "nobody-01234567", by="eve", reason="a slip", mirror=False)

    change = approval.promote(asking, version, by="eve", reason="read the dossier")
    assert (change.release.by, change.release.training_id) == ("eve", "t_1")
    assert approval.promote(asking, version, by="bob", reason="me too").release == change.release
    assert state(asking) == ("approved", "eve")
    assert waiting_alerts(asking) == []
    told = shelf.dossier(asking, version)
    assert told is not None
    assert (told["approver"], told["approval"]["state"], told["approval"]["reason"]) == (
        "eve", "approved", "read the dossier",
    )  # fmt: skip
    assert training.promote(asking, "t_1") is True
    with asking.database.read() as session:
        assert [each.action for each in releases.history(session)] == ["promote", "install"]
        reference = windows.get_reference(session, version)
    assert reference is not None
    assert reference.held_out  # what is normal for it is what the gate saw
    with pytest.raises(Conflict, match="approved"):
        approval.refuse(asking, version, by="eve", reason="too late")


def test_what_a_person_refused_is_never_served_by_itself(asking: System) -> None:
    version = candidate_of(asking)
    with pytest.raises(Conflict, match="does not wait"):
        approval.refuse(asking, version, by="eve", reason="nobody was asked yet")
    training.promote(asking, "t_1")
    for _ in range(2):
        told = approval.refuse(asking, version, by="eve", reason="misses statins")
        assert (told.state, told.by, told.reason) == ("refused", "eve", "misses statins")
    with pytest.raises(Conflict, match="refused"):
        approval.refuse(asking, version, by="bob", reason="me too")
    assert waiting_alerts(asking) == []
    automatic = replace(asking, settings=replace(asking.settings, promotion="automatic"))
    for system in (asking, automatic):
        assert training.promote(system, "t_1") is False
    assert rollout.served(asking).version == shipped_version()
    shown = shelf.dossier(asking, version)
    assert shown is not None
    assert (shown["approver"], shown["approval"]["reason"]) == ("eve", "misses statins")


def test_who_was_judged_against_another_champion_waits_no_longer(asking: System) -> None:
    version = candidate_of(asking)
    training.promote(asking, "t_1")
    with asking.database.write() as session:
        releases.promote(session, "other-01234567", by="bob", reason="", now=asking.now())
    assert state(asking) == ("passed_over", None)
    with pytest.raises(Conflict, match="passed_over"):
        approval.refuse(asking, version, by="eve", reason="")
    with asking.database.write() as session:
        releases.rollback(session, by="bob", reason="", now=asking.now())
    assert state(asking) == ("waiting", None)


def test_what_is_refused_while_another_promotes_it_is_not_served(
    asking: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To get a version ready takes seconds, and whoever refused it in them was told that it is refused for good."""
    version = candidate_of(asking)
    training.promote(asking, "t_1")

    def refusing(path: Path) -> Model:
        approval.refuse(asking, version, by="ann", reason="its recall")
        return load_model(path)

    monkeypatch.setattr(rollout, "load_model", refusing)
    with pytest.raises(Conflict, match="refused meanwhile"):
        approval.promote(asking, version, by="bob", reason="read the dossier", mirror=False)
    assert rollout.served(asking).version == shipped_version()
    assert state(asking) == ("refused", "ann")

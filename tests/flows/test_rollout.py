"""What is served is changed whether or not the registry can be reached, and the registry is told when it can."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from behealthy.errors import Conflict, DamagedBundle, TrackingError
from behealthy.flows import rollout, training
from behealthy.flows.system import System
from behealthy.flows.workbench import change
from behealthy.registry import releases
from behealthy.registry.bundle import STARTER, package_folder
from behealthy.registry.catalogue import Catalogue, shipped_version
from behealthy.registry.folder import read_folder, write_folder
from behealthy.settings import Settings
from behealthy.store.tables import AuditRow

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


@pytest.fixture
def here(tmp_path: Path) -> Settings:
    return Settings.from_environment({"BEHEALTHY_HOME": str(tmp_path / "home")})


@pytest.fixture
def system(here: Settings) -> Iterator[System]:
    """A system whose registry is away."""
    opened = System.open(replace(here, tracking_uri="http://127.0.0.1:9"), lambda: NOW)
    yield opened
    opened.close()


def made(settings: Settings, name: str) -> str:
    """The shipped model under another name, which makes it another version."""
    folder = read_folder(package_folder(STARTER), "model")
    write_folder(settings.models / name, "model", folder.arrays, {**folder.meta, "name": name}, folder.texts)
    return f"{name}-{read_folder(settings.models / name, 'model').seal[:8]}"


def test_the_shipped_model_is_served_at_first(system: System) -> None:
    first = rollout.served(system)
    assert (first.version, first.action) == (shipped_version(), "install")
    assert rollout.served(system) == first


def test_without_the_registry_one_goes_forth_and_back_and_it_is_told_later(system: System, here: Settings) -> None:
    version = made(here, "ours")
    forth = rollout.promote(system, version, by="op", reason="by hand")
    assert forth.release.version == version
    assert "127.0.0.1:9" in str(forth.not_mirrored)
    assert rollout.promote(system, version, by="op", reason="twice").release == forth.release
    back = System(here, system.database, system.vault, system.now)
    assert rollout.reconcile(back) is None
    catalogue = Catalogue.of(here)
    assert catalogue.aliases() == {"champion": version, "previous": shipped_version()}
    assert rollout.rollback(system, by="op", reason="worse").release.version == shipped_version()
    assert catalogue.aliases()["champion"] == version  # not told yet
    assert rollout.reconcile(back) is None
    assert catalogue.aliases() == {"champion": shipped_version()}
    with pytest.raises(Conflict):
        rollout.rollback(system, by="op", reason="again")


def test_a_version_that_is_not_to_be_had_is_not_served(system: System) -> None:
    first = rollout.served(system)
    with pytest.raises(TrackingError):
        rollout.promote(system, "nobody-01234567", by="op", reason="?")
    assert rollout.served(system) == first


def test_a_bundle_that_was_changed_is_not_served(system: System, here: Settings) -> None:
    version = made(here, "ours")
    (table,) = here.models.glob("ours/table_0.npy")
    content = table.read_bytes()
    table.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(DamagedBundle):
        rollout.promote(system, version, by="op", reason="?")
    with system.database.read() as session:
        assert releases.current(session) is None


def test_what_was_released_meanwhile_is_not_replaced_unseen(
    system: System, here: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    candidate, other = made(here, "ours"), made(here, "theirs")
    rollout.served(system)

    def meanwhile(*_: object) -> None:
        with system.database.write() as session:
            releases.promote(session, other, by="op", reason="by hand", now=NOW)

    monkeypatch.setattr(rollout, "_make_reference", meanwhile)
    with pytest.raises(Conflict):
        rollout.promote(system, candidate, by="gate", reason="better", over=shipped_version())
    assert rollout.served(system).version == other


def test_what_was_taken_back_is_not_served_again_by_a_step_that_is_done_twice(system: System, here: Settings) -> None:
    candidate = made(here, "ours")
    champion = rollout.served(system).version
    training.request(system, training.Request("t_1", "person", "op", "?"))
    with system.database.write() as session:
        change(session, "t_1", champion=champion, candidate=candidate, verdict="promote", reasons=["better"])
        releases.promote(session, candidate, by="gate", reason="better", now=NOW, training_id="t_1")
    assert training.promote(system, "t_1")
    with system.database.write() as session:
        releases.rollback(session, by="op", reason="worse", now=NOW)
    assert not training.promote(system, "t_1")
    assert rollout.served(system).version == champion


@pytest.mark.parametrize("forth", [True, False])
def test_of_two_operators_at_once_one_is_told_of_the_other(
    system: System, here: Settings, forth: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = (made(here, name) for name in ("one", "two", "three"))
    for version in (first, second):
        rollout.promote(system, version, by="ann", reason="r", mirror=False)
    load, others = rollout.load_model, iter([third])

    def meanwhile(path: Path) -> object:
        for version in others:  # once, while the first of the two is at it
            rollout.promote(system, version, by="bob", reason="r", mirror=False)
        return load(path)

    monkeypatch.setattr(rollout, "load_model", meanwhile)
    change = partial(rollout.promote, version=first) if forth else rollout.rollback
    with pytest.raises(Conflict, match="by bob"):
        change(system, by="ann", reason="r", mirror=False)
    with system.database.read() as session:
        assert [r.version for r in releases.history(session)][:3] == [third, second, first]
        acts = session.execute(select(AuditRow.actor, AuditRow.action)).all()
    assert [tuple(act) for act in acts] == [("ann", "promote"), ("ann", "promote"), ("bob", "promote")]

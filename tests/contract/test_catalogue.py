"""One contract for the catalogue of models, over a registry in a file and over a real server."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from behealthy.errors import DamagedBundle, ForeignBundle, NotThere, TrackingError
from behealthy.learn.tracking import Recording, Tracker
from behealthy.registry.bundle import STARTER, package_folder
from behealthy.registry.catalogue import ALIASES, Catalogue, shipped_version
from behealthy.registry.folder import read_folder, write_folder


@pytest.fixture
def server(mlflow_server: tuple[str, Path]) -> str:
    return mlflow_server[0]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('registry') / 'mlflow.db'}"


@pytest.fixture(params=["file", "server"])
def catalogue(request: pytest.FixtureRequest, tmp_path: Path) -> Catalogue:
    """A catalogue of its own name, so that no test sees what another registered."""
    uri = request.getfixturevalue(request.param)
    return Catalogue(uri, tmp_path / "models", tmp_path / "artifacts", name=f"behealthy-{tmp_path.name}")


def bundle(path: Path, name: str) -> tuple[Path, str]:
    """The shipped model under another name, which makes it another version."""
    folder = read_folder(package_folder(STARTER), "model")
    arrays = {key: array for key, array in folder.arrays.items() if key == "transitions_0"}
    write_folder(path / name, "model", arrays, {**folder.meta, "name": name})
    return path / name, f"{name}-{read_folder(path / name, 'model').seal[:8]}"


def test_nothing_is_there_at_first(catalogue: Catalogue) -> None:
    assert catalogue.versions() == []
    assert catalogue.aliases() == {}
    with pytest.raises(NotThere, match="no version nobody"):
        catalogue.get("nobody")
    with pytest.raises(NotThere):
        catalogue.fetch("nobody-01234567")
    catalogue.drop_alias("champion")


def test_what_is_registered_comes_back_whole(catalogue: Catalogue, tmp_path: Path) -> None:
    path, version = bundle(tmp_path, "one")
    entry = catalogue.register(path, tags={"documents": "7"})
    assert (entry.version, entry.number, entry.aliases) == (version, "1", ())
    assert entry.tags["documents"] == "7"
    assert entry.run_id
    kept = {file.name: file.read_bytes() for file in path.iterdir()}
    shutil.rmtree(path)
    assert catalogue.at_hand(version) is None
    fetched = catalogue.fetch(version)
    assert fetched == catalogue.models / version
    assert {file.name: file.read_bytes() for file in fetched.iterdir()} == kept
    assert catalogue.fetch(version) == fetched
    assert [p.name for p in catalogue.models.iterdir()] == [version]


def test_what_is_not_whole_at_hand_is_fetched_anew(catalogue: Catalogue, tmp_path: Path) -> None:
    path, version = bundle(tmp_path, "one")
    catalogue.register(path)
    shutil.rmtree(path)
    cut = catalogue.fetch(version) / "transitions_0.npy"
    cut.write_bytes(cut.read_bytes()[:-1])
    assert catalogue.at_hand(version) is None
    assert read_folder(catalogue.fetch(version), "model").meta["name"] == "one"
    assert [p.name for p in catalogue.models.iterdir()] == [version]


def test_the_same_bundle_twice_is_one_version(catalogue: Catalogue, tmp_path: Path) -> None:
    path, version = bundle(tmp_path, "one")
    first = catalogue.register(path, tags={"verdict": "keep"})
    again = catalogue.register(path, tags={"verdict": "promote", "documents": "7"})
    assert again.number == first.number
    assert again.tags["verdict"] == "promote"
    assert [entry.version for entry in catalogue.versions()] == [version]


def test_a_bundle_is_kept_under_the_run_it_came_of(catalogue: Catalogue, tmp_path: Path) -> None:
    path, version = bundle(tmp_path, "one")
    with Recording(Tracker(catalogue.uri, tmp_path / "artifacts"), "training") as record:
        record.tags({"model": version})
    assert record.failure is None
    assert catalogue.register(path, run_id=record.run_id).run_id == record.run_id
    shutil.rmtree(path)
    assert catalogue.fetch(version).is_dir()


def test_aliases_move(catalogue: Catalogue, tmp_path: Path) -> None:
    versions = []
    for name in ("one", "two"):
        path, version = bundle(tmp_path, name)
        catalogue.register(path)
        versions.append(version)
    one, two = versions
    for alias in ALIASES:
        catalogue.set_alias(alias, one)
    assert catalogue.get(one).aliases == tuple(sorted(ALIASES))
    catalogue.set_alias("champion", two)
    catalogue.drop_alias("challenger")
    assert catalogue.aliases() == {"champion": two, "previous": one}
    assert [entry.number for entry in catalogue.versions()] == ["2", "1"]
    with pytest.raises(NotThere):
        catalogue.set_alias("champion", "nobody")


def test_what_was_changed_in_the_registry_is_not_believed(catalogue: Catalogue, tmp_path: Path) -> None:
    from behealthy.registry.connection import client

    path, version = bundle(tmp_path, "one")
    entry = catalogue.register(path)
    other, _ = bundle(tmp_path / "x", "two")
    client(catalogue.uri).log_artifacts(entry.run_id, str(other), "model")
    shutil.rmtree(path)
    with pytest.raises(DamagedBundle, match="another seal"):
        catalogue.fetch(version)
    assert list(catalogue.models.iterdir()) == []


def test_what_is_no_bundle_is_not_registered(catalogue: Catalogue, tmp_path: Path) -> None:
    with pytest.raises(ForeignBundle):
        catalogue.register(tmp_path)
    assert catalogue.versions() == []


def test_the_shipped_model_needs_no_registry(tmp_path: Path) -> None:
    away = Catalogue("http://127.0.0.1:9", tmp_path, tmp_path)
    assert away.fetch(shipped_version()) == package_folder(STARTER)


def test_a_model_that_was_trained_by_hand_is_found_by_its_version(tmp_path: Path) -> None:
    models = tmp_path / "models"
    path, version = bundle(models, "ours")
    away = Catalogue("http://127.0.0.1:9", models, tmp_path)
    assert away.fetch(version) == path


def test_a_registry_that_is_away_is_said_so_and_keeps_the_password(tmp_path: Path) -> None:
    away = Catalogue("http://ann:hush@127.0.0.1:9", tmp_path, tmp_path)
    path, _ = bundle(tmp_path, "one")
    calls = (
        away.versions,
        away.aliases,
        lambda: away.get("x"),
        lambda: away.fetch("x-01234567"),
        lambda: away.register(path),
        lambda: away.set_alias("champion", "x"),
        lambda: away.drop_alias("champion"),
    )
    for call in calls:
        with pytest.raises(TrackingError, match=r"127\.0\.0\.1:9") as caught:
            call()
        assert "hush" not in str(caught.value)
    assert "hush" not in repr(replace(away, name="x"))

"""The catalogue of models in MLflow's registry: which versions there are, what is known of each, and their bundles.

A version is named as everywhere (``<name>-<seal8>``); MLflow's own number is only shown. A bundle that comes out of the
registry is believed by its seal alone. The aliases mirror `registry.releases`, which decide. What MLflow raises is a
`TrackingError`. This module refuses to decide what is served.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from behealthy.errors import BundleError, DamagedBundle, NotThere
from behealthy.registry.bundle import KIND, STARTER, package_folder
from behealthy.registry.connection import client, experiment, mapped
from behealthy.registry.folder import put, read_folder
from behealthy.settings import Settings

Alias = Literal["champion", "challenger", "previous"]
ALIASES: tuple[Alias, ...] = ("champion", "challenger", "previous")

NAME = "behealthy"
ARTIFACT = "model"  # folder of the bundle among a run's artifacts
_PAGE = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """One version in the registry.

    Attributes
    ----------
    number : str
        MLflow's own count, only to be shown.
    tags : mapping of str to str
        What was known when it was registered: ``seal``, ``training_id``, ``verdict``, ``documents``, ``data_hash``,
        ``size_bytes``, ``notes_per_s``, ``strict_f1`` and the like.
    """

    version: str
    number: str
    run_id: str | None
    created_at: datetime
    tags: Mapping[str, str]
    aliases: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Give the entry as plain values."""
        return {
            "version": self.version,
            "number": self.number,
            "run_id": self.run_id,
            "created_at": self.created_at.isoformat(),
            "tags": dict(self.tags),
            "aliases": list(self.aliases),
        }


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The registered model `NAME` of one registry, and the folder in which its bundles lie once they are fetched.

    Attributes
    ----------
    uri : str
        A database (``sqlite:///...``) or a server (``https://...``); may carry a password.
    models : Path
        Bundles by version; filled from the registry as they are asked for.
    artifacts : Path
        Where the registry keeps bundles when it is a database.
    """

    uri: str = field(repr=False)
    models: Path
    artifacts: Path
    name: str = NAME

    @classmethod
    def of(cls, settings: Settings) -> Catalogue:
        """When called, it will give the catalogue that the settings name."""
        return cls(settings.tracking_uri, settings.models, settings.home / "mlartifacts")

    def versions(self) -> list[Entry]:
        """When called, it will give all versions, the newest first; none where nothing was ever registered.

        Raises
        ------
        TrackingError
        """
        with mapped(self.uri):
            return self._entries(client(self.uri))

    def get(self, version: str) -> Entry:
        """When called, it will give one version.

        Raises
        ------
        NotThere, TrackingError
        """
        found = next((entry for entry in self.versions() if entry.version == version), None)
        if found is None:
            raise NotThere(f"the registry has no version {version}")
        return found

    def register(self, path: Path, *, run_id: str | None = None, tags: Mapping[str, str] | None = None) -> Entry:
        """When called, it will put a bundle into the registry; one that is there gets the tags and stays as it is.

        Parameters
        ----------
        path : Path
            The bundle's folder.
        run_id : str, optional
            The run it came of, under which the bundle is kept; by default a run of its own is made.
        tags : mapping of str to str, optional
            What shall be shown beside the version.

        Raises
        ------
        TrackingError
        BundleError
            When the folder is no whole bundle.
        """
        folder = read_folder(path, KIND)
        version = _version(folder.meta, folder.seal)
        known = {**(tags or {}), "version": version, "seal": folder.seal}
        with mapped(self.uri):
            mlflow = client(self.uri)
            there = next((entry for entry in self._entries(mlflow) if entry.version == version), None)
            if there is None:
                self._create(mlflow, path, run_id, known)
            else:
                for key, value in known.items():
                    if there.tags.get(key) != value:
                        mlflow.set_model_version_tag(self.name, there.number, key, value)
        return self.get(version)

    def _create(self, mlflow: Any, path: Path, run_id: str | None, tags: Mapping[str, str]) -> None:
        run = mlflow.get_run(run_id) if run_id else self._run(mlflow, tags["version"])
        kept = {Path(file.path).name: file.file_size for file in mlflow.list_artifacts(run.info.run_id, ARTIFACT)}
        if kept != {file.name: file.stat().st_size for file in path.iterdir()}:
            mlflow.log_artifacts(run.info.run_id, str(path), ARTIFACT)
        if not run_id:
            mlflow.set_terminated(run.info.run_id)
        if not mlflow.search_registered_models(f"name = '{self.name}'"):
            mlflow.create_registered_model(self.name)
        source = f"{run.info.artifact_uri}/{ARTIFACT}"
        # The tags go in with the version itself: one without its name would belong to nobody.
        mlflow.create_model_version(self.name, source, run.info.run_id, tags=dict(tags))

    def _run(self, mlflow: Any, version: str) -> Any:
        return mlflow.create_run(experiment(mlflow, self.uri, self.name, self.artifacts), run_name=version)

    def fetch(self, version: str) -> Path:
        """When called, it will give the folder of a version's bundle, from the registry where it is not at hand.

        Raises
        ------
        NotThere
            When neither the folder nor the registry has it.
        DamagedBundle
            When what the registry gave is not the bundle of this version.
        TrackingError
        """
        at_hand = self.at_hand(version)
        if at_hand is not None:
            return at_hand
        entry = self.get(version)
        self.models.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{version}.", suffix=".new", dir=self.models))
        try:
            with mapped(self.uri):
                client(self.uri).download_artifacts(entry.run_id, ARTIFACT, str(fresh))
            folder = read_folder(fresh / ARTIFACT, KIND)
            if folder.seal != entry.tags.get("seal") or _version(folder.meta, folder.seal) != version:
                raise DamagedBundle(version, "what the registry gave carries another seal")
            place = self.models / version
            if self.at_hand(version) is None:  # another process may have been faster
                put(fresh / ARTIFACT, place)  # where one lies that is not whole, as after a full disk, it goes
            return self.at_hand(version) or place
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    def bring(self, run_id: str, name: str, place: Path) -> None:
        """When called, it will put a file of a run in its place here, whole or not at all.

        Raises
        ------
        TrackingError
            When the registry is away or the run has no such file.
        """
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{name}.", dir=place.parent) as fresh, mapped(self.uri):
            Path(client(self.uri).download_artifacts(run_id, name, fresh)).replace(place)

    def at_hand(self, version: str) -> Path | None:
        """When called, it will give the folder of a version that need not be downloaded, None where there is none."""
        usual = self.models / version
        others = sorted(self.models.iterdir()) if self.models.is_dir() else []
        named = [p for p in others if not p.name.startswith(".") and version.startswith(f"{p.name}-")]
        for path in (usual, *named, package_folder(STARTER)):
            if path.is_dir() and _version_at(path) == version:
                return path
        return None

    def set_alias(self, alias: Alias, version: str) -> None:
        """When called, it will let an alias mean a version that is registered.

        Raises
        ------
        NotThere, TrackingError
        """
        number = self.get(version).number
        with mapped(self.uri):
            client(self.uri).set_registered_model_alias(self.name, alias, number)

    def drop_alias(self, alias: Alias) -> None:
        """When called, it will let an alias mean nothing.

        Raises
        ------
        TrackingError
        """
        if alias in self.aliases():
            with mapped(self.uri):
                client(self.uri).delete_registered_model_alias(self.name, alias)

    def aliases(self) -> dict[str, str]:
        """When called, it will give the version of each alias.

        Raises
        ------
        TrackingError
        """
        return {alias: entry.version for entry in self.versions() for alias in entry.aliases}

    def _entries(self, mlflow: Any) -> list[Entry]:
        models = mlflow.search_registered_models(f"name = '{self.name}'")
        if not models:
            return []
        aliases: dict[str, list[str]] = {}
        for alias, number in mlflow.get_registered_model(self.name).aliases.items():
            aliases.setdefault(str(number), []).append(alias)
        found: list[Any] = []
        token: str | None = None
        while token is None or token:
            page = mlflow.search_model_versions(f"name = '{self.name}'", max_results=_PAGE, page_token=token or None)
            found += page
            token = page.token or ""
        found.sort(key=lambda row: -int(row.version))
        return [_entry(row, tuple(sorted(aliases.get(str(row.version), ())))) for row in found]


def shipped_version() -> str:
    """When called, it will give the version of the model that ships with the package."""
    version = _version_at(package_folder(STARTER))
    if version is None:
        raise DamagedBundle(package_folder(STARTER), "the shipped model is not whole")
    return version


def _version_at(path: Path) -> str | None:
    try:
        folder = read_folder(path, KIND, verify=False)  # whoever loads it looks at the hashes
    except BundleError:
        return None
    return _version(folder.meta, folder.seal)


def _version(meta: Mapping[str, Any], seal: str) -> str:
    return f"{meta.get('name')}-{seal[:8]}"


def _entry(row: Any, aliases: tuple[str, ...]) -> Entry:
    tags = dict(row.tags)
    created = datetime.fromtimestamp(row.creation_timestamp / 1000, UTC)
    return Entry(
        tags.get("version", f"{row.name}-{row.version}"), str(row.version), row.run_id or None, created, tags, aliases
    )

"""The versions of the model that there are, as people look at them: figures, data, cost, and which is served.

What is known comes from the bundles at hand, the trainings' dossiers and the releases, so that the list is there when
the registry is not; the registry adds its own number and what it alone knows. Nothing is loaded or judged here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from behealthy.errors import BundleError, NotThere
from behealthy.flows import approval
from behealthy.flows.rollout import reconcile
from behealthy.flows.system import System
from behealthy.flows.workbench import TrainingFolder
from behealthy.registry import releases
from behealthy.registry.bundle import KIND, STARTER, package_folder
from behealthy.registry.catalogue import Catalogue, shipped_version
from behealthy.registry.folder import MANIFEST, read_folder
from behealthy.store.tables import ReleaseRow, TrainingRow

Facts = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What there is to say of one version.

    Attributes
    ----------
    number : str or None
        The registry's own count, where the registry could be asked.
    created_at : datetime or None
        When its training ended; of one that was not trained here, since when it is known to be there. None for the
        shipped one, which is as old as the package.
    figures : mapping
        `learn.evaluate.Report.to_json`: on the frozen test notes for candidates, else as its trainer measured.
    """

    version: str
    number: str | None = None
    aliases: tuple[str, ...] = ()
    created_at: datetime | None = None
    figures: Mapping[str, Any] = field(default_factory=dict)
    documents: int | None = None
    data_hash: str | None = None
    size_bytes: int | None = None
    notes_per_s: float | None = None
    run_id: str | None = None
    training_id: str | None = None
    serving: bool = False
    shipped: bool = False


def versions(system: System, registered: Mapping[str, Facts] | None = None) -> list[Version]:
    """When called, it will give all versions, the newest first, the shipped one last.

    Parameters
    ----------
    registered : mapping of str to dict, optional
        What the registry says, by version, as `registered_versions` gives it.
    """
    known = registered or {}
    with system.database.read() as session:
        current = releases.current(session)
        rows = session.scalars(select(TrainingRow).where(TrainingRow.candidate.is_not(None))).all()
        first_served = select(ReleaseRow.version, func.min(ReleaseRow.at)).group_by(ReleaseRow.version)
        released = dict(session.execute(first_served).all())
    trained = {row.candidate: row for row in sorted(rows, key=lambda r: r.started_at) if row.candidate}
    shipped = shipped_version()
    serving = shipped if current is None else current.version
    previous = None if current is None else current.previous
    folders = _folders(system.settings.models)
    names = dict.fromkeys([*sorted(trained, key=lambda v: trained[v].started_at, reverse=True), *known, *folders])
    names.pop(shipped, None)
    out = []
    for name in (*names, shipped):
        aliases = {"champion": serving, "previous": previous}
        own = [alias for alias, version in aliases.items() if version == name]
        more = [a for a in known.get(name, {}).get("aliases", ()) if a == "challenger" and name != serving]
        bundle, training, entry = folders.get(name), trained.get(name), known.get(name, {})
        facts = _facts(system, bundle, training, entry)
        created = None if name == shipped else _created(bundle, training, entry, released.get(name))
        facts |= {"serving": name == serving, "shipped": name == shipped, "created_at": created}
        out.append(Version(version=name, aliases=(*own, *more), **facts))
    return out


def version(system: System, name: str, registered: Mapping[str, Facts] | None = None) -> Version:
    """When called, it will give one version.

    Raises
    ------
    NotThere
    """
    found = next((each for each in versions(system, registered) if each.version == name), None)
    if found is None:
        raise NotThere(f"there is no version {name}")
    return found


def dossier(system: System, name: str) -> Facts | None:
    """When called, it will give the dossier of a version with what became of its approval; None when it lies elsewhere.

    Raises
    ------
    NotThere
        When the version came of no training, or its gate has not judged yet.
    """
    with system.database.read() as session:
        row = _judged(session, name)
        asked = approval.states(session, [row]).get(row.id)
    folder = TrainingFolder.of(system, row.id)
    if not folder.dossier.is_file():
        return None
    told: Facts = folder.read_json(folder.dossier)
    approver = asked.by if asked is not None and asked.by else told["approver"]
    return {**told, "approver": approver, "approval": None if asked is None else asked.to_json()}


def bring_dossier(system: System, facts: Facts) -> Facts:
    """When called, it will bring a dossier from the registry that another machine wrote; a part to be done apart.

    Raises
    ------
    NotThere, TrackingError
        When it was never put there, or the registry is away.
    """
    with system.database.read() as session:
        row = _judged(session, facts["version"])
    if row.run_id is None:
        raise NotThere(f"the dossier of {facts['version']} lies on the machine that trained it, and nowhere else yet")
    folder = TrainingFolder.of(system, row.id)
    Catalogue.of(system.settings).bring(row.run_id, folder.dossier.name, folder.dossier)
    return {}


def _judged(session: Session, name: str) -> TrainingRow:
    mine = select(TrainingRow).where(TrainingRow.candidate == name, TrainingRow.verdict.is_not(None))
    row = session.scalar(mine.order_by(TrainingRow.started_at.desc()).limit(1))
    if row is None:
        raise NotThere(f"version {name} has no dossier: no gate has judged it")
    return row


def registered_versions(system: System, _: Facts) -> Facts:
    """When called, it will let the registry mirror what is served and give its versions; a part to be done apart.

    Raises
    ------
    TrackingError
    """
    reconcile(system)
    return {entry.version: entry.to_json() for entry in Catalogue.of(system.settings).versions()}


def _folders(models: Path) -> dict[str, Facts]:
    """Give what the bundles at hand say of themselves, by version; what is no whole bundle, or not yet, is left out."""
    there = sorted(models.iterdir()) if models.is_dir() else ()
    paths = [package_folder(STARTER), *(p for p in there if p.is_dir() and not p.name.startswith("."))]
    out = {}
    for path in paths:
        try:
            folder = read_folder(path, KIND, verify=False)
            size = sum(file.stat().st_size for file in path.iterdir() if file.is_file())
            written = datetime.fromtimestamp((path / MANIFEST).stat().st_mtime, UTC)
        except (BundleError, OSError):  # it may be on its way to another place just now
            continue
        facts = {**folder.meta, "size_bytes": size, "written_at": written}
        out[f"{folder.meta.get('name')}-{folder.seal[:8]}"] = facts
    return out


def _facts(system: System, bundle: Facts | None, training: TrainingRow | None, entry: Mapping[str, Any]) -> Facts:
    tags, bundle = entry.get("tags", {}), bundle or {}
    told: Facts = {}
    if training is not None:
        folder = TrainingFolder.of(system, training.id)
        told = folder.read_json(folder.dossier) if folder.dossier.is_file() else {}
    own, data = told.get("candidate", {}), bundle.get("data", {})
    return {
        "number": entry.get("number"),
        "figures": own.get("figures") or bundle.get("metrics") or _figures(tags),
        "documents": data.get("documents") or _number(tags.get("documents")),
        "data_hash": data.get("hash") or tags.get("data_hash"),
        "size_bytes": bundle.get("size_bytes") or _number(tags.get("size_bytes")),
        "notes_per_s": own.get("notes_per_s"),
        "run_id": entry.get("run_id") or (training and training.run_id),
        "training_id": training and training.id,
    }


def _created(
    bundle: Facts | None, training: TrainingRow | None, entry: Mapping[str, Any], released: datetime | None
) -> datetime | None:
    if training is not None:
        return training.ended_at or training.started_at
    registered = datetime.fromisoformat(entry["created_at"]) if "created_at" in entry else None
    written = None if bundle is None else bundle["written_at"]
    return min((at for at in (registered, written, released) if at is not None), default=None)


def _figures(tags: Mapping[str, str]) -> Facts:
    """Give what the registry knows of the figures, where neither bundle nor dossier is at hand."""
    number = {name: float(tags[name]) for name in _TOLD if tags.get(name)}
    if "strict_f1" not in number:
        return {}
    low, high = number.get("strict_f1_low"), number.get("strict_f1_high")
    strict = {"f1": number["strict_f1"], "interval": None if low is None or high is None else [low, high]}
    relaxed = {"relaxed": {"f1": number["relaxed_f1"]}} if "relaxed_f1" in number else {}
    return {"micro": {"strict": strict, **relaxed}}


_TOLD = ("strict_f1", "strict_f1_low", "strict_f1_high", "relaxed_f1")


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() else None

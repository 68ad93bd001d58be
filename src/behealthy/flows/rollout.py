"""What is served, changed: a version is put in the champion's place, or the one before it comes back.

The newest row of the releases decides; the registry's aliases mirror it. They are set first, and where the registry is
away the row is written all the same and `reconcile` sets them later: whoever must go back must be able to. This module
refuses to serve a version whose bundle is not at hand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from behealthy.data import snapshot as snapshots
from behealthy.data.lineage import seen
from behealthy.errors import Conflict, NotThere, TrackingError
from behealthy.flows import reference
from behealthy.flows.system import System
from behealthy.monitor import logs, windows
from behealthy.registry import releases
from behealthy.registry.bundle import load, load_model
from behealthy.registry.catalogue import Catalogue, shipped_version
from behealthy.registry.releases import Release
from behealthy.store import audit

INSTALLER = "setup"


@dataclass(frozen=True, slots=True)
class Change:
    """What is served now, and why the registry does not mirror it yet, where it does not."""

    release: Release
    not_mirrored: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Give the change as plain values."""
        return {**self.release.to_json(), "not_mirrored": self.not_mirrored}


def served(system: System) -> Release:
    """When called, it will give what is served; at the very first that is the shipped model."""
    with system.database.read() as session:
        there = releases.current(session)
    return there or install(system, shipped_version(), reason="the model that ships with the package")


def held(system: System) -> int | None:
    """When called, it will give the number of the release that holds, None where nothing was ever released."""
    with system.database.read() as session:
        there = releases.current(session)
    return None if there is None else there.number


def install(system: System, version: str, *, reason: str, by: str = INSTALLER) -> Release:
    """When called, it will serve a version where nothing was served before; the registry hears of it by `reconcile`.

    Raises
    ------
    NotThere, BundleError, TrackingError
        When the bundle is not to be had.
    """
    load_model(Catalogue.of(system.settings).fetch(version))
    with system.database.write() as session:
        return releases.install(session, version, by=by, reason=reason, now=system.now())


def promote(
    system: System,
    version: str,
    *,
    by: str,
    reason: str,
    training_id: str | None = None,
    over: str | None = None,
    seen: int | None = None,
    mirror: bool = True,
    request_id: str = "",
    check: Callable[[Session], None] = lambda _: None,
) -> Change:
    """When called, it will serve a version from now on; twice is once.

    What is normal for it is written down first, so that the watch has something to hold its notes against.

    Parameters
    ----------
    over : str, optional
        The one version in whose place it may come; by default the one that is served when this is called.
    seen : int, optional
        The number of the release in whose place it may come, where that was looked at before.
    mirror : bool
        Whether to tell the registry at once, which takes seconds where MLflow is not loaded; else `reconcile` will.
    check : callable, optional
        Asked once nothing else can be released before this is; raises where it must not be any more.

    Raises
    ------
    NotThere, BundleError
        When there is no such version, or its bundle is not whole.
    Conflict
        When neither it nor what it may replace is served by now.
    TrackingError
        When its bundle must be fetched and the registry is away.
    """
    seen = held(system) if seen is None else seen
    path = Catalogue.of(system.settings).fetch(version)
    load_model(path)
    _make_reference(system, version, path)
    before = served(system)
    previous = before.previous if before.version == version else before.version
    failure = _mirrored(system, version, previous) if mirror else None
    with system.database.write() as session:
        there = releases.held(session) or before
        check(session)
        if over is not None and there.version not in (over, version):
            raise Conflict(f"{there.version} was released meanwhile")  # `reconcile` mends the aliases
        expected = there.number if over is not None else before.number if seen is None else seen
        release = releases.promote(
            session, version, by=by, reason=reason, now=system.now(), training_id=training_id, seen=expected
        )
        if release.number != there.number:
            _record(system, session, by, "promote", f"model:{version}", request_id)
    if release.number != there.number:
        _log(release)
    return Change(release, failure)


def rollback(
    system: System, *, by: str, reason: str, instead_of: str | None = None, mirror: bool = True, request_id: str = ""
) -> Change:
    """When called, it will serve again what was served before; `mirror` as in `promote`.

    Parameters
    ----------
    instead_of : str, optional
        The version that must be served now: of two people who go back at once, one does.

    Raises
    ------
    Conflict
        When nothing was, or another version is served by now.
    NotThere, BundleError, TrackingError
        When its bundle is not to be had.
    """
    before = served(system)
    previous = before.previous
    if instead_of not in (None, before.version):
        raise Conflict(f"{before.version} is served by now, not {instead_of}")
    if previous is None:
        raise Conflict("there is no version before the one that is served")
    load_model(Catalogue.of(system.settings).fetch(previous))
    with system.database.write() as session:
        release = releases.rollback(session, by=by, reason=reason, now=system.now(), seen=before.number)
        _record(system, session, by, "roll back", f"model:{release.version}", request_id)
    _log(release)
    return Change(release, reconcile(system) if mirror else None)


def _log(release: Release) -> None:
    """Log what is served from now on."""
    logs.event(
        "flows.rollout",
        "model-released",
        how=release.action,
        version=release.version,
        previous=release.previous,
        by=release.by,
        training=release.training_id,
    )


def _record(system: System, session: Session, by: str, action: str, object: str, request_id: str) -> None:
    audit.record(session, system.vault, audit.Act(by, action, object, request_id=request_id), now=system.now())


def _make_reference(system: System, version: str, path: Path) -> None:
    """Let a version read the newest snapshot's test notes, unless it did; those it has learned from say nothing."""
    with system.database.read() as session:
        if windows.get_reference(session, version) is not None:
            return
        newest = next(iter(snapshots.listed(session, 1)), None)
        held_out = [] if newest is None else snapshots.documents(session, system.vault, newest.id, snapshots.TEST)
    facts = load_model(path).facts
    reference.set_reference(system, load(path), [d for d in held_out if not seen(facts, [d])])


def reconcile(system: System) -> str | None:
    """When called, it will let the registry's aliases say what is served, and give what went wrong, None when nothing.

    Versions that the registry does not know yet are put into it.
    """
    current = served(system)
    return _mirrored(system, current.version, current.previous)


def _mirrored(system: System, champion: str, previous: str | None) -> str | None:
    catalogue = Catalogue.of(system.settings)
    try:
        aliases = catalogue.aliases()
        for alias, version in (("champion", champion), ("previous", previous)):
            if version is None:
                if alias in aliases:
                    catalogue.drop_alias("previous")
            elif aliases.get(alias) != version:
                _known(catalogue, version)
                catalogue.set_alias("champion" if alias == "champion" else "previous", version)
        if aliases.get("challenger") == champion:
            catalogue.drop_alias("challenger")
    except (TrackingError, NotThere) as exc:
        return str(exc)
    return None


def _known(catalogue: Catalogue, version: str) -> None:
    """Put a bundle that was made elsewhere into the registry: the shipped one, one trained by hand."""
    if all(entry.version != version for entry in catalogue.versions()):
        path = catalogue.at_hand(version)
        if path is not None:
            model = load_model(path)
            data = model.facts["data"]
            catalogue.register(path, tags={"documents": str(data.get("documents", "")), "data_hash": data["hash"]})

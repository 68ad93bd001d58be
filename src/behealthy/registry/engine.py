"""The engine: the model that reads notes now, and how another takes its place without a reader noticing.

What is to be served is asked of the releases; a new model is loaded beside the old one, reads a few sentences of our
own so that its tables are warm, and only then takes its place. Whoever is reading goes on with the model they began
with. The model before stays in memory, so that a rollback is one look. This module refuses to decide what is served.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from behealthy.errors import BeHealthyError, BundleError, DamagedBundle
from behealthy.extract.extractor import Extractor
from behealthy.monitor.telemetry import Observation, Observer
from behealthy.note import Code, Extraction, Note
from behealthy.registry import releases
from behealthy.registry.bundle import load
from behealthy.registry.catalogue import Catalogue, shipped_version
from behealthy.settings import Settings
from behealthy.store.session import Database

_log = logging.getLogger(__name__)

_TURN_CHARACTERS = 20_000  # after which a long batch lets others read
_LOOK_S = 0.5  # how often is asked what is to be served: one row by its key, a third of a millisecond
_AGAIN_S = 30.0  # after which what could not be loaded is tried again
_WARM_UP = (
    "ASSESSMENT AND PLAN:\n1. Type 2 diabetes, on metformin 500 mg twice daily.\n2. No chest pain today.",
    "Mother had breast cancer. Possible pneumonia, started azithromycin. Return for fever.",
)


@dataclass(frozen=True, slots=True, eq=False)
class _Wish:
    """Notes that a reader waits for, and what will be found in them."""

    notes: Sequence[Note]
    found: Future[list[Extraction]] = field(default_factory=Future)


class _Loaded:
    """One model in memory; its extractor is not safe to share, so one thread reads for all.

    It takes the wishes in the order they came, and with the first as many others as make up a turn (combining, as in
    Hendler and others 2010), since eight notes at once cost a third of eight one by one.
    """

    def __init__(self, extractor: Extractor) -> None:
        self.version = extractor.version
        self.observer = Observer(extractor)
        self._extractor = extractor
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="reader")
        self._waiting: deque[_Wish] = deque()

    def read(self, notes: Sequence[Note]) -> list[Extraction]:
        return [extraction for part in _turns(notes) for extraction in self._wish(part).result()]

    def code(self, mention: str, type: str) -> tuple[Code, ...]:
        return self._thread.submit(self._extractor.code, mention, type).result()

    def _wish(self, notes: Sequence[Note]) -> Future[list[Extraction]]:
        wish = _Wish(notes)
        self._waiting.append(wish)
        self._thread.submit(self._read_turn)
        return wish.found

    def _read_turn(self) -> None:
        """Read for those who have waited longest; nothing is left to do where an earlier turn took them along."""
        wishes, size = list[_Wish](), 0
        while self._waiting and size < _TURN_CHARACTERS:
            wishes.append(self._waiting.popleft())
            size += sum(len(note.text) for note in wishes[-1].notes)
        try:
            self._fulfil(wishes)
        except Exception:  # noqa: BLE001 - each reads for itself, so that what is wrong with one is nobody else's failure
            for wish in wishes:
                try:
                    self._fulfil([wish])
                except Exception as exc:  # noqa: BLE001 - it is raised to whoever has this wish
                    wish.found.set_exception(exc)

    def _fulfil(self, wishes: Sequence[_Wish]) -> None:
        found = iter(list(self._extractor.pipe(note for wish in wishes for note in wish.notes)))
        for wish in wishes:
            wish.found.set_result([next(found) for _ in wish.notes])


class Engine:
    """Reads notes with the model that is to be served; safe to share between threads.

    Parameters
    ----------
    database : Database
        Whose releases say what is to be served; the shipped model where none does.
    catalogue : Catalogue
        Where versions are fetched from.

    Raises
    ------
    BundleError
        When not even the shipped model can be loaded.
    StoreError
        When the database is away.
    """

    def __init__(self, database: Database, catalogue: Catalogue) -> None:
        self._database = database
        self._catalogue = catalogue
        self._swapping = threading.Lock()
        self._stopped = threading.Event()
        self._watcher: threading.Thread | None = None
        self._previous: _Loaded | None = None
        self.fault: str | None = None  # why what is to be served is not
        self._failed: tuple[str | None, float] = (None, 0.0)  # what that is, and when it was tried last
        self._shipped = shipped_version()  # asked once: it lies in a file
        self._serving = self._first()

    @classmethod
    def of(cls, settings: Settings, database: Database) -> Engine:
        """When called, it will give an engine over the models of a system."""
        return cls(database, Catalogue.of(settings))

    @property
    def version(self) -> str:
        """The version that reads now."""
        return self._serving.version

    @property
    def versions(self) -> tuple[str, ...]:
        """The versions in memory, the one that reads first."""
        return tuple(loaded.version for loaded in (self._serving, self._previous) if loaded is not None)

    def read(self, notes: Sequence[Note]) -> list[Extraction]:
        """When called, it will give what is found in each note; all of one call by the same model."""
        return self._serving.read(notes)

    def code(self, mention: str, type: str) -> tuple[Code, ...]:
        """When called, it will give the codes that a phrase may mean, the best first."""
        return self._serving.code(mention, type)

    def observe(self, note: Note, extraction: Extraction) -> Observation:
        """When called, it will give what the watch wants to know of a reading by this engine."""
        both = (self._serving, self._previous)
        loaded = next((m for m in both if m is not None and m.version == extraction.model_version), self._serving)
        return loaded.observer(note, extraction)

    def refresh(self) -> bool:
        """When called, it will look what is to be served and load it where it is not; says whether it changed.

        A model that cannot be loaded changes nothing but `fault`.

        Raises
        ------
        StoreError
            When the database is away.
        """
        with self._swapping:
            wanted = self._wanted()[0]
            if wanted == self._serving.version:
                self._mend()
                return False
            before = self._previous
            try:
                fresh = before if before is not None and before.version == wanted else self._load(wanted)
            except BeHealthyError as exc:
                self._fail(wanted, exc)
                return False
            self._mend()
            self._serving, self._previous = fresh, self._serving
            _log.info("model %s is served", wanted, extra={"model_version": wanted})
            return True

    def start(self, every_s: float = _LOOK_S) -> None:
        """When called, it will look again and again, in a thread of its own, until `stop`."""
        self._watcher = threading.Thread(target=self._watch, args=(every_s,), name="engine", daemon=True)
        self._watcher.start()

    def stop(self) -> None:
        """When called, it will look no more."""
        self._stopped.set()
        if self._watcher is not None:
            self._watcher.join()

    def _watch(self, every_s: float) -> None:
        blind = False
        while not self._stopped.wait(every_s):
            try:
                self._look()
                blind = False
            except BeHealthyError as exc:
                if not blind:  # said once, not twice a second
                    _log.warning("what is to be served cannot be seen: %s", type(exc).__name__)
                blind = True

    def _look(self) -> None:
        """Load what is to be served; what could not be loaded only after a while, anything else at once."""
        failed, failed_at = self._failed
        if failed is None or time.monotonic() - failed_at > _AGAIN_S or self._wanted()[0] != failed:
            self.refresh()

    def _wanted(self) -> tuple[str, ...]:
        """Give the version to serve, then those to fall back on."""
        with self._database.read() as session:
            release = releases.current(session)
        if release is None:
            return (self._shipped,)
        return tuple(dict.fromkeys(filter(None, (release.version, release.previous, self._shipped))))

    def _first(self) -> _Loaded:
        *others, last = self._wanted()
        for version in others:
            try:
                return self._load(version)
            except BeHealthyError as exc:
                self._fail(version, exc)
        return self._load(last)

    def _fail(self, version: str, exc: BeHealthyError) -> None:
        if self.fault is None:
            _log.error("model %s cannot be served: %s", version, exc, extra={"model_version": version})
        self.fault = f"{version} cannot be served: {exc}"
        self._failed = version, time.monotonic()

    def _mend(self) -> None:
        self.fault, self._failed = None, (None, 0.0)

    def _load(self, version: str) -> _Loaded:
        path = self._catalogue.models / version
        try:
            path = self._catalogue.fetch(version)
            loaded = _Loaded(load(path))
            notes = [Note("", text) for text in _WARM_UP]
            for note, extraction in zip(notes, loaded.read(notes), strict=True):
                loaded.observer(note, extraction)
        except BeHealthyError:
            raise
        except Exception as exc:  # a full disk, no memory: it would end whoever watches the releases
            raise BundleError(path, getattr(exc, "strerror", None) or type(exc).__name__) from exc
        if loaded.version != version:
            raise DamagedBundle(path, f"is {loaded.version}, not {version}")
        return loaded


def _turns(notes: Sequence[Note]) -> Iterator[Sequence[Note]]:
    """Cut a batch into parts that are read at one turn."""
    begin, size = 0, 0
    for i, note in enumerate(notes):
        if size and size + len(note.text) > _TURN_CHARACTERS:
            yield notes[begin:i]
            begin, size = i, 0
        size += len(note.text)
    yield notes[begin:]

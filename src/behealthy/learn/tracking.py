"""Keep what was tried: every training as a run of MLflow, from the first one on.

A run holds the recipe, which data it saw (name, hash and counts), the loss of every iteration, the figures, the model
and the version of the code. It holds no text of a note, though the model holds single words of them. A tracker that
fails ends the recording, never the training: what went wrong is kept in `Recording.failure`. MLflow takes seconds to
import, so that happens when the first run begins. This module refuses to decide what is worth keeping.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from behealthy import __version__
from behealthy.errors import TrackingError
from behealthy.learn.evaluate import Figures, Report
from behealthy.note import Extraction
from behealthy.registry.connection import client, experiment, mapped, masked

__all__ = ["DataFacts", "Recording", "Tracker", "code_version", "mapped", "masked"]

_LOSSES_AT_ONCE = 100
_SECONDS_BETWEEN_LOSSES = 10.0  # somebody may be watching
_DIGEST_LENGTH = 36  # the longest that MLflow takes


@dataclass(frozen=True, slots=True)
class Tracker:
    """Where runs are recorded.

    Attributes
    ----------
    uri : str
        A database (``sqlite:///...``) or a server (``https://...``); may carry a password.
    artifacts : Path
        Where models lie when the tracker is a database; a server keeps them itself.
    experiment : str
        The heading under which MLflow shows the runs.
    """

    uri: str = field(repr=False)
    artifacts: Path
    experiment: str = "behealthy"

    def check(self) -> None:
        """When called, it will ask the tracker for an answer, any answer.

        Raises
        ------
        TrackingError
            When MLflow cannot be imported, or the tracker does not answer.
        """
        with mapped(self.uri):
            client(self.uri).search_experiments(max_results=1)


@dataclass(frozen=True, slots=True)
class DataFacts:
    """What a run says of its documents: nothing that could be read in one of them."""

    name: str
    hash: str
    documents: int
    characters: int
    entities: Mapping[str, int]

    @classmethod
    def of(cls, name: str, hash: str, documents: Sequence[Extraction]) -> DataFacts:
        """When called, it will count documents."""
        types = sorted({e.type for d in documents for e in d.entities})
        counts = {t: sum(e.type == t for d in documents for e in d.entities) for t in types}
        return cls(name, hash, len(documents), sum(len(d.text) for d in documents), counts)

    def to_json(self) -> dict[str, Any]:
        """Give the facts as plain values."""
        return {
            "name": self.name,
            "hash": self.hash,
            "documents": self.documents,
            "characters": self.characters,
            "entities": dict(self.entities),
        }


class Recording:
    """One run while it is recorded; a context manager that also says how the run ended.

    Parameters
    ----------
    tracker : Tracker or None
        None records nothing, so that the story of a training need not ask.
    resume : str, optional
        The id of a run to go on with, where a story is told in several processes.
    keep_open : bool
        Leave a run that ended well unfinished, for somebody to go on with.

    Attributes
    ----------
    failure : TrackingError or None
        The first thing that went wrong; from then on nothing is recorded.
    run_id : str or None
    """

    def __init__(
        self, tracker: Tracker | None, name: str, *, resume: str | None = None, keep_open: bool = False
    ) -> None:
        self.failure: TrackingError | None = None
        self.run_id: str | None = None
        self._tracker = tracker
        self._name = name
        self._resume = resume
        self._keep_open = keep_open
        self._client: Any = None
        self._losses: list[tuple[str, float, int, int]] = []  # key, value, milliseconds, step
        self._sent = time.monotonic()

    def __enter__(self) -> Recording:
        if self._tracker is not None:
            with self._guarded():
                self._client = client(self._tracker.uri)
                if self._resume is not None and _revived(self._client, self._resume):
                    self.run_id = self._resume
                    return self
                heading = experiment(self._client, self._tracker.uri, self._tracker.experiment, self._tracker.artifacts)
                self.run_id = self._client.create_run(heading, run_name=self._name).info.run_id
                self.tags(code_version())
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        status = "FINISHED" if kind is None else "FAILED" if issubclass(kind, Exception) else "KILLED"
        self._send_losses()
        if self._open and not (self._keep_open and kind is None):
            with self._guarded():
                self._client.set_terminated(self.run_id, status)

    @property
    def _open(self) -> bool:
        return self.run_id is not None and self.failure is None

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Keep a failure of the tracker instead of passing it on."""
        try:
            with mapped(self._tracker.uri if self._tracker else ""):
                yield
        except TrackingError as exc:
            self.failure = self.failure or exc

    def tags(self, tags: Mapping[str, str]) -> None:
        """When called, it will put words on the run by which it can be found."""
        if self._open:
            from mlflow.entities import RunTag

            with self._guarded():
                self._client.log_batch(self.run_id, tags=[RunTag(k, v) for k, v in tags.items()])

    def parameters(self, parameters: Mapping[str, Any]) -> None:
        """When called, it will keep the choices that made the run; nested ones get dotted names."""
        if self._open:
            from mlflow.entities import Param

            with self._guarded():
                self._client.log_batch(self.run_id, params=[Param(k, v) for k, v in _flat(parameters)])

    def data(self, facts: DataFacts, context: str) -> None:
        """When called, it will name the documents that the run used, for ``training`` or for ``test``."""
        if self._open:
            from mlflow.entities import Dataset, DatasetInput, InputTag

            dataset = Dataset(
                name=facts.name,
                digest=facts.hash[:_DIGEST_LENGTH],
                source_type="local",
                source=json.dumps({"name": facts.name}),
                profile=json.dumps(facts.to_json()),
            )
            with self._guarded():
                tag = InputTag("mlflow.data.context", context)
                self._client.log_inputs(self.run_id, [DatasetInput(dataset, [tag])])

    def loss(self, stage: str, step: int, value: float) -> None:
        """When called, it will keep the loss of an iteration; they are sent many at once."""
        if self._open:
            self._losses.append((_metric_name(f"loss/{stage}"), value, _now_ms(), step))
            waited = time.monotonic() - self._sent
            if len(self._losses) >= _LOSSES_AT_ONCE or waited > _SECONDS_BETWEEN_LOSSES:
                self._send_losses()

    def figures(self, report: Report) -> None:
        """When called, it will keep the figures of an evaluation, those of all types together and of each."""
        values = {
            f"{name}/{key}": value
            for name, figures in {"micro": report.micro, **report.types}.items()
            for key, value in _figures(figures)
        }
        self._send([(_metric_name(key), value, _now_ms(), 0) for key, value in values.items()])

    def values(self, report: Mapping[str, Any], prefix: str) -> None:
        """When called, it will keep the figures of a report's plain values, under a prefix."""
        values = {
            f"{prefix}/{kind}/{match}_{part}": row[match][part]
            for kind, row in {"micro": report["micro"], **report["types"]}.items()
            for match in ("strict", "relaxed")
            for part in ("precision", "recall", "f1")
        }
        self._send([(_metric_name(key), value, _now_ms(), 0) for key, value in values.items()])

    def file(self, path: Path) -> None:
        """When called, it will keep a file under its own name."""
        if self._open:
            with self._guarded():
                self._client.log_artifact(self.run_id, str(path))

    def folder(self, path: Path, name: str) -> None:
        """When called, it will keep all files of a folder under a name."""
        if self._open:
            with self._guarded():
                self._client.log_artifacts(self.run_id, str(path), name)

    def page(self, html: str, name: str) -> None:
        """When called, it will keep a page; whoever calls it vouches that everybody may read it."""
        if self._open:
            with self._guarded():
                self._client.log_text(self.run_id, html, name)

    def _send_losses(self) -> None:
        losses, self._losses = self._losses, []
        self._send(losses)
        self._sent = time.monotonic()

    def _send(self, metrics: list[tuple[str, float, int, int]]) -> None:
        if self._open and metrics:
            from mlflow.entities import Metric

            with self._guarded():
                self._client.log_batch(self.run_id, metrics=[Metric(*m) for m in metrics])


def _revived(client: Any, run_id: str) -> bool:
    """Set a run going again; False where the tracker has lost it."""
    from mlflow.exceptions import MlflowException

    try:
        client.update_run(run_id, "RUNNING")
    except MlflowException as exc:
        if exc.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return False
    return True


def code_version() -> dict[str, str]:
    """When called, it will give the version of this package and, where it runs from a checkout, the commit."""
    out = {"behealthy.version": __version__}
    here = Path(__file__)
    if _git(here, "ls-files", "--error-unmatch", here.name) is not None:
        commit, changes = _git(here, "rev-parse", "HEAD"), _git(here, "status", "--porcelain", "--", "../..")
        if commit:
            out |= {"mlflow.source.git.commit": commit, "behealthy.changed": "yes" if changes else "no"}
    return out


def _git(file: Path, *arguments: str) -> str | None:
    """Give what git says in a file's folder; None where there is no git, or nothing that it knows."""
    try:
        run = subprocess.run(["git", *arguments], cwd=file.parent, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return run.stdout.strip() if run.returncode == 0 else None


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _figures(figures: Figures) -> Iterator[tuple[str, float]]:
    yield "n", float(figures.n)
    yield "predicted", float(figures.predicted)
    for name, score in (("strict", figures.strict), ("relaxed", figures.relaxed)):
        yield f"{name}_precision", score.precision
        yield f"{name}_recall", score.recall
        yield f"{name}_f1", score.f1
        if score.interval is not None:
            yield f"{name}_f1_low", score.interval[0]
            yield f"{name}_f1_high", score.interval[1]


def _metric_name(name: str) -> str:
    """MLflow refuses most signs in names; a type may hold any."""
    return re.sub(r"[^\w./ -]", "_", name)


def _now_ms() -> int:
    return int(time.time() * 1000)

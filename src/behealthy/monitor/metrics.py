"""Metrics for Prometheus: how much, how fast, how sure; in base units and with few labels, so that they stay cheap.

Labels are ``model_version``, ``entity_type``, ``stage``, ``reason``, ``source``, ``objective`` and ``of``: nothing that
grows with patients. A process makes one `Metrics` and hands it on; there is no registry of the whole process. What the
database knows (the queue, quarantine, state of the watch) is asked when the page is read, see `Metrics.gauge`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from threading import Lock

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, PlatformCollector, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from behealthy.note import Extraction

CONTENT_TYPE = CONTENT_TYPE_LATEST

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
_SCORES = tuple(i / 10 for i in range(1, 11))


_LOOKS = ("get_health", "get_readiness", "get_metrics", "get_info", "get_page", "other")


def _sum(metric: Counter | Histogram, part: str, which: Callable[[dict[str, str]], bool]) -> int:
    samples = (sample for family in metric.collect() for sample in family.samples)
    ours = (s for s in samples if s.name.endswith(part) and s.labels["stage"] not in _LOOKS)
    return int(sum(s.value for s in ours if which(s.labels)))


class Metrics:
    """The counters of one process.

    Attributes
    ----------
    one_reader : Lock
        Held while what is asked for is set and the page is made of it: two at once would take it from each other.

    Examples
    --------
    >>> metrics = Metrics()
    >>> metrics.request("extract", 422, 0.01)
    >>> b'behealthy_refused_requests_total{reason="422",stage="extract"} 1.0' in metrics.page()
    True
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(namespace="behealthy", registry=self.registry)
        PlatformCollector(registry=self.registry)
        r = self.registry
        self.requests = Histogram(
            "behealthy_request_duration_seconds", "Time of a request.", ["stage"], buckets=_SECONDS, registry=r
        )
        self.refused = Counter(
            "behealthy_refused_requests", "Requests that failed, by status.", ["stage", "reason"], registry=r
        )
        self.notes = Counter("behealthy_notes", "Notes that were read.", ["model_version", "source"], registry=r)
        self.reading = Histogram(
            "behealthy_note_duration_seconds", "Time to read a note.", ["model_version"], buckets=_SECONDS, registry=r
        )
        self.entities = Counter(
            "behealthy_entities", "Entities that were found.", ["model_version", "entity_type"], registry=r
        )
        self.scores = Histogram(
            "behealthy_entity_score", "Probability of an entity.", ["entity_type"], buckets=_SCORES, registry=r
        )
        self.held = Counter(
            "behealthy_held_records", "Records that broke the contract.", ["source", "reason"], registry=r
        )
        self.model = Gauge("behealthy_model_info", "Which models are loaded; 1.", ["version", "alias"], registry=r)
        self._gauges: dict[str, Gauge] = {}
        self.one_reader = Lock()

    def request(self, stage: str, status: int, duration_s: float) -> None:
        """When called, it will count a request; ``stage`` is the route's name, never its path."""
        self.requests.labels(stage).observe(duration_s)
        if status >= 400:
            self.refused.labels(stage, str(status)).inc()

    def totals(self) -> tuple[int, int]:
        """When called, it will give how many requests were answered, and how many of them failed by our own fault.

        Whoever only looks whether we live, or fetches a page, is left out.
        """
        answered = _sum(self.requests, "_count", lambda _: True)
        return answered, _sum(self.refused, "_total", lambda labels: labels["reason"] >= "500")

    def read(self, extractions: Iterable[Extraction], *, source: str, duration_s: float) -> None:
        """When called, it will count notes that one call read; the time is that of the whole call."""
        found = list(extractions)
        scores: dict[
            tuple[str, str], list[float]
        ] = {}  # by version and type: to ask for a label costs more than to count
        for extraction in found:
            version = extraction.model_version or ""
            self.notes.labels(version, source).inc()
            self.reading.labels(version).observe(duration_s / len(found))
            for entity in extraction.entities:
                scores.setdefault((version, entity.type), []).append(entity.score)
        for (version, kind), own in scores.items():
            self.entities.labels(version, kind).inc(len(own))
            observe = self.scores.labels(kind).observe
            for score in own:
                observe(score)

    def gauge(self, name: str, text: str, value: float, **labels: str) -> None:
        """When called, it will set a number that is asked for when the page is read, as the length of the queue."""
        if name not in self._gauges:
            self._gauges[name] = Gauge(f"behealthy_{name}", text, sorted(labels), registry=self.registry)
        gauge = self._gauges[name]
        (gauge.labels(**labels) if labels else gauge).set(value)

    def forget(self, name: str) -> None:
        """When called, it will drop the values of a gauge, before those of today are set."""
        if name in self._gauges:
            self._gauges[name].clear()

    def serves(self, versions: dict[str, str]) -> None:
        """When called, it will say which models are loaded, as version by alias."""
        self.model.clear()
        for alias, version in versions.items():
            self.model.labels(version, alias).set(1)

    def page(self) -> bytes:
        """When called, it will give everything in Prometheus's text format, of type `CONTENT_TYPE`."""
        return generate_latest(self.registry)

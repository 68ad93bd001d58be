"""Metrics follow Prometheus's rules: names, base units, and labels that do not grow with patients."""

import re

from prometheus_client.parser import text_string_to_metric_families

from behealthy.monitor.metrics import Metrics
from behealthy.note import Extraction, entity_at

ALLOWED = {"model_version", "entity_type", "stage", "reason", "source", "le", "version", "alias"}


def values(metrics: Metrics) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    families = text_string_to_metric_families(metrics.page().decode())
    return {(s.name, frozenset(s.labels.items())): s.value for f in families for s in f.samples}


def read(metrics: Metrics) -> None:
    text = "Gout, given colchicine."
    entities = (entity_at(text, 0, 4, "DISEASE", score=0.93), entity_at(text, 12, 22, "TREATMENT", score=0.4))
    extraction = Extraction("n", text, entities, model_version="starter-1")
    metrics.read([extraction, extraction], source="ward", duration_s=0.004)


def test_what_was_read_is_counted() -> None:
    metrics = Metrics()
    read(metrics)
    got = values(metrics)
    assert got["behealthy_notes_total", frozenset({("model_version", "starter-1"), ("source", "ward")})] == 2
    disease = frozenset({("model_version", "starter-1"), ("entity_type", "DISEASE")})
    assert got["behealthy_entities_total", disease] == 2
    assert got["behealthy_note_duration_seconds_sum", frozenset({("model_version", "starter-1")})] == 0.004
    assert got["behealthy_entity_score_bucket", frozenset({("entity_type", "TREATMENT"), ("le", "0.4")})] == 2


def test_requests_are_counted_by_stage_and_the_failed_by_status() -> None:
    metrics = Metrics()
    metrics.request("extract", 200, 0.01)
    metrics.request("extract", 503, 0.01)
    got = values(metrics)
    assert got["behealthy_request_duration_seconds_count", frozenset({("stage", "extract")})] == 2
    assert got["behealthy_refused_requests_total", frozenset({("stage", "extract"), ("reason", "503")})] == 1


def test_a_gauge_is_what_was_set_last() -> None:
    metrics = Metrics()
    metrics.gauge("waiting_reviews", "Notes that wait.", 3, stage="open")
    metrics.gauge("waiting_reviews", "Notes that wait.", 5, stage="claimed")
    metrics.forget("waiting_reviews")
    metrics.gauge("waiting_reviews", "Notes that wait.", 4, stage="open")
    found = {labels: v for (name, labels), v in values(metrics).items() if name == "behealthy_waiting_reviews"}
    assert found == {frozenset({("stage", "open")}): 4}


def test_the_served_model_is_named() -> None:
    metrics = Metrics()
    metrics.serves({"champion": "a-1"})
    metrics.serves({"champion": "b-2", "previous": "a-1"})
    info = {dict(labels)["alias"] for (name, labels), _ in values(metrics).items() if name == "behealthy_model_info"}
    assert info == {"champion", "previous"}


def test_names_and_labels_keep_the_rules() -> None:
    metrics = Metrics()
    read(metrics)
    metrics.request("extract", 500, 1)
    metrics.held.labels("ward", "encoding").inc()
    metrics.serves({"champion": "a"})
    for name, labels in values(metrics):
        if name.startswith("behealthy_"):
            assert re.fullmatch(r"behealthy_[a-z_]+", name), name
            assert {label for label, _ in labels} <= ALLOWED, name

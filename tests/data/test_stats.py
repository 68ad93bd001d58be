"""Counts over documents."""

from behealthy.data.stats import TypeStats, corpus_stats
from behealthy.note import Extraction, Relation, entity_at


def test_counts() -> None:
    text = "Mild fever today. No Fever now, no chest\npain."
    spans = [("e1", "Mild fever", "D"), ("e2", "fever", "D"), ("e3", "Fever", "D"), ("e4", "chest\npain", "D")]
    entities = [entity_at(text, text.index(w), text.index(w) + len(w), t, id=i) for i, w, t in spans]
    cut = entity_at(text, 11, 14, "T", id="e5")  # the "tod" of today
    stats = corpus_stats(
        [Extraction("a", text, (*entities, cut), (Relation("TREATS", "e5", "e1"),)), Extraction("b", "Well.")],
        frequent=1,
    )
    assert (stats.documents, stats.sentences, stats.tokens, stats.empty) == (2, 3, 14, 1)
    assert stats.entities == {"D": TypeStats(4, 1.5, (("fever", 2),)), "T": TypeStats(1, 1.0, (("tod", 1),))}
    assert (stats.overlaps, stats.unaligned) == (1, 1)
    assert stats.relations == {"TREATS": 1}
    assert stats.tokens_per_document == 7.0


def test_nothing_is_not_an_error() -> None:
    stats = corpus_stats([])
    assert (stats.documents, stats.tokens_per_document, stats.entities) == (0, 0.0, {})

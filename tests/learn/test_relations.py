"""Lessons from documents with relations, and a table learned from them."""

import json
from pathlib import Path

import numpy as np
import pytest

from behealthy.extract.pairs import WordFacts, pairs_of
from behealthy.extract.relations import Linker
from behealthy.extract.tokens import Vocabulary
from behealthy.learn.relation_sources import biotext, phee
from behealthy.learn.relations import CAUSES, fit, marked_of, seen_of, taught, taught_by_concepts
from behealthy.note import Code, Entity, Extraction, Relation


def said(text: str, treatment: str, disease: str, kind: str | None, codes: bool = False) -> Extraction:
    a, b = text.index(treatment), text.index(disease)
    one = Entity(a, a + len(treatment), treatment, "TREATMENT", codes=(Code("MeSH", "T", ""),) if codes else (), id="t")
    other = Entity(b, b + len(disease), disease, "DISEASE", codes=(Code("MeSH", "D", ""),) if codes else (), id="d")
    return Extraction("n", text, (one, other), (Relation(kind, "t", "d"),) if kind else ())


LESSONS = [said(f"{t} for {d}", t, d, "TREATS") for t in ("aspirin", "rest") for d in ("gout", "pain")]
LESSONS += [said(f"{t} caused {d}", t, d, "CAUSES") for t in ("aspirin", "rest") for d in ("gout", "pain")]
LESSONS += [said(f"{t} but no {d}", t, d, None) for t in ("aspirin", "rest") for d in ("gout", "pain")]


def test_what_is_taught_is_found_in_words_never_seen() -> None:
    table = fit([taught(LESSONS, WordFacts(None), 1.0)], penalty=0.1, iterations=50)
    linker = Linker(table, np.array([0.5, 0.5, 0.5]))
    texts = ["statin for angina", "statin caused angina", "statin but no angina"]
    links = linker.link(marked_of([said(t, "statin", "angina", None) for t in texts], Vocabulary()))
    assert list(zip(links.head.tolist(), links.type.tolist(), strict=True)) == [(0, 0), (2, 2)]


def test_the_matrix_says_what_the_linker_sums() -> None:
    table = np.random.default_rng(0).normal(size=(1 << 17, 4))
    pairs = pairs_of(marked_of(LESSONS, Vocabulary()), WordFacts(None))
    logits = seen_of(pairs) @ table
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    assert Linker(table, np.zeros(3)).chances(pairs) == pytest.approx(powers / powers.sum(1, keepdims=True), abs=1e-3)


def test_what_is_not_stated_may_still_be_a_cure() -> None:
    document = said("aspirin for gout", "aspirin", "gout", None, codes=True)
    facts = WordFacts(None)
    assert taught_by_concepts([(document, frozenset())], facts, 1.0).right.tolist() == [[True, True, True, False]]
    stated = taught_by_concepts([(document, frozenset({("T", "D")}))], facts, 1.0)
    assert np.flatnonzero(stated.right[0]).tolist() == [CAUSES]


def test_phee_is_read_with_arguments_in_pieces(tmp_path: Path) -> None:
    text = "rash of the arm on aspirin for gout"
    event = {
        "event_type": "Adverse_event",
        "Treatment": {
            "Drug": {"text": [["aspirin"]], "start": [[19]]},
            "Disorder": {"text": [["gout"]], "start": [[31]]},
        },
        "Effect": {"text": [["arm", "rash"]], "start": [[12, 0]]},
    }
    row = {"id": "1_1", "context": text, "annotations": [{"events": [event]}]}
    (tmp_path / "x.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    (document,) = phee(tmp_path / "x.jsonl")
    names = {e.id: e.text for e in document.entities}
    assert {(r.type, names[r.head], names[r.tail]) for r in document.relations} == {
        ("TREATS", "aspirin", "gout"), ("CAUSES", "aspirin", "rash of the arm"),
    }  # fmt: skip


def test_biotext_tags_become_entities_and_relations(tmp_path: Path) -> None:
    file = tmp_path / "x.txt"
    file.write_text("We gave <TREAT> rest </TREAT> for <DIS> gout </DIS> .||TREAT_FOR_DIS\nNothing .||NONE\n")
    ((number, label, document),) = biotext(file)
    assert (number, label) == (1, "TREAT_FOR_DIS")
    assert [e.text for e in document.entities] == ["rest", "gout"]
    assert all(document.text[e.start : e.end] == e.text for e in document.entities)
    assert document.relations == (Relation("TREATS", "e0", "e1"),)

"""Observations: numbers, and no more than numbers."""

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

import behealthy
from behealthy.extract.extractor import Extractor
from behealthy.flows.system import utc_now
from behealthy.monitor import telemetry
from behealthy.monitor.telemetry import BUCKETS, CHARACTERS, Logged, Observation, Observer, known_words, with_truth
from behealthy.note import DISEASE, TREATMENT, Extraction, entity_at
from behealthy.store.session import Database
from behealthy.store.tables import PredictionRow

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "notes"

TEXT = "PMH: gout. Started colchicine for gout flare; denies fever.\nPlan: rest and zzyzxine 0.6 mg daily."


@pytest.fixture(scope="module")
def extractor() -> Extractor:
    return behealthy.load()


@pytest.fixture(scope="module")
def observer(extractor: Extractor) -> Observer:
    return Observer(extractor)


def look(observer: Observer, text: str, *entities: tuple[int, int, str, float]) -> Observation:
    found = tuple(entity_at(text, a, b, kind, score=score) for a, b, kind, score in entities)
    return observer(text, Extraction("n", text, found))


def test_an_observation_counts_what_is_there(observer: Observer, extractor: Extractor) -> None:
    seen = observer(TEXT, extractor(TEXT))
    assert seen.words == 15
    assert seen.unknown == 1  # the invented drug
    assert seen.named >= 3  # gout, colchicine, fever
    assert seen.bag.sum() == seen.words
    assert sum(seen.characters) == len(TEXT)
    assert seen.characters[CHARACTERS.index("line")] == 1
    assert {"past_medical_history", "plan"} <= seen.sections.keys()
    assert seen.entities[DISEASE] >= 3
    assert seen.assertions["negated"] == 1
    assert sum(seen.scores) == sum(seen.entities.values())
    assert seen.unreadable == 0


def test_what_the_model_expects_is_near_what_it_calls_where_it_is_sure(
    observer: Observer, extractor: Extractor
) -> None:
    seen = observer(TEXT, extractor(TEXT))
    assert sum(seen.expected.values()) == pytest.approx(sum(seen.entities.values()), abs=1.5)
    assert seen.score_sum <= sum(seen.expected.values()) + 1e-6


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=300))
def test_any_text_is_observed_and_read_back(observer: Observer, text: str) -> None:
    seen = observer(text, Extraction("n", text))
    assert Observation.from_json(json.loads(json.dumps(seen.to_json()))) == seen
    assert sum(seen.characters) == len(text)
    assert seen.unknown + seen.named <= 2 * seen.words


def test_an_observation_holds_no_word(observer: Observer, extractor: Extractor) -> None:
    said = json.dumps(observer(TEXT, extractor(TEXT)).to_json())
    assert not [word for word in ("gout", "colchicine", "fever", "zzyzxine", "daily") if word in said]


def test_what_no_person_wrote_is_counted(observer: Observer) -> None:
    assert look(observer, "cafÃ© Â°C \x00\x01 \ufffd").unreadable == 4 + 2 + 1
    assert look(observer, "A" * 200).unreadable == 200
    assert look(observer, "-" * 200 + " https://example.org/" + "a" * 90).unreadable == 0
    assert look(observer, "Fièvre à 39°C, naïve β-blocker").unreadable == 0


def test_truth_counts_each_mark_once(observer: Observer) -> None:
    text = "gout and gout"
    found = (entity_at(text, 0, 4, DISEASE, score=0.95), entity_at(text, 0, 4, DISEASE, score=0.15))
    found += (entity_at(text, 9, 13, TREATMENT, score=0.5),)
    extraction = Extraction("n", text, found)
    gold = Extraction("n", text, (entity_at(text, 0, 4, DISEASE), entity_at(text, 9, 13, DISEASE)))
    seen = with_truth(observer(text, extraction), extraction, gold)
    assert seen.truth is not None
    assert (seen.truth.marked, sum(seen.truth.right), seen.truth.right[9]) == (2, 1, 1)
    assert Observation.from_json(seen.to_json()) == seen


def test_a_bag_of_another_size_is_refused(observer: Observer) -> None:
    data = look(observer, "gout").to_json()
    with pytest.raises(ValueError, match=f"not {BUCKETS}"):
        Observation.from_json({**data, "bag": data["bag"][:8]})


def test_words_of_the_model_that_reads_first_are_known(extractor: Extractor) -> None:
    stacked = replace(extractor.weights, blocks=(), base=extractor.weights)
    assert known_words(stacked) == known_words(extractor.weights) >= {"fever", "patient"}


def test_a_full_cache_changes_nothing(extractor: Extractor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry, "_CACHED_CHUNKS", 3)
    small, found = Observer(extractor), extractor(TEXT)
    assert small(TEXT, found) == Observer(extractor)(TEXT, found) == small(TEXT, found)
    assert np.array_equal(small(TEXT, found).bag, Observer(extractor)(TEXT, found).bag)


def test_what_is_too_long_for_a_word_is_not_kept(extractor: Extractor) -> None:
    observer, endless = Observer(extractor), "a" * 100_000
    observer(endless, extractor(endless))
    assert sum(map(len, observer._chunks)) < 1_000


def test_looking_costs_little_beside_reading(
    observer: Observer, extractor: Extractor, seconds: Callable[..., float]
) -> None:
    texts = [path.read_text(encoding="utf-8") for path in sorted(EXAMPLES.glob("*.txt"))[:40]]
    found = list(extractor.pipe(texts))
    reading = seconds(lambda: list(extractor.pipe(texts)), repeats=5)
    looking = seconds(lambda: [observer(x.text, x) for x in found], repeats=5)
    assert looking < 0.5 * reading  # .18 where the machine does nothing else; see docs/benchmarks.md


def test_no_number_can_be_seen_before_a_smaller_one(observer: Observer, database: Database) -> None:
    """A window is judged up to a number: what came below it later would be in none."""

    def log(session: Session, source: str) -> None:
        telemetry.log(session, [Logged(look(observer, TEXT), None, source, "m", 0.1, utc_now())])

    def other() -> None:
        with database.write() as session:
            log(session, "second")

    thread = threading.Thread(target=other)
    with database.write() as session:
        log(session, "first")
        thread.start()
        thread.join(1)
        with database.read() as reading:
            assert reading.scalars(select(PredictionRow.source)).all() == []
    thread.join()
    with database.read() as reading:
        sources = reading.scalars(select(PredictionRow.source).order_by(PredictionRow.number)).all()
    assert sources == ["first", "second"]

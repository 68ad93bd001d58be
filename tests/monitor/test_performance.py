"""How well the model reads: what is estimated is right where the doubts are, what is audited is counted by hand."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from behealthy.monitor import states, telemetry
from behealthy.monitor.drift import Signal
from behealthy.monitor.performance import Figure, Performance, agreement, audited, edits, estimated, measured, promised
from behealthy.monitor.states import decide, fell, sharp
from behealthy.monitor.telemetry import BINS, BUCKETS, CHARACTERS, Observation, Truth
from behealthy.note import DISEASE, TREATMENT, Extraction, Note, entity_at
from behealthy.store.crypto import Vault
from behealthy.store.notes import put_extraction, put_gold, put_note
from behealthy.store.session import Database
from behealthy.store.tables import ReviewRow

NOW = datetime(2026, 3, 2, tzinfo=UTC)
TEXT = "gout and asthma, on aspirin"
GOUT, ASTHMA, ASPIRIN = (0, 4, DISEASE), (9, 15, DISEASE), (20, 27, TREATMENT)


def doubtful(rng: np.random.Generator, sharpness: float, trust: float = 1.0) -> Observation:
    """Make a note up whose entities are right as often as ``trust`` times their score, and two or so are missed."""
    scores = rng.beta(4 * sharpness, 2, rng.poisson(8))
    right = rng.random(len(scores)) < trust * scores
    missed = rng.poisson(2)
    tenth = np.minimum((scores * BINS).astype(int), BINS - 1)
    return Observation(
        characters=(0,) * len(CHARACTERS),
        unreadable=0,
        words=80,
        unknown=0,
        named=0,
        bag=np.zeros(BUCKETS, np.uint8),
        sections={},
        entities={},
        assertions={},
        expected={DISEASE: float(scores.sum()) + 2.0},
        scores=tuple(np.bincount(tenth, minlength=BINS).tolist()),
        score_sum=float(scores.sum()),
        truth=Truth(int(right.sum()) + missed, tuple(np.bincount(tenth[right], minlength=BINS).tolist())),
    )


def pool(seed: int, number: int, sharpness: float, trust: float = 1.0) -> list[Observation]:
    rng = np.random.default_rng(seed)
    return [doubtful(rng, sharpness, trust) for _ in range(number)]


# Estimated -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sharpness", [0.3, 1.0, 2.0])
@pytest.mark.parametrize("trust", [0.7, 1.0])
def test_an_estimate_follows_the_truth_while_doubts_mean_the_same(sharpness: float, trust: float) -> None:
    """Easier or harder notes, and a model that overrates itself: what was learned on held-out notes puts both right."""
    window = pool(1, 300, sharpness, trust)
    guess, true = estimated(pool(0, 400, 1.0, trust), window), promised(window)
    assert guess is not None
    assert true is not None
    assert guess.value == pytest.approx(true.value, abs=0.04)
    assert guess.low <= guess.value <= guess.high


def test_an_estimate_is_blind_where_the_doubts_change_their_meaning() -> None:
    """The limit that the docs speak of: a model that is wrong without knowing it is not found out by itself."""
    window = pool(1, 300, 1.0, trust=0.5)
    guess, true = estimated(pool(0, 400, 1.0), window), promised(window)
    assert guess is not None
    assert true is not None
    assert guess.low > true.high
    assert "held-out" in guess.says


def test_without_truth_nothing_is_estimated_or_promised() -> None:
    assert estimated([], pool(0, 10, 1.0)) is None
    assert promised([]) is None


def test_what_is_promised_is_of_the_notes_that_it_was_accepted_for() -> None:
    held_out, hard = pool(0, 100, 2.0), pool(1, 300, 0.3)
    easy, usual = promised(held_out), promised(held_out, hard)
    assert easy is not None
    assert usual is not None
    assert usual.value < easy.value - 0.1


# Audited and edited --------------------------------------------------------------------------------------------------


def found(note_id: str, *spans: tuple[int, int, str], version: str | None = None) -> Extraction:
    return Extraction(note_id, TEXT, tuple(entity_at(TEXT, *s) for s in spans), model_version=version)


def test_agreement_counts_each_entity_once() -> None:
    assert agreement(found("n", GOUT, GOUT, ASPIRIN), found("n", GOUT, ASTHMA)) == (1, 3, 2)


def test_measured_f1_is_the_textbooks() -> None:
    figure = measured([(1, 2, 1), (2, 2, 3), (0, 0, 1)])
    assert figure is not None
    assert figure.value == pytest.approx(2 * 3 / (4 + 5))
    assert figure.low <= figure.value <= figure.high
    assert measured([]) is None


def read(database: Database, vault: Vault, spans: tuple[tuple[int, int, str], ...], number: int, version: str) -> str:
    """Store a note, and what a version found in it."""
    observation = pool(0, 1, 1.0)[0]
    with database.write() as session:
        id_ = put_note(session, vault, Note("", TEXT, str(number)), source="ward", now=NOW).note_id
        put_extraction(session, vault, found(id_, *spans, version=version), now=NOW)
        telemetry.log(session, [telemetry.Logged(observation, id_, "ward", version, 0.01, NOW)])
    return id_


def test_the_audit_judges_the_served_version_on_blind_gold_alone(database: Database, vault: Vault) -> None:
    ours = [read(database, vault, (GOUT, ASPIRIN), i, "m-1") for i in range(4)]
    other = read(database, vault, (), 9, "m-0")
    with database.write() as session:
        for at, spans in enumerate(((GOUT,), (GOUT, ASTHMA, ASPIRIN))):  # of two readings the newest counts
            gold = found(ours[0], *spans)
            put_gold(session, vault, gold, by="ann", why="audit", now=NOW + timedelta(minutes=at))
        put_gold(session, vault, found(ours[1], GOUT, ASPIRIN), by="ann", why="audit", now=NOW)
        put_gold(session, vault, found(ours[2]), by="ann", why="uncertain", now=NOW)
        put_gold(session, vault, found(other, GOUT), by="ann", why="audit", now=NOW)
    with database.read() as session:
        figure, ids = audited(session, vault, "m-1", 1, 10**6)
        assert figure is not None
        assert (sorted(ids), figure.notes) == (sorted(ours[:2]), 2)
        assert figure.value == pytest.approx(2 * 4 / (4 + 5))
        assert audited(session, vault, "m-1", 10**6, 10**6 + 1) == (None, [])


def test_blind_reviews_are_no_edits(database: Database, vault: Vault) -> None:
    counts = {"accepted": 6, "rejected": 1, "edited": 2, "retyped": 2, "added": 1, "suggested": 9}
    for number, (blind, state) in enumerate([(False, "submitted"), (True, "submitted"), (False, "open")]):
        id_ = read(database, vault, (GOUT,), number, "m-1")
        row = {"turn": 0, "priority": 0.0, "version": 1, "queued_at": NOW, "active_s": 1.0, "why": "uncertain"}
        with database.write() as session:
            session.add(
                ReviewRow(note_id=id_, state=state, blind=blind, model_version="m-1", edits=dict(counts), **row)
            )
    with database.read() as session:
        figure = edits(session, "m-1", 1, 10**6)
        assert figure is not None
        assert (figure.value, figure.notes) == (pytest.approx(0.4), 1)
        assert edits(session, "m-2", 1, 10**6) is None


# States --------------------------------------------------------------------------------------------------------------


def signal(*, moved: bool, auc: float = 0.5) -> Signal:
    return Signal("vocabulary", "input", "AUC", auc, 0.5, None, None, (0.4, 0.6), 0.0, 0.1, 0.5, 0.5, moved)


def figure(value: float, half: float = 0.02, notes: int = 300) -> Figure:
    return Figure(value, value - half, value + half, notes)


QUIET, MOVED = (signal(moved=False),), (signal(moved=True),)


@pytest.mark.parametrize(
    ("signals", "history", "state"),
    [
        (QUIET, [], "ok"),
        (MOVED, [], "warning"),
        (MOVED, [False, False, False, False], "warning"),
        (MOVED, [False, False, False, True], "drift"),
        (MOVED, [False, False, False, False, True], "warning"),  # six windows back is over
        (QUIET, [True, True, True, True], "ok"),  # the newest must be among them
    ],
)
def test_two_of_five_and_the_newest_are_a_drift(signals: tuple[Signal], history: list[bool], state: str) -> None:
    assert decide(signals, Performance(), history).state == state


def test_a_lower_bound_under_the_floor_is_a_breach() -> None:
    known = Performance(estimated=figure(0.71), promised=figure(0.8))
    assert decide(QUIET, known, []).state == "performance_breach"
    assert decide(QUIET, Performance(estimated=figure(0.73), promised=figure(0.8)), []).state == "ok"
    assert decide(QUIET, Performance(estimated=figure(0.5)), []).state == "ok"  # nothing was promised


def test_an_estimate_among_strange_notes_and_a_blurred_audit_breach_nothing() -> None:
    strange = (signal(moved=True, auc=0.9),)
    assert decide(strange, Performance(estimated=figure(0.3), promised=figure(0.8)), []).state == "warning"
    for blurred in (figure(0.6, half=0.2), figure(0.6, notes=states.FEWEST_AUDITED - 1)):
        assert not sharp(blurred)
        assert decide(QUIET, Performance(audited=blurred, promised=figure(0.8)), []).state == "ok"
    assert decide(strange, Performance(audited=figure(0.6), promised=figure(0.8)), []).state == "performance_breach"


def test_a_wide_interval_around_what_was_promised_breaches_nothing() -> None:
    as_good, worse = figure(0.75, half=0.08, notes=40), figure(0.70, half=0.08, notes=40)
    assert as_good.low < 0.8 - states.ALLOWED_FALL
    assert decide(QUIET, Performance(audited=as_good, promised=figure(0.8)), []).state == "ok"
    assert decide(QUIET, Performance(audited=worse, promised=figure(0.8)), []).state == "performance_breach"


def test_the_audit_is_believed_before_the_estimate() -> None:
    known = Performance(estimated=figure(0.8), audited=figure(0.7), promised=figure(0.8))
    assert fell(known, QUIET) is True
    assert fell(Performance(estimated=figure(0.8), promised=figure(0.8)), QUIET) is False
    assert fell(Performance(estimated=figure(0.77), promised=figure(0.8)), QUIET) is True
    assert fell(Performance(estimated=figure(0.77, half=0.05), promised=figure(0.8)), QUIET) is None
    assert fell(Performance(estimated=figure(0.8), promised=figure(0.8)), (signal(moved=True, auc=0.9),)) is None
    assert fell(Performance(estimated=figure(0.8)), QUIET) is None

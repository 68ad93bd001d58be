"""The conditions of the loop, each as a decision, and what holds of every decision whatever the facts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from behealthy.flows import triggers
from behealthy.flows.triggers import Decision, Seen, Training, on_gold, on_person, on_refused, on_window

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
FREE = Training(NOW, None, "t_before", NOW - timedelta(days=9), (), new_gold=60, needed_gold=50, cooldown_h=24, a_day=2)
POOR = replace(FREE, new_gold=10)
DRIFT = Seen("m-1", 1, 300, "drift", inputs=("vocabulary",), fell=True, arrived=300, labelled=50)

hours = st.integers(0, 80).map(lambda h: NOW - timedelta(hours=h))
trainings = st.builds(
    Training,
    now=st.just(NOW),
    running=st.none() | st.just("t_running"),
    newest=st.none() | st.sampled_from(["t_1", "t_2"]),
    ended_well_at=st.none() | hours,
    begun=st.lists(hours, max_size=5).map(tuple),
    new_gold=st.integers(0, 120),
    needed_gold=st.integers(1, 100),
    cooldown_h=st.integers(0, 72),
    a_day=st.integers(1, 4),
    waiting_labels=st.integers(0, 80),
)
names = st.lists(st.sampled_from(["a", "b", "c"]), max_size=2, unique=True).map(tuple)
windows = st.builds(
    Seen,
    version=st.just("m-1"),
    first=st.integers(1, 3),
    last=st.integers(300, 302),
    state=st.sampled_from(["insufficient", "ok", "warning", "drift", "performance_breach"]),
    inputs=names,
    outputs=names,
    format=names,
    fell=st.none() | st.booleans(),
    released_lately=st.booleans(),
    refused=st.integers(0, 100),
    arrived=st.integers(100, 300),
    labelled=st.integers(0, 120),
)


# What holds of every decision ----------------------------------------------------------------------------------------


def keeps_the_rules(decision: Decision, training: Training) -> None:
    """A training that begins by itself begins alone, after the pause, within the budget, with enough to learn from."""
    assert decision.reasons
    assert (decision.request is not None) == (decision.action == "retrain")
    if decision.request is None:
        return
    assert training.running is None
    assert training.new_gold >= training.needed_gold
    assert training.ended_well_at is None or NOW - training.ended_well_at >= timedelta(hours=training.cooldown_h)
    assert sum(NOW - at < timedelta(days=1) for at in training.begun) < training.a_day


@given(windows, trainings)
def test_no_window_breaks_the_rules_of_training(seen: Seen, training: Training) -> None:
    decision = on_window(seen, training)
    keeps_the_rules(decision, training)
    assert decision.to_json()["facts"]["seen"]["state"] == seen.state


@given(trainings)
def test_no_gold_breaks_the_rules_of_training(training: Training) -> None:
    keeps_the_rules(on_gold(training), training)


@given(windows, trainings)
def test_nothing_is_ever_learned_from_a_fault_of_the_format(seen: Seen, training: Training) -> None:
    broken = bool(seen.format) or seen.refused > triggers.REFUSED_SHARE * seen.arrived
    if broken:
        decision = on_window(seen, training)
        assert decision.action in ("hold", "log")
        assert decision.labels == 0


@given(windows, trainings)
def test_only_drift_and_breach_are_more_than_logged(seen: Seen, training: Training) -> None:
    decision = on_window(seen, training)
    if seen.state in ("insufficient", "ok", "warning") and not seen.format:
        assert (decision.action, decision.alarm, decision.labels) == ("log", None, 0)
    elif seen.state in ("drift", "performance_breach"):
        assert decision.alarm is not None


@given(windows, trainings)
def test_labels_are_drawn_up_to_what_is_needed_and_no_further(seen: Seen, training: Training) -> None:
    decision = on_window(seen, training)
    if decision.labels:
        assert decision.action == "label"
        labelled = min(seen.labelled, training.new_gold)
        assert labelled + training.waiting_labels + decision.labels == training.needed_gold


@given(windows, trainings)
def test_the_same_facts_give_the_same_request(seen: Seen, training: Training) -> None:
    assert on_window(seen, training) == on_window(replace(seen), replace(training))


# Each condition ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["insufficient", "ok", "warning"])
def test_within_the_thresholds_is_logged_only(state: str) -> None:
    assert on_window(replace(DRIFT, state=state), FREE).action == "log"


def test_drift_without_labels_asks_for_labels() -> None:
    decision = on_window(DRIFT, replace(POOR, waiting_labels=15))
    assert (decision.action, decision.alarm, decision.labels) == ("label", "warning", 25)
    assert any("labels needed" in reason for reason in decision.reasons)


def test_what_was_reviewed_before_the_drift_tells_nothing_of_what_is_new() -> None:
    decision = on_window(replace(DRIFT, labelled=12), FREE)
    assert FREE.new_gold > FREE.needed_gold
    assert (decision.action, decision.labels) == ("label", 38)


def test_drift_with_enough_gold_trains_once_for_the_window() -> None:
    first, again, later = (on_window(replace(DRIFT, last=last), FREE) for last in (300, 300, 600))
    assert first.action == "retrain"
    assert first.request == again.request != later.request
    assert len(first.request or "") <= 40


def test_inputs_moved_and_f1_holds_is_watched() -> None:
    decision = on_window(replace(DRIFT, fell=False), FREE)
    assert (decision.action, decision.alarm, decision.labels) == ("alert", "warning", 0)


def test_nobody_can_tell_what_became_of_f1_is_not_taken_for_good() -> None:
    assert on_window(replace(DRIFT, fell=None), POOR).action == "label"


def test_outputs_alone_after_a_release_are_the_rollouts_fault_first() -> None:
    outputs = replace(DRIFT, inputs=(), outputs=("confidence",))
    decision = on_window(replace(outputs, released_lately=True), FREE)
    assert decision.action == "alert"
    assert "rollout" in decision.reasons[0]
    assert on_window(outputs, FREE).action == "retrain"


def test_a_breach_is_told_louder_and_learned_from() -> None:
    breach = Seen("m-1", 1, 300, "performance_breach", fell=True, labelled=50)
    decision = on_window(breach, POOR)
    assert (decision.action, decision.cause, decision.alarm) == ("label", "performance", "critical")


def test_a_broken_feed_is_held_and_told() -> None:
    for broken in (replace(DRIFT, format=("unreadable",)), replace(DRIFT, refused=100)):
        decision = on_window(broken, FREE)
        assert (decision.action, decision.cause, decision.alarm) == ("hold", "format", "critical")
        assert "nothing is learned" in decision.reasons[-1]
    assert on_window(replace(DRIFT, refused=10), FREE).action == "retrain"  # a few bad records are no broken feed


def test_records_that_break_the_contract_are_held_and_told() -> None:
    assert on_refused(0).action == "nothing"
    decision = on_refused(3, ["not_text"])
    assert (decision.action, decision.alarm, decision.request) == ("hold", "warning", None)


def test_new_gold_trains_once_after_each_training() -> None:
    assert on_gold(POOR).action == "nothing"
    first, more = on_gold(FREE), on_gold(replace(FREE, new_gold=70))
    assert first.action == "retrain"
    assert first.request == more.request != on_gold(replace(FREE, newest="t_next")).request


def test_new_gold_waits_for_the_labels_that_a_drift_asked_for() -> None:
    decision = on_gold(replace(FREE, waiting_labels=3))
    assert (decision.action, decision.request) == ("hold", None)
    assert "3 notes" in decision.reasons[-1]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"running": "t_9"}, "one at a time"),
        ({"ended_well_at": NOW - timedelta(hours=23)}, "pause of 24 h"),
        ({"begun": (NOW - timedelta(hours=1), NOW - timedelta(hours=23))}, "2 are allowed"),
    ],
)
def test_the_rules_hold_a_training_back_and_say_why(change: dict[str, object], says: str) -> None:
    for decision in (on_gold(replace(FREE, **change)), on_window(DRIFT, replace(FREE, **change))):  # type: ignore[arg-type]
        assert decision.action == "hold"
        assert any(says in reason for reason in decision.reasons)


def test_a_day_ago_is_not_today() -> None:
    begun = (NOW - timedelta(hours=24), NOW - timedelta(hours=25))
    assert on_gold(replace(FREE, begun=begun, ended_well_at=begun[0])).action == "retrain"


def test_a_person_may_begin_before_the_pause_is_over_but_not_beside_another() -> None:
    resting = replace(FREE, ended_well_at=NOW, begun=(NOW, NOW, NOW), new_gold=0)
    assert on_person(resting, "wish 1").action == "retrain"
    assert on_person(resting, "wish 1").request == on_person(resting, "wish 1").request
    assert on_person(resting, "wish 1").request != on_person(resting, "wish 2").request
    assert on_person(replace(resting, running="t_9"), "wish 1").action == "hold"

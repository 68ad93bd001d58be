"""The parts of the replay that can be wrong without anyone seeing it: how notes are cut and dealt and counted."""

import numpy as np
import pytest
from benchmarks.drift import REFERENCE, WINDOW, dealt, judged, pieces, rate

from behealthy.monitor.telemetry import Observation
from behealthy.note import DISEASE, Extraction, entity_at


def test_pieces_keep_every_entity_at_its_place() -> None:
    text = "Has gout. Denies fever.\nPlan: rest for gout."
    spans = [(4, 8), (17, 22), (39, 43)]
    document = Extraction("n", text, tuple(entity_at(text, a, b, DISEASE) for a, b in spans))
    cut = list(pieces(document))
    assert [e.text for piece in cut for e in piece.entities] == ["gout", "fever", "gout"]
    assert all(piece.text[e.start : e.end] == e.text for piece in cut for e in piece.entities)
    assert len({piece.note_id for piece in cut}) == len(cut) > 2


def test_no_note_is_dealt_twice() -> None:
    pool = list(range(REFERENCE + 6 * WINDOW + 17))
    reference, *windows = dealt(pool, np.random.default_rng(0))  # type: ignore[arg-type]
    assert (len(reference), [len(w) for w in windows]) == (REFERENCE, [WINDOW] * 6)
    assert len({i for part in (reference, *windows) for i in part}) == REFERENCE + 6 * WINDOW  # type: ignore[misc]


def test_judging_remembers_what_moved() -> None:
    rng = np.random.default_rng(0)

    def note(words: int) -> Observation:
        bag = rng.multinomial(words, np.full(256, 1 / 256)).astype(np.uint8)
        counts = ((words * 5, 0, 0, words, 0, 0, 0, 0), 0, words, 0, 0, bag, {"plan": 9}, {}, {}, {}, (0,) * 10, 0.0)
        return Observation(*counts)

    usual, long = ([note(int(rng.integers(a, b))) for _ in range(200)] for a, b in ((20, 60), (60, 99)))
    before: list[bool] = []
    assert [judged(usual, window, before)[0] for window in (usual[::-1], long, long)] == ["ok", "warning", "drift"]
    assert before == [True, True, False]


@pytest.mark.parametrize(("events", "of", "says"), [(0, 1000, "0.0 % (0.0-0.4)"), (10, 1000, "1.0 % (0.5-1.8)")])
def test_a_rate_has_its_exact_interval(events: int, of: int, says: str) -> None:
    assert rate(events, of) == says

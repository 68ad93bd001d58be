"""Spans of code points become tokens of a batch."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from behealthy.extract.marked import mark
from behealthy.extract.tokens import Vocabulary

TEXT = st.text(st.sampled_from("ab .\n-é😀"), max_size=30)


@given(st.lists(st.tuples(TEXT, st.integers(0, 30), st.integers(0, 30)), max_size=4))
def test_an_entity_takes_every_token_that_it_touches(given: list[tuple[str, int, int]]) -> None:
    texts = [text for text, _, _ in given]
    spans = [[(a, b, "DISEASE")] if a < b <= len(text) and text[a:b].strip() else [] for text, a, b in given]
    marked = mark(texts, spans, Vocabulary())
    assert len(marked) == sum(map(len, spans))
    entities = ((note, a, b) for note, own in enumerate(spans) for a, b, _ in own)
    for (note, a, b), first, last in zip(entities, marked.first, marked.last, strict=True):
        batch = marked.batch
        touched = [
            i for i in range(len(batch.words)) if batch.note[i] == note and batch.starts[i] < b and batch.ends[i] > a
        ]
        assert [first, last] == [touched[0], touched[-1]]


def test_order_is_kept_and_spans_may_overlap() -> None:
    marked = mark(["left knee pain", "gout"], [[(5, 14, "A"), (0, 9, "B"), (5, 9, "A")], [(0, 4, "C")]], Vocabulary())
    assert list(zip(marked.first.tolist(), marked.last.tolist(), marked.type, strict=True)) == [
        (1, 2, "A"), (0, 1, "B"), (1, 1, "A"), (3, 3, "C"),
    ]  # fmt: skip


@pytest.mark.parametrize("span", [(3, 3), (4, 2), (-1, 2), (0, 9), (4, 5)])
def test_what_is_no_span_is_refused(span: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=r"span \["):
        mark(["gout ay"[:7]], [[(*span, "DISEASE")]], Vocabulary())

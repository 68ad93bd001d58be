"""Several texts laid out as one must be what each is alone."""

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from behealthy.extract.batch import lay_out
from behealthy.extract.features import WIDEST
from behealthy.extract.sentences import sentences
from behealthy.extract.tokens import Vocabulary, tokenize

LONG = "a long word of some fifty code points, to let lines wrap "
PIECES = st.sampled_from(
    [*"Dr pt SOB NAD . ? : ) 2 B vitamin b.i.d. - abd 😀 \ud800 **NAME".split(" "), *" \n\t  ", "\r\n", "\n\n", LONG]
)
TEXT = st.one_of(st.lists(PIECES, max_size=25).map("".join), st.text(st.characters(), max_size=40))


@settings(max_examples=300, deadline=None)
@given(st.lists(TEXT, max_size=5))
@example(["Dr", ". Gray"])
@example(["2", ". Gout"])
@example(["? Gout", "? Gout"])
@example(["", " \n ", "x"])
@example(
    ["The patient is known for a very long time to have\na", "\n\n   a second text with a first line that wraps\nb"]
)
def test_together_as_alone(texts: list[str]) -> None:
    batch = lay_out(texts, Vocabulary())
    sentence = 0
    for i, text in enumerate(texts):
        mine = np.flatnonzero(batch.note == i)
        alone = tokenize(text)
        assert [text[a:b] for a, b in zip(batch.starts[mine], batch.ends[mine], strict=True)] == list(alone)
        assert batch.starts[mine].tolist() == alone.starts.tolist()
        expected = [b - a for a, b in sentences(alone)]
        assert batch.lengths[sentence : sentence + len(expected)].tolist() == expected
        assert batch.sentence[mine].tolist() == np.repeat(np.arange(len(expected)) + sentence, expected).tolist()
        sentence += len(expected)
    assert len(batch.lengths) == sentence
    assert np.all(np.diff(batch.note) >= 0)


@settings(max_examples=100, deadline=None)
@given(st.lists(TEXT, max_size=4))
def test_no_token_sees_another_sentence(texts: list[str]) -> None:
    batch = lay_out(texts, Vocabulary())
    assert batch.padded[batch.positions].tolist() == batch.words.tolist()
    assert np.count_nonzero(batch.padded) == len(batch.words)
    whose = batch.spread(batch.sentence + 1)
    for step in range(1, WIDEST + 1):
        for side in (-step, step):
            seen = whose[batch.positions + side]
            assert np.all((seen == 0) | (seen == batch.sentence + 1))


def test_nothing_gives_an_empty_batch() -> None:
    for texts in ([], [""], [" ", "\n"]):
        batch = lay_out(texts, Vocabulary())
        assert len(batch.words) == len(batch.lengths) == len(batch.positions) == 0
        assert not batch.padded.any()


def test_spread_keeps_the_kind_of_number() -> None:
    batch = lay_out(["one two", "three"], Vocabulary())
    out = batch.spread(np.array([5, 6, 7], np.int8))
    assert out.dtype == np.int8
    assert out[out != 0].tolist() == [5, 6, 7]

"""Where each token stands: sections, lines, blocks; a batch as each note alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from behealthy.extract.batch import Batch, lay_out
from behealthy.extract.outline import Outline, outline
from behealthy.extract.tokens import Vocabulary

PIECES = st.sampled_from(
    ["PLAN:", "PMH: ", "Family history", "- ", "1. ", "2) ", "•", "HTN", "a", ". ", " ", "\n", "\n\n", "\r\n"]
)
TEXT = st.lists(PIECES, max_size=25).map("".join)


def outlined(*texts: str) -> tuple[Batch, Outline]:
    vocabulary = Vocabulary()
    batch = lay_out(texts, vocabulary)
    return batch, outline(texts, batch, vocabulary)


def groups(text: str, numbers: str) -> list[str]:
    """Give the text of each run of tokens that have the same number."""
    batch, out = outlined(text)
    values = getattr(out, numbers)
    return [
        text[batch.starts[own[0]] : batch.ends[own[-1]]]
        for own in (np.flatnonzero(values == value) for value in dict.fromkeys(values.tolist()))
    ]


@settings(max_examples=200, deadline=None)
@given(st.lists(TEXT, max_size=4))
def test_together_as_alone(texts: list[str]) -> None:
    batch, together = outlined(*texts)
    for i, text in enumerate(texts):
        mine = batch.note == i
        _, alone = outlined(text)
        assert [together.names[n] for n in together.section[mine]] == [alone.names[n] for n in alone.section]
        assert together.heading[mine].tolist() == alone.heading.tolist()
        assert together.listed[mine].tolist() == alone.listed.tolist()
        for numbers in ("line", "block", "part"):
            here, there = getattr(together, numbers)[mine], getattr(alone, numbers)
            assert (np.diff(here) == np.diff(there)).all()
            assert (np.diff(here) >= 0).all()


@settings(max_examples=200, deadline=None)
@given(TEXT)
def test_a_block_lies_in_one_section_and_a_line_in_one_note(text: str) -> None:
    batch, out = outlined(text, text)
    for block in range(int(out.block[-1]) + 1 if len(out.block) else 0):
        own = out.block == block
        assert len({*out.part[own].tolist()}) == 1
        assert len({*batch.note[own].tolist()}) == 1


def test_blocks_are_paragraphs_and_items_with_their_lines() -> None:
    text = "PLAN\n1. HTN, on\n   lisinopril\n2) Gout\n\nSeen again\nin a week.\n- rest\n- diet"
    assert groups(text, "block") == [
        "PLAN", "1. HTN, on\n   lisinopril", "2) Gout", "Seen again\nin a week.", "- rest", "- diet",
    ]  # fmt: skip


def test_an_item_is_told_from_a_paragraph() -> None:
    _, out = outlined("Gout.\n- rest\n\nSeen.")
    listed = [text for text, yes in zip(["Gout", ".", "-", "rest", "Seen", "."], out.listed, strict=True) if yes]
    assert listed == ["-", "rest"]


def test_a_minus_inside_a_line_begins_nothing() -> None:
    assert groups("2 - 3 days of cough - dry", "block") == ["2 - 3 days of cough - dry"]


def test_two_sections_of_one_name_are_two_parts() -> None:
    _, out = outlined("PLAN: rest\nPMH: gout\nPLAN: diet")
    assert [out.names[n] for n in dict.fromkeys(out.section.tolist())] == ["plan", "past_medical_history"]
    assert len({*out.part.tolist()}) == 3


@pytest.mark.parametrize("text", ["", " \n ", "\ufeff"])
def test_a_text_without_words_has_no_outline(text: str) -> None:
    batch, out = outlined(text)
    assert len(out.line) == len(out.block) == len(out.section) == len(batch.words)

"""Where sentences end in text as doctors write it: a table of cases, and what holds for any text.

In the table ``|`` shows where a sentence is expected to begin.
"""

import textwrap
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from behealthy.extract.sentences import LONGEST_SENTENCE, sentences
from behealthy.extract.tokens import tokenize


def split(text: str) -> list[str]:
    tokens = tokenize(text)
    return [text[tokens.starts[a] : tokens.ends[b - 1]] for a, b in sentences(tokens)]


CASES = [
    # full stops
    "No chest pain. |Denies fever.",
    "NAD. |AAOx3. |PERRLA.",
    "No fever! |Any pain? |None.",
    "pt c/o SOB x 3 d. |denies cp",
    "fever.|No cough",
    "HTN.|DM.|CKD.",
    "no rash.|2. Gout",
    "Temp was 38.5.|The cough is gone",
    "Hgb was 9. |Plt 200.",
    "started 0.5 mg. |then 1.0 mg",
    "weighs 80 kg. |2 tablets daily.",
    "sats 98%. |Comfortable.",
    "BP 120/80. |HR 70.",
    "left knee pain (mild). |Rest advised.",
    "(He was seen twice.) |Then he left.",
    'He said "I am fine." |Then he left.',
    'He left. |"I am fine" he said.',
    "home... |Follow up.",
    "no sign of infection.... |will follow",
    "Seen on [**2101-3-4**]. |[**First Name**] is well.",
    "**NAME[AAA] was seen. |**INSTITUTION admitted him.",
    "Allergies: NKDA. |Meds: none",
    "lying flat . |No pain .",
    "Discharged 😀. |Happy.",
    "Été froid. |Œdème des jambes.",
    # full stops that end nothing
    "Seen by Dr. Smith today.",
    "Mr. XXX and Mrs. **NAME[BBB] agree.",
    "Seen by Dr. J. Gray and Prof. K. L. Stone.",
    "St. Mary's is near.",
    "No. 5 catheter, no. of lesions 3",
    "metoprolol vs. Atenolol",
    "approx. 3 cm, fig. 2",
    "grew E. coli, S. aureus and K. pneumoniae",
    "q.d. and p.r.n. with food, b.i.d. 2 tabs",
    "e.g. Aspirin, i.e. ASA",
    "abd. soft, resp. rate 12, 3 yrs. old, hx. of gout",
    "No abd. pain in 3 mo. with rest",
    "wt. 80 kg, temp. 38",
    "imp: ?PE, ? Pneumonia",
    "etc., as before",
    "seen in the E.R. by us",
    # the same signs, where they do end one
    "aspirin p.o. |He felt better.",
    "Seen at 5 p.m. |She was well.",
    "Lives in the U.S. |He smokes.",
    "He has MS. |She has a raised ST. |Going to PT. |Fine.",
    "hepatitis B. |vitamin D. |Group A. |The rest.",
    "The answer was no. |Then he left.",
    "rest, fluids, etc. |The end.",
    "10 mg IV. |He slept.",
    "Any pain? |None.",
    # lists and lines
    "1. HTN - continue lisinopril\n|2. DM",
    "1. Gout. |2. Diabetes. |3. CKD.",
    "1) HTN\n|2) DM",
    "#1. HTN\n|#2. DM",
    "Plan:\n|- rest\n|- fluids\n|* aspirin\n|• statin\n|o ice",
    "Plan:\r\n|rest\r|fluids",
    "PAST MEDICAL HISTORY:\n|HTN, DM\n|GERD",
    "PLAN\n|rest",
    "Na 140\n|K 4.0",
    "known diabetes\n\n|metformin",
    "a\tb\tc",
    "aspirin\x0b|statin\u2028|rest",
    "-----\n|PLAN",
    "metoprolol 25 mg daily\n|lisinopril 10 mg",
    # wrapped lines
    "She has had diabetes since childhood and now presents with pain in the\nleft foot. |No fever.",
    "She has had diabetes since childhood and was referred to us by her own\nDr. Gray for pain.",
    "She has had diabetes since childhood and now presents with severe acute\nCOPD and fever.",
    "She has had diabetes since childhood and now presents with a sugar of\n450 and fever.",
    "She has had diabetes since childhood and now presents with severe pain\n|PAST MEDICAL HISTORY: gout",
    "She has had diabetes since childhood and now presents with severe pain\n|Medications: none",
    "She has had diabetes since childhood and now presents with severe pain\n|2. Gout",
    "She has had diabetes since childhood and now presents with severe pain\n|- gout",
    "pain in the left foot since last Monday morning, worse at night\n|o gout",
    "known with asthma since childhood, never admitted for it\n|seen by our nurse last week, who again changed his "
    "inhaler and his mask for us",
    "A line of more than a page's width was not wrapped by anybody, however it goes on: it is one paragraph, as word "
    "processors write them, and its end is meant\n|second paragraph",
]

KNOWN_FAILURES = {
    "seen by our nurse last week, who changed his inhaler\n|well": "the longest line of its paragraph may be wrapped",
    "Assessment: |1. HTN |2. DM |3. CKD": "numbers inside a line may be grades or doses",
    "|Plan: 1. Rest": "the stop of a number behind a colon looks like any other",
    "fever.|denies cough": "looks like an address",
    "Seen by nurse J. |Gray skies today.": "a capital alone is taken for an initial",
    "Chest clear |Abdomen soft |No oedema": "no sign at all",
    "Given by mouth q.d. |2 tablets were left.": "q.d. before a number goes on more often",
}


def expected(case: str) -> list[str]:
    return [part.strip() for part in case.split("|") if part]


@pytest.mark.parametrize("case", CASES)
def test_split(case: str) -> None:
    assert split(case.replace("|", "")) == expected(case)


@pytest.mark.parametrize(
    "case",
    [pytest.param(c, marks=pytest.mark.xfail(strict=True, reason=r)) for c, r in KNOWN_FAILURES.items()],
)
def test_known_failures(case: str) -> None:
    assert split(case.replace("|", "")) == expected(case)


PARAGRAPH = (
    "The patient is a retired joiner with long standing diabetes, hypertension and gout who comes to us with a swollen "
    "left knee after a fall on the ice two days before. He took ibuprofen with little relief and denies any fever. On "
    "examination the knee is warm and tender, with an effusion, and he cannot bend it beyond thirty degrees. We drew "
    "fluid from it, which was cloudy, and began colchicine and rest while the culture is awaited."
)


@pytest.mark.parametrize("width", [60, 66, 72, 80, 100])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_wrapping_changes_nothing(width: int, end: str) -> None:
    wrapped = textwrap.fill(PARAGRAPH, width).replace("\n", end)
    assert [" ".join(s.split()) for s in split(wrapped)] == split(PARAGRAPH)


LONG = "some words that make this line a long one, of sixty letters "
PIECES = [*"Dr pt . ? ) 2 B vitamin q.d. - : \ud800 PLAN".split(" "), " ", " ", "\n", "\r\n", "\n\n", LONG]
ANY_TEXT = st.one_of(
    st.text(st.characters(), max_size=120),
    st.lists(st.sampled_from(PIECES)).map("".join),
)


@settings(max_examples=300, deadline=None)
@given(ANY_TEXT)
def test_sentences_partition_the_tokens(text: str) -> None:
    tokens = tokenize(text)
    found = sentences(tokens)
    assert [i for a, b in found for i in range(a, b)] == list(range(len(tokens)))
    assert all(0 < b - a <= LONGEST_SENTENCE for a, b in found)


@settings(max_examples=100, deadline=None)
@given(ANY_TEXT, ANY_TEXT)
def test_an_empty_line_parts_texts_that_know_nothing_of_each_other(one: str, two: str) -> None:
    together = [" ".join(s.split()) for s in split(f"{one}\n\n{two}")]
    assert together == [" ".join(s.split()) for s in split(one) + split(two)]


def test_a_line_without_any_stop_is_cut_at_the_longest() -> None:
    found = sentences(tokenize("word " * (2 * LONGEST_SENTENCE + 7)))
    assert [b - a for a, b in found] == [LONGEST_SENTENCE, LONGEST_SENTENCE, 7]


def test_nothing_has_no_sentences() -> None:
    assert split("") == split(" \r\n\t") == []
    assert split("x") == ["x"]


@pytest.mark.parametrize(
    "text",
    ["word " * 20_000, "x" * 100_000, "Pt. well. " * 100_000, PARAGRAPH * 2_000, "a\n" * 50_000, "." * 100_000],
    ids=["a line of 100 kB", "a word of 100 kB", "1 MB of sentences", "900 kB of prose", "lines", "stops"],
)
def test_long_texts_take_bounded_time(text: str, seconds: Callable[..., float]) -> None:
    assert seconds(lambda: sentences(tokenize(text)), repeats=1) < 10  # usually half of one

"""Headings that must be seen, headings that must not, and what holds for any text."""

from collections.abc import Callable
from importlib import resources

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from behealthy.extract.sections import OTHER, START, Section, folded, known_headings, section_of, sections


def named(text: str) -> list[tuple[str, str]]:
    return [(s.name, text[s.start : s.end].strip()) for s in sections(text)]


# One heading each, followed by "gout", which must lie in the section.
HEADINGS = {
    # capitals, title case, lower case
    "HISTORY OF PRESENT ILLNESS:": "history_of_present_illness",
    "History of Present Illness:": "history_of_present_illness",
    "history of present illness:": "history_of_present_illness",
    "History of the Present Illness\n": "history_of_present_illness",
    "HISTORY OF PRESENT ILLNESS\n": "history_of_present_illness",
    "PAST MEDICAL HISTORY:": "past_medical_history",
    "Past Medical History\n": "past_medical_history",
    "Past  Medical  History :": "past_medical_history",
    "Past Medical/Surgical History:": "past_medical_history",
    "Past Medical and Surgical History:": "past_medical_history",
    "Past surgical history:": "past_surgical_history",
    "FAMILY HISTORY:": "family_history",
    "Family Hx:": "family_history",
    "Social History:": "social_history",
    "Allergies:": "allergies",
    "allergies:": "allergies",
    "Medications:": "medications",
    "MEDICATIONS\n": "medications",
    "Current Medications:": "medications",
    "Medications on Admission:": "medications_on_admission",
    "DISCHARGE MEDICATIONS:": "discharge_medications",
    "Review of Systems:": "review_of_systems",
    "PHYSICAL EXAM:": "physical_exam",
    "Physical Examination\n": "physical_exam",
    "Vital signs:": "physical_exam",
    "Laboratory Data:": "labs",
    "Pertinent Results:": "labs",
    "IMAGING:": "imaging",
    "X-rays:": "imaging",
    "IMPRESSION:": "assessment",
    "Assessment:": "assessment",
    "Plan:": "plan",
    "RECOMMENDATIONS:": "plan",
    "Assessment and Plan:": "assessment_and_plan",
    "ASSESSMENT & PLAN\n": "assessment_and_plan",
    "Assessment/Plan:": "assessment_and_plan",
    "Assessment / Plan:": "assessment_and_plan",
    "Impression and Plan:": "assessment_and_plan",
    "Brief Hospital Course:": "hospital_course",
    "HOSPITAL COURSE BY PROBLEM:": "hospital_course",
    "Major Surgical or Invasive Procedure:": "procedures",
    "Procedures:": "procedures",
    "Discharge Instructions:": "discharge_instructions",
    "Discharge Diagnosis:": "discharge_diagnosis",
    "Pre-op Diagnosis:": "diagnosis",
    "Chief Complaint:": "chief_complaint",
    "Reason for consultation:": "chief_complaint",
    "Follow-up:": "follow_up",
    "Followup:": "follow_up",
    "Disposition:": "disposition",
    "Immunisations:": "immunizations",
    "Problem list\n": "problem_list",
    "24 hour events:": "history_of_present_illness",
    # abbreviations
    "HPI:": "history_of_present_illness",
    "HPI\n": "history_of_present_illness",
    "PMH:": "past_medical_history",
    "PMHx:": "past_medical_history",
    "pmh:": "past_medical_history",
    "P.M.H.:": "past_medical_history",
    "PSH:": "past_surgical_history",
    "FH:": "family_history",
    "FHx:": "family_history",
    "SH:": "social_history",
    "ROS:": "review_of_systems",
    "R.O.S.:": "review_of_systems",
    "PE:": "physical_exam",
    "O/E:": "physical_exam",
    "A/P:": "assessment_and_plan",
    "A/P\n": "assessment_and_plan",
    "A&P:": "assessment_and_plan",
    "Dx:": "diagnosis",
    "Rx:": "medications",
    "Meds:": "medications",
    "CC:": "chief_complaint",
    "All:": "allergies",
    # decoration
    "**HPI**\n": "history_of_present_illness",
    "**HPI:**": "history_of_present_illness",
    "**HPI**:": "history_of_present_illness",
    "# Assessment\n": "assessment",
    "### Plan\n": "plan",
    "1. Assessment:": "assessment",
    "2) PLAN\n": "plan",
    "(3) Plan:": "plan",
    "IV. PHYSICAL EXAMINATION\n": "physical_exam",
    "A. Medications:": "medications",
    "== PLAN ==\n": "plan",
    "--- PLAN ---\n": "plan",
    "__Plan__\n": "plan",
    "[PLAN]\n": "plan",
    "- Meds:": "medications",
    "• Allergies:": "allergies",
    "\t  PLAN:": "plan",
    "\u00a0Plan:": "plan",
    "\ufeffPlan:": "plan",
    "Plan\n----\n": "plan",
    "Physical Exam (by video):": "physical_exam",
    "PMH - ": "past_medical_history",
    "PMH\t": "past_medical_history",
    "Plan：": "plan",
    "== OUR OWN WORDS ==\n": OTHER,
    "## Our own words\n": OTHER,
}

# Where a known heading stands inside a line, or lines end otherwise: text, names.
INSIDE = {
    "He is stable. PAST MEDICAL HISTORY: gout": ["start", "past_medical_history"],
    "He is stable.PAST MEDICAL HISTORY:gout": ["start", "past_medical_history"],
    "Allergies: none. Meds: none. FH: gout": ["allergies", "medications", "family_history"],
    "PLAN:, Rest.,ALLERGIES:, None": ["plan", "allergies"],
    "1) Allergies: none 2) Meds: none": ["allergies", "medications"],
    "Well.\rPMH:\rgout\rPlan: rest": ["start", "past_medical_history", "plan"],
    "Well.\r\nPMH:\r\ngout\r\n\r\nPLAN\r\nrest": ["start", "past_medical_history", "plan"],
    "Well.\u2028PMH: gout": ["start", "past_medical_history"],
    "Well.\n\nOUR OWN HEADING\nx": ["start", OTHER],
    "Well.\r\n\r\nOUR OWN HEADING\r\nx": ["start", OTHER],
    "S: pain\nO: knee warm\nA: gout\nP: rest": [
        "history_of_present_illness",
        "physical_exam",
        "assessment",
        "plan",
    ],
    "S: pain\nO: knee warm\nA/P: gout": ["history_of_present_illness", "physical_exam", "assessment_and_plan"],
    "HPI:\nPMH:\n": ["history_of_present_illness", "past_medical_history"],
    "PLAN:": ["plan"],
    "PLAN": ["plan"],
}

NOT_HEADINGS = [
    "Hypertension: stable",
    "HYPERTENSION: stable",
    "1. Hypertension:\n- rest",
    "BP: 120/80",
    "HR: 80",
    "Note: she came late",
    "Note:\nshe came late",
    "HEENT: clear",
    "Service: surgery",
    "Time: 12:30",
    "PE\non apixaban",
    "- PE\n- DVT",
    "2. Labs\n3. Rest",
    "- Imaging\n- Rest",
    "P: 80",
    "A: patent\nB: clear\nC: stable",
    "HTN\nDM\nCOPD",
    "He has a plan\nto leave",
    "plan\nof care",
    "The plan: rest",
    "We made a plan: rest",
    "He was told the family history: none known",
    "seen, plan: rest",
    "Planning: rest",
    "Medications were reviewed.",
    "Allergies to nuts",
    "PLAN.",
    "THE PATIENT IS WELL TODAY\nAND GOES HOME",
    "text above\nALL CAPITALS HERE\ntext below",
    "a. b. c: d",
    "**NAME[AAA]",
    "http://plan.example: x",
]

KNOWN_FAILURES = {
    "1. PE: on apixaban": ["start"],  # an embolism in a problem list
    "He is stable PLAN: rest": ["start", "plan"],  # nothing parts the heading from the sentence
    "PMH HTN, DM": ["past_medical_history"],  # no sign behind the heading
    "PAST MEDICAL, SURGICAL HISTORY: gout": ["past_medical_history"],
    "PLAN\n- Labs: tomorrow\n- rest": ["plan"],  # things to do that are named like sections
    "ENDOCRINE: gout": [OTHER],  # unknown capitals with text behind them
}


@pytest.mark.parametrize(("heading", "name"), HEADINGS.items())
def test_headings(heading: str, name: str) -> None:
    text = f"{heading}gout"
    found = sections(text)
    assert [s.name for s in found] == [name]
    assert section_of(found, text.index("gout")) == name
    # the same below other text
    below = f"Seen at home today.\n\n{text}\nmore text"
    assert [s.name for s in sections(below)] == [START, name]


@pytest.mark.parametrize(("text", "names"), INSIDE.items())
def test_headings_among_text(text: str, names: list[str]) -> None:
    assert [s.name for s in sections(text)] == names


@pytest.mark.parametrize("text", NOT_HEADINGS)
def test_not_headings(text: str) -> None:
    assert [s.name for s in sections(f"Plan: as below.\n{text}")] == ["plan"]


@pytest.mark.parametrize(
    ("text", "names"),
    [pytest.param(*case, marks=pytest.mark.xfail(strict=True)) for case in KNOWN_FAILURES.items()],
)
def test_known_failures(text: str, names: list[str]) -> None:
    assert [s.name for s in sections(text)] == names


def test_offsets_of_heading_and_body() -> None:
    text = "Seen.\n **2. Plan (new):** rest\nROS: none"
    start, plan, ros = sections(text)
    assert start == Section(START, 0, 0, 0, text.index("**"))
    assert text[plan.heading_start : plan.heading_end] == "**2. Plan (new)"
    assert text[plan.start : plan.end] == " rest\n"
    assert text[ros.start : ros.end] == " none"


def test_section_of_every_offset() -> None:
    text = "  Seen.\nPMH: gout\nPlan: rest"
    found = sections(text)
    for offset in range(len(text) + 1):
        inside = [s.name for s in found if s.heading_start <= offset < s.end]
        assert section_of(found, offset) == (inside[0] if inside else found[-1].name)
    assert section_of([], 3) == section_of(sections(""), 0) == START
    assert section_of(sections("\n\nPMH: gout"), 0) == START


def test_nothing_has_no_sections() -> None:
    assert sections("") == sections(" \r\n\t\ufeff") == []
    assert named("no heading at all") == [(START, "no heading at all")]


WORDS = ["HPI", "PLAN", "Plan", "Past Medical History", "OUR OWN", "A/P", "S", "O", "gout", "(x)", "é", "\ud800", "😀"]
SIGNS = [":", ".", ",", " ", "\n", "\r\n", "\r", "\n\n", "\t", "**", "==", "- ", "1. ", "#", "_", "\u00a0", "\ufeff"]


@settings(max_examples=400, deadline=None)
@given(
    st.one_of(
        st.lists(st.sampled_from(WORDS + SIGNS)).map("".join),
        st.text(st.characters(), max_size=100),
    )
)
def test_sections_partition_the_text(text: str) -> None:
    found = sections(text)
    names = {*known_headings().values(), START, OTHER}
    reached = found[0].heading_start if found else len(text)
    assert not text[:reached].replace("\ufeff", "").strip()
    for i, s in enumerate(found):
        assert s.heading_start == reached
        assert s.heading_start <= s.heading_end <= s.start <= s.end
        assert s.name in names
        assert (s.name == START) == (s.heading_start == s.heading_end)
        assert s.name != START or i == 0
        reached = s.end
    assert reached == len(text)


def test_the_list_of_headings_is_sound() -> None:
    path = resources.files("behealthy.extract") / "knowledge" / "headings.tsv"
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    assert len(rows) > 250
    seen: dict[str, str] = {}
    for form, name in rows:
        assert name.isidentifier()
        assert name == name.lower()
        assert seen.setdefault(folded(form), name) == name, form
        found = {s.name for s in sections(f"S: a\nO: b\n{form.capitalize()}: x")[2:]}
        assert found == {name}, form


@pytest.mark.parametrize(
    "piece",
    "\n|a:|.A|\n-|. |\n#|1.|(a|.(|A-|-|\n\t|.A B-C|.A (b|\nPLAN|\nPLAN:|\nA B C |,A|**|HISTORY |\r|a&|\n* * ".split(
        "|"
    ),
)
def test_no_text_takes_more_than_linear_time(piece: str, seconds: Callable[..., float]) -> None:
    text = (piece * 200_000)[:200_000]
    took = seconds(lambda: (sections(text), sections("HPI" + text + "x:")), repeats=1)
    assert took < 8  # quadratic would be minutes

"""A note that was submitted is taken back into one's hands, changed and submitted again; the last word counts."""

import re
from itertools import count

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select
from tests.e2e.desk import chosen, go_to, press, send

from behealthy.note import Extraction
from behealthy.store.notes import open_gold
from behealthy.store.tables import GoldRow, ReviewRow

NOTE = """ASSESSMENT AND PLAN, reopened visit {number}
1. Hypertension - continue lisinopril 10 mg daily.
2. Community acquired pneumonia - start amoxicillin.
She denies chest pain.
"""
SUBMITTED = re.compile(r"^Submitted\.")
_NUMBERS = count(1)


@pytest.fixture
def note() -> str:
    """A note that nobody has sent before."""
    return NOTE.format(number=next(_NUMBERS))


def opened(page: Page, note_id: str) -> list[str]:
    """Wait until a note is on the desk, and give its entities as they are listed, with what was made of each."""
    page.wait_for_url(f"**/review/{note_id}")
    expect(chosen(page)).to_be_visible()
    rows = page.get_by_role("option").all()
    return [f"{row.get_attribute('data-judged')} {row.inner_text().splitlines()[1]}" for row in rows]


def judge_all(page: Page) -> None:
    press(page, *["g", "a"] * 12)
    expect(page.get_by_text(re.compile(r"^(\d+) of \1 judged"))).to_be_visible()
    expect(page.get_by_role("status").get_by_text("Saved", exact=True)).to_be_visible()


def hand_in(page: Page) -> None:
    press(page, "Control+Enter")
    expect(page.get_by_role("dialog", name="Submit this note")).to_be_visible()
    press(page, "Enter")


def gold(started, note_id: str) -> list[Extraction]:
    """Give all that was submitted of a note, oldest first."""
    with started.system.database.read() as session:
        rows = session.scalars(select(GoldRow).where(GoldRow.note_id == note_id).order_by(GoldRow.id))
        return list(open_gold(started.system.vault, list(rows)))


def test_by_key_with_what_was_submitted_and_the_last_word_counts(started, enters, note) -> None:
    page = enters("reviewer.ivo").page()
    first, second = send(page, note), send(page, note + "Two.")
    page.goto(f"/review/{first}")
    opened(page, first)
    go_to(page, "chest pain")
    press(page, "x")
    judge_all(page)
    before = opened(page, first)
    assert "rejected chest pain" in before
    assert page.request.post(f"/api/v1/reviews/{second}:claim", headers={"X-BeHealthy": "1"}).ok  # the next one
    hand_in(page)
    expect(page.get_by_text(SUBMITTED)).to_contain_text("The next note is here.")
    opened(page, second)
    press(page, "a", "Shift+R")
    assert opened(page, first) == before  # also what was rejected
    expect(page.get_by_text("Reopened, with what was submitted.")).to_be_visible()
    go_to(page, "chest pain")
    press(page, "x", "2")  # taken back, and negated
    expect(chosen(page)).to_contain_text("negated")
    hand_in(page)
    assert opened(page, second)[0].startswith("accepted")  # where one was, with what was done there
    once, again = gold(started, first)
    words = [{e.text for e in each.entities} for each in (once, again)]
    assert words[1] - words[0] == {"chest pain"}
    assert words[0] < words[1]
    with started.system.database.read() as session:
        assert session.get_one(ReviewRow, first).state == "submitted"
    press(page, "?")
    expect(page.get_by_role("row").filter(has_text="reopen the note that you submitted last")).to_be_visible()
    assert page.request.post(f"/api/v1/reviews/{second}:skip", headers={"X-BeHealthy": "1"}).ok


def test_from_the_queue_unless_it_is_in_other_hands(started, enters, breaches, note) -> None:
    jan, kim = enters("reviewer.jan"), enters("data_scientist.kim")
    page = jan.page()
    note_id = send(page, note)
    page.goto(f"/review/{note_id}")
    opened(page, note_id)
    judge_all(page)
    hand_in(page)
    expect(page.get_by_role("button", name="Reopen it")).to_be_visible()
    assert breaches(page) == []
    page.get_by_role("button", name="Reopen it").click()
    opened(page, note_id)
    expect(page.get_by_text(SUBMITTED)).to_have_count(0)
    hand_in(page)
    expect(page.get_by_text(SUBMITTED)).to_be_visible()
    page.goto("/review")
    own = page.get_by_role("row").filter(has_text=note_id)
    expect(own.get_by_role("button", name="Reopen")).to_be_visible()
    assert breaches(page) == []
    press(page, "Shift+R")  # what was submitted before the app was loaded is in the list
    expect(page.get_by_text("nothing since the app was opened")).to_be_visible()

    other = kim.page("/review")
    theirs = other.get_by_role("row").filter(has_text=note_id)
    expect(theirs).to_contain_text("reviewer.jan")
    theirs.get_by_role("button", name="Reopen").click()
    opened(other, note_id)
    own.get_by_role("button", name="Reopen").click()
    expect(page.get_by_text("data_scientist.kim is at it")).to_be_visible()
    expect(own.get_by_role("button", name="Reopen")).to_have_count(0)
    jan.faults.clear()  # the browser logs the refusal
    hand_in(other)
    expect(other.get_by_text(SUBMITTED)).to_be_visible()

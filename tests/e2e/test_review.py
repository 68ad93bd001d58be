"""Notes are reviewed by keyboard alone: what is keyed becomes gold, drafts outlive their tab, nobody is overwritten."""

import json
import re
import time
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect
from tests.e2e.desk import chosen, go_to, press, send

from behealthy.data.contract import Raw
from behealthy.flows.ingest import Sender, take_in
from behealthy.flows.reading import Reading, served
from behealthy.note import Entity, Extraction
from behealthy.store.notes import open_gold
from behealthy.store.tables import GoldRow, ReviewRow

NOTE = """ASSESSMENT AND PLAN, visit {number}
1. Hypertension - continue lisinopril 10 mg daily.
2. Community acquired pneumonia - start amoxicillin \U0001fac1.
3. Gout - allopurinol, and a low purine diet.
She denies chest pain. The flarbitis of last week is mending.
"""
_NUMBERS = count(1)


@pytest.fixture
def note() -> str:
    """A note that nobody has sent before."""
    return NOTE.format(number=next(_NUMBERS))


def put_off(page: Page, note_id: str) -> None:
    """Put a note behind all others, so that the next one is another test's own."""
    for what in ("claim", "skip"):
        assert page.request.post(f"/api/v1/reviews/{note_id}:{what}", headers={"X-BeHealthy": "1"}).ok


def begin(page: Page) -> str:
    """Take the next note by key, and give its id."""
    page.goto("/review")
    expect(page.get_by_text("waiting", exact=True)).to_be_visible()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/review/n_"))
    expect(chosen(page)).to_be_visible()
    return page.url.rsplit("/", 1)[1]


def saved(page: Page) -> None:
    expect(page.get_by_role("status").get_by_text("Saved", exact=True)).to_be_visible()


def gold(started, note_id: str) -> tuple[ReviewRow, Extraction]:
    """Give a submitted review and what is in the database as its gold."""
    with started.system.database.read() as session:
        row = session.get_one(ReviewRow, note_id)
        (found,) = open_gold(started.system.vault, [session.get_one(GoldRow, row.gold_id)])
        return row, found


@pytest.fixture
def no_mouse(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test with this uses no mouse: whatever would, fails."""

    def refused(*_: Any, **__: Any) -> None:
        raise AssertionError("a mouse was used")

    for name in ("click", "dblclick", "hover", "tap", "drag_to"):
        monkeypatch.setattr(f"playwright.sync_api.Locator.{name}", refused)


def key_it(page: Page, found: int) -> None:
    """Accept, widen, re-type, undo and redo, reject, judge, add and link, by keys alone."""
    go_to(page, "Hypertension")
    press(page, "Enter")  # accepted, and on to the next
    go_to(page, "lisinopril")
    press(page, "]")  # the end by a word
    expect(chosen(page)).to_contain_text("lisinopril 10")
    press(page, "Shift+]")  # and by a character
    expect(chosen(page)).to_contain_text("lisinopril 10 m")
    go_to(page, "amoxicillin")
    press(page, "d")
    expect(chosen(page)).to_contain_text("disease")
    press(page, "z")
    expect(chosen(page)).to_contain_text("treatment")
    press(page, "Shift+Z")
    expect(chosen(page)).to_contain_text("disease")
    press(page, "z", "a")  # a treatment after all
    go_to(page, "chest pain")
    press(page, "x")
    go_to(page, "Gout")
    press(page, "3")
    expect(chosen(page)).to_contain_text("possible")
    press(page, "n")
    page.keyboard.type("flarbitis")
    press(page, "Enter")
    expect(chosen(page)).to_contain_text("flarbitis")
    press(page, "5")  # historical
    go_to(page, "allopurinol")
    press(page, "l")
    for _ in range(found):
        press(page, "ArrowDown")  # to the last that can be linked
    press(page, "Enter")
    expect(chosen(page)).to_contain_text("flarbitis")


def test_what_is_keyed_is_what_becomes_gold(started, enters, note, no_mouse) -> None:
    arrived = time.monotonic()
    page = enters("reviewer.bob").page()
    note_id = send(page, note)
    assert begin(page) == note_id
    suggested = page.request.get(f"/api/v1/reviews/{note_id}").json()["suggestion"]
    words = [each["text"] for each in suggested["entities"]]
    wanted = {"Hypertension", "lisinopril", "pneumonia", "amoxicillin", "Gout", "allopurinol", "chest pain"}
    assert wanted <= {each.removeprefix("Community acquired ") for each in words}, (
        "the model suggests what is keyed here"
    )

    key_it(page, len(words))
    press(page, "Control+Enter")
    expect(page.get_by_role("status").filter(has_text="not judged yet")).to_be_visible()
    for _ in range(len(words)):
        press(page, "g", "a")
    expect(page.get_by_text(f"{len(words) + 1} of {len(words) + 1} judged")).to_be_visible()
    saved(page)
    press(page, "Control+Enter")
    summary = page.get_by_role("dialog", name="Submit this note")
    for line in ("1 rejected", "1 added", "1 with other boundaries", "1 with another status", "1 links made"):
        expect(summary).to_contain_text(line)
    press(page, "Enter")
    expect(page.get_by_text("Submitted.")).to_be_visible()

    row, found = gold(started, note_id)
    assert (row.state, row.claimed_by) == ("submitted", "reviewer.bob")
    assert 0 < row.active_s < time.monotonic() - arrived
    assert {kind: row.edits[kind] for kind in ("rejected", "added", "rebounded", "restatused", "retyped")} == {
        "rejected": 1, "added": 1, "rebounded": 1, "restatused": 1, "retyped": 0,
    }  # fmt: skip
    expected = {text for text in words if text not in ("chest pain", "lisinopril")} | {"lisinopril 10 m", "flarbitis"}
    assert {e.text for e in found.entities} == expected
    by_words = {e.text: e for e in found.entities}
    assert all(note[e.start : e.end] == e.text for e in found.entities)
    assert by_words["Gout"].assertion == "possible"
    assert (by_words["flarbitis"].type, by_words["flarbitis"].assertion) == ("DISEASE", "historical")
    assert by_words["amoxicillin"].type == "TREATMENT"
    ids = {e.id: e for e in found.entities}
    links = {(ids[r.head].text, r.type, ids[r.tail].text) for r in found.relations}
    assert ("allopurinol", "TREATS", "flarbitis") in links


def test_one_note_after_another(started, enters, note, no_mouse) -> None:
    page = enters("reviewer.one").page()
    ids = {send(page, note), send(page, note + "Two.")}
    first = begin(page)
    press(page, *["a"] * 12, "Control+Enter")
    expect(page.get_by_role("dialog", name="Submit this note")).to_be_visible()
    press(page, "Enter")
    page.wait_for_url(lambda url: re.search(r"/review/n_", url) and first not in url)
    expect(chosen(page)).to_be_visible()
    second = page.url.rsplit("/", 1)[1]
    assert {first, second} == ids
    press(page, "x", "z", "k", "1")  # the keys work after a submission, without a click
    expect(page.get_by_text(re.compile(r"^1 of \d+ judged"))).to_be_visible()
    press(page, *["g", "a"] * 12, "Control+Enter")
    expect(page.get_by_role("dialog", name="Submit this note")).to_be_visible()
    press(page, "Control+Enter")
    page.wait_for_url(lambda url: first not in url and second not in url)
    assert {gold(started, each)[0].state for each in ids} == {"submitted"}


def test_a_draft_outlives_its_tab_and_the_connection(started, enters, note) -> None:
    person = enters("reviewer.cleo")
    page = person.page()
    note_id = send(page, note)
    page.goto(f"/review/{note_id}")
    expect(chosen(page)).to_be_visible()
    press(page, "Enter", "x")
    page.close()  # at once: nothing waits until it is saved

    page = person.page(f"/review/{note_id}")
    expect(page.get_by_text(re.compile(r"^2 of \d+ judged"))).to_be_visible()
    saved(page)

    def away(route: Route) -> None:
        if route.request.method == "PUT":
            route.abort()
        else:
            route.continue_()

    page.route("**/api/v1/reviews/**", away)
    press(page, "g", "2")
    expect(page.get_by_text("Not connected: kept on this computer")).to_be_visible()
    kept = json.loads(page.evaluate(f"localStorage.getItem('behealthy.draft.{note_id}')"))
    assert len(kept["draft"]["judged"]) == 3
    assert all("text" not in entity for entity in kept["draft"]["entities"])  # no words of a note outside the database
    assert "Community acquired" not in json.dumps(page.evaluate("({...localStorage, ...sessionStorage})"))
    page.close()

    page = person.page(f"/review/{note_id}")
    expect(page.get_by_text(re.compile(r"^3 of \d+ judged"))).to_be_visible()
    press(page, "j", "6")
    saved(page)
    with started.system.database.read() as session:
        row = session.get_one(ReviewRow, note_id)
        assert row.state == "claimed"
        assert row.sealed_draft is not None
    page.get_by_role("button", name="Leave").click()
    page.get_by_role("menuitem", name="Give it back").click()
    expect(page.get_by_role("heading", name="Review")).to_be_visible()
    assert "amoxicillin" not in page.content()
    put_off(page, note_id)
    person.faults.clear()  # the browser logs the refused connection


def test_a_note_is_in_one_persons_hands(started, enters, note) -> None:
    dee, eve = enters("reviewer.dee"), enters("reviewer.eve")
    page = dee.page()
    note_id = send(page, note)
    page.goto(f"/review/{note_id}")
    expect(chosen(page)).to_be_visible()
    other = eve.page("/review")
    row = other.get_by_role("row").filter(has_text=note_id)
    expect(row).to_contain_text("reviewer.dee")
    expect(row.get_by_role("button")).to_have_count(0)
    other.goto(f"/review/{note_id}")
    expect(other.get_by_text("reviewer.dee is at it")).to_be_visible()
    assert "amoxicillin" not in other.content()
    eve.faults.clear()

    # The same person in another tab: who saves second is told, and nothing is overwritten.
    tab = dee.page(f"/review/{note_id}")
    expect(chosen(tab)).to_be_visible()
    press(page, "Enter")
    saved(page)
    press(tab, "x")
    expect(tab.get_by_role("alert")).to_contain_text("changed elsewhere")
    tab.get_by_role("button", name="Load it as it is now").click()
    expect(tab.get_by_text(re.compile(r"^1 of \d+ judged"))).to_be_visible()
    dee.faults.clear()


def test_who_reviews_blind_sees_no_suggestion(started, audited, enters, note, no_mouse) -> None:
    person = enters("reviewer.fay")
    page = person.page()
    raw = Raw("blind", "text", note.encode(), {"id": f"blind-{note_id_of(note)}", "text": note})
    (fate,) = take_in(audited, [raw], Sender("ward", "test"), after=Reading(audited, "ward", served(audited))).fates
    told: list[str] = []
    page.on("response", lambda answer: "reviews" in answer.url and answer.ok and told.append(answer.text()))
    page.goto(f"/review/{fate.note_id}")
    expect(page.get_by_text("no suggestions are shown")).to_be_visible()
    expect(page.get_by_role("option")).to_have_count(0)
    expect(page.locator("mark")).to_have_count(0)
    (claimed,) = [json.loads(each) for each in told if "amoxicillin" in each]
    assert claimed["suggestion"] is None  # nor does the browser get to know it
    press(page, "n")
    page.keyboard.type("gout")
    press(page, "Enter")
    saved(page)
    press(page, "Control+Enter")
    expect(page.get_by_role("dialog", name="Submit this note")).to_contain_text("1 added")
    press(page, "Enter")
    expect(page.get_by_text("Submitted.")).to_be_visible()
    row, found = gold(started, fate.note_id or "")
    assert row.blind
    assert [(e.text, e.type) for e in found.entities] == [("Gout", "DISEASE")]
    assert isinstance(found.entities[0], Entity)


def note_id_of(note: str) -> str:
    return re.findall(r"visit (\d+)", note)[0]


def counted_in_processor_time(page: Page) -> Callable[[], float]:
    """Say how long a page has been busy: what else runs on the machine does not count."""
    browser = page.context.new_cdp_session(page)
    browser.send("Performance.enable", {"timeDomain": "threadTicks"})

    def busy_s() -> float:
        told = browser.send("Performance.getMetrics")["metrics"]
        return float(next(each["value"] for each in told if each["name"] == "TaskDuration"))

    return busy_s


def test_a_long_note_opens_in_a_second_and_its_keys_stay_quick(started, enters) -> None:
    page = enters("reviewer.gus").page()
    text = "\n".join(
        f"{i}. Hypertension on lisinopril; pneumonia, amoxicillin was given on day {i}." for i in range(330)
    )
    assert 23_000 < len(text) < 26_000
    note_id = send(page, text)
    page.goto("/review")
    expect(page.get_by_role("heading", name="Review")).to_be_visible()
    busy_s = counted_in_processor_time(page)
    began = busy_s()
    page.evaluate(f"history.pushState({{}}, '', '/review/{note_id}'); dispatchEvent(new PopStateEvent('popstate'))")
    expect(chosen(page)).to_be_visible()
    took_s = busy_s() - began
    assert page.get_by_role("option").count() > 400
    press(page, "j", "j", "3")
    expect(chosen(page)).to_contain_text("possible")
    saved(page)
    assert 0.05 < took_s < 1.5  # usually less than half a second
    began = busy_s()
    press(page, *("j" * 30), *("a" * 10))
    expect(page.get_by_text(re.compile("^11 of"))).to_be_visible()
    assert (busy_s() - began) / 40 < 0.1  # a key; usually a third of it

"""People at the web app: the one-time link, extraction, review by keyboard alone, and drafts that outlive their tab."""

import json
import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from behealthy.flows.system import System
from behealthy.serve import auth
from behealthy.store.notes import open_gold
from behealthy.store.tables import GoldRow, ReviewRow

Enters = Callable[[str], BrowserContext]

JUDGED = re.compile(r"^\d+ of \d+ judged$")
PASSWORD = "four quiet herons wade"
NOTE = """HISTORY: Ms. Lindqvist has had a cough and fever for two days \U0001fac1. She denies chest pain.
Her mother had breast cancer.

ASSESSMENT AND PLAN
1. Pneumonia - start amoxicillin 500 mg three times daily.
2. Hypertension - continue lisinopril.
"""


def broken(page: Page) -> list[str]:
    """Give the list in which what breaks in a page is noted from now on."""
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    return faults


def send(page: Page, text: str) -> None:
    """Extract a note and send it to review, as a person does."""
    page.goto("/extract")
    page.get_by_label("note", exact=True).fill(text)
    page.keyboard.press("Control+Enter")
    page.get_by_role("button", name="Send to review").click()
    expect(page.get_by_role("button", name="Sent")).to_be_visible()


def begin(page: Page) -> str:
    """Begin with the next note, and give its id."""
    page.goto("/review")
    expect(page.get_by_text("waiting", exact=True)).to_be_visible()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/review/n_"))
    expect(page.get_by_role("option").first).to_be_visible()
    return page.url.rsplit("/", 1)[1]


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def saved(page: Page) -> None:
    expect(page.get_by_role("status").get_by_text("Saved", exact=True)).to_be_visible()


def test_a_one_time_link_lets_its_person_in_once(system: System, address: str, browser: Browser) -> None:
    with system.database.write() as session:
        token = auth.invite(session, "newcomer", "reviewer", system.now())
    page = browser.new_page(base_url=address)
    faults = broken(page)
    page.goto(f"/start?token={token}")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("The same again", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/review")
    assert page.get_by_role("navigation", name="pages").get_by_role("link").all_inner_texts() == [
        "Extract",
        "Review",
        "KPIs",
    ]
    page.get_by_role("button", name=re.compile("newcomer")).click()
    page.get_by_role("menuitem", name="Log out").click()
    page.get_by_label("Name").fill("newcomer")
    page.get_by_label("Password", exact=True).fill("something else")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("do not belong together")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("navigation", name="pages")).to_be_visible()
    page.goto(f"/start?token={token}")
    page.get_by_label("Password", exact=True).fill(PASSWORD + "!")
    page.get_by_label("The same again", exact=True).fill(PASSWORD + "!")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    page.close()
    assert faults == []


def test_a_note_is_read_and_taken_away(enters: Enters) -> None:
    page = enters("reviewer.ann").new_page()
    faults = broken(page)
    page.goto("/extract")
    page.get_by_label("note", exact=True).fill(
        NOTE + "<script>window.hit = 1</script><img src=x onerror='window.hit=1'>"
    )
    page.get_by_role("button", name="Read the note").click()
    row = page.get_by_role("row").filter(has_text="Pneumonia")
    expect(row).to_contain_text("amoxicillin")
    row.click()
    expect(page.locator("mark[data-chosen]")).to_have_text("Pneumonia")
    # After a character that JavaScript counts as two, every mark still stands where it belongs.
    expect(page.locator("mark[data-status=negated]").first).to_have_text("chest pain")
    assert page.evaluate("window.hit") is None
    for name in ("CSV", "JSON", "FHIR"):
        with page.expect_download() as download:
            page.get_by_role("button", name=name, exact=True).click()
        assert "Pneumonia" in Path(download.value.path()).read_text(encoding="utf-8")
    assert faults == []


def test_a_note_is_reviewed_by_keyboard_alone_and_becomes_gold(enters: Enters, system: System) -> None:
    page = enters("reviewer.bob").new_page()
    faults = broken(page)
    send(page, NOTE)
    note_id = begin(page)
    options = page.get_by_role("option")
    number = options.count()
    press(page, "Enter", "x")  # the first is right, the second is not
    press(page, "n")
    page.keyboard.type("two days")
    press(page, "Enter", "t")  # something that the model missed, made a treatment
    expect(page.get_by_role("option", selected=True)).to_contain_text("two days")
    press(page, "z", "z", "Shift+Z", "Shift+Z")
    expect(page.get_by_role("option", selected=True)).to_contain_text("treatment")
    press(page, "[", "Control+Enter")
    expect(page.get_by_role("status").filter(has_text="not judged yet")).to_be_visible()
    for _ in range(number):
        press(page, "g", "a")
    press(page, "Control+Enter")
    expect(page.get_by_role("dialog", name="Submit this note")).to_contain_text("1 rejected")
    press(page, "Control+Enter")
    page.wait_for_url(re.compile(r"/review$"))
    with system.database.read() as session:
        row = session.get(ReviewRow, note_id)
        gold = session.query(GoldRow).filter(GoldRow.note_id == note_id).one()
        (document,) = open_gold(system.vault, [gold])
    assert row is not None
    assert row.state == "submitted"
    assert row.edits["rejected"] == 1
    assert row.edits["added"] == 1
    assert 0 < row.active_s < 60
    assert len(document.entities) == number
    assert "for two days" in {e.text for e in document.entities if e.type == "TREATMENT"}
    assert faults == []


def test_a_draft_outlives_its_tab_and_the_connection(enters: Enters, system: System) -> None:
    context = enters("reviewer.cleo")
    page = context.new_page()
    send(page, NOTE.replace("Lindqvist", "Okafor"))
    note_id = begin(page)
    press(page, "Enter", "x")
    saved(page)
    page.close()

    page = context.new_page()
    page.goto(f"/review/{note_id}")
    expect(page.get_by_text(re.compile(r"^2 of \d+ judged"))).to_be_visible()

    def away(route: Route) -> None:
        if route.request.method == "PUT":
            route.abort()
        else:
            route.continue_()

    page.route("**/api/v1/reviews/**", away)
    press(page, "g", "2")
    expect(page.get_by_text("Not connected")).to_be_visible()
    kept = json.loads(page.evaluate(f"localStorage.getItem('behealthy.draft.{note_id}')"))
    assert len(kept["draft"]["judged"]) == 3
    assert not re.search(r"Okafor|chest pain|500 mg", json.dumps(kept))
    assert all("text" not in entity for entity in kept["draft"]["entities"])
    page.close()

    page = context.new_page()
    page.goto(f"/review/{note_id}")
    expect(page.get_by_text(re.compile(r"^3 of \d+ judged"))).to_be_visible()
    press(page, "z", "j", "6")
    saved(page)
    with system.database.read() as session:
        row = session.get(ReviewRow, note_id)
        assert row is not None
        assert row.state == "claimed"
        assert row.sealed_draft is not None
    page.get_by_role("button", name="Leave").click()
    page.get_by_role("menuitem", name="Give it back").click()
    expect(page.get_by_role("heading", name="Review", level=1)).to_be_visible()
    expect(page.get_by_text("Okafor")).to_have_count(0)


def test_two_people_are_never_at_one_note(enters: Enters) -> None:
    first, second = enters("reviewer.dee").new_page(), enters("reviewer.eve").new_page()
    send(first, NOTE.replace("Lindqvist", "Haddad"))
    note_id = begin(first)
    second.goto(f"/review/{note_id}")
    expect(second.get_by_text("reviewer.dee is at it")).to_be_visible()
    assert "Pneumonia" not in second.content()
    # The same person in another tab: who saves second is told, and nothing is overwritten.
    tab = first.context.new_page()
    tab.goto(f"/review/{note_id}")
    expect(tab.get_by_role("option").first).to_be_visible()
    before = int(first.get_by_text(JUDGED).inner_text().split()[0])
    press(first, "g", "Enter")
    saved(first)
    press(tab, "x")
    expect(tab.get_by_role("alert")).to_contain_text("changed elsewhere")
    tab.get_by_role("button", name="Load it as it is now").click()
    expect(tab.get_by_text(re.compile(rf"^{before + 1} of \d+ judged"))).to_be_visible()


def test_every_page_of_a_role_opens(enters: Enters) -> None:
    page = enters("admin.fay").new_page()
    faults = broken(page)
    for path in ("extract", "review", "watch", "models", "kpis", "data", "data?tab=quarantine", "data?tab=datasets"):
        page.goto(f"/{path}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.get_by_label("loading")).to_have_count(0)
        assert page.get_by_text("Something went wrong").count() == 0, path
    for tab in ("people", "keys", "audit"):
        page.goto(f"/admin?tab={tab}")
        expect(page.get_by_role("table")).to_be_visible() if tab != "keys" else None
    page.get_by_role("button", name="Verify the chain").click()
    expect(page.get_by_text(re.compile(r"^whole, \d+ rows"))).to_be_visible()
    page.keyboard.press("Control+k")
    page.get_by_label("go to a page, or do").fill("dark")
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")
    assert faults == []

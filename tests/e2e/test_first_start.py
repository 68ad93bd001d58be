"""The first start: the printed link sets the admin's password once; after that only the password lets anybody in."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect

PASSWORD = "four quiet herons wade"


def choose(page: Page, password: str) -> None:
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_label("The same again", exact=True).fill(password)
    page.keyboard.press("Enter")


def log_in(page: Page, name: str, password: str) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password", exact=True).fill(password)
    with page.expect_response("**/login"):
        page.keyboard.press("Enter")


def tour_and_first_steps(page: Page) -> None:
    """Walk through the tour to the first steps, put these away, and call both back."""
    tour = page.get_by_role("complementary", name="Tour")
    for number, heading in enumerate(("Extract", "Review", "Watch", "Models"), 1):
        expect(tour).to_have_accessible_name(f"Tour, step {number} of 4")
        expect(page.get_by_role("heading", level=1)).to_have_text(heading)
        expect(tour.get_by_role("button", name=re.compile("Next|first steps"))).to_be_focused()
        page.keyboard.press("Enter")
    expect(tour).to_have_count(0)
    steps = page.get_by_role("listitem")
    expect(steps.filter(has_text="Set the data-entry baseline")).to_contain_text("to do")
    expect(steps.filter(has_text="Choose alert channels").get_by_role("link")).to_have_text("Where alerts go")
    page.get_by_role("button", name="Put away").click()
    expect(steps).to_have_count(0)
    page.reload()
    expect(page.get_by_role("heading", name="Admin")).to_be_visible()
    expect(page.get_by_text("First steps")).to_have_count(0)
    page.keyboard.press("Control+k")
    page.get_by_label("go to a page, or do").fill("first steps")
    page.keyboard.press("Enter")
    expect(steps).to_have_count(4)
    steps.get_by_role("link", name="Set what it took before").click()
    expect(page.get_by_role("heading", name="What the work took before")).to_be_in_viewport()
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keys").get_by_role("button", name="Tour").click()
    expect(tour).to_be_visible()
    page.keyboard.press("Escape")
    expect(tour).to_have_count(0)


def test_the_printed_link_lets_the_admin_in_once(started, enters) -> None:
    link = started.link
    assert link.startswith(f"{started.url}/start#token=")
    admin = enters()
    page = admin.page(link)
    page.get_by_label("Password", exact=True).fill("too short")
    page.get_by_label("The same again", exact=True).fill("too short")
    expect(page.get_by_role("button", name="Set password and go in")).to_be_disabled()
    choose(page, PASSWORD)
    pages = page.get_by_role("navigation", name="pages")
    expect(pages.get_by_role("link")).to_have_text(
        [re.compile(name) for name in ("Extract", "Review", "Watch", "Models", "KPIs", "Data", "Admin")]
    )
    assert "token" not in page.url  # nor in the history that others at this machine see
    tour_and_first_steps(page)

    other = enters()
    again = other.page(link)
    choose(again, PASSWORD + " too")
    expect(again.get_by_role("alert")).to_contain_text("This link was used or is over")
    other.faults.clear()  # the browser logs every refusal
    with started.stranger() as caller:
        answer = caller.post("/api/v1/login", json={"name": "admin", "password": PASSWORD + " too"})
    assert answer.status_code == 401

    page.get_by_role("button", name=re.compile("^admin ?Administrator")).click()
    page.get_by_role("menuitem", name="Log out").click()
    expect(page.get_by_label("Name")).to_be_visible()
    log_in(page, "admin", PASSWORD + "!")
    expect(page.get_by_role("alert")).to_have_text("Name and password do not belong together.")
    log_in(page, "nobody", PASSWORD)
    expect(page.get_by_role("alert")).to_have_text("Name and password do not belong together.")
    log_in(page, "admin", PASSWORD)
    expect(pages).to_be_visible()
    page.reload()
    expect(pages).to_be_visible()
    admin.faults.clear()
    assert PASSWORD not in started.log()


def test_nothing_is_shown_to_who_has_not_logged_in(started, enters) -> None:
    stranger = enters()
    for path in ("/", "/extract", "/review", "/models", "/admin?tab=audit"):
        page = stranger.page(path)
        expect(page.get_by_label("Name")).to_be_visible()
        expect(page.get_by_role("navigation")).to_have_count(0)
    stranger.faults.clear()
    with started.stranger() as caller:
        for path in ("me", "reviews", "models", "quarantine", "users", "audit"):
            assert caller.get(f"/api/v1/{path}").status_code == 401, path


def test_what_lies_in_the_home_is_for_its_owner_alone(started) -> None:
    for name in ("note.key", "logs/behealthy.log"):
        file: Path = started.home / name
        assert file.stat().st_mode & 0o077 == 0, name

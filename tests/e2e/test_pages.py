"""Every page opens for its roles without a fault, and can be used by whoever sees or moves little."""

import re

import pytest
from playwright.sync_api import Page, expect

PAGES = {
    "reviewer": ["extract", "review", "kpis"],
    "data_scientist": ["extract", "review", "watch", "models", "kpis", "data?tab=notes", "data?tab=datasets"],
    "operator": ["watch", "models", "kpis", "data?tab=quarantine", "data?tab=datasets"],
    "admin": [
        "extract", "review", "watch", "models", "kpis", "data?tab=notes", "data?tab=quarantine", "data?tab=datasets",
        "admin?tab=people", "admin?tab=keys", "admin?tab=audit",
    ],
}  # fmt: skip
# By how much the window or the part of it that scrolls has more than is in view from left to right.
WIDER = (
    "Math.max(...[document.documentElement, document.querySelector('#page')].map((e) => e.scrollWidth - e.clientWidth))"
)


def quiet(page: Page) -> None:
    """Wait until a page has all that it asked for."""
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_label("loading")).to_have_count(0)


@pytest.mark.parametrize("role", PAGES)
def test_each_page_opens_for_its_role(started, enters, role: str) -> None:
    page = enters(f"{role}.ruth").page()
    for path in PAGES[role]:
        page.goto(f"/{path}")
        quiet(page)
        for words in ("Something went wrong", "This page broke", "not for your role"):
            assert page.get_by_text(words).count() == 0, path
        assert page.title().endswith("BeHealthy"), path
        for width in (1024, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            wide = page.evaluate(WIDER)
            assert wide <= 0, f"{path} is {wide} pixels wider than a window of {width}"
    names = page.get_by_role("navigation", name="pages").get_by_role("link").all_inner_texts()
    assert {re.split(r"\W", name)[0].lower() for name in names} == {re.split(r"\W", path)[0] for path in PAGES[role]}


def test_what_is_not_for_a_role_is_said(started, enters) -> None:
    person = enters("reviewer.ruth")
    page = person.page()
    for path in ("models", "models/compare", "watch", "admin?tab=keys"):
        page.goto(f"/{path}")
        expect(page.get_by_text("This is not for your role.")).to_be_visible()
    assert person.faults == []  # nothing was even asked for
    page.goto("/no/such/page")
    expect(page.get_by_text("There is no such page.")).to_be_visible()
    person.faults.clear()


def test_the_palette_opens_out_of_a_field(started, enters) -> None:
    page = enters("reviewer.ruth").page("/extract")
    expect(page.get_by_label("note", exact=True)).to_be_focused()
    page.keyboard.press("Control+k")
    page.get_by_label("go to a page, or do").fill("kpis")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="KPIs")).to_be_visible()


def test_the_palette_goes_anywhere_and_the_audit_trail_is_verified(started, enters) -> None:
    page = enters("admin.ruth").page("/kpis")
    quiet(page)
    page.keyboard.press("Control+k")
    page.get_by_label("go to a page, or do").fill("adm")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Admin")).to_be_visible()
    page.keyboard.press("Control+k")
    page.get_by_label("go to a page, or do").fill("dark")
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")
    page.get_by_role("tab", name="Audit").click()
    page.get_by_role("button", name="Verify the chain").click()
    expect(page.get_by_text(re.compile(r"^whole, \d+ rows"))).to_be_visible()


@pytest.mark.slow
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_pages_are_accessible(started, enters, breaches, colours: str) -> None:
    page = enters("admin.ruth", color_scheme=colours).page()
    found: dict[str, str] = {}  # each breach once, with the first page that has it

    def judge(what: str) -> None:
        found.update({breach: what for breach in breaches(page) if breach not in found})

    for path in PAGES["admin"]:
        page.goto(f"/{path}")
        quiet(page)
        judge(path)
    page.goto("/extract")
    page.get_by_role("button", name="Clinic visit").click()
    expect(page.get_by_role("button", name="Send to review")).to_be_visible()
    page.keyboard.press("ArrowDown")
    judge("a note that was read")
    page.get_by_role("button", name="Send to review").click()
    expect(page.get_by_role("button", name="Sent", exact=True)).to_be_visible()
    page.goto("/review")
    page.get_by_role("button", name="Review next").click()
    expect(page.get_by_role("option", selected=True)).to_be_visible()
    page.keyboard.press("a")
    page.keyboard.press("x")
    judge("a note under review")
    page.get_by_role("button", name="Leave").click()
    page.get_by_role("menuitem", name="Put it off").click()
    quiet(page)
    assert not found, "\n".join(f"{what}: {breach}" for breach, what in found.items())


def test_the_login_is_accessible(started, enters, breaches) -> None:
    stranger = enters()
    page = stranger.page("/start#token=none")
    expect(page.get_by_label("The same again", exact=True)).to_be_visible()
    assert breaches(page) == []
    page.goto("/")
    expect(page.get_by_label("Name")).to_be_visible()
    assert breaches(page) == []
    stranger.faults.clear()


def test_focus_is_seen_wherever_tab_leads(started, enters) -> None:
    page = enters("admin.ruth").page()
    for path in ("extract", "models", "data?tab=quarantine", "admin?tab=people"):
        page.goto(f"/{path}")
        quiet(page)
        page.add_style_tag(content="* { transition: none !important }")
        page.evaluate("document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex')")
        unseen, first = [], None
        for _ in range(60):
            page.keyboard.press("Tab")
            name, seen = page.evaluate(SEEN)
            if name == first or name.startswith("BODY"):
                break
            first = first or name
            unseen += [] if seen else [name]
        assert first is not None
        assert "Skip to the page" in first  # the rail can be passed over
        assert unseen == [], path


# What has the focus, and whether one sees so: an outline, a ring, or a border that is not there without it.
SEEN = """() => {
  const e = document.activeElement, box = e.getBoundingClientRect(), own = getComputedStyle(e);
  const name = e.getAttribute("aria-label") ?? e.textContent.slice(0, 40);
  const ring = own.outlineStyle !== "none" && parseFloat(own.outlineWidth) > 0 && box.width > 0;
  const near = [e, e.parentElement, e.nextElementSibling, e.parentElement?.parentElement].filter(Boolean);
  const look = (n) => {
    const s = getComputedStyle(n);
    return [s.outlineStyle, s.outlineWidth, s.boxShadow, s.borderColor, s.backgroundColor].join();
  };
  const focused = near.map(look);
  e.blur();
  const changed = near.some((n, i) => look(n) !== focused[i]);
  e.focus({ focusVisible: true });
  return [`${e.tagName} ${name} ${Math.round(box.x)},${Math.round(box.y)}`, ring || changed];
}"""

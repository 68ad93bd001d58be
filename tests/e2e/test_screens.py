"""Pictures of every page with the demo's data, in light and dark, for people to look at: `make screens`, out/screens.

Each page must be without faults and breaches of accessibility when its picture is taken. The pictures of the README
are among them, in docs/images, with notes of our own.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from behealthy.serve import auth
from behealthy.simulate.visits import invented

ROOT = Path(__file__).resolve().parents[2]
SCREENS = ROOT / "out" / "screens"
NOTE = """REASON FOR VISIT
Follow-up of type 2 diabetes and hypertension.

HISTORY
Mrs. Alvarez is a 61-year-old retired teacher. Her morning sugars have crept up since she stopped walking in the \
winter. She denies chest pain, blurred vision or numbness in the feet. She had pneumonia three years ago. Her father \
had a stroke at 70.

ASSESSMENT AND PLAN
1. Type 2 diabetes mellitus, not at goal - increase metformin to 1000 mg twice daily, diabetic diet.
2. Hypertension - continue lisinopril 10 mg daily.
3. Possible sleep apnea - home sleep study.
Return if she has dizziness or fainting.
"""
EMPTY = [
    "watch",
    "models",
    "kpis",
    "review",
    "data?tab=notes",
    "data?tab=quarantine",
    "data?tab=datasets",
    "admin?tab=keys",
]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=["light", "dark"])
def colours(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory, weak_home, starts) -> Iterator:
    """The demo after a day of work: notes reviewed, a model trained and served, records held, alerts."""
    home = tmp_path_factory.mktemp("screens") / "home"
    weak_home(home)
    with starts(home, "--demo") as started, started.caller("admin") as caller, scientist(started) as dora:
        caller.post(
            "/api/v1/notes?source=kiosk", content=b"id,words\nk1,Migraine.\n", headers={"Content-Type": "text/csv"}
        )
        send(caller, "hospital", "letters", 200, 6)  # what is usual when the new model is served
        asked = dora.post("/api/v1/trainings", json={"reason": "the first model has seen two notes"}).json()
        done = lambda: caller.get(f"/api/v1/trainings/{asked['id']}").json()["state"] == "done"  # noqa: E731
        started.wait_until("the training is done", done, 1200)
        version = caller.get(f"/api/v1/trainings/{asked['id']}").json()["candidate"]
        started.wait_until("it is served", lambda: caller.get("/info").json()["model_version"] == version)
        before = len(caller.get("/api/v1/drift").json()["windows"])
        send(caller, "hospital", "letters", 600, 7)
        send(caller, "night-shift", "telegrams", 400, 8)
        for stars in (4, 5, 4, 3, 5, 4):
            caller.post("/api/v1/kpis/rating", json={"stars": stars})
        caller.post("/api/v1/drift:check")
        judged = lambda: len(caller.get("/api/v1/drift").json()["windows"]) >= before + 5  # noqa: E731
        started.wait_until("the windows are judged", judged)
        yield started


def scientist(started) -> httpx.Client:
    """Give the browser of a data scientist, as a client."""
    cookies = {auth.COOKIE: started.token("data_scientist.dora")}
    return httpx.Client(base_url=started.url, cookies=cookies, headers={"X-BeHealthy": "1"}, timeout=300)


def send(caller: httpx.Client, source: str, kind: str, number: int, seed: int) -> None:
    """Send invented notes in batches."""
    for notes in batches([document.text for document in invented(kind, number, seed)]):
        caller.post(f"/api/v1/notes?source={source}", json={"notes": notes}).raise_for_status()


def batches(texts: list[str], size: int = 50) -> Iterator[list[dict[str, str]]]:
    """Cut them into what is sent at once."""
    for at in range(0, len(texts), size):
        part = enumerate(texts[at : at + size], at)
        yield [{"text": text, "patient_id": f"patient {number % 211}"} for number, text in part]


def quiet(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_label("loading")).to_have_count(0)
    page.wait_for_timeout(600)  # what moves has come to rest


def shoot(page: Page, name: str, colours: str) -> None:
    page.screenshot(path=SCREENS / f"{name}-{colours}.png")


@pytest.fixture
def sees(full, visits, breaches, colours):
    """Lets an admin in who takes pictures, and finds no breach."""
    with visits(full) as enters:
        yield enters("admin.ada", color_scheme=colours, viewport={"width": 1440, "height": 900}).page()


def test_doors(full, visits, colours) -> None:
    with visits(full) as enters:
        stranger = enters(color_scheme=colours)
        page = stranger.page("/")
        expect(page.get_by_label("Name")).to_be_visible()
        shoot(page, "login", colours)
        page.get_by_label("Name").fill("rita")
        page.get_by_label("Password", exact=True).fill("not this one")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_be_visible()
        shoot(page, "login-refused", colours)
        page.goto(full.link)
        expect(page.get_by_label("The same again", exact=True)).to_be_visible()
        shoot(page, "first-start", colours)
        stranger.faults.clear()


def test_extract(sees, colours) -> None:
    sees.goto("/extract")
    quiet(sees)
    shoot(sees, "extract-empty", colours)
    sees.get_by_label("note", exact=True).fill(NOTE)
    sees.keyboard.press("Control+Enter")
    expect(sees.get_by_role("button", name="Send to review")).to_be_visible()
    quiet(sees)
    shoot(sees, "extract", colours)
    sees.get_by_role("row").filter(has_text="Type 2 diabetes").first.click()
    quiet(sees)
    shoot(sees, "extract-chosen", colours)
    sees.get_by_role("button", name="Send to review").click()
    expect(sees.get_by_role("button", name="Sent", exact=True)).to_be_visible()


def test_review(sees, colours) -> None:
    sees.goto("/extract")
    sees.get_by_label("note", exact=True).fill(NOTE + f"Seen in {colours}.")
    sees.keyboard.press("Control+Enter")
    with sees.expect_response("**/extract?**") as sent:
        sees.get_by_role("button", name="Send to review").click()
    note_id = sent.value.json()["items"][0]["note_id"]
    expect(sees.get_by_role("button", name="Sent", exact=True)).to_be_visible()
    sees.goto("/review")
    quiet(sees)
    shoot(sees, "review-queue", colours)
    sees.goto(f"/review/{note_id}")
    expect(sees.get_by_role("option", selected=True)).to_be_visible()
    for key in ("a", "a", "x", "a", "3", "j"):
        sees.keyboard.press(key)
    sees.wait_for_timeout(800)
    shoot(sees, "review", colours)
    for keys, name in ((["n"], "review-add"), (["Escape", "c"], "review-code"), (["Escape", "?"], "review-keys")):
        for key in keys:
            sees.keyboard.press(key)
        sees.wait_for_timeout(800)
        shoot(sees, name, colours)
    sees.keyboard.press("Escape")
    sees.get_by_role("option").filter(has_text="metformin").click()
    sees.keyboard.press("l")
    sees.wait_for_timeout(400)
    shoot(sees, "review-link", colours)
    sees.keyboard.press("Escape")
    for _ in range(20):
        sees.keyboard.press("g")
        sees.keyboard.press("a")
    sees.keyboard.press("Control+Enter")
    sees.wait_for_timeout(400)
    shoot(sees, "review-submit", colours)
    sees.keyboard.press("Enter")
    expect(sees.get_by_text("Submitted.")).to_be_visible()


@pytest.mark.parametrize(
    "path",
    [
        "watch", "models", "kpis", "data?tab=notes", "data?tab=quarantine", "data?tab=datasets", "admin?tab=people",
        "admin?tab=keys", "admin?tab=audit",
    ],
)  # fmt: skip
def test_page(sees, breaches, colours, path: str) -> None:
    sees.goto(f"/{path}")
    quiet(sees)
    name = re.sub(r"\W+(tab\W)?", "-", path)
    shoot(sees, name, colours)
    height = sees.evaluate("document.querySelector('#page').scrollHeight")
    sees.set_viewport_size({"width": 1440, "height": max(900, min(height, 6000))})
    sees.wait_for_timeout(300)
    shoot(sees, f"{name}-whole", colours)
    assert breaches(sees) == []


def test_what_opens_over_a_page(sees, colours) -> None:
    sees.goto("/data?tab=quarantine")
    sees.get_by_role("button", name="Look").first.click()
    sees.wait_for_timeout(600)
    shoot(sees, "quarantine-look", colours)
    sees.goto("/data?tab=notes")
    sees.get_by_role("button", name="Open").first.click()
    sees.wait_for_timeout(900)
    shoot(sees, "note-opened", colours)
    sees.goto("/models")
    quiet(sees)
    boxes = sees.get_by_role("checkbox")
    for at in range(2):
        boxes.nth(at).check()
    sees.get_by_role("button", name="Train a new version").click()
    sees.wait_for_timeout(400)
    shoot(sees, "models-ask", colours)
    sees.keyboard.press("Escape")
    sees.get_by_role("button", name="Compare the two").click()
    quiet(sees)
    expect(sees.get_by_role("table").first).to_be_visible(timeout=120_000)
    shoot(sees, "models-compare", colours)
    sees.keyboard.press("Control+k")
    sees.wait_for_timeout(400)
    shoot(sees, "palette", colours)


def test_dossier(full, sees, colours) -> None:
    served = sees.request.get("/api/v1/models").json()["items"]
    version = next(each["version"] for each in served if each["serving"])
    sees.goto(f"/api/v1/models/{version}/dossier.html")
    shoot(sees, "dossier", colours)
    sees.goto("/docs")
    shoot(sees, "docs", colours)


def test_small(full, visits, colours) -> None:
    with visits(full) as enters:
        page = enters("admin.ada", color_scheme=colours, viewport={"width": 800, "height": 900}).page()
        for path in ("extract", "review", "watch", "models"):
            page.goto(f"/{path}")
            quiet(page)
            shoot(page, f"small-{path}", colours)


# The pictures of the README: the shipped model on a note of our own, and the watch after a drift.

VIEW = {"width": 1280, "height": 760}


def test_readme_extract_and_review(started, visits) -> None:
    with visits(started) as enters:
        page = enters("reviewer", color_scheme="light", viewport=VIEW).page("/extract")
        page.get_by_label("note", exact=True).fill(NOTE)
        page.keyboard.press("Control+Enter")
        expect(page.get_by_role("button", name="Send to review")).to_be_visible()
        quiet(page)
        page.screenshot(path=SCREENS / "readme-extract.png")
        page.get_by_role("button", name="Send to review").click()
        expect(page.get_by_role("button", name="Sent", exact=True)).to_be_visible()
        page.goto("/review")
        page.get_by_role("button", name="Review next").click()
        expect(page.get_by_role("option", selected=True)).to_be_visible()
        for key in ("a", "a", "a", "x", "a", "3", "a"):
            page.keyboard.press(key)
            page.wait_for_timeout(300)
        expect(page.get_by_role("status").get_by_text("Saved", exact=True)).to_be_visible()
        page.screenshot(path=SCREENS / "readme-review.png")


def test_readme_watch(full, visits) -> None:
    with visits(full) as enters:
        page = enters("dario", color_scheme="light", viewport=VIEW).page("/watch")
        quiet(page)
        page.screenshot(path=SCREENS / "readme-watch.png")


def test_empty(started, visits, colours) -> None:
    with visits(started) as enters:
        page = enters("admin.ada", color_scheme=colours).page()
        for path in EMPTY:
            page.goto(f"/{path}")
            quiet(page)
            shoot(page, "empty-" + re.sub(r"\W+(tab\W)?", "-", path), colours)

"""A better model arrives while others work: asked for at the page, trained, judged, served, taken back by a button."""

import re
import threading
from collections import Counter

import httpx
import pytest
from playwright.sync_api import Page, expect

NOTE = "ASSESSMENT: Type 2 diabetes, on metformin. Denies chest pain. Her asthma is treated with salbutamol."
TRAINING_MS = 1_200_000

pytestmark = pytest.mark.slow


class Callers:
    """Programs that extract all the time, and what they were answered, until they are told to end."""

    def __init__(self, started, number: int = 3) -> None:
        self.answers: Counter[tuple[int | str, str]] = Counter()
        self._clients = [started.caller("extract") for _ in range(number)]
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._call, args=(client,)) for client in self._clients]

    def __enter__(self) -> "Callers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()

    def _call(self, client: httpx.Client) -> None:
        while not self._end.wait(0.1):
            try:
                answer = client.post("/api/v1/extract", json={"text": NOTE})
                version = answer.json().get("model_version", "")
                self.answers[answer.status_code, version] += 1
            except (httpx.HTTPError, ValueError) as exc:
                self.answers[type(exc).__name__, ""] += 1


def log_in(page: Page, started, name: str) -> None:
    """Log in as one of the demo's users, with the password that lies in the home: nobody watches what is printed."""
    lines = (started.home / "demo-users.txt").read_text(encoding="utf-8").splitlines()
    password = next(line.split("\t")[2] for line in lines if line.startswith(f"{name}\t"))
    page.goto("/")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password", exact=True).fill(password)
    page.keyboard.press("Enter")
    expect(page.get_by_role("navigation", name="pages")).to_be_visible()


def serving(page: Page) -> str:
    """Give the version whose row says that it is served."""
    row = page.get_by_role("row").filter(has_text="served").filter(has_not_text="Version")
    return re.findall(r"[a-z]+-[0-9a-f]{8}", row.inner_text())[0]


def test_a_better_model_arrives_while_others_work(tmp_path, weak_home, starts, visits) -> None:
    weak = weak_home(tmp_path / "home")
    with starts(tmp_path / "home", "--demo") as started, visits(started) as enters:
        scientist, operator = enters(), enters()
        page, board = scientist.page(), operator.page()
        log_in(page, started, "dario")
        log_in(board, started, "olga")
        for each in (page, board):
            each.goto("/models")
            expect(each.get_by_role("row").filter(has_text="served")).to_contain_text(weak)
        with Callers(started) as callers:
            page.get_by_role("button", name="Train a new version").click()
            page.get_by_label("Reason").fill("the first one has seen two notes")
            page.get_by_role("button", name="Start training").click()
            expect(page.get_by_text("The training has started.")).to_be_visible()
            expect(page.get_by_text(re.compile("waiting|running"))).to_be_visible()
            expect(page.get_by_text("earned its place")).to_be_visible(timeout=TRAINING_MS)
            # Neither page is loaded again: what is served now comes to them.
            for each in (page, board):
                expect(each.get_by_role("row").filter(has_text="served")).not_to_contain_text(weak)
            version = serving(page)
            started.wait_until("it is served", lambda: callers.answers[200, version] > 20)

            page.goto("/extract")
            page.get_by_label("note", exact=True).fill(NOTE)
            page.keyboard.press("Control+Enter")
            expect(page.get_by_text(f"ms · {version}")).to_be_visible()
            dossier = page.request.get(f"/api/v1/models/{version}/dossier.html")
            assert "promote" in dossier.text()

            board.get_by_role("button", name="Roll back").click()
            question = board.get_by_role("dialog", name="Roll back")
            expect(question).to_contain_text(weak)
            question.get_by_label("Reason").fill("to see that it can be done")
            question.get_by_role("button", name="Roll back").click()
            expect(board.get_by_text("The version before is served again.")).to_be_visible()
            expect(board.get_by_role("row").filter(has_text="served")).to_contain_text(weak)
            expect(board.get_by_text("rolled back to by olga: to see that it can be done")).to_be_visible()
            before = callers.answers[200, weak]
            started.wait_until("the one before is served", lambda: callers.answers[200, weak] > before + 20)
        assert set(callers.answers) == {(200, weak), (200, version)}, callers.answers
        scientist.faults[:] = [fault for fault in scientist.faults if "401" not in fault]  # before they had logged in
        operator.faults[:] = [fault for fault in operator.faults if "401" not in fault]
        for words in ("metformin", "salbutamol"):
            assert words not in started.log()

"""What a reviewer does at the desk, by key."""

from typing import Any

from playwright.sync_api import Page, expect


def send(page: Page, text: str) -> str:
    """Send a note to review, as a program of the reviewer would, and give its id."""
    answer = page.request.post("/api/v1/extract?to_review=true", data={"text": text}, headers={"X-BeHealthy": "1"})
    assert answer.status == 200, answer.text()
    return str(answer.json()["items"][0]["note_id"])


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def chosen(page: Page) -> Any:
    return page.get_by_role("option", selected=True)


def go_to(page: Page, words: str) -> None:
    """Go to the entity with these words, by the arrow keys."""
    options = page.get_by_role("option")
    at = next(i for i, text in enumerate(options.all_inner_texts()) if words in text.split("\n"))
    for _ in range(options.count()):
        press(page, "ArrowUp")
    for _ in range(at):
        press(page, "ArrowDown")
    expect(chosen(page)).to_contain_text(words)

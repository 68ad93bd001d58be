"""Records of a wrong form are held with the reason, alerted once, and decided on by a person: mended or dropped."""

import csv
import io

from playwright.sync_api import Page, expect
from sqlalchemy import func, select

from behealthy.store.tables import NoteRow, QuarantineRow

CSV = {"Content-Type": "text/csv"}


def sheet(*rows: list[str]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def notes_of(started, source: str) -> int:
    with started.system.database.read() as session:
        return session.scalar(select(func.count()).where(NoteRow.source == source)) or 0


def opened(page: Page, words: str) -> None:
    page.goto("/data?tab=quarantine")
    page.get_by_role("row").filter(has_text=words).get_by_role("button", name="Look").click()


def test_a_broken_sheet_is_held_alerted_mended_or_dropped(started, enters) -> None:
    with started.caller("notes:write") as feed:
        broken = sheet(
            ["id", "text"], ["k1", "Asthma, on salbutamol."], ["k2", "Gout of the great toe.", "and a third cell"]
        )
        told = feed.post("/api/v1/notes?source=kiosk", content=broken, headers=CSV).json()
        assert (told["stored"], told["held"]) == (1, 1)  # one bad row does not stop the others
        assert told["items"][1]["code"] == "schema"
        wordless = sheet(["id", "words"], ["k3", "Migraine."])
        assert feed.post("/api/v1/notes?source=kiosk", content=wordless, headers=CSV).json()["held"] == 1
        again = feed.post("/api/v1/notes?source=kiosk", content=broken, headers=CSV).json()
        assert (again["stored"], again["known"]) == (0, 1)
    assert notes_of(started, "kiosk") == 1

    operator = enters("operator.olga").page("/watch")
    alert = operator.get_by_role("listitem").filter(has_text="1 record from kiosk held: schema")
    expect(alert).to_have_count(1)  # however often it happens
    expect(alert).to_contain_text("3 times")
    alert.get_by_role("button", name="Acknowledge").click()
    expect(alert).to_have_count(0)
    opened(operator, "3 cells where 2 are named")
    expect(operator.get_by_text("Its words are not shown")).to_be_visible()  # an operator reads no notes
    assert "great toe" not in operator.content()

    page = enters("admin.ada").page()
    opened(page, "3 cells where 2 are named")
    words = page.get_by_label("As it came")
    assert "great toe" in words.input_value()
    page.get_by_role("button", name="Try it again").click()
    expect(page.get_by_role("alert").filter(has_text="It is still refused")).to_be_visible()
    words.fill(words.input_value().replace(",and a third cell", ""))
    page.get_by_role("button", name="Try the mended text").click()
    expect(page.get_by_text("It is a note now.")).to_be_visible()
    assert notes_of(started, "kiosk") == 2

    opened(page, "the first line must name the columns")
    page.get_by_role("button", name="Drop it").click()
    page.get_by_role("dialog", name="Drop it for good").get_by_role("button", name="Drop it").click()
    expect(page.get_by_text("Dropped: the row stays, its words are gone.")).to_be_visible()
    with started.system.database.read() as session:
        rows = session.scalars(select(QuarantineRow).where(QuarantineRow.source == "kiosk")).all()
        assert {row.state for row in rows} == {"replayed", "dropped"}
        assert all(row.decided_by == "admin.ada" for row in rows)
    page.goto("/data?tab=quarantine")
    page.get_by_label("which").get_by_text("Dropped").click()
    expect(page.get_by_role("row").filter(has_text="kiosk")).to_contain_text("dropped")
    assert notes_of(started, "kiosk") == 2
    for words_of_notes in ("salbutamol", "great toe", "Migraine"):
        assert words_of_notes not in started.log()

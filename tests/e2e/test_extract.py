"""A note is pasted, read and taken away; whatever is written in it stays text."""

import csv
import io
import json
import re
from pathlib import Path

from fhir.resources.R4B.bundle import Bundle
from playwright.sync_api import Page, expect

NOTE = """HISTORY: Ms. Lindqvist has had a cough and fever for two days \U0001fac1. She denies chest pain.
Her mother had breast cancer.

ASSESSMENT AND PLAN
1. Pneumonia - start amoxicillin 500 mg three times daily.
2. Hypertension - continue lisinopril.
"""
MARKUP = (
    "<script>window.hit = 1</script><img src=x onerror='window.hit = 1'><svg onload='window.hit = 1'>"
    "<b>Gout</b> &amp; {{7*7}} ${7*7} </textarea><iframe src='javascript:window.hit=1'></iframe>"
)


def read(page: Page, text: str) -> None:
    page.goto("/extract")
    page.get_by_label("note", exact=True).fill(text)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("document", name="the note")).to_be_visible()


def taken(page: Page, name: str) -> str:
    with page.expect_download() as download:
        page.get_by_role("button", name=name, exact=True).click()
    assert download.value.suggested_filename.startswith("record")
    return Path(download.value.path()).read_text(encoding="utf-8-sig")


def row(page: Page, disease: str) -> dict[str, str]:
    """Give a row of the table by the names of its columns."""
    table = page.get_by_role("table")
    names = table.get_by_role("columnheader").all_inner_texts()
    cells = table.get_by_role("row").filter(has_text=disease).get_by_role("cell").all_inner_texts()
    return dict(zip(names, cells, strict=True))


def test_diseases_with_status_code_and_treatments(started, enters) -> None:
    page = enters("reviewer.ann").page()
    read(page, NOTE)
    assert page.get_by_role("document", name="the note").inner_text().strip() == NOTE.strip()
    pneumonia = row(page, "Pneumonia")
    assert pneumonia["Status"] == "present"
    assert pneumonia["Code"].startswith("J18")
    assert pneumonia["Treatments"].startswith("amoxicillin")
    assert row(page, "chest pain")["Status"] == "negated"
    assert row(page, "breast cancer")["Status"] == "family"
    # After a character that JavaScript counts as two, every mark still stands where it belongs.
    marks = page.get_by_role("document", name="the note").locator("mark")
    expect(marks.and_(page.locator("[data-status=negated]"))).to_have_text(["chest pain"])
    card = page.get_by_role("status")
    cue = page.locator("[data-cue]")
    for name, words in (("chest pain", "denies"), ("breast cancer", "mother")):
        marks.and_(page.locator(f"text={name}")).hover()
        expect(card).to_contain_text(f"by “{words}”")
        expect(cue).to_have_text(words)
    page.mouse.move(0, 0)
    expect(cue).to_have_count(0)
    page.get_by_role("row").filter(has_text="Hypertension").click()
    expect(page.locator("mark[data-chosen]")).to_have_text("Hypertension")
    expect(marks.and_(page.locator("[data-kind=treatment]"))).to_have_text(["amoxicillin", "lisinopril"])
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("status").filter(has_text=re.compile("% sure of type and boundaries"))).to_be_visible()


def test_the_record_is_taken_away_as_csv_json_and_fhir(started, enters) -> None:
    page = enters("reviewer.ann").page()
    read(page, NOTE)
    lines = list(csv.DictReader(io.StringIO(taken(page, "CSV"))))
    assert [line for line in lines if line["disease"] == "Pneumonia" and "amoxicillin" in line["treatment"]]
    found = json.loads(taken(page, "JSON"))
    assert "Pneumonia" in {each["disease"] for each in found["record"]}
    bundle = json.loads(taken(page, "FHIR"))
    Bundle.model_validate(bundle)
    kinds = [entry["resource"]["resourceType"] for entry in bundle["entry"]]
    assert {"Condition"} <= set(kinds)
    stated = {e["resource"]["code"]["text"]: e["resource"] for e in bundle["entry"] if "code" in e["resource"]}
    refuted = stated["chest pain"]["verificationStatus"]["coding"][0]["code"]
    assert refuted == "refuted"


def test_a_note_is_mended_where_the_caret_stands(started, enters) -> None:
    page = enters("reviewer.ann").page("/extract")
    page.get_by_label("note", exact=True).fill("She has a thma.")
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
    page.keyboard.press("Backspace")
    page.keyboard.type(" sevère as")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("document", name="the note")).to_have_text("She has a sevère asthma.")


def test_what_is_written_in_a_note_stays_text(started, enters) -> None:
    person = enters("reviewer.ann")
    page = person.page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    read(page, MARKUP)
    assert page.get_by_role("document", name="the note").inner_text().strip() == MARKUP
    for _ in range(page.locator("mark").count()):  # the cards show words of the note too
        page.keyboard.press("ArrowDown")
    page.get_by_role("button", name="Send to review").click()
    expect(page.get_by_role("button", name="Sent", exact=True)).to_be_visible()
    page.goto("/review")
    page.get_by_role("button", name="Review next").click()
    page.wait_for_url(re.compile("/review/n_"))
    assert page.get_by_role("document", name="the note").inner_text().strip() == MARKUP
    page.get_by_role("button", name="Leave").click()
    page.get_by_role("menuitem", name="Put it off").click()
    page.wait_for_url(re.compile("/review$"))
    assert page.evaluate("window.hit") is None
    assert all(url.startswith((started.url, "data:", "blob:")) and not url.endswith("/x") for url in asked)


def test_a_note_goes_to_review_once(started, enters) -> None:
    page = enters("reviewer.sent").page()
    read(page, NOTE.replace("Lindqvist", "Marchetti"))
    page.get_by_role("button", name="Send to review").click()
    expect(page.get_by_role("button", name="Sent", exact=True)).to_be_disabled()
    waiting = page.request.get("/api/v1/reviews?state=open").json()["items"]
    read(page, NOTE.replace("Lindqvist", "Marchetti"))
    page.get_by_role("button", name="Send to review").click()
    expect(page.get_by_role("button", name="Sent", exact=True)).to_be_disabled()
    assert page.request.get("/api/v1/reviews?state=open").json()["items"] == waiting
    assert waiting
    assert waiting[0]["why"] == "sent"
    for what in ("claim", "skip"):  # behind all others, out of the way of other tests
        assert page.request.post(f"/api/v1/reviews/{waiting[0]['note_id']}:{what}", headers={"X-BeHealthy": "1"}).ok


def test_what_cannot_be_read_is_said(started, enters) -> None:
    person = enters("reviewer.ann")
    page = person.page("/extract")
    read_it = page.get_by_role("button", name="Read the note")
    expect(read_it).to_be_disabled()
    page.get_by_label("note", exact=True).fill("   \n ")
    expect(read_it).to_be_disabled()
    page.get_by_label("note", exact=True).fill("Nothing of note. The weather was fine.")
    read_it.click()
    expect(page.get_by_text("Nothing was found in this note.")).to_be_visible()
    page.get_by_role("button", name="New note").click()
    page.get_by_label("note", exact=True).fill("A character that is none: \x00.")
    read_it.click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert page.get_by_label("note", exact=True).input_value().startswith("A character")
    person.faults.clear()

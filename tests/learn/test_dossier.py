"""The dossier: everything that the gate looked at, readable, and harmless whatever it is told."""

import json
from html.parser import HTMLParser
from typing import Any

import pytest

from behealthy.learn import dossier
from behealthy.learn.calibrate import IDENTITY
from behealthy.learn.evaluate import evaluate
from behealthy.learn.evidence import Side, marks
from behealthy.learn.gate import judge
from behealthy.learn.sentences import Change
from behealthy.note import Extraction, entity_at

NASTY = '<script>alert(1)</script> & "x" \''
TEXT = "Started vegamycin for quillosis."
GOLD = [
    Extraction(f"n{i}", TEXT, (entity_at(TEXT, 8, 17, "TREATMENT"), entity_at(TEXT, 22, 31, "DISEASE")))
    for i in range(40)
]
FOUND = [Extraction(d.note_id, d.text, d.entities[: i % 3]) for i, d in enumerate(GOLD)]


def side(version: str, predicted: list[Extraction]) -> Side:
    counted = marks(GOLD, predicted, [NASTY] * len(GOLD), ("DISEASE", "TREATMENT"), IDENTITY)
    return Side(version, counted, counted, {NASTY: (1, 2)}, 0.01, 100.0, 1000, ("DISEASE", "TREATMENT"))


@pytest.fixture(scope="module", params=["promote", "keep"])
def told(request: pytest.FixtureRequest) -> dict[str, Any]:
    first, second = ("old", FOUND), ("new", GOLD)
    if request.param == "keep":
        first, second = ("old", GOLD), ("new", FOUND)
    champion, candidate = side(*first), side(*second)
    verdict = judge(champion, candidate, trigger="person")
    return dossier.facts(
        training={"id": "t_1", "trigger": "person", "requested_by": NASTY, "reason": NASTY, "run_id": None},
        data={"snapshot": "s" * 64, "hash": "h" * 64, "lineage": {"sources": {NASTY: 40}}},
        recipe={"types": ["DISEASE", NASTY], "scales": {"d": 1.7}},
        champion=champion,
        candidate=candidate,
        figures={"champion": evaluate(GOLD, first[1]).to_json(), "candidate": evaluate(GOLD, second[1]).to_json()},
        calibration={},
        verdict=verdict,
        changes=[
            Change("drug", NASTY, (True, False), ((0, 4, "DISEASE"),), ()),
            Change(NASTY, "Mild quillosis.", None, (), ((5, 14, "DISEASE"),)),
        ],
        approver="gate",
    )


def test_it_is_plain_json_and_says_what_was_decided(told: dict[str, Any]) -> None:
    again = json.loads(json.dumps(told, allow_nan=False))
    assert again == told
    assert again["verdict"]["decision"] in ("promote", "keep")
    assert again["candidate"]["version"] == "new"
    assert again["approver"] == "gate"


class _Checked(HTMLParser):
    """Collects the tags, and holds that each is closed in its turn."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.said = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.add(tag)
        if tag not in ("meta", "line", "circle"):
            self.open.append(tag)
        assert not [name for name, _ in attrs if name.startswith("on")]

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said += data


def test_the_page_is_whole_and_harmless(told: dict[str, Any]) -> None:
    page = _Checked()
    page.feed(dossier.to_html(told))
    page.close()
    assert page.open == []
    assert "script" not in page.tags
    assert "svg" in page.tags
    assert NASTY in page.said  # shown as it was given
    for rule in told["verdict"]["rules"]:
        assert rule["says"].replace("->", "→") in page.said
    assert "Mild quillosis." in page.said
    assert (page.said.count("✗ not met)"), page.said.count("✓ met)")) == (1, 1)
    assert "vegamycin" not in page.said


def test_the_page_goes_dark_and_loads_nothing(told: dict[str, Any]) -> None:
    html = dossier.to_html(told)
    assert "prefers-color-scheme: dark" in html
    assert "default-src 'none'" in html
    assert "http://" not in html
    assert "https://" not in html


def test_the_page_says_what_a_person_made_of_it(told: dict[str, Any]) -> None:
    assert 'class="approval"' not in dossier.to_html(told)
    waits = {"state": "waiting", "by": None, "reason": None, "at": "2026-03-01T09:00:00+00:00"}
    assert "It waits for approval, since 2026-03-01 09:00 UTC" in dossier.to_html({**told, "approval": waits})
    refused = {**waits, "state": "refused", "by": "eve", "reason": "misses <statins>"}
    assert "Refused by eve: misses &lt;statins&gt;, 2026-03-01 09:00 UTC" in dossier.to_html(
        {**told, "approval": refused}
    )

"""The story: that it comes out, and that it is told when it does not."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from behealthy.cli import app
from behealthy.simulate import chart, claims, page, sources, story
from behealthy.simulate.claims import Claim, Story
from behealthy.simulate.clinic import Clinic, Event, drop_file
from behealthy.simulate.story import Played
from behealthy.simulate.timeline import Moment

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "notes"
WINDOW = 200


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    with Clinic.open(tmp_path / "home", WINDOW, WINDOW // 2, 0) as clinic:
        yield clinic


# It comes out --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_story_comes_out(home: Path, tmp_path: Path) -> None:
    files = ["--page", str(tmp_path / "page.html"), "--json", str(tmp_path / "story.json")]
    result = CliRunner().invoke(app, ["simulate", "--examples", "--notes", str(EXAMPLES), *files])
    assert result.exit_code == 0, result.output
    told = json.loads((tmp_path / "story.json").read_text(encoding="utf-8"))
    assert told["came_out"] is True
    states = [window["state"] for window in told["windows"]]
    assert states[:2] == ["ok", "ok"]
    assert set(states) & {"drift", "performance_breach"}
    assert [t["verdict"] for t in told["trainings"]][-2:] == ["promote", "keep"]
    figures = told["figures"]
    assert figures["windows_to_drift"] <= claims.SOON
    assert figures["f1_during"] < figures["f1_before"] - 0.05
    assert figures["f1_new_second"]["low"] > figures["f1_new_first"]["value"]
    assert not home.exists()  # a story touches nothing of whoever plays it
    shown = (tmp_path / "page.html").read_text(encoding="utf-8") + json.dumps(told) + result.output
    cast = sources.from_examples(EXAMPLES, WINDOW, 0)
    words = [d.text for d in (*cast.steady, *cast.changed) if len(d.text) > 20]
    assert not [text for text in words if text in shown]


# It does not come out ------------------------------------------------------------------------------------------------


def test_where_nothing_happened_no_claim_holds(clinic: Clinic) -> None:
    cast = sources.from_examples(EXAMPLES, WINDOW, 0)
    told = claims.told(clinic, cast, _nothing(clinic), 0)
    assert [claim.says for claim in told.claims if claim.holds] == []
    assert {claim.act for claim in told.claims} == {1, 2, 3, 4, 5}
    assert not told.came_out
    assert "did not come out" in page.to_html(told)


def test_a_story_that_does_not_come_out_ends_with_1(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(story, "play", lambda clinic, cast, progress: _nothing(clinic))
    files = ["--page", str(tmp_path / "page.html"), "--json", str(tmp_path / "story.json")]
    result = CliRunner().invoke(app, ["simulate", "--examples", "--notes", str(EXAMPLES), *files])
    assert result.exit_code == 1
    assert "NOT SO" in result.output
    assert json.loads((tmp_path / "story.json").read_text(encoding="utf-8"))["came_out"] is False


def _nothing(clinic: Clinic) -> Played:
    """Play nothing but bring a note of the broken feed in and let a person make gold of it, which must not be."""
    held = [clinic.reviewer.annotated(d) for d in sources.from_examples(EXAMPLES, WINDOW, 0).held_out[:3]]
    clinic.import_gold(held, story.BROKEN)
    return Played()


def test_a_folder_that_is_in_use_is_left_alone(home: Path, tmp_path: Path) -> None:
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "behealthy.db").write_text("precious")
    result = CliRunner().invoke(app, ["simulate", "--home", str(tmp_path / "used")])
    assert result.exit_code == 2
    assert (tmp_path / "used" / "behealthy.db").read_text() == "precious"


# The clinic ----------------------------------------------------------------------------------------------------------


def test_the_same_seed_makes_the_same_ids_and_choices(tmp_path: Path) -> None:
    notes = sources.from_examples(EXAMPLES, WINDOW, 0).steady[:40]
    ids = []
    for name in ("one", "two"):
        with Clinic.open(tmp_path / name, WINDOW, 100, 7) as clinic:
            taken = clinic.bring(notes, "ward", read=False)
            ids.append([fate.note_id for fate in taken.fates] + [clinic.system.vault.tag("x")])
    assert ids[0] == ids[1]


def test_files_of_the_inbox_are_taken_in_on_the_virtual_clock(clinic: Clinic) -> None:
    drop_file(clinic, "a.txt", "Röntgen".encode("latin-1"))
    clinic.tick()
    assert clinic.sent == ["[warning] 1 record from inbox held: encoding"]
    assert not list(clinic.system.settings.inbox.glob("*.txt"))


def test_every_note_of_the_broken_feed_is_spoilt(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the notes to spoil are short: one that stays whole would rightly become gold."""
    cast = sources.from_examples(EXAMPLES, WINDOW, 0)
    short = [
        replace(d, note_id=f"short {i}", text=f"No gout {i}.", entities=()) for i, d in enumerate(cast.changed[:40])
    ]
    sent: list[str] = []
    send = Clinic.send

    def listened(self: Clinic, raws: Any, documents: Any, source: str, **given: Any) -> Any:
        sent.extend(d.text for d in documents)
        return send(self, raws, documents, source, **given)

    monkeypatch.setattr(Clinic, "send", listened)
    monkeypatch.setattr(Clinic, "tick", lambda self: None)
    monkeypatch.setattr("behealthy.simulate.clinic.Reading", lambda *_: None)
    story._spoilt_notes(clinic, replace(cast, changed=(*short, *cast.changed)), Played())
    assert sent
    assert all("\ufffd" in text for text in sent)


def test_a_day_ends_in_the_evening(clinic: Clinic) -> None:
    clinic.clock.to(story.OPENS)
    story._day(clinic, (), "ward")
    assert clinic.clock().hour == story.CLOSES


# How it is shown -----------------------------------------------------------------------------------------------------


def figure(value: float) -> dict[str, Any]:
    return {"value": value, "low": value - 0.05, "high": value + 0.05, "notes": 40, "says": ""}


def moment(number: int, state: str, **given: Any) -> Moment:
    at = datetime(2026, 3, 2, 15, tzinfo=UTC) + timedelta(days=number)
    signals = {"vocabulary": {"value": 0.5 + number / 10, "low": None, "high": None, "band": [0.4, 0.6], "moved": True}}
    known: dict[str, Any] = {
        "number": number,
        "begins_at": at,
        "judged_at": at,
        "ends_at": at,
        "notes": 200,
        "sources": {"a <b>": 200},
        "state": state,
        "version": "first-1",
        "true": figure(0.6),
        "unseen": None,
        "estimated": figure(0.55),
        "audited": figure(0.5),
        "promised": figure(0.6),
        "floor": 0.5,
        "audit_tells": True,
        "trusted": number < 2,
        "action": "label",
        "moved": ("vocabulary",),
        "drawn": 7,
        "reasons": (),
        "signals": signals,
        "events": (Event(at, "labels", "5 labelled", 5), Event(at + timedelta(hours=1), "labels", "2 labelled", 2)),
    }
    return Moment(**{**known, **given})


def _told_of(*moments: Moment) -> Story:
    return Story(
        says="a <i> meets b",
        seed=0,
        window=200,
        moments=moments,
        prologue=(),
        claims=(Claim(1, "x & y", True), Claim(2, "z", False)),
        figures=dict.fromkeys(
            "f1_before f1_during f1_after f1_new_first f1_new_second windows_to_drift hours_to_model labels".split()
        ),
        trainings=(),
    )


def drawn(moments: list[Moment]) -> str:
    return chart.f1(moments, "a <b>") + chart.signal(moments, "vocabulary", 0.6)


def test_what_is_drawn_is_whole_and_marks_states_alerts_and_releases() -> None:
    at = datetime(2026, 3, 3, 18, tzinfo=UTC)
    marks = (Event(at, "alert", "warning: <notes> changed"), Event(at, "release", "second-2 promoted"))
    moments = [moment(0, "ok"), moment(1, "drift", events=marks), moment(2, "ok", version="second-2", audited=None)]
    text = drawn(moments)
    root = ElementTree.fromstring(f"<x>{text}</x>")
    classes = [element.get("class", "") for element in root.iter()]
    assert (classes.count("alert-mark"), classes.count("release-mark")) == (1, 1)
    assert (classes.count("state ok"), classes.count("state drift")) == (2, 1)
    assert (classes.count("estimated-dot"), classes.count("estimated-dot doubtful")) == (2, 1)
    assert classes.count("audited-dot") == 2
    assert (classes.count("floor"), classes.count("promised"), classes.count("threshold")) == (3, 3, 1)
    assert "<notes>" not in text
    numbers = [float(n) for n in re.findall(r'(?:c?[xy][12]?)="(-?[\d.]+)"', text)]
    assert all(0 <= n <= chart.WIDTH for n in numbers)


@pytest.mark.parametrize(
    "moments", [[], [moment(0, "insufficient", true=None, estimated=None, audited=None, signals={})]]
)
def test_what_is_not_known_is_not_drawn(moments: list[Moment]) -> None:
    ElementTree.fromstring(f"<x>{drawn(moments)}</x>")


def test_an_audit_of_a_handful_of_notes_is_no_figure() -> None:
    few = moment(0, "ok", audited={**figure(0.0), "low": 0.0, "notes": 9}, audit_tells=False)
    html = page.to_html(_told_of(few))
    assert "too few (9)" in html
    assert "audited-dot" not in drawn([few])
    assert "audited-dot" in drawn([moment(0, "ok")])


def test_the_page_tells_everything_and_escapes_it() -> None:
    told = _told_of(moment(0, "ok"))
    html = page.to_html(told)
    assert "did not come out" in html
    assert html.count("not so") == 1
    assert "<i>" not in html
    assert "x &amp; y" in html
    assert "7 notes wait for labels; 7 labelled" in html
    assert "<script" not in html
    json.dumps(told.to_json())

"""Parts of the system are killed or taken away while people work: nothing is lost, done twice or half written."""

import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect
from sqlalchemy import func, select

from behealthy.registry import releases
from behealthy.store import audit
from behealthy.store.tables import GoldRow, NoteRow, ReviewRow, TrainingRow

NOTE = "ASSESSMENT: Type 2 diabetes, on metformin. Denies chest pain. Her asthma is treated with salbutamol."
OURS = {"X-BeHealthy": "1"}

pytestmark = pytest.mark.slow


def review_one(caller: httpx.Client) -> str:
    """Review the next note as a program would: accept all that is suggested."""
    claimed = caller.post("/api/v1/reviews/next")
    assert claimed.status_code == 200
    review = claimed.json()
    found = review["suggestion"]
    body = {
        "entities": [
            {name: each[name] for name in ("id", "start", "end", "type", "assertion")} for each in found["entities"]
        ],
        "relations": [],
        "judged": {each["id"]: "accepted" for each in found["entities"]},
        "active_s": 1.0,
    }
    told = caller.post(
        f"/api/v1/reviews/{review['note_id']}:submit", json=body, headers={"If-Match": claimed.headers["etag"]}
    )
    assert told.status_code == 200, told.text
    return str(review["note_id"])


def works(caller: httpx.Client) -> bool:
    try:
        return caller.post("/api/v1/extract", json={"text": NOTE}).status_code == 200
    except httpx.HTTPError:
        return False


def test_enough_was_reviewed_and_the_worker_is_killed_in_the_training(tmp_path, weak_home, starts) -> None:
    weak = weak_home(tmp_path / "home")
    settings = {"BEHEALTHY_GOLD_TO_RETRAIN": "2", "BEHEALTHY_AUDIT_PERCENT": "0"}
    with starts(tmp_path / "home", "--demo", **settings) as started, started.caller("extract", "reviews") as caller:

        def training() -> TrainingRow | None:
            with started.system.database.read() as session:
                return session.scalars(select(TrainingRow)).one_or_none()

        for _ in range(2):
            review_one(caller)
        begun = started.wait_until("a training has begun", training)  # by the clock: nobody asks for it
        assert (begun.trigger, begun.requested_by) == ("gold", "watch")
        for stage in ("train", "evaluate"):
            started.wait_until(stage, lambda s=stage: (row := training()) and row.stage == s, 1200)
            before = started.child("worker")
            family = before.children(recursive=True)
            before.kill()
            started.wait_until(
                "all of it is gone", lambda f=family: not any(p.is_running() and p.status() != "zombie" for p in f)
            )
            assert works(caller)  # nobody else notices
            started.wait_until("another came", lambda b=before: started.child("worker").pid != b.pid)
        row = started.wait_until("the training is done", lambda: (r := training()) and r.state == "done" and r, 1200)
        assert (row.verdict, row.failure) == ("promote", None)
        with started.system.database.read() as session:
            history = releases.history(session)
        assert [(each.action, each.version) for each in history] == [("promote", row.candidate), ("install", weak)]
        assert history[0].training_id == row.id
        listed = httpx.get(
            f"{started.url}/api/v1/models", cookies={"behealthy_session": started.token("admin.ada")}, timeout=300
        ).json()["items"]
        assert sorted(each["version"] for each in listed) == sorted({row.candidate, weak, *_shipped(listed)})
        assert [each["version"] for each in listed if each["serving"]] == [row.candidate]
        started.wait_until("it is served", lambda: started.serves(row.candidate))


def _shipped(listed: list[dict]) -> set[str]:
    return {each["version"] for each in listed if each["created_at"] is None}


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory, starts) -> Iterator:
    """A system whose parts are taken away."""
    with starts(tmp_path_factory.mktemp("ward") / "home", BEHEALTHY_AUDIT_PERCENT="0") as started:
        yield started


def test_the_application_is_killed_and_the_page_goes_on(ward, visits) -> None:
    with visits(ward) as enters:
        person = enters("reviewer.ann")
        page = person.page("/extract")
        page.get_by_label("note", exact=True).fill(NOTE)
        page.keyboard.press("Control+Enter")
        page.get_by_role("button", name="Send to review").click()
        expect(page.get_by_role("button", name="Sent", exact=True)).to_be_visible()
        page.goto("/review")
        page.get_by_role("button", name="Review next").click()
        expect(page.get_by_role("option", selected=True)).to_be_visible()
        note_id = page.url.rsplit("/", 1)[1]
        page.keyboard.press("a")
        expect(page.get_by_role("status").get_by_text("Saved", exact=True)).to_be_visible()
        for _ in range(2):
            before = ward.child("api")
            before.kill()
            page.keyboard.press("x")  # goes on as if nothing were
            page.keyboard.press("a")
            ward.wait_until("it is back", lambda b=before: ward.child("api").pid != b.pid and ward.ready())
            expect(page.get_by_role("status").get_by_text("Saved", exact=True)).to_be_visible()
        for _ in range(8):
            page.keyboard.press("g")
            page.keyboard.press("a")
        page.keyboard.press("Control+Enter")
        expect(page.get_by_role("dialog", name="Submit this note")).to_be_visible()
        page.keyboard.press("Control+Enter")
        page.wait_for_url(re.compile("/review$"))
        with ward.system.database.read() as session:
            row = session.get_one(ReviewRow, note_id)
            assert row.state == "submitted"
            assert session.scalar(select(func.count()).where(GoldRow.note_id == note_id)) == 1
            assert audit.broken_at(session, ward.system.vault) is None
        assert all("Failed to load" in fault for fault in person.faults), person.faults
        person.faults.clear()


def test_the_tracker_is_killed_and_work_goes_on(ward, visits) -> None:
    with ward.caller("extract", "notes:write", "reviews") as caller:
        ward.wait_until("it is ready", ward.ready)
        before = ward.child("tracker")
        before.kill()
        caller.post("/api/v1/extract?to_review=true", json={"text": NOTE + " Gout."}).raise_for_status()
        note_id = review_one(caller)
        ward.wait_until("it is back", lambda: ward.child("tracker").pid != before.pid)
        ward.wait_until("it answers", lambda: ward.answers(f"http://127.0.0.1:{ward.tracker_port}/health"))
        with ward.system.database.read() as session:
            assert session.get_one(ReviewRow, note_id).state == "submitted"


def test_without_the_registry_all_goes_on_but_the_registering(tmp_path, weak_home, starts, visits) -> None:
    weak = weak_home(tmp_path / "home")
    away = {"MLFLOW_TRACKING_URI": "http://127.0.0.1:9", "BEHEALTHY_AUDIT_PERCENT": "0"}  # nobody listens there
    with (
        starts(tmp_path / "home", **away) as started,
        started.caller("extract", "notes:write", "reviews", "models:write") as caller,
        visits(started) as enters,
    ):
        caller.post("/api/v1/extract?to_review=true", json={"text": NOTE}).raise_for_status()
        review_one(caller)
        page = enters("admin.ada").page("/models")
        expect(page.get_by_role("row").filter(has_text="served")).to_contain_text(weak)
        shipped = next(
            each["version"] for each in caller.get("/api/v1/models").json()["items"] if each["version"] != weak
        )
        for path, version in ((f"models/{shipped}:promote", shipped), ("models:rollback", weak)):
            told = caller.post(f"/api/v1/{path}", json={"reason": "the registry is away"})
            assert told.status_code == 200, told.text
            started.wait_until("it is served", lambda v=version: started.serves(v))
        with started.system.database.read() as session:
            assert [each.action for each in releases.history(session)] == ["rollback", "promote", "install"]


# A full disk ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 16 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", folder], capture_output=True)
    if made.returncode:
        pytest.skip("a small disk can only be made by root")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def fill(folder: Path) -> Path:
    """Write until nothing more goes onto the disk."""
    path = folder / "ballast"
    with path.open("ab", buffering=0) as file:
        for size in (2**20, 2**12):
            try:
                while file.write(b"\0" * size) == size:
                    pass
            except OSError:
                continue
    return path


def test_the_disk_is_full(tmp_path, small_disk, starts, visits) -> None:
    url = f"sqlite:///{small_disk}/behealthy.db"
    home = tmp_path / "home"
    with (
        starts(home, "--no-tracker", BEHEALTHY_DATABASE_URL=url, BEHEALTHY_AUDIT_PERCENT="0") as started,
        started.caller("extract", "notes:write", "reviews") as caller,
        visits(started) as enters,
    ):
        person = enters("reviewer.ann")
        page = person.page("/extract")
        caller.post("/api/v1/notes", json={"notes": [{"text": NOTE}]}).raise_for_status()
        ballast = fill(small_disk)

        answers = []
        for number in range(40):
            notes = [{"text": f"{NOTE} Visit {number}, part {part}." * 5} for part in range(20)]
            answers.append(caller.post("/api/v1/notes", json={"notes": notes}))
            if answers[-1].status_code != 200:
                break
        refused = answers[-1]
        assert refused.status_code == 503
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.headers["retry-after"]
        problem = refused.json()
        assert problem["code"] == "store_unavailable"
        assert not re.search("metformin|Visit", refused.text)
        with started.system.database.read() as session:
            stored = session.scalar(select(func.count(NoteRow.id)))
            assert session.scalar(select(func.count(ReviewRow.note_id))) == stored
            assert audit.broken_at(session, started.system.vault) is None
        assert (stored or 0) % 20 == 1  # a batch is in it wholly or not at all

        page.get_by_label("note", exact=True).fill(NOTE)
        page.keyboard.press("Control+Enter")
        expect(page.get_by_role("alert")).to_contain_text("The system cannot do this now")
        assert page.get_by_label("note", exact=True).input_value() == NOTE
        time.sleep(20)  # a round of the worker's clock falls into it
        assert caller.get("/healthz").status_code == 200

        ballast.unlink()
        assert caller.post("/api/v1/notes", json={"notes": notes}).json()["stored"] == 20
        page.keyboard.press("Control+Enter")
        expect(page.get_by_role("document", name="the note")).to_be_visible()
        person.faults.clear()
        with started.system.database.read() as session:
            assert session.scalar(select(func.count(NoteRow.id))) == (stored or 0) + 20
            assert audit.broken_at(session, started.system.vault) is None
        # The worker does its rounds again, the same or another in its place.
        inbox = started.settings.inbox
        inbox.mkdir(exist_ok=True)
        (inbox / "later.txt").write_text(NOTE + " That came by the inbox.")
        started.wait_until("the inbox is emptied", lambda: not list(inbox.glob("*.txt")))
        assert "metformin" not in started.log()

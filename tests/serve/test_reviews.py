"""Reviews over HTTP: claims, drafts, stale versions, two people at one note, and gold at the end."""

import pytest
from sqlalchemy import select

from behealthy.store.notes import open_gold
from behealthy.store.tables import AuditRow, GoldRow, ReviewRow

NOTE = "\U0001f600 Type 2 diabetes, on metformin 500 mg twice daily. Denies chest pain."


@pytest.fixture
def note_id(program, system) -> str:
    told = program("extract,notes:write").post("/api/v1/extract?to_review=true", json={"text": NOTE}).json()
    note_id = told["items"][0]["note_id"]
    with system.database.write() as session:  # whatever chance said: these tests want to see the suggestion
        session.get_one(ReviewRow, note_id).blind = False
    return note_id


@pytest.fixture
def ann(person):
    return person("reviewer.ann")


def judged_all(review: dict, **more) -> dict:
    entities = [{k: v for k, v in e.items() if v is not None} for e in review["suggestion"]["entities"]]
    links = review["suggestion"]["relations"]
    return {"entities": entities, "relations": links, "judged": {e["id"]: "accepted" for e in entities}, **more}


def test_from_the_queue_to_gold(ann, note_id: str, system) -> None:
    claimed = ann.post("/api/v1/reviews/next?offset_unit=utf16")
    review = claimed.json()
    assert (claimed.status_code, review["note_id"], review["text"]) == (200, note_id, NOTE)
    assert claimed.headers["etag"] == f'"{review["version"]}"'
    body = judged_all(review, active_s=12.5)
    told = ann.post(
        f"/api/v1/reviews/{note_id}:submit?offset_unit=utf16", json=body, headers={"If-Match": claimed.headers["etag"]}
    )
    assert told.status_code == 200, told.text
    assert told.json()["edits"]["accepted"] == len(body["entities"])
    with system.database.read() as session:
        (gold,) = open_gold(system.vault, session.scalars(select(GoldRow)))
    assert all(gold.text[e.start : e.end] == e.text for e in gold.entities)
    assert "metformin" in [e.text for e in gold.entities]
    assert ann.post("/api/v1/reviews/next").status_code == 204
    assert ann.get("/api/v1/reviews/summary").json()["mine_today"] == 1


def test_a_draft_survives_and_comes_back_as_it_was(ann, note_id: str) -> None:
    review = ann.post(f"/api/v1/reviews/{note_id}:claim?offset_unit=utf16").json()
    draft = judged_all(review)
    draft["entities"] = [e for e in draft["entities"] if e["text"] == "chest pain"]
    saved = ann.put(
        f"/api/v1/reviews/{note_id}?offset_unit=utf16",
        json={"draft": draft, "active_s": 3.0},
        headers={"If-Match": f'"{review["version"]}"'},
    )
    assert saved.status_code == 200, saved.text
    again = ann.get(f"/api/v1/reviews/{note_id}?offset_unit=utf16")
    assert again.headers["etag"] == saved.headers["etag"]
    shown = again.json()["draft"]
    (kept,) = shown["entities"]
    assert kept == next(e for e in review["suggestion"]["entities"] if e["text"] == "chest pain")
    (trigger,) = kept["triggers"]
    assert NOTE.encode("utf-16-le")[2 * trigger["start"] : 2 * trigger["end"]].decode("utf-16-le") == "Denies"
    assert shown["judged"] == draft["judged"]
    in_points = ann.get(f"/api/v1/reviews/{note_id}").json()["draft"]["entities"][0]
    assert NOTE[in_points["start"] : in_points["end"]] == in_points["text"]


def test_a_stale_version_is_a_conflict_and_loses_nothing(ann, note_id: str) -> None:
    review = ann.post(f"/api/v1/reviews/{note_id}:claim").json()
    draft, old = judged_all(review), {"If-Match": f'"{review["version"]}"'}
    first = ann.put(f"/api/v1/reviews/{note_id}", json={"draft": draft, "active_s": 1}, headers=old)
    other = {**draft, "entities": []}
    stale = ann.put(f"/api/v1/reviews/{note_id}", json={"draft": other, "active_s": 2}, headers=old)
    assert (first.status_code, stale.status_code) == (200, 409)
    assert stale.json()["code"] == "conflict"
    assert len(ann.get(f"/api/v1/reviews/{note_id}").json()["draft"]["entities"]) == len(draft["entities"])
    late = ann.post(f"/api/v1/reviews/{note_id}:submit", json={**draft, "active_s": 1}, headers=old)
    assert late.status_code == 409


def test_a_save_and_a_submission_whose_answers_were_lost_are_sent_again_and_are_one(
    ann, person, note_id, system
) -> None:
    address, unit = f"/api/v1/reviews/{note_id}", "?offset_unit=utf16"
    review = ann.post(f"{address}:claim{unit}").json()
    first = {"If-Match": f'"{review["version"]}"'}
    body = judged_all(review)
    saves = [ann.put(address + unit, json={"draft": body, "active_s": s}, headers=first) for s in (1, 1, 2)]
    assert [(s.status_code, s.headers["etag"]) for s in saves] == [(200, f'"{review["version"] + 1}"')] * 3
    other = person("reviewer.bob").put(address + unit, json={"draft": body, "active_s": 1}, headers=first)
    assert other.status_code == 409
    second = {"If-Match": saves[0].headers["etag"]}
    told = [ann.post(f"{address}:submit{unit}", json={**body, "active_s": 3}, headers=second) for _ in range(3)]
    assert [t.status_code for t in told] == [200] * 3
    assert len({t.text for t in told}) == 1
    fewer = {**body, "entities": body["entities"][:1], "relations": [], "active_s": 3}
    assert ann.post(f"{address}:submit{unit}", json=fewer, headers=second).status_code == 409
    with system.database.read() as session:
        assert [gold.id for gold in session.scalars(select(GoldRow))] == [told[0].json()["gold_id"]]


@pytest.mark.parametrize(("etag", "status"), [(None, 428), ("x", 400), ('W/"7', 400), ('"99999"', 409)])
def test_a_change_must_say_what_it_changes(ann, note_id: str, etag, status: int) -> None:
    review = ann.post(f"/api/v1/reviews/{note_id}:claim").json()
    headers = {} if etag is None else {"If-Match": etag}
    body = {"draft": judged_all(review), "active_s": 1}
    assert ann.put(f"/api/v1/reviews/{note_id}", json=body, headers=headers).status_code == status


def test_two_people_at_one_note(ann, person, note_id: str) -> None:
    bob = person("reviewer.bob")
    review = ann.post(f"/api/v1/reviews/{note_id}:claim").json()
    headers = {"If-Match": f'"{review["version"]}"'}
    refused = bob.post(f"/api/v1/reviews/{note_id}:claim")
    assert refused.status_code == 409
    assert "reviewer.ann" in refused.json()["errors"][0]["message"]
    assert bob.post("/api/v1/reviews/next").status_code == 204
    assert bob.get(f"/api/v1/reviews/{note_id}").status_code == 403
    body = judged_all(review)
    for answer in (
        bob.put(f"/api/v1/reviews/{note_id}", json={"draft": body, "active_s": 1}, headers=headers),
        bob.post(f"/api/v1/reviews/{note_id}:submit", json={**body, "active_s": 1}, headers=headers),
        bob.post(f"/api/v1/reviews/{note_id}:release"),
    ):
        assert answer.status_code == 409
        assert "metformin" not in answer.text
    assert ann.post(f"/api/v1/reviews/{note_id}:release").status_code == 204
    assert bob.post("/api/v1/reviews/next").json()["note_id"] == note_id


def test_a_claim_that_nobody_touches_is_free_after_a_while(ann, person, note_id: str, clock) -> None:
    ann.post("/api/v1/reviews/next")
    clock.forward(minutes=31)
    assert person("reviewer.bob").post("/api/v1/reviews/next").json()["note_id"] == note_id


def test_gold_that_does_not_fit_is_refused_with_every_fault_and_without_words(ann, note_id: str, system) -> None:
    review = ann.post(f"/api/v1/reviews/{note_id}:claim").json()
    wrong = {"id": "e99", "start": 0, "end": 5000, "type": "DISEASE"}
    link = {"type": "TREATS", "head": "e1", "tail": "nobody"}
    body = {"entities": [wrong], "relations": [link], "judged": {}, "active_s": 1}
    answer = ann.post(f"/api/v1/reviews/{note_id}:submit", json=body, headers={"If-Match": f'"{review["version"]}"'})
    assert answer.status_code == 422
    assert len(answer.json()["errors"]) >= 3
    assert "metformin" not in answer.text
    with system.database.read() as session:
        assert session.scalars(select(GoldRow)).all() == []


def test_an_offset_inside_a_character_is_refused(ann, note_id: str) -> None:
    review = ann.post(f"/api/v1/reviews/{note_id}:claim").json()
    body = {"draft": {"entities": [{"id": "e1", "start": 1, "end": 3, "type": "DISEASE"}]}, "active_s": 1}
    answer = ann.put(
        f"/api/v1/reviews/{note_id}?offset_unit=utf16", json=body, headers={"If-Match": f'"{review["version"]}"'}
    )
    assert answer.status_code == 422


def test_a_blind_review_shows_no_suggestion(ann, note_id: str, system) -> None:
    with system.database.write() as session:
        session.get_one(ReviewRow, note_id).blind = True
    assert ann.post(f"/api/v1/reviews/{note_id}:claim").json()["suggestion"] is None


def test_every_look_is_written_down(ann, note_id: str, system) -> None:
    ann.post("/api/v1/reviews/next")
    ann.get(f"/api/v1/reviews/{note_id}")
    with system.database.read() as session:
        acts = [tuple(row) for row in session.execute(select(AuditRow.actor, AuditRow.action, AuditRow.object))]
    opened = [act for act in acts if act == ("reviewer.ann", "open review", f"note:{note_id}")]
    assert len(opened) == 2


def test_the_list_has_no_words(ann, note_id: str) -> None:
    answer = ann.get("/api/v1/reviews?state=open")
    assert [item["note_id"] for item in answer.json()["items"]] == [note_id]
    assert "metformin" not in answer.text


def test_everyone_finds_what_they_submitted_themselves(ann, person, note_id: str) -> None:
    claimed = ann.post("/api/v1/reviews/next")
    tag = {"If-Match": claimed.headers["etag"]}
    ann.post(f"/api/v1/reviews/{note_id}:submit", json=judged_all(claimed.json(), active_s=1), headers=tag)
    listed = lambda who, mine: [  # noqa: E731
        item["note_id"] for item in who.get(f"/api/v1/reviews?state=submitted&mine={mine}").json()["items"]
    ]
    bob = person("reviewer.bob")
    assert [listed(ann, "true"), listed(bob, "true"), listed(bob, "false")] == [[note_id], [], [note_id]]


def test_reviewers_reopen_their_own_reviews_and_scientists_any(ann, person, note_id: str, system) -> None:
    claimed = ann.post("/api/v1/reviews/next")
    tag = {"If-Match": claimed.headers["etag"]}
    assert (
        ann.post(
            f"/api/v1/reviews/{note_id}:submit", json=judged_all(claimed.json(), active_s=1), headers=tag
        ).status_code
        == 200
    )
    url = f"/api/v1/reviews/{note_id}:reopen"
    bob = person("reviewer.bob")
    assert bob.post(url).status_code == 403
    for who in (ann, person("data_scientist.dee")):
        again = who.post(url)
        taken = bob.post(url)
        assert (taken.status_code, "is at it" in taken.text) == (409, True)
        assert (again.status_code, again.json()["state"]) == (200, "claimed")
        body = {name: again.json()["draft"][name] for name in ("entities", "relations", "judged")} | {"active_s": 2}
        assert body["entities"]
        answer = who.post(f"/api/v1/reviews/{note_id}:submit", json=body, headers={"If-Match": again.headers["etag"]})
        assert answer.status_code == 200, answer.text
    with system.database.read() as session:
        assert len(session.scalars(select(GoldRow)).all()) == 3
        acts = session.execute(select(AuditRow.actor, AuditRow.outcome).where(AuditRow.action == "reopen review")).all()
    assert [tuple(act) for act in acts] == [
        ("reviewer.bob", "refused"), ("reviewer.ann", "done"), ("data_scientist.dee", "done"),
    ]  # fmt: skip

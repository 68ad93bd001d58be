"""What is wrong with a request is answered clearly, with a problem, and without a word of what was sent."""

import json
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from behealthy.serve import auth
from behealthy.serve.app import create_app

SECRET = "zebrafish-carcinoma"
JSON = {"content-type": "application/json"}
ODD_BODIES = {
    "no JSON": (b"{text: gout}", 400),
    "half of JSON": (b'{"text": "' + SECRET.encode(), 400),
    "nothing": (b"", 422),
    "broken UTF-8": (b'{"text": "\xff\xfe ' + SECRET.encode() + b'"}', 400),
    "UTF-16": (json.dumps({"text": SECRET}).encode("utf-16-le")[:-1], 400),
    "deep": (b'{"text": ' + b"[" * 200_000 + b"]" * 200_000 + b"}", 400),
    "deep note": (b'{"notes": [' + b"[" * 900 + b"]" * 900 + b"]}", 200),
    "a list": (b"[1, 2]", 422),
    "a number": (b"7", 422),
    "a huge number": (b'{"text": ' + b"9" * 10_000 + b"}", 400),
    "NaN": (b'{"text": NaN}', 422),
    "text is a list": (json.dumps({"text": [SECRET]}).encode(), 422),
    "text is an object": (json.dumps({"text": {SECRET: SECRET}}).encode(), 422),
    "a field too many": (json.dumps({"text": "gout flare", SECRET: SECRET}).encode(), 422),
    "id is a number": (json.dumps({"text": SECRET, "id": 7}).encode(), 422),
    "id has a NUL": (json.dumps({"text": SECRET, "id": "a\x00b"}).encode(), 422),
    "a NUL": (json.dumps({"text": f"{SECRET}\x00"}).encode(), 422),
    "a lone surrogate": (('{"text": "' + SECRET + ' \\ud800"}').encode(), 422),
}


def check_problem(answer, status: int) -> None:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert set(problem) == {"type", "title", "status", "code", "path", "request_id", "errors"}
    assert problem["status"] == status
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert SECRET not in answer.text


def test_odd_bodies(program) -> None:
    sender = program("extract")
    for name, (body, status) in ODD_BODIES.items():
        answer = sender.post("/api/v1/extract", content=body, headers=JSON)
        assert SECRET not in answer.text, name
        assert answer.status_code == status, (name, answer.text[:300])
        if status != 200:
            check_problem(answer, status)


def test_a_misspelt_field_is_named_when_it_is_near_one_of_ours(program) -> None:
    answer = program("extract").post("/api/v1/extract", json={"txet": "gout flare"})
    said = {(e["path"], e["message"]) for e in answer.json()["errors"]}
    assert ("?", "there is no such field; is text meant?") in said


def test_every_route_that_takes_a_body_refuses_what_is_none(app, person) -> None:
    admin = person("admin")
    for path, methods in app.openapi()["paths"].items():
        for method in {"post", "put"} & methods.keys():
            if "requestBody" not in methods[method] or path.endswith(("/login", "/first-start")):
                continue
            url = path.replace("{", "").replace("}", "")
            answer = admin.request(method, url, content=b'{"' + SECRET.encode(), headers=JSON)
            check_problem(answer, 400)
            answer = admin.request(method, url, json={"text": {SECRET: 1}, SECRET: [SECRET]})
            check_problem(answer, 422)


def test_queries_are_checked_and_not_repeated(person) -> None:
    admin = person("admin")
    for url in ("/notes?limit=0", "/notes?limit=x", "/reviews?state=zebrafish-carcinoma", "/kpis?days=-1"):
        check_problem(admin.get(f"/api/v1{url}"), 422)
    for url in ("/reviews?cursor=zebrafish-carcinoma", "/audit?cursor=zebrafish-carcinoma", "/windows?cursor=-1"):
        check_problem(admin.get(f"/api/v1{url}"), 422)


def test_what_no_database_holds_is_no_failure_of_it(system, database) -> None:
    """PostgreSQL knows no NUL; and a 5xx counts as ours, so that anybody could raise the alarm."""
    with database.write() as session:
        _, key = auth.make_key(session, "k", ["admin"], by="test", requests_per_minute=1000, now=system.now())
    with TestClient(create_app(replace(system, database=database))) as client:
        check_problem(client.post("/api/v1/login", json={"name": "a\0", "password": "x"}), 422)
        check_problem(client.post("/api/v1/login", json={"name": "a", "password": "x\0"}), 401)
        client.headers["Authorization"] = f"Bearer {key}"
        for table in ("alerts", "quarantine", "notes", "keys", "reviews"):
            check_problem(client.get(f"/api/v1/{table}", params={"cursor": "a\0"}), 422)
        for table in ("windows", "audit"):
            check_problem(client.get(f"/api/v1/{table}", params={"cursor": "9" * 19}), 422)
        check_problem(client.get("/api/v1/windows", params={"cursor": str(2**31)}), 422)


def test_what_is_not_there_is_a_problem_too(person) -> None:
    admin = person("admin")
    for url in ("/nothing", "/notes/n_1", "/reviews/n_1", "/models/x", "/trainings/t", "/quarantine/q", "/datasets/d"):
        check_problem(admin.get(f"/api/v1{url}"), 404)
    check_problem(admin.delete("/api/v1/notes"), 405)
    check_problem(admin.get("/api/v2/notes"), 404)


# Size ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def settings_limit(system) -> int:
    return system.settings.max_note_bytes


def test_a_body_that_says_it_is_too_large_is_not_read(program, settings_limit: int) -> None:
    headers = JSON | {"content-length": str(settings_limit + 1)}
    check_problem(program("extract").post("/api/v1/extract", content=b"{}", headers=headers), 413)


def test_a_body_that_grows_too_large_is_stopped(anonymous: TestClient, person) -> None:
    pieces = (b"x" * 8192 for _ in range(100))
    check_problem(anonymous.post("/api/v1/extract", content=pieces, headers=JSON), 413)
    pieces = (b"x" * 8192 for _ in range(100))
    answer = person("admin").post("/api/v1/users", content=pieces, headers=JSON)
    check_problem(answer, 413)


LARGE = 200_000  # bytes: more than anybody may send, less than those who are known may


@pytest.mark.parametrize("in_pieces", [False, True])
@pytest.mark.parametrize(
    "shown",
    [
        {"Authorization": "Bearer bh_nobody"},
        {"Authorization": "x"},
        {"Cookie": "behealthy_session=x"},
        {"Cookie": "a=b"},
    ],
)
def test_credentials_that_are_no_good_are_refused_before_a_large_body_is_read(anonymous, shown, in_pieces) -> None:
    read = 0

    def pieces():
        nonlocal read
        for _ in range(LARGE // 1000):
            read += 1
            yield b"x" * 1000

    headers = JSON | shown | ({} if in_pieces else {"content-length": str(LARGE)})
    answer = anonymous.post("/api/v1/extract", content=pieces(), headers=headers)
    check_problem(answer, 401)
    assert answer.headers["connection"] == "close"


def test_who_is_recognised_may_send_a_large_body(program, person) -> None:
    body = json.dumps({"text": "gout. " * (LARGE // 6)}).encode()
    for sender in (program("extract"), person("reviewer")):
        for content in (body, iter([body[:1000], body[1000:]])):
            answer = sender.post("/api/v1/extract", content=content, headers=JSON)
            assert answer.status_code == 200, answer.text[:300]


def test_a_wrong_length_in_the_header_is_no_error_of_ours(program) -> None:
    answer = program("extract").post("/api/v1/extract", content=b"{}", headers=JSON | {"content-length": "-1"})
    assert answer.status_code in (400, 422)


# What nobody foresaw ---------------------------------------------------------------------------------------------


def test_an_error_that_is_not_ours_is_a_500_and_keeps_its_words(program, app, monkeypatch, caplog) -> None:
    def broken(*_):
        raise ValueError(f"cannot read {SECRET}")

    monkeypatch.setattr(app.state.parts.engine, "read", broken)
    check_problem(program("extract").post("/api/v1/extract", json={"text": f"{SECRET} today"}), 500)
    assert "ValueError" in str([vars(record) for record in caplog.records])
    assert SECRET not in str([vars(record) for record in caplog.records])


def test_a_database_that_is_away_is_a_503_and_says_when_to_come_again(program, app, monkeypatch, system) -> None:
    sender = program("extract")
    system.database.engine.dispose()
    monkeypatch.setattr(system.database, "engine", _Away())
    answer = sender.post("/api/v1/extract", json={"text": "gout flare"})
    check_problem(answer, 503)
    assert int(answer.headers["retry-after"]) > 0
    assert sender.get("/readyz").status_code == 503
    assert sender.get("/healthz").status_code == 200


class _Away:
    """An engine whose database does not answer."""

    def connect(self, *_, **__):
        from sqlalchemy.exc import OperationalError

        raise OperationalError("SELECT 1", {"text": SECRET}, Exception("unable to open database file"))

    begin = connect

    def dispose(self) -> None:
        """There is nothing to give back."""


# Headers ---------------------------------------------------------------------------------------------------------


def test_request_ids_are_taken_over_where_they_are_harmless(anonymous: TestClient) -> None:
    assert anonymous.get("/healthz", headers={"X-Request-ID": "abc-1"}).headers["x-request-id"] == "abc-1"
    odd = anonymous.get("/healthz", headers={"X-Request-ID": "a b<script>"}).headers["x-request-id"]
    assert odd.isalnum()


def test_every_answer_protects_whoever_reads_it(anonymous: TestClient) -> None:
    for url in ("/", "/healthz", "/api/v1/me", "/docs", "/nothing-here", "/api/nothing"):
        headers = anonymous.get(url).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "script-src" not in headers["content-security-policy"]
        assert "default-src 'self'" in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"


def test_the_log_names_the_route_and_never_the_query(person, caplog) -> None:
    caplog.set_level("INFO", "behealthy")
    person("reviewer.ann").get("/api/v1/reviews", params={"cursor": SECRET})
    said = [vars(record) for record in caplog.records]
    requests = [record["behealthy"] for record in said if record["msg"] == "request"]
    assert [(r["operation"], r["status"], r["caller"]) for r in requests] == [("list_reviews", 422, "reviewer.ann")]
    assert SECRET not in str(said)

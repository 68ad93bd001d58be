"""Logging in, links that work once, keys, and what is written down of all that."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from time import sleep

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete, select

from behealthy.errors import BadInput, Conflict, TooMany
from behealthy.serve import auth
from behealthy.serve.limits import Rates
from behealthy.store import audit
from behealthy.store.session import Database
from behealthy.store.tables import AuditRow, KeyRow, LoginRow, UserRow

PASSWORD = "four quiet herons wade"
CHANGES = {"X-BeHealthy": "1"}


@pytest.fixture
def link(system) -> str:
    with system.database.write() as session:
        return auth.invite(session, "ann", "admin", system.now())


@pytest.fixture
def ann(anonymous: TestClient, link: str) -> TestClient:
    """Ann, who has used her link; she is logged in."""
    answer = anonymous.post("/api/v1/first-start", json={"token": link, "password": PASSWORD})
    assert answer.status_code == 200
    return anonymous


def acts(system) -> list[tuple[str, str, str]]:
    with system.database.read() as session:
        return [tuple(row) for row in session.execute(select(AuditRow.actor, AuditRow.action, AuditRow.outcome))]


def test_a_link_sets_the_password_once(ann: TestClient, link: str) -> None:
    assert ann.get("/api/v1/me").json()["name"] == "ann"
    again = ann.post("/api/v1/first-start", json={"token": link, "password": PASSWORD})
    assert again.status_code == 401


def test_a_link_is_over_after_a_week(anonymous: TestClient, link: str, clock) -> None:
    clock.forward(days=7, seconds=1)
    assert anonymous.post("/api/v1/first-start", json={"token": link, "password": PASSWORD}).status_code == 401


def test_a_short_password_is_refused_and_not_repeated(anonymous: TestClient, link: str) -> None:
    answer = anonymous.post("/api/v1/first-start", json={"token": link, "password": "zebra-stripe"[:11]})
    assert answer.status_code == 422
    assert "zebra" not in answer.text
    assert link not in answer.text


def test_nobody_can_log_in_before_the_link_is_used(anonymous: TestClient, link: str) -> None:
    for password in ("", "admin", link):
        assert anonymous.post("/api/v1/login", json={"name": "ann", "password": password}).status_code == 401


def test_the_cookie_cannot_be_read_by_scripts_nor_sent_by_other_sites(ann: TestClient) -> None:
    answer = ann.post("/api/v1/login", json={"name": "ann", "password": PASSWORD})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "secure" not in cookie  # over plain HTTP a secure cookie would never come back
    over_tls = TestClient(ann.app, base_url="https://testserver")
    answer = over_tls.post("/api/v1/login", json={"name": "ann", "password": PASSWORD})
    assert "secure" in answer.headers["set-cookie"].lower()


def test_neither_passwords_nor_tokens_nor_keys_are_in_the_database(ann: TestClient, system, link: str) -> None:
    key = ann.post("/api/v1/keys", json={"name": "k", "scopes": ["extract"]}, headers=CHANGES).json()["key"]
    with system.database.read() as session:
        rows = [vars(row) for table in (UserRow, LoginRow, KeyRow) for row in session.scalars(select(table))]
    stored = str(rows)
    assert not any(secret in stored for secret in (PASSWORD, link, key, ann.cookies[auth.COOKIE]))
    assert key.startswith("bh_")


def test_changes_by_cookie_need_the_header_that_no_form_can_send(ann: TestClient) -> None:
    body = {"name": "bob", "role": "reviewer"}
    assert ann.post("/api/v1/users", json=body).status_code == 403
    assert ann.post("/api/v1/users", json=body, headers=CHANGES).status_code == 201


def test_a_form_of_another_site_cannot_log_in(ann: TestClient) -> None:
    body = f'{{"name": "ann", "password": "{PASSWORD}"}}'
    answer = ann.post("/api/v1/login", content=body, headers={"content-type": "text/plain"})
    assert answer.status_code == 422


def test_a_session_ends_by_logging_out_and_by_time(ann: TestClient, system, clock) -> None:
    cookie = ann.cookies[auth.COOKIE]
    assert ann.post("/api/v1/logout", headers=CHANGES).status_code == 204
    ann.cookies.set(auth.COOKIE, cookie)
    assert ann.get("/api/v1/me").status_code == 401
    ann.cookies.clear()
    ann.post("/api/v1/login", json={"name": "ann", "password": PASSWORD})
    clock.forward(hours=system.settings.session_h, seconds=-1)
    assert ann.get("/api/v1/me").status_code == 200
    clock.forward(seconds=1)
    assert ann.get("/api/v1/me").status_code == 401


def test_a_refused_login_is_written_down_without_what_was_typed(ann: TestClient, system) -> None:
    before = len(acts(system))
    for name in ("ann", "hunter2"):
        assert ann.post("/api/v1/login", json={"name": name, "password": "wrong"}).status_code == 401
    assert acts(system)[before:] == [("ann", "login", "refused"), ("unknown", "login", "refused")]
    with system.database.read() as session:
        assert audit.broken_at(session, system.vault) is None


def test_wrong_name_and_wrong_password_look_the_same(ann: TestClient) -> None:
    answers = [ann.post("/api/v1/login", json={"name": n, "password": "wrong"}) for n in ("ann", "nobody")]
    first, second = (answer.json() | {"request_id": ""} for answer in answers)
    assert first == second


def test_passwords_cannot_be_tried_in_numbers(ann: TestClient) -> None:
    statuses = [ann.post("/api/v1/login", json={"name": "ANN", "password": "wrong"}) for _ in range(12)]
    assert [s.status_code for s in statuses] == [401] * 10 + [429] * 2
    assert int(statuses[-1].headers["retry-after"]) > 0
    assert ann.post("/api/v1/login", json={"name": "ann", "password": PASSWORD}).status_code == 429


def test_a_stranger_with_tokens_that_are_none_costs_little_and_keeps_nobody_out(
    app, anonymous: TestClient, link: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Dear:
        def hash(self, _: str) -> str:
            raise AssertionError("it was hashed")

    stranger = TestClient(app, client=("203.0.113.9", 5000))
    with monkeypatch.context() as patch:
        patch.setattr(auth, "_hasher", Dear())
        tries = [stranger.post("/api/v1/first-start", json={"token": "x", "password": PASSWORD}) for _ in range(70)]
    assert {answer.status_code for answer in tries} == {401, 429}
    answer = anonymous.post("/api/v1/first-start", json={"token": link, "password": PASSWORD})
    assert answer.status_code == 200


def test_who_is_deactivated_is_out_at_once(ann: TestClient, person, system) -> None:
    bob = person("reviewer.bob")
    assert bob.get("/api/v1/me").status_code == 200
    users = {user["name"]: user["id"] for user in ann.get("/api/v1/users").json()["items"]}
    ann.post(f"/api/v1/users/{users['reviewer.bob']}:deactivate", headers=CHANGES)
    assert bob.get("/api/v1/me").status_code == 401
    again = ann.post(f"/api/v1/users/{users['reviewer.bob']}:invite", headers=CHANGES)
    assert again.status_code == 409


def test_the_last_admin_cannot_be_deactivated(ann: TestClient, system) -> None:
    with system.database.write() as session, pytest.raises(Conflict):
        auth.deactivate(session, auth.named(session, "ann").id, system.now())


def test_of_two_admins_who_deactivate_each_other_at_once_one_stays(database: Database, clock) -> None:
    with database.write() as session:
        for name in ("ann", "bob"):
            auth.invite(session, name, "admin", clock())
            auth.named(session, name).password_hash = "hashed"
    with database.read() as session:
        ann, bob = (auth.named(session, name).id for name in ("ann", "bob"))

    def out(user_id: str) -> None:
        with database.write() as session:
            auth.deactivate(session, user_id, clock())

    with ThreadPoolExecutor(1) as pool:
        with database.write() as session:
            auth.deactivate(session, ann, clock())
            session.flush()
            other = pool.submit(out, bob)
            sleep(0.5)  # the other is waiting by now
        with pytest.raises(Conflict, match="last admin"):
            other.result(300)
    with database.read() as session:
        assert (auth.user(session, ann).active, auth.user(session, bob).active) == (False, True)


def test_a_new_link_ends_the_old_password_and_sessions(ann: TestClient, system) -> None:
    cookie = ann.cookies[auth.COOKIE]
    (me,) = ann.get("/api/v1/users").json()["items"]
    token = ann.post(f"/api/v1/users/{me['id']}:invite", headers=CHANGES).json()["link"].partition("token=")[2]
    other = TestClient(ann.app)
    other.post("/api/v1/first-start", json={"token": token, "password": "nine tall cranes sleep"})
    ann.cookies.set(auth.COOKIE, cookie)
    assert ann.get("/api/v1/me").status_code == 401
    assert ann.post("/api/v1/login", json={"name": "ann", "password": PASSWORD}).status_code == 401


def test_a_password_that_is_changed_while_it_is_checked_lets_nobody_in(ann: TestClient, system, monkeypatch) -> None:
    verify = auth._verify

    def slowly(hashed: str, password: str) -> bool:
        right = verify(hashed, password)
        with system.database.write() as session:
            auth.named(session, "ann").password_hash = "another"
            session.execute(delete(LoginRow))
        return right

    monkeypatch.setattr(auth, "_verify", slowly)
    assert ann.post("/api/v1/login", json={"name": "ann", "password": PASSWORD}).status_code == 401


def test_what_another_process_ended_is_over_though_the_clock_is_set_back(ann: TestClient, system, clock) -> None:
    assert ann.get("/api/v1/me").status_code == 200
    with system.database.write() as session:
        session.execute(delete(LoginRow))
    clock.forward(hours=-1)
    assert ann.get("/api/v1/me").status_code == 401


def test_a_name_that_could_be_something_else_is_refused(ann: TestClient) -> None:
    for name in ["a\x00b", "", " ", "x" * 201, "key:k_1", "<b>bob</b>", "unknown"]:
        assert ann.post("/api/v1/users", json={"name": name, "role": "reviewer"}, headers=CHANGES).status_code == 422


# Keys ------------------------------------------------------------------------------------------------------------


def test_a_key_is_over_when_it_is_said_to_be_and_when_it_is_revoked(ann: TestClient, clock) -> None:
    made = [
        ann.post("/api/v1/keys", json={"name": "k", "scopes": ["extract"], "days": days}, headers=CHANGES).json()
        for days in (1, None)
    ]
    short, long = (TestClient(ann.app, headers={"Authorization": f"Bearer {key['key']}"}) for key in made)
    assert [c.get("/api/v1/me").status_code for c in (short, long)] == [200, 200]
    clock.forward(days=1)
    assert [c.get("/api/v1/me").status_code for c in (short, long)] == [401, 200]
    ann.post("/api/v1/login", json={"name": "ann", "password": PASSWORD})
    assert ann.post(f"/api/v1/keys/{made[1]['id']}:revoke", headers=CHANGES).json()["revoked_at"] is not None
    assert long.get("/api/v1/me").status_code == 401


def test_what_is_no_key_is_refused_and_a_cookie_beside_it_does_not_help(ann: TestClient) -> None:
    for sent in ["Bearer", "Bearer ", "Bearer nonsense", "Basic YW5uOmFubg==", "bh_x", "Bearer bh_x"]:
        answer = ann.get("/api/v1/me", headers={"Authorization": sent})
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"


def test_a_key_has_its_own_rate(program) -> None:
    slow, other = program("extract", per_minute=3), program("extract", per_minute=3)
    answers = [slow.get("/api/v1/me") for _ in range(4)]
    assert [a.status_code for a in answers] == [200, 200, 200, 429]
    assert 0 < int(answers[-1].headers["retry-after"]) <= 60
    assert answers[-1].json()["code"] == "too_many_requests"
    assert other.get("/api/v1/me").status_code == 200


def test_keys_end_with_the_person_who_made_them_and_with_the_key_that_did(ann: TestClient, app, person, system) -> None:
    bob = person("admin.bob")

    def made(by: TestClient) -> tuple[str, TestClient]:
        answer = by.post("/api/v1/keys", json={"name": "feed", "scopes": ["admin"]}, headers=CHANGES).json()
        return answer["id"], TestClient(app, headers={"Authorization": f"Bearer {answer['key']}"})

    _, his = made(bob)
    _, its = made(his)
    kept, hers = made(ann)
    keys = {"his": his, "its": its, "hers": hers}
    assert {name: key.get("/api/v1/me").status_code for name, key in keys.items()} == dict.fromkeys(keys, 200)
    users = {user["name"]: user["id"] for user in ann.get("/api/v1/users").json()["items"]}
    assert ann.post(f"/api/v1/users/{users['admin.bob']}:deactivate", headers=CHANGES).status_code == 200
    assert {name: key.get("/api/v1/me").status_code for name, key in keys.items()} == {
        "his": 401,
        "its": 401,
        "hers": 200,
    }
    listed = ann.get("/api/v1/keys").json()["items"]
    assert {key["id"] for key in listed if key["revoked_at"] is None} == {kept}
    with system.database.write() as session:  # as one that was made before keys ended with their makers
        for row in session.scalars(select(KeyRow)):
            row.revoked_at = None
    app.state.parts.callers.forget()
    assert his.get("/api/v1/me").status_code == 401


def test_who_knows_a_name_cannot_keep_its_person_out(ann: TestClient, app) -> None:
    def login(client: TestClient, password: str) -> int:
        return client.post("/api/v1/login", json={"name": "ann", "password": password}).status_code

    stranger, elsewhere = (TestClient(app, client=(address, 5000)) for address in ("203.0.113.9", "203.0.113.10"))
    assert login(ann, PASSWORD) == 200
    assert login(stranger, "wrong") == 401
    for _ in range(30):  # as fast as many tries could come
        with suppress(TooMany):
            app.state.parts.rates.take_login("ann", "203.0.113.9")
        app.state.parts.rates.logged_in("ann", "203.0.113.9", well=False)
    assert login(stranger, "wrong") == 429
    assert login(elsewhere, PASSWORD) == 200  # another address, at its first try
    assert login(ann, "wrong") == 401
    assert login(ann, PASSWORD) == 200  # an address that it came from before, though it mistyped


def test_many_addresses_together_try_few_passwords() -> None:
    seconds = 0.0
    rates = Rates(lambda: seconds)
    tried = 0
    for _ in range(9):
        for number in range(50):
            with suppress(TooMany):
                rates.take_login("ann", f"203.0.113.{number}")
                rates.logged_in("ann", f"203.0.113.{number}", well=False)
                tried += 1
    assert tried < 50 * 3
    with pytest.raises(TooMany) as caught:
        rates.take_login("Ann", "203.0.113.1")
    assert caught.value.retry_after_s > 60
    rates.take_login("ann", "198.51.100.1")  # who tries for the first time passes
    rates.take_login("bob", "203.0.113.1")  # as does another name
    seconds = 24 * 3600.0
    rates.logged_in("ann", "203.0.113.1", well=False)
    for _ in range(3):  # it is forgotten
        rates.take_login("ann", "198.51.100.2")


def test_addresses_of_one_network_are_one() -> None:
    rates = Rates()
    for number in range(10):
        rates.take_login("ann", f"2001:db8:1:2::{number}")
    with pytest.raises(TooMany):
        rates.take_login("ann", "2001:db8:1:2:ffff::1")
    rates.take_login("ann", "2001:db8:1:3::1")


@pytest.mark.parametrize("name", ["gate", "Watch", "inbox", "CLI", "worker", "system", "unknown", "setup", "demo"])
def test_nobody_takes_the_name_of_a_part_of_ours(database: Database, clock, name: str) -> None:
    with database.write() as session, pytest.raises(BadInput, match="parts of the system"):
        auth.invite(session, name, "admin", clock())


def test_nobody_takes_a_name_that_looks_like_another(database: Database, clock) -> None:
    with database.write() as session:
        auth.invite(session, "ann", "admin", clock())
        with pytest.raises(Conflict):
            auth.invite(session, "Ann", "reviewer", clock())
        for name in ("ann ", "\uff41nn"):  # a blank at the end, a wide letter
            with pytest.raises(BadInput):
                auth.invite(session, name, "reviewer", clock())

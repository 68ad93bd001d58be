"""Who may call what: every route of the application, called by everybody."""

import re
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from behealthy.serve.rights import ANYBODY, KNOWN, OPERATIONS, ROLES, SCOPES, of_scopes

# Said again here by hand, so that a slip in the table does not slip through the test as well.
MAY_PROMOTE = {"operator", "admin", "models:write"}
MAY_READ_NOTES = {"data_scientist", "admin", "notes:read"}
MAY_EXTRACT = {"reviewer", "data_scientist", "admin", "extract"}
MAY_ADMINISTER = {"admin"}


def routes(app: FastAPI) -> Iterator[tuple[str, str, str]]:
    """Give method, path and name of each route, whatever it is nested in."""
    waiting = list(app.routes)
    while waiting:
        route = waiting.pop()
        inner = getattr(route, "original_router", None) or getattr(route, "routes", None)
        if isinstance(route, APIRoute):
            yield from ((method, route.path, route.name) for method in sorted(route.methods))
        elif inner is not None:
            waiting += getattr(inner, "routes", inner)


def described(app: FastAPI) -> list[tuple[str, str, str]]:
    document = app.openapi()["paths"]
    return [(m.upper(), path, what["operationId"]) for path, methods in document.items() for m, what in methods.items()]


def test_every_route_is_in_the_table_and_the_table_names_no_other(app: FastAPI) -> None:
    names = {getattr(r, "name", "") for r in app.routes} | {name for *_, name in described(app)}
    names |= {name for *_, name in routes(app)}
    assert {name for name in names if name} == set(OPERATIONS)


def test_a_route_that_is_not_in_the_table_answers_nobody(app: FastAPI, person, monkeypatch) -> None:
    admin = person("admin")
    assert admin.get("/api/v1/me").status_code == 200
    monkeypatch.setattr("behealthy.serve.rights.OPERATIONS", {})
    assert admin.get("/api/v1/me").status_code == 403


def statuses(app: FastAPI, client: TestClient) -> dict[str, int]:
    out = {}
    for method, path, name in described(app):
        if OPERATIONS[name] == ANYBODY or (name == "logout" and client.cookies):
            continue  # who is logged out could call nothing after it
        url = re.sub(r"\{\w+\}", "nobody_has_this_id", path)
        body = {} if method in ("POST", "PUT") else None
        out[name] = client.request(method, url, json=body).status_code
    return out


def test_nobody_gets_in_without_credentials(app: FastAPI, anonymous: TestClient) -> None:
    assert set(statuses(app, anonymous).values()) == {401}


def test_everybody_gets_to_what_the_table_says_and_nowhere_else(app: FastAPI, person, program) -> None:
    callers = {role: (person(role), rights) for role, rights in ROLES.items()}
    callers |= {f"key {scope}": (program(scope), of_scopes([scope])) for scope in SCOPES}
    for who, (client, rights) in callers.items():
        for name, status in statuses(app, client).items():
            assert (status not in (401, 403)) == bool(OPERATIONS[name] & rights), (who, name, status)
            assert status < 500, (who, name)


@pytest.mark.parametrize(
    ("operation", "who"),
    [
        ("promote_model", MAY_PROMOTE),
        ("refuse_model", MAY_PROMOTE),
        ("roll_back", MAY_PROMOTE),
        ("list_notes", MAY_READ_NOTES),
        ("extract", MAY_EXTRACT),
        ("export_record", MAY_EXTRACT),
        ("make_key", MAY_ADMINISTER),
        ("invite_user", MAY_ADMINISTER),
        ("list_audit", MAY_ADMINISTER),
    ],
)
def test_the_table_says_what_was_meant(operation: str, who: set[str]) -> None:
    everybody = ROLES | {scope: of_scopes([scope]) for scope in SCOPES}
    assert {name for name, rights in everybody.items() if OPERATIONS[operation] & rights} == who


def test_operators_get_no_words_of_notes() -> None:
    words = "get_note get_review claim_review claim_next_review extract export_record".split()
    assert not any(OPERATIONS[name] & ROLES["operator"] for name in words)


def test_a_key_without_a_good_scope_is_only_known() -> None:
    assert of_scopes(["fly"]) == KNOWN

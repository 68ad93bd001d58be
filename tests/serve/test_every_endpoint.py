"""Every endpoint, walked by the API's own document, is given what is wrong: each answers clearly and none breaks."""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from behealthy.serve.rights import ANYBODY, OPERATIONS

SECRET = "zebrafish-carcinoma"
JSON = {"content-type": "application/json", "if-match": '"1"'}
WRONG: tuple[Any, ...] = (
    None, True, -1, 10**400, 1.5, "", SECRET * 500, [], [[SECRET]], {}, {SECRET: SECRET}, "\ud800", "a\0b",
)  # fmt: skip
OWN = ("login", "first_start")  # wrong passwords cost time on purpose; see test_auth
ODD_IDS = ("%00", "%F0%9F%98%80", "%FF%FE", "..%2f..%2fetc", "x" * 5_000, "%3Cscript%3E", "'%20OR%201=1", "%E2%80%AE")


class Operation(NamedTuple):
    name: str
    method: str
    path: str
    facts: dict[str, Any]
    body: dict[str, Any] | None


def operations(app: FastAPI) -> Iterator[Operation]:
    document = app.openapi()
    for path, methods in document["paths"].items():
        for method, facts in methods.items():
            schema = facts.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
            yield Operation(facts["operationId"], method.upper(), path, facts, resolved(document, schema))


def resolved(document: dict[str, Any], schema: Any) -> Any:
    while schema and "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    return schema


def is_clear(answer: Any, *statuses: int) -> None:
    assert answer.status_code in statuses, (answer.request.method, answer.request.url, answer.text[:300])
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"]
        assert SECRET not in answer.text


def address(operation: Operation, id_: str = "n_1") -> str:
    return re.sub(r"\{\w+\}", id_, operation.path)


def with_bodies(app: FastAPI) -> list[Operation]:
    found = [each for each in operations(app) if "requestBody" in each.facts and each.name not in OWN]
    assert len(found) > 10
    return found


def test_broken_utf8_is_refused_everywhere(app: FastAPI, person) -> None:
    admin = person("admin")
    for each in with_bodies(app):
        body = b'{"reason": "\xff\xfe ' + SECRET.encode() + b'"}'
        is_clear(admin.request(each.method, address(each), content=body, headers=JSON), 400, 422)


def test_a_huge_body_is_refused_everywhere(app: FastAPI, person, system) -> None:
    admin = person("admin")
    size = {"content-length": str(system.settings.max_note_bytes + 1)}
    for each in with_bodies(app):
        is_clear(admin.request(each.method, address(each), content=b"{}", headers=JSON | size), 413)


def test_every_field_of_every_body_refuses_what_it_is_not(app: FastAPI, person) -> None:
    admin = person("admin")
    fields = 0
    for each in with_bodies(app):
        for field, schema in (each.body or {}).get("properties", {}).items():
            fields += 1
            for wrong in WRONG:
                if fits(wrong, schema):
                    continue
                body = f'{{"{field}": {as_json(wrong)}}}'
                is_clear(admin.request(each.method, address(each), content=body.encode(), headers=JSON), 400, 422)
    assert fields > 20


def fits(value: Any, schema: dict[str, Any]) -> bool:
    """Say whether a value may be one that this field takes; what then becomes of it is another test's."""
    kinds = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}
    kind = kinds.get(type(value), "null")
    allowed = schema.get("anyOf", [schema])
    return any(one.get("type", kind) == kind or (kind == "integer" and one.get("type") == "number") for one in allowed)


def as_json(value: Any) -> str:
    return "9" * 400 if value == 10**400 else json.dumps(value)


def test_every_query_parameter_refuses_what_it_is_not(app: FastAPI, person) -> None:
    admin, tried = person("admin"), 0
    for each in operations(app):
        for parameter in each.facts.get("parameters", []):
            kind = parameter["schema"].get("type", "")
            if parameter["in"] != "query" or kind not in ("integer", "boolean"):
                continue
            for wrong in (SECRET, "9" * 400, "%00", "-7"):
                url = f"{address(each)}?{parameter['name']}={wrong}"
                is_clear(admin.request(each.method, url, json={}, headers={"if-match": '"1"'}), 422)
            tried += 1
    assert tried > 10


def test_an_odd_id_is_no_error_of_ours(app: FastAPI, person) -> None:
    admin = person("admin")
    for each in operations(app):
        if "{" not in each.path or each.name == "get_page":
            continue
        for odd in ODD_IDS:
            answer = admin.request(each.method, address(each, odd), json={"reason": "x"}, headers={"if-match": '"1"'})
            is_clear(answer, 400, 404, 405, 409, 422)


@pytest.mark.parametrize("over", ["expired", "revoked"])
def test_a_key_that_is_over_opens_nothing(app: FastAPI, anonymous: TestClient, person, clock, over: str) -> None:
    admin = person("admin")
    days = {"days": 1} if over == "expired" else {}
    made = admin.post("/api/v1/keys", json={"name": "ours", "scopes": ["admin"], **days})
    assert made.status_code == 201, made.text
    key = TestClient(app, headers={"Authorization": f"Bearer {made.json()['key']}"})
    assert key.get("/api/v1/me").status_code == 200
    if over == "revoked":
        assert admin.post(f"/api/v1/keys/{made.json()['id']}:revoke").status_code == 200
    clock.forward(days=2)
    for each in operations(app):
        if OPERATIONS[each.name] != ANYBODY:
            body = {} if each.method in ("POST", "PUT") else None
            is_clear(key.request(each.method, address(each), json=body), 401)

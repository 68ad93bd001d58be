"""The pages, and what the system says of itself."""

import gc
import weakref
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from behealthy.serve import pages


@pytest.fixture
def site(tmp_path: Path) -> TestClient:
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<title>the app</title>")
    (folder / "assets" / "app-1a2b.js").write_text("let a = 1;")
    (tmp_path / "secret.txt").write_text("not for you")
    app = FastAPI()
    pages.install(app, folder)
    return TestClient(app)


def test_every_address_of_the_app_gives_its_first_page(site: TestClient) -> None:
    for url in ("/", "/review", "/review/n_01", "/start", "/index.html"):
        assert "the app" in site.get(url).text


def test_what_is_not_the_apps_is_not_answered_with_its_page(site: TestClient) -> None:
    for url in ("/api/v1/nothing", "/assets/gone-9f.js", "/metrics/x"):
        assert site.get(url).status_code == 404


def test_named_files_may_be_kept_for_ever(site: TestClient) -> None:
    answer = site.get("/assets/app-1a2b.js")
    assert answer.text == "let a = 1;"
    assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize("path", ["../secret.txt", "assets/../../secret.txt", "%2e%2e/secret.txt", "..%2fsecret.txt"])
def test_nothing_outside_the_folder_is_served(site: TestClient, path: str) -> None:
    assert "not for you" not in site.get(f"/{path}").text


def test_a_name_that_no_file_can_have_is_no_error(site: TestClient) -> None:
    assert site.get("/a%00b").status_code == 200
    assert site.get("/" + "x" * 5000).status_code == 200


def test_without_built_pages_it_says_so(tmp_path: Path) -> None:
    app = FastAPI()
    pages.install(app, tmp_path / "nothing")
    assert "not built" in TestClient(app).get("/").text


def test_an_application_that_has_ended_is_forgotten(tmp_path: Path) -> None:
    app = FastAPI()
    pages.install(app, tmp_path)
    with TestClient(app) as client:
        client.get("/docs")
    left = weakref.ref(app)
    del app, client
    gc.collect()
    assert left() is None


def test_the_page_of_the_api_names_every_operation_and_runs_nothing(anonymous: TestClient, app: FastAPI) -> None:
    page = anonymous.get("/docs").text
    for path in app.openapi()["paths"]:
        assert path in page
    assert "<script" not in page


def test_the_document_is_the_same_with_and_without_a_server(anonymous: TestClient) -> None:
    from behealthy.serve.openapi import document

    assert anonymous.get("/openapi.json").json() == document()


def test_health_readiness_and_info(anonymous: TestClient, app: FastAPI) -> None:
    assert anonymous.get("/healthz").json() == {"status": "ok", "checks": {}}
    ready = anonymous.get("/readyz")
    assert (ready.status_code, ready.json()["checks"]["database"]) == (200, "ok")
    assert anonymous.get("/info").json()["model_version"] == app.state.parts.engine.version


def test_metrics_are_for_this_machine_and_for_who_may_watch(app: FastAPI, anonymous: TestClient, program) -> None:
    here = TestClient(app, client=("127.0.0.1", 1))
    far = TestClient(app, client=("10.0.0.9", 1))
    program("extract").post("/api/v1/extract", json={"text": "Gout flare, on colchicine."})
    page = here.get("/metrics").text
    version = app.state.parts.engine.version
    assert f'behealthy_notes_total{{model_version="{version}",source="extract"}} 1.0' in page
    assert f'behealthy_model_info{{alias="champion",version="{version}"}} 1.0' in page
    assert 'behealthy_request_duration_seconds_count{stage="extract"} 1.0' in page
    assert far.get("/metrics").status_code == 401
    assert here.get("/metrics", headers={"X-Forwarded-For": "10.0.0.9"}).status_code == 401
    watcher = program("monitor:read")
    assert far.get("/metrics", headers=watcher.headers).status_code == 200
    assert far.get("/metrics", headers=program("extract").headers).status_code == 403


def test_a_wrong_method_is_said_so_and_an_unknown_path_is_not_there(anonymous: TestClient) -> None:
    for method, path in (
        ("GET", "login"),
        ("DELETE", "notes"),
        ("PATCH", "reviews/n_1"),
    ):
        answer = anonymous.request(method, f"/api/v1/{path}")
        assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed"), path
    assert anonymous.delete("/api/v1/notes").headers["allow"] == "GET, POST"
    assert anonymous.get("/api/v1/login").headers["allow"] == "POST"
    for method in ("GET", "POST", "PUT", "DELETE", "PATCH"):
        for path in ("/api/v1/nothing", "/api/v2/notes", "/api/"):
            assert anonymous.request(method, path).status_code == 404, (method, path)

"""A story that was played and kept is opened like any home, and all of it is in the pages."""

from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect
from typer.testing import CliRunner

from behealthy.cli import app
from behealthy.serve import auth

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "notes"

pytestmark = pytest.mark.slow


def test_a_kept_story_is_in_the_pages(tmp_path, monkeypatch, starts, visits) -> None:
    home = tmp_path / "story"
    monkeypatch.chdir(tmp_path)
    files = ["--page", str(tmp_path / "page.html"), "--home", "story", "--notes", str(EXAMPLES)]
    told = CliRunner().invoke(app, ["simulate", "--examples", *files])
    assert told.exit_code == 0, told.output
    assert "behealthy up --home story" in told.output
    with starts(home, "--home", str(home)) as started, visits(started) as enters:
        assert any("simulated story" in line for line in started.said)
        cookies = {auth.COOKIE: started.token("admin.ada")}
        client = httpx.Client(base_url=f"{started.url}/api/v1", cookies=cookies, timeout=120)
        drift = client.get("/drift").json()
        states = [window["state"] for window in drift["windows"]]
        assert "ok" in states
        assert {"drift", "performance_breach"} & set(states)
        kinds = {alert["kind"] for alert in client.get("/alerts").json()["items"]}
        assert kinds >= {"drift", "quarantine"}
        promoted = client.get("/releases").json()["items"][0]
        assert promoted["action"] == "promote"
        models = client.get("/models").json()["items"]
        assert [model["version"] for model in models if model["serving"]] == [promoted["version"]]
        assert {"promote", "keep"} <= {each["verdict"] for each in client.get("/trainings").json()["items"]}
        dossier = client.get(f"/models/{promoted['version']}/dossier.html")
        assert "promote" in dossier.text
        kpis = client.get("/kpis").json()
        assert sum(kpi["value"] is not None for kpi in kpis["items"]) >= 3, kpis
        page = enters("admin.bob").page("/watch")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.get_by_label("loading")).to_have_count(0)
        expect(page.get_by_text("Performance", exact=True).first).to_be_visible()

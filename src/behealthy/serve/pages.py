"""The pages: the web app's files, with its first page for every address that is the app's own; and the API's page.

Files come from one folder and nothing outside it. The API's page is made here, without scripts, so that it works where
nothing can be loaded from elsewhere.
"""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse, Response
from starlette.exceptions import HTTPException

_NOT_BUILT = (
    "<!doctype html><meta charset=utf-8><title>BeHealthy</title><p>The app's pages are not built here; "
    "<code>make web</code> builds them. The API is described at <a href=/docs>/docs</a>.</p>"
)
_NOT_PAGES = ("api/", "assets/", "metrics", "healthz", "readyz", "info", "openapi.json")
_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}  # names of files in assets/ carry their hash
_ALL_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_METHODS = ("get", "post", "put", "delete")
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "code{background:#8882;padding:.1em .3em;border-radius:3px}dt{margin-top:.8rem}h2{margin-top:2rem}"
    ":root{color-scheme:light dark}"
)


def install(app: FastAPI, static: Path) -> None:
    """When called, it will serve the pages of a folder; they must be the last routes, since they match everything."""
    root = static.resolve()
    # FastAPI keeps these functions for ever: none of them may keep the application.

    @app.get("/docs", include_in_schema=False, response_class=HTMLResponse)
    def get_docs(request: Request) -> HTMLResponse:
        return HTMLResponse(described(request.app.openapi()))

    @app.api_route("/api/{path:path}", methods=list(_ALL_METHODS), include_in_schema=False)
    def no_such_route(request: Request) -> Response:
        allowed = _allowed(request.app, request.scope["path"])
        raise HTTPException(405, headers={"Allow": ", ".join(allowed)}) if allowed else HTTPException(404)

    @app.get("/{path:path}", include_in_schema=False)
    def get_page(path: str) -> Response:
        if path.startswith(_NOT_PAGES) and not path.startswith("assets/"):
            raise HTTPException(404)
        file = _inside(root, path)
        if file is not None:
            return FileResponse(file, headers=_FOREVER if path.startswith("assets/") else None)
        if path.startswith("assets/"):
            raise HTTPException(404)
        first = root / "index.html"
        return FileResponse(first) if first.is_file() else HTMLResponse(_NOT_BUILT)


def _allowed(app: FastAPI, path: str) -> list[str]:
    """Give the methods that operations of the API at a path have."""
    found: set[str] = set()
    for template, operations in app.openapi()["paths"].items():
        if re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template)), path):
            found |= {method.upper() for method in operations if method in _METHODS}
    return sorted(found)


def _inside(root: Path, path: str) -> Path | None:
    """Give the file of a path, None where there is none inside the folder."""
    try:
        file = (root / path).resolve()
        return file if file.is_relative_to(root) and file.is_file() else None
    except (OSError, ValueError):  # a name that no file can have
        return None


def described(document: dict[str, Any]) -> str:
    """When called, it will give an OpenAPI document as a page."""
    out = [
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(document['info']['title'])}: the API</title>",
        f"<style>{_STYLE}</style><h1>{escape(document['info']['title'])}: the API</h1>",
        "<p>Send a key as <code>Authorization: Bearer bh_…</code>. Errors are <code>application/problem+json</code>. "
        "The whole description, for tools: <a href=/openapi.json>openapi.json</a>.</p>",
    ]
    tag = None
    for path, methods in document["paths"].items():
        for method in filter(methods.__contains__, _METHODS):
            what = methods[method]
            if what.get("tags") != tag:
                tag = what.get("tags")
                out.append(f"<h2>{escape((tag or ['other'])[0])}</h2>")
            out.append(_operation(method, path, what))
    return "\n".join(out)


def _operation(method: str, path: str, what: dict[str, Any]) -> str:
    query = [p["name"] for p in what.get("parameters", []) if p["in"] == "query"]
    asked = "?" + "&amp;".join(f"{escape(name)}=" for name in query) if query else ""
    takes = what.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    good: dict[str, Any] = next((r for status, r in what["responses"].items() if status.startswith("2")), {})
    gives = good.get("content", {}).get("application/json", {}).get("schema", {})
    forms = [f"{word} <code>{escape(_form(s))}</code>" for word, s in (("takes", takes), ("gives", gives)) if s]
    return (
        f"<dl><dt><code>{method.upper()} {escape(path)}{asked}</code></dt>"
        f"<dd>{_code(escape(what.get('description', '')))} {', '.join(forms)}</dd></dl>"
    )


def _code(words: str) -> str:
    return re.sub("``(.+?)``", r"<code>\1</code>", words)


def _form(schema: dict[str, Any]) -> str:
    return str(schema.get("$ref", schema.get("title", "object"))).rpartition("/")[2]

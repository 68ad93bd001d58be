"""The OpenAPI document, made without a server: ``python -m behealthy.serve.openapi > openapi.json``."""

from __future__ import annotations

from typing import Any

from behealthy.serve.app import bare_app


def document() -> dict[str, Any]:
    """When called, it will describe the API."""
    return bare_app().openapi()


if __name__ == "__main__":
    from behealthy.cli import terminal

    terminal.write_json(document())

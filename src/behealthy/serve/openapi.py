"""The OpenAPI document, made without a server; ``behealthy openapi`` prints it."""

from __future__ import annotations

from typing import Any

from behealthy.serve.app import bare_app


def document() -> dict[str, Any]:
    """When called, it will describe the API."""
    return bare_app().openapi()

"""The page that shows an API: Swagger UI from a wheel, so that it needs no other network; and our topics."""

from collections.abc import Awaitable, Callable
from functools import cache
from html import escape
from importlib import resources

import orjson
from fastapi import APIRouter
from starlette.responses import Response

from case_shared.kafka import asyncapi

# Swagger UI sets inline styles; its images are data. Everything that it loads is here.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# Relative addresses also work behind a prefix. A token is kept in memory only.
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="docs/favicon-32x32.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="api"><noscript>This page needs JavaScript; the document itself is at <a href="openapi.json">openapi.json</a>.
</noscript></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
_START = """SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#api",
  deepLinking: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  validatorUrl: null,
});
"""
_ASSETS = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
}


def docs_routes(title: str) -> APIRouter:
    """Make the routes `/docs`, with what the page needs, and `/asyncapi.json`."""
    router = APIRouter(include_in_schema=False)

    @router.get("/docs")
    async def page() -> Response:
        headers = {"Content-Security-Policy": _POLICY}
        return Response(_PAGE.format(title=escape(title)), 200, headers, "text/html")

    @router.get("/docs/start.js")
    async def start() -> Response:
        return Response(_START, 200, media_type="text/javascript")

    @router.get("/asyncapi.json")
    async def events() -> Response:
        return Response(orjson.dumps(asyncapi.document()), 200, media_type="application/json")

    for name in _ASSETS:
        router.add_api_route(f"/docs/{name}", _serving(name))
    return router


def _serving(name: str) -> Callable[[], Awaitable[Response]]:
    async def asset() -> Response:
        return Response(_read(name), 200, {"Cache-Control": "max-age=86400"}, _ASSETS[name])

    return asset


@cache
def _read(name: str) -> bytes:
    return (resources.files("fastapi_swagger") / "resources" / name).read_bytes()

"""The API's document for programs, and the same as a page for those who write them."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from publisher.web.api import document
from publisher.web.site import page, site_of

_SHARED = {"Cache-Control": "public, max-age=300"}


async def openapi(request: Request) -> Response:
    """Answer /api/v1/openapi.json."""
    return JSONResponse(document.openapi(site_of(request).publication), headers=_SHARED)


async def page_of_api(request: Request) -> Response:
    """Answer /api/v1/."""
    made = document.openapi(site_of(request).publication)
    return page(request, "api", readable(made), language="en", headers=_SHARED)


def readable(made: dict[str, Any]) -> dict[str, Any]:
    """Give what the template prints of the document."""
    return {
        "description": made["info"]["description"],
        "articles_url": made["servers"][0]["url"] + document.ARTICLES,
        "document_url": f"{document.ROOT}/openapi.json",
        "operations": [
            {"parameters": [], **operation, "method": method.upper(), "path": path}
            for path, methods in made["paths"].items()
            for method, operation in methods.items()
            if method != "parameters"
        ],
        "tables": [
            {"name": name, **_table(made["components"]["schemas"][name])}
            for name in ("Article", "Person", "Enclosure")
        ],
    }


def _table(schema: dict[str, Any]) -> dict[str, Any]:
    table = schema.get("anyOf", [schema])[0]
    fields = [
        {"name": name, "type": _type(field), "description": field.get("description", "")}
        for name, field in table["properties"].items()
    ]
    return {"description": table["description"], "fields": fields}


def _type(schema: dict[str, Any]) -> str:
    """Name the type of a field in a word or two."""
    match schema:
        case {"anyOf": [first, {"type": "null"}]}:
            return _type(first)
        case {"$ref": str(ref)}:
            return ref.rpartition("/")[2]
        case {"type": "array", "items": items}:
            return f"list of {_type(items)}"
        case {"format": "date-time"}:
            return "date and time"
        case {"format": "uri"}:
            return "URL"
        case {"type": "integer"}:
            return "whole number"
    return "text"

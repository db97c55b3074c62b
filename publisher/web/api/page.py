"""The API's document for programs, and the same as a page for those who write them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from publisher.web.api import document, parts
from publisher.web.site import Site, page, site_of

_SHARED = {"Cache-Control": "public, max-age=300"}


async def openapi(request: Request) -> Response:
    """Answer /api/v1/openapi.json."""
    return JSONResponse(_document(site_of(request)), headers=_SHARED)


async def page_of_api(request: Request) -> Response:
    """Answer /api/v1/."""
    made = _document(site_of(request))
    return page(request, "api", readable(made), language="en", headers=_SHARED)


def _document(site: Site) -> dict[str, Any]:
    return document.openapi(
        site.publication,
        has_pushing=site.pushing is not None,
        has_proof=site.sign_ups.proof_of_work,
    )


def readable(made: dict[str, Any]) -> dict[str, Any]:
    """Give what the template prints of the document: requests by what they are about."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for operation in _operations(made):
        about = operation["path"].removeprefix(parts.ROOT).split("/")[1]
        groups.setdefault(about, []).append(operation)
    return {
        "description": made["info"]["description"],
        "root_url": made["servers"][0]["url"] + parts.ROOT,
        "document_url": f"{parts.ROOT}/openapi.json",
        "takes_articles": parts.ARTICLES in made["paths"],
        "groups": groups,
        "answers": document.ANSWERS,
        "tables": [
            {"name": name, **_table(schema)}
            for name, schema in made["components"]["schemas"].items()
        ],
    }


def _operations(made: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path, methods in made["paths"].items():
        for method, operation in methods.items():
            if method == "parameters":
                continue
            way, scopes = next(
                (each for kind in operation["security"] for each in kind.items()), ("", [])
            )
            yield {
                **operation,
                "method": method.upper(),
                "path": path,
                "scope": scopes[0] if scopes else None,
                "is_of_source": way == "source",
                "parameters": methods.get("parameters", []) + operation.get("parameters", []),
                "sends": _schemas_in(operation.get("requestBody", {})),
                "uploads": _files_in(operation.get("requestBody", {})),
                "responses": {
                    status: {**answer, "gives": _schemas_in(answer), "files": _files_in(answer)}
                    for status, answer in operation["responses"].items()
                    # What holds of all of them is said once.
                    if document.ANSWERS.get(int(status)) != answer["description"]
                },
            }


def _schemas_in(described: dict[str, Any]) -> str:
    """Name the table of what is sent or answered; nothing where there is none."""
    schema = described.get("content", {}).get("application/json", {}).get("schema", {})
    first = schema.get("allOf", [schema])[0]
    return str(first.get("$ref", "")).rpartition("/")[2]


def _files_in(described: dict[str, Any]) -> list[str]:
    """List the media types of what is sent or answered as a file."""
    return [kind for kind, about in described.get("content", {}).items() if not about]


def _table(schema: dict[str, Any]) -> dict[str, Any]:
    table = schema.get("anyOf", [schema])[0]
    fields = [
        {"name": name, "type": _type(field), "description": field.get("description", "")}
        for name, field in table.get("properties", {}).items()
    ]
    return {
        "description": table.get("description", ""),
        "fields": fields,
        "values": table.get("enum", []),
    }


def _type(schema: dict[str, Any]) -> str:
    """Name the type of a field in a word or two."""
    match schema:
        case {"anyOf": [first, {"type": "null"}]}:
            return _type(first)
        case {"$ref": str(ref)}:
            return ref.rpartition("/")[2]
        case {"type": "array", "items": items}:
            return f"list of {_type(items)}"
        case {"enum": values}:
            return " or ".join(values)
        case {"format": "date-time"}:
            return "date and time"
        case {"format": "uri"}:
            return "URL"
        case {"type": "integer"}:
            return "whole number"
        case {"type": "boolean"}:
            return "true or false"
        case {"type": "object"}:
            return "object"
    return "text"

"""What the API is, as an OpenAPI 3.1 document: the fields come from the models themselves."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import TypeAdapter

from publisher.model import Publication
from publisher.sources.push import Pushed
from publisher.web.api.article import Article
from publisher.web.api.problem import Details

ROOT = "/api/v1"
ARTICLES = f"{ROOT}/articles"

_MODELS: list[tuple[str, Literal["validation", "serialization"], TypeAdapter[Any]]] = [
    ("Article", "validation", TypeAdapter(Article)),
    ("Pushed", "serialization", TypeAdapter(Pushed)),
    ("Details", "serialization", TypeAdapter(Details)),
]
_ONCE = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Any text of the program's own. A request that is sent again with the same key"
    " within 24 hours is not obeyed again, and is given the first answer.",
    "schema": {"type": "string", "maxLength": 200},
}
_GUID = {
    "name": "guid",
    "in": "path",
    "required": True,
    "description": "The article's guid, percent-encoded.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 2000},
}
_TAKEN = {
    201: "The article is new; Location is where it can be changed and taken back.",
    200: "The article was here: it has been changed, or was the same.",
}
_REFUSED = {
    400: "The body is no JSON, or the Idempotency-Key no key.",
    401: "The token is missing or wrong.",
    404: "No article of this guid is there.",
    409: "The first request with this Idempotency-Key is still under way.",
    413: "The body is larger than 10 MB.",
    415: "The body does not say that it is application/json.",
    422: "The article cannot be taken in: errors names every field that is wrong.",
    503: "The site is not at work at the moment; try again after Retry-After seconds.",
}


def openapi(publication: Publication) -> dict[str, Any]:
    """Make the document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"{publication.title}: pushing articles",
            "version": "1",
            "description": "Articles that are handed over here are in feeds and mails like those"
            " of any other source. Each source has a token of its own, which says where an"
            " article belongs.",
        },
        "servers": [{"url": publication.base_url}],
        "security": [{"token": []}],
        "paths": {
            ARTICLES: {
                "post": _taking(
                    "addArticle",
                    "Hand over an article",
                    "One whose guid is here already is changed.",
                    # Only in the body can it be here.
                    {"allOf": [_ref("Article"), {"required": ["guid"]}]},
                )
            },
            f"{ARTICLES}/{{guid}}": {
                "parameters": [_GUID],
                "put": _taking(
                    "putArticle",
                    "Hand over an article, or change it",
                    "What the body leaves out the article has no more. One that was taken back"
                    " comes back, and is mailed to nobody a second time.",
                    _ref("Article"),
                ),
                "delete": {
                    "operationId": "withdrawArticle",
                    "summary": "Take an article back",
                    "description": "It leaves all feeds, and is in no mail that is yet to come.",
                    "responses": {
                        "204": {"description": "It is gone."},
                        **_refusals(401, 404, 503),
                    },
                },
            },
        },
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _taking(id: str, summary: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "operationId": id,
        "summary": summary,
        "description": description,
        "parameters": [_ONCE],
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": {
            **{
                str(status): {
                    "description": meaning,
                    "content": {"application/json": {"schema": _ref("Pushed")}},
                }
                for status, meaning in _TAKEN.items()
            },
            **_refusals(*(status for status in _REFUSED if status != 404)),
        },
    }


def _refusals(*statuses: int) -> dict[str, Any]:
    return {
        str(status): {
            "description": _REFUSED[status],
            "content": {"application/problem+json": {"schema": _ref("Details")}},
        }
        for status in statuses
    }


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _schemas() -> dict[str, Any]:
    _, made = TypeAdapter.json_schemas(_MODELS, ref_template="#/components/schemas/{model}")
    schemas: dict[str, Any] = made["$defs"]
    schemas["Article"].pop("required")  # of a guid that may stand in the path instead
    return schemas

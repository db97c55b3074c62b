"""The part of the document that is about articles, which are handed over by their sources."""

from __future__ import annotations

from typing import Any

from publisher.web.api.parts import ARTICLES, ONCE, REFUSED, ref, refusals

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
_REFUSED = REFUSED | {
    400: "The body is no JSON, or the Idempotency-Key no key.",
    404: "No article of this guid is there.",
    413: "The body is larger than 10 MB.",
    422: "The article cannot be taken in: errors names every field that is wrong.",
}


def articles() -> dict[str, Any]:
    """Describe what may be done with articles, by paths."""
    return {
        ARTICLES: {
            "post": _taking(
                "addArticle",
                "Hand over an article",
                "It is in feeds and mails like those of any other source. One whose guid is here"
                " already is changed.",
                # Only in the body can it be here.
                {"allOf": [ref("Article"), {"required": ["guid"]}]},
            )
        },
        f"{ARTICLES}/{{guid}}": {
            "parameters": [_GUID],
            "put": _taking(
                "putArticle",
                "Hand over an article, or change it",
                "What the body leaves out the article has no more. One that was taken back"
                " comes back, and is mailed to nobody a second time.",
                ref("Article"),
            ),
            "delete": {
                "operationId": "withdrawArticle",
                "summary": "Take an article back",
                "description": "It leaves all feeds, and is in no mail that is yet to come.",
                "security": [{"source": []}],
                "responses": {
                    "204": {"description": "It is gone."},
                    **refusals(_REFUSED, 401, 404, 503),
                },
            },
        },
    }


def _taking(id: str, summary: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "operationId": id,
        "summary": summary,
        "description": description,
        "security": [{"source": []}],
        "parameters": [ONCE],
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": {
            **{
                str(status): {
                    "description": meaning,
                    "content": {"application/json": {"schema": ref("Pushed")}},
                }
                for status, meaning in _TAKEN.items()
            },
            **refusals(_REFUSED, *(status for status in sorted(_REFUSED) if status != 404)),
        },
    }

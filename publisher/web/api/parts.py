"""What several descriptions of the document have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ROOT = "/api/v1"
ARTICLES = f"{ROOT}/articles"
ONCE = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Any text of the program's own. A request that is sent again with the same key"
    " within 24 hours is not obeyed again, and is given the first answer.",
    "schema": {"type": "string", "maxLength": 200},
}
# What an answer means wherever it is given.
REFUSED = {
    401: "The token is missing, wrong, or not in force any more.",
    409: "The first request with this Idempotency-Key is still under way.",
    415: "The body does not say that it is application/json.",
    503: "The site is not at work at the moment; try again after Retry-After seconds.",
}


def refusals(meanings: Mapping[int, str], *statuses: int) -> dict[str, Any]:
    """Describe answers with problem details, by what they mean."""
    return {
        str(status): {
            "description": meanings[status],
            "content": {"application/problem+json": {"schema": ref("Details")}},
        }
        for status in statuses
    }


def ref(name: str) -> dict[str, str]:
    """Refer to a schema."""
    return {"$ref": f"#/components/schemas/{name}"}

"""The API by which other programs hand articles over, one at a time.

A token says which source an article is for, and is all the authority there is. What goes wrong
is told as problem details (RFC 9457), and every fault of a body at once.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.routing import Route

from publisher.web.api import articles, document, page
from publisher.web.api.problem import Problem, answered

__all__ = ["Problem", "answered", "is_of", "routes"]


def routes() -> list[Route]:
    """Give every route of the API; a guid in a path may hold slashes."""
    of_one = f"{document.ARTICLES}/{{guid:path}}"
    return [
        Route(document.ROOT, page.page_of_api),
        Route(f"{document.ROOT}/", page.page_of_api),
        Route(f"{document.ROOT}/openapi.json", page.openapi),
        Route(document.ARTICLES, articles.add, methods=["POST"]),
        Route(of_one, articles.one, methods=["PUT", "DELETE"]),
    ]


def is_of(request: Request) -> bool:
    """Say whether a request was made to the API, so that a program reads the answer."""
    return bool(request.scope["path"].startswith(f"{document.ROOT}/"))

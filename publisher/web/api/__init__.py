"""The API: what other programs may do here, each with a token that says what it is for.

Articles are handed over with the token of their source, a sign-up needs none, and all else is done
with tokens that have scopes. What goes wrong is told as problem details (RFC 9457), and every fault
of a body at once.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.routing import Route

from publisher.web.api import articles, document, operation, page, parts, signup
from publisher.web.api.operations import OPERATIONS
from publisher.web.api.problem import Problem, answered
from publisher.web.api.rights import Pace

__all__ = ["Pace", "Problem", "answered", "is_of", "routes"]


def routes(*, has_pushing: bool) -> list[Route]:
    """Give every route of the API; articles are taken only where a source takes pushes."""
    return [
        Route(parts.ROOT, page.page_of_api),
        Route(f"{parts.ROOT}/", page.page_of_api),
        Route(f"{parts.ROOT}/openapi.json", page.openapi),
        *(_pushing() if has_pushing else ()),
        Route(document.SIGN_UPS, signup.take, methods=["POST", "OPTIONS"]),
        *operation.routes(parts.ROOT, OPERATIONS),
    ]


def _pushing() -> list[Route]:
    return [
        Route(parts.ARTICLES, articles.add, methods=["POST"]),
        # A guid in a path may hold slashes.
        Route(f"{parts.ARTICLES}/{{guid:path}}", articles.one, methods=["PUT", "DELETE"]),
    ]


def is_of(request: Request) -> bool:
    """Say whether a request was made to the API, so that a program reads the answer."""
    return bool(request.scope["path"].startswith(f"{parts.ROOT}/"))

"""Who may push, and for which source: whoever shows its token (RFC 6750)."""

from __future__ import annotations

from hmac import compare_digest

from starlette.requests import Request

from publisher.web.api.problem import Problem
from publisher.web.api.rights import bearer
from publisher.web.site import Pushing, site_of


def pushing_of(request: Request) -> Pushing:
    """Give what takes in what is pushed; the API has no routes where there is none."""
    pushing = site_of(request).pushing
    assert pushing is not None  # noqa: S101 -- see above
    return pushing


def source_of(request: Request) -> str:
    """Name the source that the request's token opens. Raises Problem."""
    token = bearer(request)
    if token is None:
        raise _refusal(
            "This needs the token of a source: send the header Authorization: Bearer TOKEN.", ""
        )
    given = token.encode()
    # Each is compared, and in constant time: how long it takes tells nothing.
    opened = [
        name
        for name, right in pushing_of(request).push_tokens.items()
        if compare_digest(given, right.get_secret_value().encode())
    ]
    if not opened:
        raise _refusal(
            'The token is not that of any source of kind "push".', ', error="invalid_token"'
        )
    return opened[0]


def _refusal(detail: str, error: str) -> Problem:
    # RFC 6750 §3.1: a request without a token is told no error code.
    return Problem(401, detail, headers={"WWW-Authenticate": f'Bearer realm="articles"{error}'})

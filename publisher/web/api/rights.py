"""What a program may do: whoever shows a token may do what its scopes say, and nothing else."""

from __future__ import annotations

import math
from collections import OrderedDict
from datetime import datetime, timedelta

from starlette.requests import Request

from publisher.model import Scope
from publisher.store import access
from publisher.store.access import Access
from publisher.web.api.problem import Problem
from publisher.web.site import site_of

_REALM = 'Bearer realm="api"'
# So many requests of one token in so long, by one process.
_MOST_REQUESTS = 1200
_SPAN = timedelta(minutes=1)
# Beyond that many tokens the oldest are not counted any more.
_MOST_KEPT = 1000


class Pace:
    """Counts the requests of each token, in windows that begin with the first request."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[datetime, int]] = OrderedDict()

    def count(self, token: str, now: datetime) -> None:
        """Count a request. Raises Problem if it is one too many (RFC 6585 §4)."""
        began, count = self._kept.get(token, (now, 0))
        # From both sides: a clock that was set back locks nobody out.
        if not began <= now < began + _SPAN:
            began, count = now, 0
        self._kept[token] = began, count + 1
        self._kept.move_to_end(token)
        if len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        if count >= _MOST_REQUESTS:
            seconds = math.ceil((began + _SPAN - now).total_seconds())
            raise Problem(
                429,
                f"This token may ask {_MOST_REQUESTS:,} times a minute.",
                headers={"Retry-After": str(seconds)},
            )


async def allowed(request: Request, scope: Scope) -> Access:
    """Give what the request's token opens, which includes this scope. Raises Problem."""
    site = site_of(request)
    token = bearer(request)
    if token is None:
        # RFC 6750 §3.1: a request without a token is told no error code.
        raise _refusal(401, "This needs a token: send the header Authorization: Bearer TOKEN.", "")
    async with site.store.read() as connection:
        found = await access.find(connection, token)
    now = site.clock()
    if found is None or found.has_expired(now):
        raise _refusal(401, "The token opens nothing, or no longer.", ', error="invalid_token"')
    request.app.state.pace.count(found.name, now)
    if access.is_worth_noting(found, now):
        async with site.store.write() as connection:
            await access.note_use(connection, found, now)
    if scope not in found.scopes:
        error = f', error="insufficient_scope", scope="{scope}"'
        raise _refusal(403, f"The token is not for this: it needs the scope {scope}.", error)
    return found


def bearer(request: Request) -> str | None:
    """Give the token that a request shows (RFC 6750 §2.1); None if it shows none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None  # RFC 9110 §11.1: in any case


def _refusal(status: int, detail: str, error: str) -> Problem:
    return Problem(status, detail, headers={"WWW-Authenticate": _REALM + error})

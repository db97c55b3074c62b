"""Requests with an Idempotency-Key are obeyed once (draft-ietf-httpapi-idempotency-key-header).

A program that got no answer sends the same request again, and gets the answer that it missed.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from starlette.requests import Request

from publisher.store import idempotency
from publisher.store.idempotency import Answer, Refusal
from publisher.web.api.problem import Problem
from publisher.web.site import site_of

# A structured field's string (RFC 9651 §3.3.3), or bare, as most programs write it.
_KEY = re.compile(r'"([\x20\x21\x23-\x5b\x5d-\x7e]{1,200})"|([\x21\x23-\x5b\x5d-\x7e]{1,200})')


async def once(
    request: Request, source: str, digest: str, work: Callable[[], Awaitable[Answer]]
) -> Answer:
    """Do the work, or give the answer of the first request with the same key.

    ``digest`` stands for all that the request asks for. Raises Problem; a request that is
    refused has changed nothing, so its key may be used again.
    """
    key = _key(request)
    if key is None:
        return await work()
    site = site_of(request)
    async with site.store.write() as connection:
        first = await idempotency.begin(connection, source, key, digest=digest, now=site.clock())
    match first:
        case Answer():
            return first
        case Refusal.UNDER_WAY:
            raise Problem(409, "The first request with this Idempotency-Key is still under way.")
        case Refusal.ANOTHER:
            raise Problem(422, "This Idempotency-Key was used for another request.")
    try:
        answer = await work()
    except Exception:
        async with site.store.write() as connection:
            await idempotency.forget(connection, source, key)
        raise
    async with site.store.write() as connection:
        await idempotency.finish(connection, source, key, answer)
    return answer


def _key(request: Request) -> str | None:
    written = request.headers.get("Idempotency-Key")
    if written is None:
        return None
    found = _KEY.fullmatch(written.strip())
    if found is None:
        raise Problem(
            400, "The Idempotency-Key must be up to 200 ASCII characters, best in double quotes."
        )
    return found[1] or found[2]

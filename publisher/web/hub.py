"""Our own hub's door: where programs ask to be told of a feed, or no more (WebSub §5.1)."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from publisher.hub import take
from publisher.web.site import site_of


async def ask(request: Request) -> Response:
    """Answer POST /hub: 202 if it is going to be verified, else why not, as plain text."""
    site = site_of(request)
    async with request.form() as form:
        given = {name: value for name, value in form.items() if isinstance(value, str)}
    objection = await take(
        site.store,
        site.press,
        site.publication,
        given,
        peer=request.client.host if request.client else "",
        clock=site.clock,
    )
    if objection is None:
        # WebSub §5.1.2: what comes of it is known only when the callback has been asked.
        return PlainTextResponse("The callback will be asked.\n", status_code=202)
    retry = objection.retry_seconds
    return PlainTextResponse(
        f"{objection.words}\n",
        status_code=objection.status,
        headers={} if retry is None else {"Retry-After": str(retry)},
    )

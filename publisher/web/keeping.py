"""A sign-up is kept before it is answered, and looked at after that, by whichever way it came."""

from __future__ import annotations

import structlog
from starlette.background import BackgroundTask
from starlette.requests import Request

from publisher.errors import PublisherError
from publisher.model import SignUp
from publisher.signup import TooMany, look_at, network_of, take_in
from publisher.web.site import Site, site_of

log = structlog.get_logger()

# RFC 6585 §4 for who has sent too many, RFC 9110 §15.6.4 for who came when others had.
STATUS = {TooMany.NETWORK: 429, TooMany.TOTAL: 503}
LATER = {"Retry-After": "3600"}


async def keep(
    request: Request, sign_up: SignUp, *, wording: str = "", is_foreign: bool
) -> TooMany | BackgroundTask | None:
    """Keep a sign-up. Gives what is to be done once it is answered, if anything is.

    ``wording`` is what its consent names by its hash, "" if nobody here knows what was shown.
    """
    site = site_of(request)
    network = network_of(request.client.host if request.client else None)
    became = await take_in(
        site.store,
        sign_up,
        wording=wording,
        network=network,
        is_foreign=is_foreign,
        rules=site.sign_ups,
        tokens=site.tokens,
        clock=site.clock,
    )
    if isinstance(became, int):
        return BackgroundTask(_look_at, site, became, sign_up)
    return became


async def _look_at(site: Site, id: int, sign_up: SignUp) -> None:
    try:
        await look_at(
            site.store,
            id,
            sign_up,
            newsletters=site.newsletters,
            publication=site.publication,
            templates=site.templates,
            clock=site.clock,
        )
    except PublisherError as error:  # the clock tries it again
        log.error("sign-up not looked at", reason=str(error))  # noqa: TRY400

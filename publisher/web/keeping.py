"""A sign-up is kept before it is answered, and looked at after that, by whichever way it came."""

from __future__ import annotations

import re

import structlog
from starlette.background import BackgroundTask
from starlette.requests import Request

from publisher.errors import PublisherError
from publisher.mail.address import clean_name
from publisher.model import SignUp
from publisher.signup import NotTaken, look_at, network_of, take_in
from publisher.web.proof import proved
from publisher.web.site import Site, site_of

log = structlog.get_logger()

# RFC 6585 §4 for who has sent too many, RFC 9110 §15.6.4 for who came when others had.
STATUS = {NotTaken.NETWORK: 429, NotTaken.TOTAL: 503}
LATER = {"Retry-After": "3600"}

# Names are printed in mails, and whoever types one may be anybody (A12).
_NO_NAME = re.compile(r"[/@:]|www\.", re.IGNORECASE)
_LONGEST_NAME = 60


def printable(typed: str) -> str:
    """Give a name as it may be printed; "" for what is an address or an advertisement."""
    name = clean_name(typed)
    return "" if len(name) > _LONGEST_NAME or _NO_NAME.search(name) else name


async def keep(
    request: Request, sign_up: SignUp, *, wording: str = "", is_foreign: bool, solution: str
) -> NotTaken | BackgroundTask | None:
    """Keep a sign-up. Gives what is to be done once it is answered, if anything is.

    ``wording`` is what its consent names by its hash, "" if nobody here knows what was shown.
    ``solution`` is what came as a proof of work, which is looked at before the database is.
    """
    site = site_of(request)
    proof = None
    if site.sign_ups.proof_of_work:
        proof = proved(site, solution)
        if proof is None:
            return NotTaken.UNPROVED
    network = network_of(request.client.host if request.client else None)
    became = await take_in(
        site.store,
        sign_up,
        wording=wording,
        network=network,
        is_foreign=is_foreign,
        proof=proof,
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

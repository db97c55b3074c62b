"""Signing up over the API: what a form does, for programs and pages of anybody.

It needs no token, since nobody's word is taken: who is to confirm is asked by mail. What it may
cost is bounded as that of a form of somebody else's page is (`publisher.signup`), and the answer
is the same whoever the address belongs to (A13).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from publisher.errors import AddressError
from publisher.mail.address import parse
from publisher.model import Address, SignUp, Wishes
from publisher.signup import NotTaken
from publisher.web.api.body import parse as parse_json
from publisher.web.api.body import read
from publisher.web.api.checking import Told, read_body
from publisher.web.api.newsletters import called
from publisher.web.api.problem import PRIVATE, Fault, Problem, answered
from publisher.web.api.wishes import WishesGiven, wished
from publisher.web.consent import given_from
from publisher.web.keeping import LATER, STATUS, keep, printable
from publisher.web.proof import LONGEST, PATH
from publisher.web.site import site_of

_LATER_WORDS = {
    NotTaken.NETWORK: "Too many sign-ups come from your network. Try again in an hour.",
    NotTaken.TOTAL: "Too many sign-ups come at the moment. Try again in an hour.",
}
_UNPROVED = "A proof of work is asked for, and there is none that counts."
_NO_PROOF = Fault(
    pointer="#/altcha",
    detail=f"GET {PATH} gives a challenge; its solution counts once, for 20 minutes.",
)
# Pages of anybody may ask, and read the answer (Fetch §3.2): no cookie gives them anybody's rights.
_OPEN = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Retry-After"}
_PREFLIGHT = {
    **_OPEN,
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Allow-Headers": "Content-Type",
    "Access-Control-Max-Age": "86400",
    "Allow": "POST, OPTIONS",
}


class SigningUp(WishesGiven):
    """Who would like to have a newsletter, and how."""

    address: Annotated[str, Field(max_length=320)]
    """Where it is to go."""
    name: Annotated[str, Field(max_length=300)] = ""
    """As mails are to greet them; dropped if it looks like an advertisement."""
    altcha: Annotated[str, Field(max_length=LONGEST)] = ""
    """Where the site asks for a proof of work: the solution of a challenge that GET /altcha gives,
    in base64, as solvers of ALTCHA write it. It counts once.
    """


class SignedUp(Told):
    """What is answered to everybody, whoever the address belongs to."""

    address: str
    """Whose mailbox has the next step: a mail asks there to confirm it."""


async def take(request: Request) -> Response:
    """Answer POST /newsletters/NEWSLETTER/subscriptions."""
    if request.method == "OPTIONS":
        return Response(status_code=204, headers=_PREFLIGHT)
    try:
        answer: Response = await _taken(request)
    except HTTPException as error:
        answer = answered(error)
    answer.headers.update(_OPEN)
    return answer


async def _taken(request: Request) -> Response:
    site = site_of(request)
    newsletter = called(site, request.path_params["newsletter"])
    if not newsletter.is_public:
        raise Problem(404, f"Nobody can sign up for {newsletter.slug}.")
    data = parse_json(await read(request))
    given = read_body(SigningUp, data, "Nobody can be signed up like this.")
    wishes = wished(newsletter, given, Wishes(cadence=newsletter.default_cadence.name))
    try:
        mailbox = parse(given.address, name="").mailbox
    except AddressError as error:
        faults = [Fault(pointer="#/address", detail=str(error))]
        raise Problem(422, "No mail can be sent to this address.", faults=faults) from None
    # What a program has shown is not known: it is the confirmation that counts.
    consent = {"form": "api", **given_from(request)}
    address = Address(mailbox=mailbox, name=printable(given.name))
    sign_up = SignUp(newsletter=newsletter.slug, address=address, wishes=wishes, consent=consent)
    became = await keep(request, sign_up, is_foreign=True, solution=given.altcha)
    if became is NotTaken.UNPROVED:
        raise Problem(422, _UNPROVED, faults=[_NO_PROOF])
    if isinstance(became, NotTaken):
        raise Problem(STATUS[became], _LATER_WORDS[became], headers=LATER)
    told = SignedUp(address=mailbox).model_dump(mode="json")
    return JSONResponse(told, 202, PRIVATE, background=became)

"""Signing up over the API: what the form does, for scripts on any page and for programs.

It needs no token, since it gives no authority: whoever is named is asked by mail. Its limits are
those of forms that are not ours, and its answer is the same whoever the address belongs to.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from publisher.errors import AddressError
from publisher.mail.address import parse as address_of
from publisher.model import Address, SignUp, Wishes
from publisher.signup import TooMany
from publisher.web.api.body import parse, read
from publisher.web.api.checking import read_body
from publisher.web.api.newsletters import called
from publisher.web.api.problem import PRIVATE, Fault, Problem, answered
from publisher.web.api.wishes import WishesGiven, wished
from publisher.web.consent import given_from, name_of
from publisher.web.keeping import LATER, STATUS, keep
from publisher.web.site import site_of

PATH = "/newsletters/{newsletter}/subscriptions"

_BODY_BYTES = 64 * 1024
# Scripts of other sites may ask and read the answer (Fetch §3.2): nobody is logged in here.
_SHARED = {"Access-Control-Allow-Origin": "*"}
_PREFLIGHT = {
    **_SHARED,
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Allow-Headers": "Content-Type",
    "Access-Control-Max-Age": "86400",
}


class NewSubscription(WishesGiven):
    """Who wants a newsletter, and how; what is left out is as usual."""

    email: Annotated[str, Field(max_length=320)]
    """The address. It is asked by mail whether it was meant."""
    name: Annotated[str, Field(max_length=200)] = ""
    """As mails greet them. One that holds an address of the web is left out."""


async def add(request: Request) -> Response:
    """Answer POST and OPTIONS of /api/v1/newsletters/NEWSLETTER/subscriptions."""
    if request.method == "OPTIONS":
        return Response(status_code=204, headers=_PREFLIGHT)
    try:
        answer = await _taken(request)
    except HTTPException as error:
        answer = answered(error)
    answer.headers.update(_SHARED)
    return answer


async def _taken(request: Request) -> Response:
    site = site_of(request)
    newsletter = called(site, request.path_params["newsletter"])
    if not newsletter.is_public:
        raise Problem(404, "Nobody can sign up for this newsletter.")
    data = await read(request, _BODY_BYTES)
    given = read_body(NewSubscription, parse(data), "Nobody can be signed up so.")
    wishes = wished(newsletter, given, Wishes(cadence=newsletter.default_cadence.name))
    try:
        address = address_of(given.email, name="")
    except AddressError as error:
        fault = Fault(pointer="#/email", detail=str(error))
        raise Problem(422, "No mail can be sent to this address.", faults=[fault]) from None
    sign_up = SignUp(
        newsletter=newsletter.slug,
        address=Address(mailbox=address.mailbox, name=name_of(given.name)),
        wishes=wishes,
        consent={"form": "api", **given_from(request)},
    )
    became = await keep(request, sign_up, is_foreign=True)
    if isinstance(became, TooMany):
        raise Problem(STATUS[became], "There are too many sign-ups at the moment.", headers=LATER)
    # RFC 9110 §15.3.3: whatever comes of it is told by mail alone.
    body = {"detail": "A mail to this address is on its way."}
    return JSONResponse(body, 202, PRIVATE, background=became)


def described(parameters: dict[str, Any], refusals: dict[str, Any]) -> dict[str, Any]:
    """Describe it as the document has it."""
    schema = {"$ref": "#/components/schemas/NewSubscription"}
    return {
        **parameters,
        "post": {
            "operationId": "signUp",
            "summary": "Sign somebody up",
            "description": "What the form on a newsletter's page does, for scripts on any page:"
            " whoever is named is asked by mail. The answer is the same whether the address is"
            " known or not. A program that knows its people better has `subscribers` instead.",
            "security": [],
            "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
            "responses": {
                "202": {"description": "What comes of it is told by mail alone."},
                **refusals,
            },
        },
    }

"""The pages behind a reader's preferences that are about the person: address, data, erasure.

As in `publisher.web.people`, GET and HEAD show and change nothing, and the token is all the
authority there is. Personal data is given to a POST, so that no scanner of links takes it along.
"""

from __future__ import annotations

import json
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from publisher import erase as erasing
from publisher import subscribe
from publisher.erase import NobodyHeld
from publisher.errors import AddressError, TokenEnded
from publisher.mail.address import parse
from publisher.model import MoveState, Subscription
from publisher.move import Movers
from publisher.tokens import Purpose
from publisher.web.people import PRIVATE, about
from publisher.web.site import page, site_of


async def address(request: Request) -> Response:
    """Answer /preferences/TOKEN/address: a form; POST has the new mailbox written to."""
    holder = await _holder(request)
    typed, is_asked = "", False
    if request.method == "POST":
        async with request.form() as form:
            typed = str(form.get("address", ""))
        try:
            to = parse(typed, name="")
        except AddressError:
            typed = typed or "@"
        else:
            await _movers(request).ask(holder, to)
            typed, is_asked = to.mailbox, True
    status = 400 if typed and not is_asked else 200
    return about(
        request,
        "address",
        holder,
        status=status,
        typed=typed,
        is_asked=is_asked,
        here=_preferences(request),
    )


async def move(request: Request) -> Response:
    """Answer /move/TOKEN, of the mail to a new mailbox: POST goes there."""
    movers, token = _movers(request), request.path_params["token"]
    if request.method == "POST":
        await request.body()  # for its limit alone
        asked, reader = await movers.confirm(token)
    else:
        asked, reader = await movers.asked(token)
    return about(
        request, "move", reader, address=asked.mailbox, is_done=asked.state is MoveState.DONE
    )


async def keep(request: Request) -> Response:
    """Answer /keep/TOKEN, of the mail to an old mailbox: POST comes back to it."""
    movers, token = _movers(request), request.path_params["token"]
    if request.method == "POST":
        await request.body()  # for its limit alone
        stopped, reader = await movers.stop(token)
    else:
        stopped, reader = await movers.stoppable(token)
    is_done = stopped.state is MoveState.STOPPED
    return about(request, "keep", reader, address=stopped.former, is_done=is_done)


async def data(request: Request) -> Response:
    """Answer /preferences/TOKEN/data: what there is; POST gives all of it as a file."""
    site, holder = site_of(request), await _holder(request)
    if request.method == "POST":
        await request.body()  # for its limit alone
        told = await erasing.held(site.store, holder.address, clock=site.clock)
        text = json.dumps(told, ensure_ascii=False, indent=2, default=_plain)
        file = {"Content-Disposition": 'attachment; filename="my-data.json"'}
        return Response(text, media_type="application/json", headers={**PRIVATE, **file})
    return about(request, "data", holder, here=_preferences(request))


async def erase(request: Request) -> Response:
    """Answer /preferences/TOKEN/erase: what goes and what stays; POST erases."""
    site, holder = site_of(request), await _holder(request)
    if request.method != "POST":
        return about(request, "erase", holder, here=_preferences(request))
    await request.body()  # for its limit alone
    try:
        receipt = await erasing.erase(
            site.store, holder.address, wanted_by="person", clock=site.clock
        )
    except NobodyHeld as error:  # somebody was faster
        raise TokenEnded(str(error)) from error
    newsletter = site.newsletter(holder.newsletter)
    language = (newsletter or site.publication).language
    if newsletter is not None:
        language = newsletter.language_for(holder.wishes.language)
    return page(request, "erased", {"receipt": receipt}, language=language, headers=PRIVATE)


async def _holder(request: Request) -> Subscription:
    site, token = site_of(request), request.path_params["token"]
    return await subscribe.holder(site.store, site.tokens, Purpose.PREFERENCES, token)


def _preferences(request: Request) -> str:
    return f"/preferences/{request.path_params['token']}"


def _movers(request: Request) -> Movers:
    site = site_of(request)
    return Movers(
        store=site.store,
        publication=site.publication,
        newsletters={each.slug: each for each in site.newsletters},
        templates=site.templates,
        tokens=site.tokens,
        clock=site.clock,
    )


def _plain(value: object) -> str:
    """Write a time."""
    assert isinstance(value, datetime)  # noqa: S101 -- nothing else is told but values of JSON
    return value.isoformat()

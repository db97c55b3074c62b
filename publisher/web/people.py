"""The pages behind the links in mails: leave, confirm, choose how often.

GET and HEAD show and change nothing, since mail scanners open every link (RFC 8058 §3.1); POST
acts. The token in the path is all the authority there is: no cookie, so nothing to forge from
another site. It is never logged (`publisher.web.edge`), never kept by a cache, never told to
the next page.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from publisher import subscribe
from publisher.errors import TokenError
from publisher.model import Newsletter, Subscription, SubscriptionState
from publisher.tokens import Purpose
from publisher.web.site import page, site_of

_PRIVATE = {"Cache-Control": "no-store"}


async def unsubscribe(request: Request) -> Response:
    """Answer /u/TOKEN: a page with a button, which posts as mail programs do by themselves."""
    site, token = site_of(request), request.path_params["token"]
    if request.method != "POST":
        holder = await subscribe.holder(site.store, site.tokens, Purpose.UNSUBSCRIBE, token)
        return _about(request, "unsubscribe", holder)
    body = await request.body()
    left, *_ = await subscribe.unsubscribe(site.store, site.tokens, token, clock=site.clock)
    # RFC 8058 §3.2: List-Unsubscribe=One-Click, in either encoding of forms. Whatever else the
    # body says, or fails to say, a POST here wants one thing, and has it by now.
    if b"One-Click" in body:
        return PlainTextResponse("You are unsubscribed.\n", headers=_PRIVATE)
    return _about(request, "unsubscribed", left)


async def confirm(request: Request) -> Response:
    """Answer /confirm/TOKEN. Whoever has left since is told so: the link brings nobody back."""
    site, token = site_of(request), request.path_params["token"]
    holder = await subscribe.holder(site.store, site.tokens, Purpose.CONFIRM, token)
    _configured(request, holder)
    if request.method == "POST":
        await request.body()  # for its limit alone
        holder = await subscribe.confirm(
            site.store, site.tokens, token, consent={"confirmed_by": "page"}, clock=site.clock
        )
    if holder.state is SubscriptionState.ENDED:
        return _about(request, "unsubscribed", holder)
    return _about(request, "confirmed" if request.method == "POST" else "confirm", holder)


async def preferences(request: Request) -> Response:
    """Answer /preferences/TOKEN: the cadences to choose from; POST takes ``cadence``."""
    site, token = site_of(request), request.path_params["token"]
    holder = await subscribe.holder(site.store, site.tokens, Purpose.PREFERENCES, token)
    cadences = [cadence.name for cadence in _configured(request, holder).cadences]
    wanted = None
    if request.method == "POST":
        async with request.form() as form:
            wanted = form.get("cadence")
        if not isinstance(wanted, str) or wanted not in cadences:
            raise HTTPException(400, f"cadence must be one of: {', '.join(cadences)}")
        wishes = replace(holder.wishes, cadence=wanted)
        holder = await subscribe.choose(site.store, site.tokens, token, wishes)
    if holder.state is SubscriptionState.ENDED:
        return _about(request, "unsubscribed", holder)
    return _about(
        request,
        "preferences",
        holder,
        cadence=holder.cadence,
        is_saved=wanted == holder.cadence,
        unsubscribe_url=f"/u/{site.tokens.sign(Purpose.UNSUBSCRIBE, holder.id)}",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Former:
    """A newsletter that the config no longer has, as far as a page of leaving it tells of it."""

    slug: str
    title: str
    language: str


def _configured(request: Request, holder: Subscription) -> Newsletter:
    """Give the newsletter of a subscription; one that is no longer there has no such page."""
    found = site_of(request).newsletter(holder.newsletter)
    if found is None:
        raise TokenError("this link is of a newsletter that is no longer there")
    return found


def _about(request: Request, name: str, holder: Subscription, **context: object) -> Response:
    """Answer with a page about one subscription, in the language of its newsletter.

    Leaving works for former newsletters too.
    """
    site = site_of(request)
    of: Newsletter | _Former | None = site.newsletter(holder.newsletter)
    if of is None:
        title, language = site.publication.title, site.publication.language
        of = _Former(slug=holder.newsletter, title=title, language=language)
    context |= {"newsletter": of, "address": holder.address.mailbox}
    return page(request, name, context, language=of.language, headers=_PRIVATE)

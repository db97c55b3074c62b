"""The pages behind the links in mails: leave, confirm, choose how often.

GET and HEAD show and change nothing, since mail scanners open every link (RFC 8058 §3.1); POST
acts. The token in the path is all the authority there is: no cookie, so nothing to forge from
another site. It is never logged (`publisher.web.edge`), never kept by a cache, never told to
the next page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from publisher import subscribe
from publisher import undo as undoing
from publisher.errors import TokenEnded
from publisher.model import Newsletter, Subscription, SubscriptionState
from publisher.render.filters import own_name
from publisher.render.zones import zones
from publisher.store.subscriptions import ONE_CLICK, PAGE
from publisher.tokens import Purpose
from publisher.web.choosing import chosen
from publisher.web.consent import given_from, words
from publisher.web.site import page, site_of

PRIVATE = {"Cache-Control": "no-store"}


async def unsubscribe(request: Request) -> Response:
    """Answer /u/TOKEN: a page with a button, which posts as mail programs do by themselves."""
    site, token = site_of(request), request.path_params["token"]
    if request.method != "POST":
        held = await subscribe.in_mail(site.store, site.tokens, token)
        is_over = all(each.state is SubscriptionState.ENDED for each in held)
        return _of_mail(request, "unsubscribed" if is_over else "unsubscribe", held)
    body = await request.body()
    # RFC 8058 §3.2: List-Unsubscribe=One-Click, in either encoding of forms. Whatever else the
    # body says, or fails to say, a POST here wants one thing, and has it before it is answered.
    is_one_click = b"One-Click" in body
    only = parse_qs(body.decode("ascii", "replace")).get("only", [""])[0]
    left = await subscribe.unsubscribe(
        site.store,
        site.tokens,
        token,
        only=only,
        by=ONE_CLICK if is_one_click else PAGE,
        clock=site.clock,
    )
    if is_one_click:
        return PlainTextResponse("You are unsubscribed.\n", headers=PRIVATE)
    gone = [each for each in left if each.newsletter == only] or left
    return _of_mail(request, "unsubscribed", gone)


async def undo(request: Request) -> Response:
    """Answer /undo/TOKEN: a leaving that was a slip of the finger; POST takes it back."""
    site, token = site_of(request), request.path_params["token"]
    if request.method != "POST":
        holder, _ = await undoing.left_by(site.store, site.tokens, token, clock=site.clock)
        name = "unsubscribed" if holder.state is SubscriptionState.ENDED else "resubscribed"
        return _of_mail(request, name, [holder])
    await request.body()  # for its limit alone
    back = await undoing.undo(site.store, site.tokens, token, clock=site.clock)
    return _of_mail(request, "resubscribed", back)


def _of_mail(request: Request, name: str, held: Sequence[Subscription]) -> Response:
    """Answer with a page about what a mail came by: one newsletter, or several in one mail."""
    several = [_newsletter(request, each) for each in held] if len(held) > 1 else []
    return about(request, name, held[0], several=several)


async def confirm(request: Request) -> Response:
    """Answer /confirm/TOKEN. A link that has ended, by time or by leaving, confirms nothing."""
    site, token = site_of(request), request.path_params["token"]
    holder = await subscribe.holder(site.store, site.tokens, Purpose.CONFIRM, token)
    newsletter = _configured(request, holder)
    subscribe.require_confirmable(holder, newsletter, site.clock())
    language = newsletter.language_for(holder.wishes.language)
    wording = words(site, "confirm", newsletter, language)
    if request.method != "POST":
        return about(request, "confirm", holder, wording=wording)
    await request.body()  # for its limit alone
    consent = {
        "confirmed_by": "page",
        "confirmed_language": language,
        **given_from(request, "confirmed_ip"),
    }
    holder = await subscribe.confirm(
        site.store, site.tokens, token, consent=consent, wording=wording, clock=site.clock
    )
    return about(request, "confirmed", holder)


async def preferences(request: Request) -> Response:
    """Answer /preferences/TOKEN: what there is to choose from; POST takes it."""
    site, token = site_of(request), request.path_params["token"]
    holder = await subscribe.holder(site.store, site.tokens, Purpose.PREFERENCES, token)
    newsletter = _configured(request, holder)
    wanted = None
    if request.method == "POST":
        async with request.form() as form:
            wanted = chosen(form, newsletter, holder.wishes, site.clock())
        holder = await subscribe.choose(site.store, site.tokens, token, wanted, clock=site.clock)
    if holder.state is SubscriptionState.ENDED:
        return about(request, "unsubscribed", holder)
    now = site.clock()
    return about(
        request,
        "preferences",
        holder,
        wishes=holder.wishes,
        languages=languages(newsletter),
        zones=zones(newsletter.language_for(holder.wishes.language)),
        pause=_day(newsletter, holder.wishes.paused_until, now),
        tomorrow=_day(newsletter, now + timedelta(days=1), now),
        is_saved=wanted == holder.wishes,
        here=request.url.path,
        unsubscribe_url=f"/u/{site.tokens.sign(Purpose.UNSUBSCRIBE, holder.id)}",
    )


def languages(newsletter: Newsletter) -> list[tuple[str, str]]:
    """List the languages on offer, each by its own name for itself; none if there is one."""
    offered = dict.fromkeys([newsletter.language, *newsletter.languages])
    return [(tag, own_name(tag)) for tag in offered] if len(offered) > 1 else []


def _day(newsletter: Newsletter, moment: datetime | None, now: datetime) -> str:
    """Write a day to come, as HTML's date fields do; "" for one that is over."""
    if moment is None or moment <= now:
        return ""
    return moment.astimezone(newsletter.timezone).date().isoformat()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Former:
    """A newsletter that the config no longer has, as far as a page of leaving it tells of it."""

    slug: str
    title: str
    language: str

    def language_for(self, _wanted: str) -> str:
        """Give the language of its pages: what it had on offer is not known any more."""
        return self.language


def _configured(request: Request, holder: Subscription) -> Newsletter:
    """Give the newsletter of a subscription; one that is no longer there has no such page."""
    found = site_of(request).newsletter(holder.newsletter)
    if found is None:
        raise TokenEnded("this link is of a newsletter that is no longer there")
    return found


def about(
    request: Request, name: str, holder: Subscription, *, status: int = 200, **context: object
) -> Response:
    """Answer with a page about one subscription, in the language of its reader.

    Leaving works for former newsletters too.
    """
    of = _newsletter(request, holder)
    site = site_of(request)
    back = undoing.way_back(site.tokens, holder, site.clock())
    context = {
        "several": (),
        "undo_url": f"/undo/{back}" if back else "",
        "address": holder.address.mailbox,
        **context,
        "newsletter": of,
    }
    language = of.language_for(holder.wishes.language)
    return page(request, name, context, language=language, status=status, headers=PRIVATE)


def _newsletter(request: Request, holder: Subscription) -> Newsletter | _Former:
    site = site_of(request)
    title, language = site.publication.title, site.publication.language
    return site.newsletter(holder.newsletter) or _Former(
        slug=holder.newsletter, title=title, language=language
    )

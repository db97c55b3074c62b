"""People and their subscriptions: the verbs of the command line, for programs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from publisher import model
from publisher.errors import AddressError
from publisher.mail import address as addresses
from publisher.model import Scope, SubscriptionState, Wishes
from publisher.store import subscribers, subscriptions
from publisher.subscribe import Subscribed, subscribe
from publisher.web.api.checking import Told
from publisher.web.api.newsletters import called
from publisher.web.api.operation import Call, Operation
from publisher.web.api.paging import Paging, following
from publisher.web.api.person import person
from publisher.web.api.problem import Fault, Problem
from publisher.web.api.wishes import WishesGiven, wished


class WhichSubscriptions(Paging):
    """Which subscriptions."""

    newsletter: Annotated[str, Field(max_length=100)] | None = None
    """Only those to this one."""
    state: SubscriptionState | None = None
    """Only those in this state."""


class Subscription(Told):
    """Somebody's bond to a newsletter."""

    id: int
    """What events and pages know it by."""
    address: str
    """Whose it is."""
    name: str
    """As mails greet them; may be empty."""
    newsletter: str
    """To which newsletter."""
    state: SubscriptionState
    """Pending until they confirm it."""
    cadence: str
    """How often."""
    topics: list[str]
    """Of which topics; none means of everything."""
    language: str
    """In which language; empty for the newsletter's own."""
    hour: int | None
    """At which hour of their own."""
    zone: str | None
    """In which time zone of their own."""
    paused_until: datetime | None
    """Before when nothing is mailed."""
    created: datetime
    """When it was asked for."""
    confirmed: datetime | None
    """When it was confirmed."""
    ended: datetime | None
    """When it ended."""
    consent: dict[str, str]
    """How they agreed to it."""


class Subscriptions(Told):
    """Subscriptions, in the order in which they were made."""

    items: list[Subscription]
    """Some of them."""
    next: int | None
    """What to send as `after` for those behind; null if these were the last ones."""


class Subscriber(Told):
    """A person, with all their subscriptions."""

    address: str
    """Their address, as it is compared: in small letters."""
    subscriptions: list[Subscription]
    """Those that have ended are among them."""


class Subscribe(WishesGiven):
    """Who is to have which newsletter, and how."""

    address: Annotated[str, Field(max_length=320)]
    """Whose subscription it is."""
    name: Annotated[str, Field(max_length=300)] = ""
    """As mails are to greet them."""
    newsletter: Annotated[str, Field(max_length=100)]
    """To which newsletter."""
    confirmed: Annotated[bool, Field(strict=True)] = False
    """Whether they have agreed elsewhere, and are not asked by mail. This needs the scope
    `subscribers:confirm`, and brings nobody back who has left.
    """
    consent: Annotated[str, Field(max_length=2000)] = ""
    """How they agreed, to be kept: which words, where and when."""


class Became(Told):
    """What became of a wish to subscribe."""

    became: Subscribed
    """`active`: they read it now. `asked`: a mail asks them to confirm it, unless they have had one
    within a day. `already`: they did before, and nothing has changed.
    """


async def _list(call: Call) -> Subscriptions:
    wanted: WhichSubscriptions = call.query
    async with call.site.store.read() as connection:
        found = await subscribers.page(
            connection,
            newsletter=wanted.newsletter,
            state=wanted.state,
            after=wanted.after,
            limit=wanted.limit,
        )
    return Subscriptions(items=list(map(_told, found)), next=following(found, wanted.limit))


async def _show(call: Call) -> Subscriber:
    key = _key(call)
    async with call.site.store.read() as connection:
        found = await subscribers.page(connection, address_key=key)
    if not found:
        raise Problem(404, "Nobody is known under this address.")
    return Subscriber(address=key, subscriptions=list(map(_told, found)))


async def _add(call: Call) -> Became:
    wanted: Subscribe = call.body
    if wanted.confirmed and Scope.SUBSCRIBERS_CONFIRM not in call.access.scopes:
        raise Problem(403, f"To vouch for somebody needs the scope {Scope.SUBSCRIBERS_CONFIRM}.")
    try:
        name = addresses.clean_name(wanted.name) if wanted.name else None
        person = addresses.parse(wanted.address, name=name)
    except AddressError as error:
        fault = Fault(pointer="#/address", detail=str(error))
        raise Problem(422, "Nobody can be written to there.", faults=[fault]) from None
    newsletter = call.site.newsletter(wanted.newsletter)
    if newsletter is None:
        fault = Fault(pointer="#/newsletter", detail="is no newsletter of this site")
        raise Problem(422, "This cannot be subscribed to.", faults=[fault])
    consent = {"added_by": "api", "token": call.access.name}
    if wanted.consent:
        consent["said"] = wanted.consent
    became = await subscribe(
        call.site.store,
        newsletter,
        person,
        wishes=wished(newsletter, wanted, Wishes(cadence=newsletter.default_cadence.name)),
        confirmed=wanted.confirmed,
        consent=consent,
        publication=call.site.publication,
        templates=call.site.templates,
        clock=call.site.clock,
    )
    if became is Subscribed.SUPPRESSED:
        raise Problem(409, "This address is never mailed; `suppressions` say why.")
    if became is Subscribed.ENDED:
        raise Problem(409, "They have left, and only they themselves can come back: ask them.")
    return Became(became=became)


async def _choose(call: Call) -> Subscription:
    newsletter = called(call.site, call.path["newsletter"])
    bond = await _bond(call)
    if bond.state is not SubscriptionState.ACTIVE:
        raise Problem(409, f"The subscription is {bond.state}; only an active one can be changed.")
    wishes = wished(newsletter, call.body, bond.wishes)
    async with call.site.store.write() as connection:
        await subscriptions.choose(connection, bond.id, wishes, call.site.clock())
    return _told(await _bond(call))


async def _end(call: Call) -> None:
    bond = await _bond(call)
    async with call.site.store.write() as connection:
        await subscriptions.end(connection, bond.id, call.site.clock(), by="api")


async def _bond(call: Call) -> model.Subscription:
    """Find the subscription of a path. Raises Problem."""
    async with call.site.store.read() as connection:
        found = await subscribers.page(
            connection, newsletter=call.path["newsletter"], address_key=_key(call)
        )
    if not found:
        raise Problem(404, "There is no such subscription.")
    return found[0]


def _key(call: Call) -> str:
    return addresses.key(person(call))


def _told(bond: model.Subscription) -> Subscription:
    wishes = bond.wishes
    return Subscription(
        id=bond.id,
        address=bond.address.mailbox,
        name=bond.address.name or "",
        newsletter=bond.newsletter,
        state=bond.state,
        cadence=wishes.cadence,
        topics=list(wishes.topics),
        language=wishes.language,
        hour=wishes.own_time.hour,
        zone=wishes.own_time.zone.key if wishes.own_time.zone else None,
        paused_until=wishes.paused_until,
        created=bond.created,
        confirmed=bond.confirmed,
        ended=bond.ended,
        consent=dict(bond.consent),
    )


_UNKNOWN = {404: "There is no such person, newsletter or subscription."}
_NOT_NOW = {409: "It is in no state in which this can be done."}

OPERATIONS = (
    Operation(
        method="GET",
        path="/subscribers",
        scope=Scope.SUBSCRIBERS_READ,
        id="listSubscriptions",
        summary="List subscriptions",
        description="In the order in which they were made, a page at a time.",
        query=WhichSubscriptions,
        gives=Subscriptions,
        do=_list,
    ),
    Operation(
        method="POST",
        path="/subscribers",
        scope=Scope.SUBSCRIBERS_WRITE,
        id="subscribe",
        summary="Subscribe somebody",
        description="They are asked by mail, unless the program vouches for them.",
        body=Subscribe,
        gives=Became,
        refusals={409: "They have left and the program vouches for them, or are suppressed."},
        do=_add,
    ),
    Operation(
        method="PATCH",
        path="/subscribers/{address}/subscriptions/{newsletter}",
        scope=Scope.SUBSCRIBERS_WRITE,
        id="changeSubscription",
        summary="Change how somebody has a newsletter",
        description="Nothing is lost by it, and nothing comes twice.",
        body=WishesGiven,
        gives=Subscription,
        refusals=_UNKNOWN | _NOT_NOW,
        do=_choose,
    ),
    Operation(
        method="DELETE",
        path="/subscribers/{address}/subscriptions/{newsletter}",
        scope=Scope.SUBSCRIBERS_WRITE,
        id="endSubscription",
        summary="End a subscription",
        description="An issue that is going out does not reach them any more either.",
        refusals=_UNKNOWN,
        do=_end,
    ),
)

# Its path is the beginning of others.
SHOW = Operation(
    method="GET",
    path="/subscribers/{address}",
    scope=Scope.SUBSCRIBERS_READ,
    id="showSubscriber",
    summary="Show a person",
    description="With all their subscriptions, and how they agreed to them.",
    gives=Subscriber,
    refusals=_UNKNOWN,
    do=_show,
)

"""Bounces: what came back, and what followed from it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from publisher.errors import AddressError
from publisher.mail import address as addresses
from publisher.model import BounceKind, Consequence, Scope
from publisher.store import bounces
from publisher.web.api.checking import Told
from publisher.web.api.operation import Call, Operation
from publisher.web.api.paging import Backwards, following
from publisher.web.api.problem import Problem


class WhichBounces(Backwards):
    """Which bounces."""

    kind: tuple[BounceKind, ...] = ()
    """Only of this kind; may be given several times."""
    address: Annotated[str, Field(max_length=320)] | None = None
    """Only of this address."""
    issue: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = None
    """Only of mails of this issue."""


class Bounce(Told):
    """What was told of a mail of ours."""

    id: int
    """Its number."""
    kind: BounceKind
    """What it says."""
    via: str
    """How it came here."""
    address: str
    """Of whose address it is."""
    newsletter: str | None
    """Of which newsletter the mail was, if that is known."""
    issue: int | None
    """Of which issue the mail was, if that is known."""
    status: str
    """The enhanced status code (RFC 3463), or the type of a feedback report."""
    diagnostic: str
    """What the other server said: a stranger's words."""
    consequence: Consequence
    """What followed from it."""
    received: datetime
    """When it came."""


class Bounces(Told):
    """Bounces, the newest first."""

    items: list[Bounce]
    """Some of them."""
    next: int | None
    """What to send as `before` for older ones; null if these were the last ones."""


async def _list(call: Call) -> Bounces:
    wanted: WhichBounces = call.query
    key = None
    if wanted.address is not None:
        try:
            key = addresses.key(addresses.parse(wanted.address))
        except AddressError as error:
            raise Problem(400, f"The parameter address is none: {error}") from None
    async with call.site.store.read() as connection:
        found = await bounces.page(
            connection,
            kinds=wanted.kind or None,
            address_key=key,
            issue=wanted.issue,
            before=wanted.before,
            limit=wanted.limit,
        )
    items = [
        Bounce(
            id=each.id,
            kind=each.kind,
            via=each.via,
            address=each.address,
            newsletter=each.newsletter,
            issue=each.issue,
            status=each.status,
            diagnostic=each.diagnostic,
            consequence=each.consequence,
            received=each.received,
        )
        for each in found
    ]
    return Bounces(items=items, next=following(found, wanted.limit))


OPERATIONS = (
    Operation(
        method="GET",
        path="/bounces",
        scope=Scope.BOUNCES_READ,
        id="listBounces",
        summary="List bounces",
        description="With complaints, and with what followed from each; the newest first.",
        query=WhichBounces,
        gives=Bounces,
        do=_list,
    ),
)

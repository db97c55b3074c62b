"""Suppressions: the addresses, and domains, that are never mailed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AwareDatetime, Field

from publisher import model
from publisher.errors import AddressError
from publisher.mail.address import scope
from publisher.model import Scope, SuppressionReason
from publisher.store import suppressions
from publisher.web.api.checking import Given, Told
from publisher.web.api.operation import Call, Operation
from publisher.web.api.paging import Paging, following
from publisher.web.api.problem import Fault, Problem

_Slug = Annotated[str, Field(max_length=100)]


class Suppression(Told):
    """An address, or all of a domain, that is never mailed."""

    id: int
    """What pages know it by."""
    address: str | None
    """The address, or @ and a domain; null once its owner was erased."""
    hash: str
    """A keyed hash of it, by which it is known again."""
    newsletter: str
    """By which newsletter it is not mailed; empty for all."""
    reason: SuppressionReason
    """Why, in a word."""
    note: str
    """Why, in the words of whoever added it."""
    created: datetime
    """Since when."""
    until: datetime | None
    """Until when; null for ever."""


class Suppressions(Told):
    """Suppressions, in the order in which they were made."""

    items: list[Suppression]
    """Some of them."""
    next: int | None
    """What to send as `after` for those behind; null if these were the last ones."""


class Suppress(Given):
    """Who is never to be mailed."""

    address: Annotated[str, Field(max_length=320)]
    """An address, or @ and a domain (not its subdomains)."""
    newsletter: _Slug = ""
    """By this newsletter alone."""
    reason: SuppressionReason = SuppressionReason.MANUAL
    """Why, in a word."""
    note: Annotated[str, Field(max_length=1000)] = ""
    """Why, in your own words."""
    until: AwareDatetime | None = None
    """Only until then."""


class Suppressed(Told):
    """What became of it."""

    is_new: bool
    """Whether it was not suppressed before, or not for so long."""


class OfNewsletter(Given):
    """Of which newsletter."""

    newsletter: _Slug = ""
    """The suppression for this newsletter alone; without it the one for all."""


async def _list(call: Call) -> Suppressions:
    wanted: Paging = call.query
    async with call.site.store.read() as connection:
        found = await suppressions.page(connection, after=wanted.after, limit=wanted.limit)
    return Suppressions(items=list(map(_told, found)), next=following(found, wanted.limit))


async def _add(call: Call) -> Suppressed:
    wanted: Suppress = call.body
    faults = []
    if wanted.newsletter and call.site.newsletter(wanted.newsletter) is None:
        faults.append(Fault(pointer="#/newsletter", detail="is no newsletter of this site"))
    try:
        whom = scope(wanted.address)
    except AddressError as error:
        faults.append(Fault(pointer="#/address", detail=str(error)))
    if faults:
        raise Problem(422, "This cannot be suppressed.", faults=faults)
    async with call.site.store.write() as connection:
        is_new = await suppressions.suppress(
            connection,
            whom,
            wanted.reason,
            call.site.clock(),
            newsletter=wanted.newsletter,
            note=wanted.note,
            until=wanted.until and wanted.until.astimezone(UTC),
        )
    return Suppressed(is_new=is_new)


async def _remove(call: Call) -> None:
    wanted: OfNewsletter = call.query
    unknown = Problem(404, "There is no such suppression.")
    try:
        whom = scope(call.path["address"])
    except AddressError:
        raise unknown from None
    async with call.site.store.write() as connection:
        if not await suppressions.unsuppress(
            connection, whom, call.site.clock(), newsletter=wanted.newsletter
        ):
            raise unknown


def _told(found: model.Suppression) -> Suppression:
    return Suppression(
        id=found.id,
        address=found.address_key,
        hash=found.hash,
        newsletter=found.newsletter,
        reason=found.reason,
        note=found.note,
        created=found.created,
        until=found.until,
    )


OPERATIONS = (
    Operation(
        method="GET",
        path="/suppressions",
        scope=Scope.SUPPRESSIONS_READ,
        id="listSuppressions",
        summary="List suppressions",
        description="Whoever was erased is there without an address.",
        query=Paging,
        gives=Suppressions,
        do=_list,
    ),
    Operation(
        method="POST",
        path="/suppressions",
        scope=Scope.SUPPRESSIONS_WRITE,
        id="suppress",
        summary="Never mail an address again",
        description="Whatever it subscribes to; an issue under way skips it from now on.",
        body=Suppress,
        gives=Suppressed,
        do=_add,
    ),
    Operation(
        method="DELETE",
        path="/suppressions/{address}",
        scope=Scope.SUPPRESSIONS_WRITE,
        id="unsuppress",
        summary="Let an address be mailed again",
        description="Or a domain, as @ and its name.",
        query=OfNewsletter,
        refusals={404: "There is no such suppression."},
        do=_remove,
    ),
)

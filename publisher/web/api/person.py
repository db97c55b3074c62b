"""A person as a whole: all that is held of them, and to forget it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, JsonValue

from publisher import erase as verbs
from publisher.errors import AddressError, PublisherError, StoreError
from publisher.mail import address as addresses
from publisher.model import Address, Scope
from publisher.move import by_hand
from publisher.store import subscribers
from publisher.web.api.checking import Given, Told
from publisher.web.api.operation import Call, Operation
from publisher.web.api.problem import Fault, Problem

_NOBODY = "Nobody is known under this address."


class Held(Told):
    """All that is held of a person."""

    places: dict[str, list[dict[str, JsonValue]]]
    """By where it is held: their subscriptions, mails, events, suppressions and more."""


class Receipt(Told):
    """What was done when somebody was erased. It does not say who that was."""

    id: int
    """Its number."""
    hash: str | None
    """What the address is known by if somebody wants to bring it back."""
    counts: dict[str, int]
    """How much was held of them, and where."""
    created: datetime
    """When it was done."""


class Move(Given):
    """Where somebody goes."""

    to: Annotated[str, Field(max_length=320)]
    """Their address from now on."""


async def _move(call: Call) -> None:
    former, wanted = person(call), call.body.to
    try:
        to = addresses.parse(wanted)
    except AddressError as error:
        fault = Fault(pointer="#/to", detail=str(error))
        raise Problem(422, "Nobody can be written to there.", faults=[fault]) from None
    async with call.site.store.read() as connection:
        if await subscribers.by_key(connection, addresses.key(former)) is None:
            raise Problem(404, _NOBODY)
    try:
        await by_hand(call.site.store, former, to, clock=call.site.clock)
    except StoreError:
        raise
    except PublisherError as error:
        raise Problem(409, f"{error}.") from None


async def _export(call: Call) -> Held:
    try:
        held = await verbs.held(call.site.store, person(call), clock=call.site.clock)
    except verbs.NobodyHeld:
        raise Problem(404, _NOBODY) from None
    return Held(places={place: [_plain(row) for row in rows] for place, rows in held.items()})


async def _erase(call: Call) -> Receipt:
    try:
        receipt = await verbs.erase(
            call.site.store, person(call), wanted_by="admin", clock=call.site.clock
        )
    except verbs.NobodyHeld:
        raise Problem(404, _NOBODY) from None
    return Receipt(
        id=receipt.id, hash=receipt.hash, counts=dict(receipt.counts), created=receipt.created
    )


def person(call: Call) -> Address:
    """Read the address of a path. Raises Problem."""
    try:
        return addresses.parse(call.path["address"])
    except AddressError:
        raise Problem(404, _NOBODY) from None


def _plain(row: dict[str, Any]) -> dict[str, JsonValue]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in row.items()
    }


_UNKNOWN = {404: _NOBODY}

OPERATIONS = (
    Operation(
        method="POST",
        path="/subscribers/{address}/move",
        scope=Scope.SUBSCRIBERS_WRITE,
        id="moveSubscriber",
        summary="Give a person another address",
        description="With all that they read. Neither mailbox is asked: the program vouches.",
        body=Move,
        refusals=_UNKNOWN
        | {409: "Somebody reads at the new address already, or it is suppressed."},
        do=_move,
    ),
    Operation(
        method="GET",
        path="/subscribers/{address}/export",
        scope=Scope.SUBSCRIBERS_READ,
        id="exportSubscriber",
        summary="Export a person's data",
        description="All that is held of them, for the day on which they ask for it.",
        gives=Held,
        refusals=_UNKNOWN,
        do=_export,
    ),
    Operation(
        method="DELETE",
        path="/subscribers/{address}",
        scope=Scope.SUBSCRIBERS_ERASE,
        id="eraseSubscriber",
        summary="Forget a person",
        description="For good. The ledger keeps its rows without saying whose they are. A keyed"
        " hash of the address stays as well: no import brings them back, only they themselves can.",
        gives=Receipt,
        refusals=_UNKNOWN,
        do=_erase,
    ),
)

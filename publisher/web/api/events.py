"""Events: what has happened, for programs that ask."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import EventKind, Scope
from publisher.store import events
from publisher.web.api.checking import Given, Told
from publisher.web.api.operation import Call, Operation
from publisher.web.api.paging import following
from publisher.web.api.problem import Problem
from publisher.web.api.streaming import JSON_LINES, Stream
from publisher.web.site import Site
from publisher.webhooks import behind, shaped

# At once; a page of the list has no more either.
_EXPORTED = 1000


class Which(Given):
    """Which events."""

    after: Annotated[int, Field(ge=0, le=2**63 - 1)] | None = None
    """The id of the last one that is known: what comes behind it is given."""
    since: Annotated[str, Field(max_length=100)] | None = None
    """A time, such as 2026-12-01T08:00:00Z, instead: what happened at it and later is given."""
    kind: tuple[EventKind, ...] = ()
    """Only of this kind; may be given several times."""


class WhichEvents(Which):
    """Which events, and how many of them."""

    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    """How many at most."""


class Event(Told):
    """Something that has happened, as webhooks and `publisher events export` tell it as well."""

    id: int
    """Later ones have a higher one, without exception; numbers may be left out."""
    type: EventKind
    """Of which kind it is."""
    timestamp: datetime
    """When it happened."""
    data: dict[str, Any]
    """What it is about: `newsletter`, `issue` and `subscriber` (ids), `address`, and what its kind
    has besides.
    """


class Events(Told):
    """Events, the oldest first."""

    items: list[Event]
    """Some of them."""
    next: int | None
    """What to send as `after` for those behind; null if these were the last ones so far."""


async def _list(call: Call) -> Events:
    wanted: WhichEvents = call.query
    async with call.site.store.read() as connection:
        after = await _place(connection, call.site, wanted)
        found = await events.page(connection, after=after, kinds=wanted.kind, limit=wanted.limit)
    items = [Event.model_validate(shaped(each)) for each in found]
    return Events(items=items, next=following(found, wanted.limit))


async def _export(call: Call) -> Stream:
    wanted: Which = call.query
    store = call.site.store
    async with store.read() as connection:
        begin = await _place(connection, call.site, wanted)

    async def pieces() -> AsyncGenerator[str]:
        after = begin
        while True:
            async with store.read() as connection:
                found = await events.page(
                    connection, after=after, kinds=wanted.kind, limit=_EXPORTED
                )
            if not found:
                return
            yield "".join(f"{json.dumps(shaped(each), ensure_ascii=False)}\n" for each in found)
            after = found[-1].id

    return Stream(name="events.jsonl", media_type=JSON_LINES, pieces=pieces())


async def _place(connection: AsyncConnection, site: Site, wanted: Which) -> int:
    """Give the id behind which those stand that are wanted. Raises Problem."""
    if wanted.since is None:
        return wanted.after or 0
    if wanted.after is not None:
        raise Problem(400, "Send after or since, not both.")
    try:
        return await behind(connection, wanted.since, site.publication.timezone)
    except ValueError:
        raise Problem(
            400, "The parameter since is no time; write it as 2026-12-01T08:00:00Z."
        ) from None


OPERATIONS = (
    Operation(
        method="GET",
        path="/events",
        scope=Scope.EVENTS_READ,
        id="listEvents",
        summary="Read events",
        description="To miss none, keep the id of the last one and ask for what comes after it.",
        query=WhichEvents,
        gives=Events,
        do=_list,
    ),
    Operation(
        method="GET",
        path="/events/export",
        scope=Scope.EVENTS_READ,
        id="exportEvents",
        summary="Export events",
        description="All that are wanted, the oldest first: JSON Lines, each as in a list.",
        query=Which,
        streams=(JSON_LINES,),
        do=_export,
    ),
)

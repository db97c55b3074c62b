"""An event as other programs get it: the same from the command line, the API and webhooks."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.content.dates import read_date
from publisher.store import events
from publisher.store.events import Told

# SQLite and PostgreSQL count no further.
_MOST = 2**63 - 1


def shaped(told: Told) -> dict[str, Any]:
    """Give an event as plain data; what it has no value for is left out.

    The names are those of Standard Webhooks, with which the body of a message begins
    (https://www.standardwebhooks.com, "Payload structure").
    """
    event = told.event
    about = {
        "newsletter": event.newsletter,
        "issue": event.issue,
        "subscriber": event.subscriber,
        "address": event.address,
        **event.data,
    }
    return {
        "id": told.id,
        "type": str(event.kind),
        "timestamp": event.occurred.isoformat(),
        "data": {name: value for name, value in about.items() if value not in (None, "")},
    }


async def behind(connection: AsyncConnection, since: str, zone: tzinfo) -> int:
    """Give the id behind which events are wanted: of the last one that is known, or of a time.

    A time without an offset is in ``zone``; what occurred at it is wanted. Raises ValueError.
    """
    if since.isdecimal() and since.isascii():
        return min(int(since), _MOST)
    return await events.before(connection, read_date(since, zone))

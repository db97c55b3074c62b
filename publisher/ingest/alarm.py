"""The breaker: too many new articles at once are more likely an accident than news.

A system that was moved gives every article another guid; an archive is restored; somebody
copies a folder. What is known by address or words is recognised before this is asked. The rest
would reach every reader at once, so it waits until somebody has looked.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.store import arriving, origins
from publisher.store.sources import SourceStatus

# Below this a flood is none, and a source that has told less has no habits yet.
_LEAST = 20
_LEAST_SHARE = 0.5
_TIMES_THE_USUAL = 5


async def judge(
    connection: AsyncConnection,
    source: str,
    *,
    new: int,
    told: int,
    before: SourceStatus,
    now: datetime,
) -> str | None:
    """Say why so many new articles are not believed; None if they are.

    Believed is what is less than half of what the source told, or no more than five times what
    it usually brings in the time since its last good pass: after a long stop much is new.
    """
    if new < _LEAST or new <= told * _LEAST_SHARE:
        return None
    known = await origins.count_present(connection, source) - new
    if known < _LEAST:
        return None
    last = before.last_good or now
    days = max((now - last) / timedelta(days=1), 1.0)
    usual = await arriving.usual_per_day(connection, source, last) * days
    if new <= usual * _TIMES_THE_USUAL:
        return None
    return (
        f"{new:,} of {told:,} articles that it told look new, where about {max(usual, 1):.0f}"
        " would be usual; they are held, and what was published before stays"
        f" (look with `publisher articles list --source {source}`, then decide with"
        f" `publisher sources release {source}` or `publisher sources discard {source}`)"
    )

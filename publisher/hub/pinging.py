"""Telling another hub which of our feeds have changed (WebSub §6)."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import timedelta

import structlog

from publisher.errors import FetchError
from publisher.fetch import Fetcher, Limits, user_agent
from publisher.hub.topics import topic_of
from publisher.model import Publication
from publisher.ports import Clock
from publisher.store import pings
from publisher.store.engine import Store

log = structlog.get_logger()

_LIMITS = Limits(seconds=20, connect_seconds=10, body_bytes=64 * 1024)
_LEASE = timedelta(minutes=1)
_TOPICS = 100
_FIRST_RETRY = timedelta(seconds=30)
_LONGEST_RETRY = timedelta(hours=1)
# More doublings than that make no difference.
_MOST_DOUBLINGS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinged:
    """How many topics the hub was told of, and why it was not told of the rest, if it was not."""

    topics: int = 0
    error: str = ""


async def ping(store: Store, publication: Publication, *, clock: Clock) -> Pinged:
    """Tell the hub of everything that is due, and return; it rests when it fails.

    Raises StoreError when the database stays away.
    """
    hub, told = publication.hub, 0
    assert hub is not None  # noqa: S101 -- called only where there is one
    while True:
        async with store.write() as connection:
            now = clock()
            due = await pings.claim(
                connection, hub, limit=_TOPICS, now=now, lease_ends=now + _LEASE
            )
        if not due:
            return Pinged(topics=told)
        topics = [topic_of(publication, (each.feed, each.format)) for each in due]
        error = await _tell(hub, topics, publication.base_url)
        failures = max(each.failures for each in due)
        wait = min(_FIRST_RETRY * 2 ** min(failures, _MOST_DOUBLINGS), _LONGEST_RETRY)
        wait *= random.uniform(0.8, 1.2)  # noqa: S311 -- spreads load, hides nothing
        async with store.write() as connection:
            if error:
                await pings.put_off(connection, hub, clock() + wait, error)
            else:
                await pings.settle(connection, due)
        if error:
            log.warning("hub not told", hub=hub, topics=len(topics), reason=error)
            return Pinged(topics=told, error=error)
        log.info("hub told", hub=hub, topics=len(topics))
        told += len(topics)


async def _tell(hub: str, topics: list[str], base_url: str) -> str:
    """Tell a hub; give why it does not take it, nothing if it does.

    How is left to hub and publisher by WebSub §6; this is the form that public hubs take.
    """
    form = [("hub.mode", "publish"), *(("hub.url", topic) for topic in topics)]
    # The address is the config's: a hub in one's own network is meant to be one.
    fetcher = Fetcher(agent=user_agent(base_url), allow_private=True, limits=_LIMITS)
    try:
        async with fetcher:
            answer = await fetcher.post(hub, form)
    except FetchError as error:
        return error.reason
    return "" if answer.is_good else f"it answers {answer.status}"

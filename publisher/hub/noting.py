"""Noting who is to be told of what is new, and who of what has gone."""

from __future__ import annotations

import structlog

from publisher.hub.topics import is_published, topic_of
from publisher.model import HubMode, Publication
from publisher.ports import Clock
from publisher.publish import Press
from publisher.store import callbacks, feeds, intents, pings
from publisher.store.engine import Store
from publisher.store.intents import Intent

log = structlog.get_logger()


async def note(store: Store, publication: Publication, *, clock: Clock) -> int:
    """Note every telling that is owed; give how many there are that were not noted before.

    It compares what is stored with what was told, whoever stored it, and so makes up for
    whatever ended between the two. Subscriptions that have run out are removed.
    """
    if publication.hub is None:
        return 0
    async with store.write() as connection:
        newest = await feeds.etags(connection)
        if not publication.has_own_hub:
            return await pings.supersede(connection, publication.hub, newest, clock())
        await callbacks.expire(connection, clock())
        return await callbacks.supersede(connection, newest, clock())


async def deny_gone(
    store: Store, press: Press, publication: Publication, *, clock: Clock
) -> list[str]:
    """End subscriptions to what the config has no more, and have their callbacks told so.

    Gives the topics. A hub may deny what it accepted before (WebSub §5.2).
    """
    async with store.read() as connection:
        known = await callbacks.topics(connection)
    gone = [key for key in sorted(known) if not await is_published(press, key)]
    for key in gone:
        feed, format = key
        async with store.write() as connection:
            denied = [
                Intent(mode=HubMode.DENIED, url=url, host=host, feed=feed, format=format)
                for url, host in await callbacks.take_away(connection, key)
            ]
            await intents.put(connection, denied, peer="", now=clock())
        log.info("hub topic gone", topic=topic_of(publication, key), subscriptions=len(denied))
    return [topic_of(publication, key) for key in gone]

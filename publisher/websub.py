"""Being told of news by an upstream feed's hub (W3C WebSub), instead of only asking.

The feed is asked in its interval all the same: a hub may forget us. What it sends is not
believed either, only that there is something new: the feed itself is then asked at once.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from publisher.errors import FetchError
from publisher.fetch import Fetcher, user_agent
from publisher.ports import Clock
from publisher.store import hubs
from publisher.store.engine import Store
from publisher.store.hubs import HubSubscription

log = structlog.get_logger()

_LEASE = timedelta(days=10)
# Renewed this long before its end; a hub that does not answer is asked again after a while.
_MARGIN = timedelta(days=2)
_PATIENCE = timedelta(hours=1)
# One that has refused may think better of it.
_AFTER_REFUSAL = timedelta(days=1)


async def follow(
    store: Store,
    source: str,
    named: Any,
    *,
    base_url: str,
    allow_private: bool,
    clock: Clock,
) -> None:
    """Subscribe at the hub that a source's feed names, if that is not done, or about to end.

    ``named`` is what the source remembers of it: {"hub", "topic"}, or None. A hub that cannot
    be had is logged: the feed is still asked.
    """
    async with store.read() as connection:
        present = await hubs.of_source(connection, source)
    if named is None:
        if present is not None:
            async with store.write() as connection:
                await hubs.drop(connection, source)
        return
    if present is not None and (present.hub, present.topic) == (named["hub"], named["topic"]):
        if not _is_time(present, clock()):
            return
        wanted = replace(present, asked=clock(), denied=None)
    else:
        wanted = HubSubscription(
            source=source,
            hub=named["hub"],
            topic=named["topic"],
            token=secrets.token_urlsafe(24),
            secret=secrets.token_hex(32),
            asked=clock(),
        )
    # Kept before it is asked for: the hub may call back before its answer is here.
    async with store.write() as connection:
        await hubs.put(connection, wanted)
    await _ask(wanted, base_url=base_url, allow_private=allow_private)


def callback(base_url: str, token: str) -> str:
    """Give the address at which a hub calls."""
    return f"{base_url}/websub/{token}"


def _is_time(present: HubSubscription, now: datetime) -> bool:
    if present.denied is not None:
        return now >= present.asked + _AFTER_REFUSAL
    if present.lease_ends is None:
        return now >= present.asked + _PATIENCE
    return now >= max(present.lease_ends - _MARGIN, present.asked + _PATIENCE)


async def _ask(wanted: HubSubscription, *, base_url: str, allow_private: bool) -> None:
    form = {  # WebSub §5.1
        "hub.mode": "subscribe",
        "hub.topic": wanted.topic,
        "hub.callback": callback(base_url, wanted.token),
        "hub.secret": wanted.secret,
        "hub.lease_seconds": str(int(_LEASE.total_seconds())),
    }
    try:
        async with Fetcher(agent=user_agent(base_url), allow_private=allow_private) as fetcher:
            answer = await fetcher.post(wanted.hub, form)
    except FetchError as error:
        log.warning("hub not reached", source=wanted.source, reason=str(error))
        return
    if answer.is_good:
        log.info("hub asked", source=wanted.source, hub=wanted.hub)
    else:
        log.warning("hub refused", source=wanted.source, hub=wanted.hub, status=answer.status)

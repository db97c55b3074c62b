"""What programs ask of our hub: to be told of a feed, or no more (WebSub §5.1).

Nothing that is asked is done before the callback itself has agreed. And since whoever asks
chooses whose server we call then, what one of them can bring about is bounded: a callback that
does not agree is not asked again for a while, and few of one host, for one peer and in all are
waiting at any time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from publisher.hub import topics
from publisher.model import HubMode, Publication
from publisher.ports import Clock
from publisher.publish import Press
from publisher.store import callbacks, feeds, intents
from publisher.store.engine import Store
from publisher.store.intents import Intent

# WebSub §5.3.1: no lease may last for ever.
_LEASE = timedelta(days=10)
_SHORTEST_LEASE = timedelta(hours=1)
_LONGEST_LEASE = timedelta(days=30)
# WebSub §5.1: less than 200 bytes.
_SECRET_BYTES = 199
_CALLBACK_BYTES = 1024

_MOST_SUBSCRIPTIONS = 50_000
# A program that reads for many people asks for many feeds, all at its one host.
_MOST_OF_HOST = 500
_MOST_WAITING = 2_000
_MOST_WAITING_OF_HOST = 60
_MOST_WAITING_OF_PEER = 120
_RETRY_SECONDS = 60

_WEB_PORTS = (80, 443)
_UNFIT = re.compile(r"[\x00-\x20\x7f]")


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a request is not taken, for whoever wrote the program that sent it.

    ``status`` is that of HTTP. ``retry_seconds`` is None if it is of no use to ask again.
    """

    status: int
    words: str
    retry_seconds: int | None = None


async def take(
    store: Store,
    press: Press,
    publication: Publication,
    form: Mapping[str, str],
    *,
    peer: str,
    clock: Clock,
) -> Objection | None:
    """Take a request, to be verified soon; give why not, if it is not taken.

    ``peer`` is the address that it came from. Names in the form that mean nothing here are
    passed over (WebSub §5.1).
    """
    mode = form.get("hub.mode", "")
    if mode not in (HubMode.SUBSCRIBE, HubMode.UNSUBSCRIBE):
        return Objection(400, "hub.mode must be subscribe or unsubscribe.")
    url = form.get("hub.callback", "")
    try:
        host = _host(url)
        secret = _secret(form.get("hub.secret", ""))
        lease = _lease(form.get("hub.lease_seconds", ""))
    except ValueError as error:
        return Objection(400, str(error))
    key = await topics.find(press, publication, form.get("hub.topic", ""))
    if key is None:
        return Objection(400, "hub.topic must be the rel=self address of a feed of this site.")
    feed, format = key
    async with store.write() as connection:
        now = clock()
        intent = Intent(
            mode=HubMode(mode),
            url=url,
            host=host,
            feed=feed,
            format=format,
            secret=secret,
            lease_seconds=lease,
            version=await feeds.etag(connection, feed, format) or "",
        )
        load = await intents.load(connection, host=host, peer=peer, now=now)
        if load.of_host >= _MOST_WAITING_OF_HOST or load.of_peer >= _MOST_WAITING_OF_PEER:
            return Objection(429, "Too many requests wait to be verified.", _RETRY_SECONDS)
        if load.all >= _MOST_WAITING:
            return Objection(503, "Too many requests wait to be verified.", _RETRY_SECONDS)
        if intent.mode is HubMode.SUBSCRIBE:
            all, of_host = await callbacks.load(connection, intent)
            if of_host >= _MOST_OF_HOST:
                return Objection(403, "There are too many subscriptions of this callback's host.")
            if all >= _MOST_SUBSCRIPTIONS:
                return Objection(503, "There are too many subscriptions.", _RETRY_SECONDS)
        await intents.put(connection, [intent], peer=peer, now=now)
    return None


def _host(callback: str) -> str:
    """Give the host of a callback. Raises ValueError with what is wrong with it."""
    if len(callback.encode()) > _CALLBACK_BYTES:
        raise ValueError(f"hub.callback must not be longer than {_CALLBACK_BYTES} bytes.")
    try:
        parts = urlsplit(callback)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.scheme not in ("http", "https") or _UNFIT.search(callback):
        raise ValueError("hub.callback must be a whole http or https address.")
    if "#" in callback or "@" in parts.netloc:
        raise ValueError("hub.callback must have neither a fragment nor a user.")
    # Below 1024 other services listen, which must not be spoken to in HTTP.
    if port is not None and port < 1024 and port not in _WEB_PORTS:
        raise ValueError("hub.callback must be at port 80 or 443, or at 1024 or above.")
    return host.rstrip(".")


def _secret(given: str) -> str:
    if len(given.encode()) > _SECRET_BYTES:
        raise ValueError("hub.secret must be less than 200 bytes long.")
    if "\x00" in given:
        raise ValueError("hub.secret must not hold a zero byte.")
    return given


def _lease(given: str) -> int:
    """Give the lease in seconds. We may choose another one than is wished for (WebSub §5.1)."""
    if not given:
        return int(_LEASE.total_seconds())
    if not (given.isascii() and given.isdecimal()):
        raise ValueError("hub.lease_seconds must be a whole number.")
    # Beyond nine digits it is more than we give, whatever it is.
    wished = timedelta(seconds=int(given[:9])) if len(given) <= 9 else _LONGEST_LEASE
    return int(min(max(wished, _SHORTEST_LEASE), _LONGEST_LEASE).total_seconds())

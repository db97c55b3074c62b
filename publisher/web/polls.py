"""How often one address may ask for one feed, where the config sets a limit."""

from __future__ import annotations

import math
from collections import OrderedDict
from datetime import datetime, timedelta

from starlette.types import Scope

from publisher.ports import Clock
from publisher.web.answers import Answer, plain_text

# Beyond that many addresses and feeds the oldest are not counted any more, and cost no memory.
_MOST_KEPT = 20_000


class Polls:
    """Counts the requests to an application, in windows that begin with the first request."""

    def __init__(self, limit: tuple[int, timedelta] | None, clock: Clock) -> None:
        self._limit = limit
        self._clock = clock
        self._kept: OrderedDict[tuple[str, str], tuple[datetime, int]] = OrderedDict()

    def refusal(self, scope: Scope, path: str | None = None) -> Answer | None:
        """Count a request for a feed; give what to answer if it is one too many (RFC 6585 §4).

        ``path`` is where the feed stands, if that is not where it was asked for.
        """
        if self._limit is None:
            return None
        most, span = self._limit
        client = scope.get("client")
        key = client[0] if client else "", path or scope["path"]
        now = self._clock()
        began, count = self._kept.get(key, (now, 0))
        # From both sides: a clock that was set back locks nobody out.
        if not began <= now < began + span:
            began, count = now, 0
        self._kept[key] = began, count + 1
        self._kept.move_to_end(key)
        if len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        if count < most:
            return None
        seconds = math.ceil((began + span - now).total_seconds())
        return plain_text(429, "You ask for this feed too often.\n", seconds)

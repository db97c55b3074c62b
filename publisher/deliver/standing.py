"""Which relay carries which newsletters now: the first of a newsletter's that works.

A relay that cannot be used rests for longer and longer, and is then asked with one row; until that
is answered, what is due goes over the next relay. Times are seconds of the event loop's clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

log = structlog.get_logger()

_FIRST_REST_SECONDS = 2.0
_LONGEST_REST_SECONDS = 60.0


@dataclass(slots=True)
class _Down:
    seconds: float
    until: float


class Standing:
    """``relays`` maps each newsletter to its relays, the one that it prefers first."""

    def __init__(self, relays: Mapping[str, Sequence[str]]) -> None:
        self._relays = relays
        self._down: dict[str, _Down] = {}
        self._runs: dict[str, asyncio.Event] = {}

    def carried(self, relay: str, now: float) -> list[str]:
        """Give the newsletters that a relay carries: none while it rests."""
        if self.rest(relay, now) > 0:
            return []
        return [
            newsletter
            for newsletter, relays in self._relays.items()
            if relay in relays
            and all(before in self._down for before in relays[: relays.index(relay)])
        ]

    def rest(self, relay: str, now: float) -> float:
        """Say for how many seconds a relay is still left alone."""
        down = self._down.get(relay)
        return 0.0 if down is None else max(0.0, down.until - now)

    def is_on_trial(self, relay: str) -> bool:
        """Whether it could not be used when it was last tried."""
        return relay in self._down

    def failed(self, relay: str, now: float) -> None:
        """Know that a relay cannot be used."""
        before = self._down.get(relay)
        seconds = _FIRST_REST_SECONDS if before is None else before.seconds * 2
        seconds = min(seconds, _LONGEST_REST_SECONDS)
        self._down[relay] = _Down(seconds, now + seconds)

    def passed(self, relay: str) -> None:
        """Know that a relay works again: what others took over for it is its own."""
        del self._down[relay]
        log.info("relay works again", relay=relay)
        for other, over in self._runs.items():
            if any(_prefers(relays, relay, other) for relays in self._relays.values()):
                over.set()

    @asynccontextmanager
    async def run(self, relay: str, stop: asyncio.Event) -> AsyncIterator[asyncio.Event]:
        """Give what ends a relay's run: ``stop``, or that another relay takes back what is its."""
        over = self._runs[relay] = asyncio.Event()
        heeding = asyncio.create_task(_pass_on(stop, over))
        try:
            yield over
        finally:
            heeding.cancel()
            del self._runs[relay]


def _prefers(relays: Sequence[str], one: str, other: str) -> bool:
    return one in relays and other in relays and relays.index(one) < relays.index(other)


async def _pass_on(stop: asyncio.Event, over: asyncio.Event) -> None:
    await stop.wait()
    over.set()

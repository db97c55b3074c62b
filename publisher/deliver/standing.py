"""Which relay carries which newsletters now: the first of theirs that works, or each a part.

A relay that cannot be used rests for longer and longer, and is then asked with one row; until that
is answered, what is due goes over the next relay, or over those that shared it with this one. Times
are seconds of the event loop's clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from publisher.model import Share

log = structlog.get_logger()

_FIRST_REST_SECONDS = 2.0
_LONGEST_REST_SECONDS = 60.0


@dataclass(slots=True)
class _Down:
    seconds: float
    until: float


class Standing:
    """``relays`` maps each newsletter to its relays, the one that it prefers first.

    ``weights`` maps those that several relays share to a weight for each. One of weight 0 stands
    in while none of the others works.
    """

    def __init__(
        self,
        relays: Mapping[str, Sequence[str]],
        weights: Mapping[str, Sequence[int]] | None = None,
    ) -> None:
        self._relays = relays
        self._weights = weights or {}
        self._down: dict[str, _Down] = {}
        self._runs: dict[str, asyncio.Event] = {}

    def carried(self, relay: str, now: float) -> list[str]:
        """Give the newsletters that a relay carries, or has a part in: none while it rests."""
        if self.rest(relay, now) > 0:
            return []
        return [
            newsletter
            for newsletter, relays in self._relays.items()
            if relay in relays and self._down.keys() >= self._before(newsletter, relay)
        ]

    def shares(self, relay: str, is_full: Callable[[str, str], bool]) -> dict[str, Share]:
        """Say which issue mails of its newsletters a relay carries; all of those not named.

        What one has no room for today (``is_full``, of a relay and a newsletter) goes over the
        others. A relay on trial is asked with whatever comes first.
        """
        found = {}
        for newsletter in self._weights if relay not in self._down else ():
            able = {
                other: weight
                for other, weight in self._weighted(newsletter)
                if weight and other not in self._down
            }
            roomy = {each: able[each] for each in able if not is_full(each, newsletter)}
            among = roomy if relay in roomy else able
            if relay in among and len(among) > 1:
                first = sum(list(among.values())[: list(among).index(relay)])
                end = first + among[relay]
                found[newsletter] = Share(of=sum(among.values()), first=first, end=end)
        return found

    def _weighted(self, newsletter: str) -> Iterable[tuple[str, int]]:
        return zip(self._relays[newsletter], self._weights[newsletter], strict=True)

    def _before(self, newsletter: str, relay: str) -> set[str]:
        """Name those that have to be down before a relay carries a newsletter."""
        relays = self._relays[newsletter]
        before = set(relays[: relays.index(relay)])
        if newsletter not in self._weights:
            return before
        weights = dict(self._weighted(newsletter))
        return set() if weights[relay] else before | {each for each in relays if weights[each]}

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
            if any(self._gives_way(other, relay, each) for each in self._relays):
                over.set()

    def _gives_way(self, relay: str, to: str, newsletter: str) -> bool:
        """Say whether a relay carries less of a newsletter when another one works."""
        relays = self._relays[newsletter]
        if to == relay or to not in relays or relay not in relays:
            return False
        if to in self._before(newsletter, relay):
            return True
        return newsletter in self._weights and relay not in self._before(newsletter, to)

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


async def _pass_on(stop: asyncio.Event, over: asyncio.Event) -> None:
    await stop.wait()
    over.set()

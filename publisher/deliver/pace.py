"""As many mails in a time as a relay takes, evenly: after a pause at most a second's worth at once.

Each worker counts for itself, and begins anew when it is started.
"""

from __future__ import annotations

import asyncio

_BURST_SECONDS = 1.0


class Pace:
    """Turns, so many in so many seconds; whoever waits for one waits in line."""

    def __init__(self, mails: int, seconds: float) -> None:
        self._gap = seconds / mails
        self._next = 0.0  # when the next turn is due, by the loop's clock

    async def turn(self, stop: asyncio.Event) -> bool:
        """Wait for a turn; False if told to stop before it came, and then it is another's."""
        now = asyncio.get_running_loop().time()
        due = max(self._next, now - _BURST_SECONDS)
        self._next = due + self._gap
        if due <= now:
            return True
        try:
            async with asyncio.timeout(due - now):
                await stop.wait()
        except TimeoutError:
            return True
        self._next -= self._gap
        return False

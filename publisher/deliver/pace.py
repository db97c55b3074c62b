"""As many mails in a time as a relay takes, evenly: what a pause left over is not made up for.

So no stretch of that length has more of them, wherever the relay begins to count. Each worker
counts for itself, and begins anew when it is started.
"""

from __future__ import annotations

import asyncio


class Pace:
    """Turns, so many in so many seconds; whoever waits for one waits in line."""

    def __init__(self, mails: int, seconds: float) -> None:
        self._gap = seconds / mails
        self._next = 0.0  # when the next turn is due, by the loop's clock

    async def turn(self, stop: asyncio.Event) -> bool:
        """Wait for a turn; False if told to stop before it came, and then it is another's."""
        now = asyncio.get_running_loop().time()
        due = max(self._next, now)
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

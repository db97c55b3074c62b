"""Let go of what has been kept for long enough. The clock does it once a day."""

from __future__ import annotations

from publisher.model import Retention
from publisher.ports import Clock
from publisher.store.engine import Store
from publisher.store.retention import STEPS, Step

_AT_ONCE = 500  # rows a transaction, so that nothing waits for this


async def prune(
    store: Store, retention: Retention, *, is_dry: bool = False, clock: Clock
) -> dict[str, int]:
    """Let go of it; give how much that was, by what it is. ``is_dry`` only counts."""
    return {
        step.name: await (_count if is_dry else _let_go)(store, step, retention, clock)
        for step in STEPS
    }


async def _count(store: Store, step: Step, retention: Retention, clock: Clock) -> int:
    async with store.read() as connection:
        return await step.count(connection, clock() - step.kept(retention))


async def _let_go(store: Store, step: Step, retention: Retention, clock: Clock) -> int:
    until, after, gone = clock() - step.kept(retention), 0, 0
    while True:
        # Looked for without holding anybody up, and judged again where it is written.
        async with store.read() as connection:
            ids = await step.next(connection, until, after, _AT_ONCE)
        if not ids:
            return gone
        async with store.write() as connection:
            gone += await step.let_go(connection, ids, until, clock())
        after = ids[-1]

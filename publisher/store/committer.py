"""A thread and a connection of their own, for the few statements that a send repeats.

Each turn of the event loop that a commit needs costs more than its statements, and so does a
connection that is taken out of a pool and put back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import Connection, Engine

from publisher.model import Event
from publisher.store import events

T = TypeVar("T")


class Committer:
    """Commits over one connection, which it opens when it is first needed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._thread = ThreadPoolExecutor(1, "commit")
        self._connection: Connection | None = None

    async def commit(self, work: Callable[[Connection], T]) -> T:
        """Do some statements in a transaction; it is committed when this returns.

        Returns, and is cancelled, only when the thread is done: it cannot be stopped.
        """
        done = asyncio.get_running_loop().run_in_executor(self._thread, self._whole, work)
        try:
            return await asyncio.shield(done)
        except asyncio.CancelledError:
            await asyncio.wait([done])
            raise

    async def close(self) -> None:
        """Close the connection and end the thread."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._give_up)
        self._thread.shutdown()
        self._engine.dispose()

    def _whole(self, work: Callable[[Connection], T]) -> T:
        if self._connection is None:
            self._connection = self._engine.connect()
        try:
            with self._connection.begin():
                noted: list[Event] = []
                self._connection.execution_options(**{events.NOTED: noted})
                result = work(self._connection)
                events.write_down(self._connection, noted)
                return result
        except BaseException:
            self._give_up()  # whatever state it is in; the next commit opens another
            raise

    def _give_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

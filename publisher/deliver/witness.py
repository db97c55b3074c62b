"""A file outside of the database that remembers how far the ledger has come (F24, F40).

A database that is put back from an older copy holds mails for unsent that have long gone out. So
the number of its generation, which grows with every claim, is noted elsewhere before any of the
claimed mails leaves, and compared whenever a run begins.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from pathlib import Path

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.errors import StoreError
from publisher.store import generation
from publisher.store.engine import Store

log = structlog.get_logger()

_WHAT_IT_IS = "# How far the ledger of publisher has come. Keep this apart from copies of it.\n"


class Witness:
    """``secret`` is the oldest key of a ledger, by which copies of it are known."""

    def __init__(self, file: Path, secret: bytes) -> None:
        self._file = file
        self._ledger = hashlib.sha256(b"ledger\0" + secret).hexdigest()[:16]

    async def require_newest(self, store: Store) -> None:
        """Raise StoreError if the ledger was further once than it is now."""
        if await self.is_older(store):
            raise StoreError(
                f"the database was further once, as {self._file} says: what it holds for unsent may"
                " have been sent. If it was put back from a backup, run `publisher restored`"
            )

    async def is_older(self, store: Store) -> bool:
        """Say whether the ledger was further once."""
        noted = await asyncio.to_thread(self._noted)  # first: it never runs ahead
        async with store.read() as connection:
            return await generation.current(connection) < noted

    async def catch_up(self, connection: AsyncConnection) -> None:
        """Let the ledger be further than it ever was, in the transaction that made up for it."""
        await generation.advance(connection, await asyncio.to_thread(self._noted))

    async def note(self, number: int) -> None:
        """Remember durably that the ledger has come so far."""
        await asyncio.to_thread(self._note, number)

    def _noted(self) -> int:
        try:
            ledger, number = self._file.read_text(encoding="ascii").split()[-2:]
            return int(number) if ledger == self._ledger else 0
        except FileNotFoundError:
            return 0
        except (OSError, ValueError) as error:
            log.warning("witness not read", file=str(self._file), reason=str(error))
            return 0

    def _note(self, number: int) -> None:
        if number <= self._noted():  # another process has come further
            return
        draft = self._file.with_name(f"{self._file.name}.{os.getpid()}")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with draft.open("w", encoding="ascii") as stream:
                stream.write(f"{_WHAT_IT_IS}{self._ledger} {number}\n")
                stream.flush()
                os.fsync(stream.fileno())
            draft.replace(self._file)
        except OSError as error:  # it only helps to notice what hardly ever happens
            log.warning("witness not written", file=str(self._file), reason=error.strerror)

"""Fragments that were made once, kept as long as there is room."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Sequence
from typing import NamedTuple

import structlog

from publisher import formats
from publisher.formats.channel import Entry
from publisher.model import Format
from publisher.publish.leaving import leaving_out
from publisher.publish.shelves import Shelf
from publisher.store.articles import Mark
from publisher.store.engine import Store

log = structlog.get_logger()

_MOST_BYTES = 192 * 1024**2
_CHUNK = 200


class _Key(NamedTuple):
    variant: str
    format: Format
    mark: Mark


class Fragments:
    """What was used last is kept. Another mark is another fragment, so nothing is ever stale."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: OrderedDict[_Key, bytes] = OrderedDict()
        self._bytes = 0

    async def of(self, shelf: Shelf, format: Format, marks: Sequence[Mark]) -> list[bytes]:
        """Give the fragments of these entries, making those that are missing.

        One that cannot be made is left out, and tried again by the next build.
        """
        keys = [_Key(shelf.variant, format, mark) for mark in marks]
        found = {key: self._kept[key] for key in keys if key in self._kept}
        for key in found:
            self._kept.move_to_end(key)
        missing = [key for key in keys if key not in found]
        for start in range(0, len(missing), _CHUNK):
            chunk = missing[start : start + _CHUNK]
            async with self._store.read() as connection:
                entries = await shelf.entries(connection, [key.mark.id for key in chunk])
            # One that has gone meanwhile is missing; the next build knows.
            made = [(key, entries[key.mark.id]) for key in chunk if key.mark.id in entries]
            written = await asyncio.to_thread(_write, format, made)
            for key, fragment in written:
                found[key] = fragment
                self._kept[key] = fragment
                self._bytes += len(fragment)
        self._drop_oldest(kept=found)
        return [found[key] for key in keys if key in found]

    def _drop_oldest(self, *, kept: Collection[_Key]) -> None:
        """Make room, but not by what a document needed just now: the next one needs it again."""
        while self._bytes > _MOST_BYTES and next(iter(self._kept)) not in kept:
            _, dropped = self._kept.popitem(last=False)
            self._bytes -= len(dropped)


def _write(format: Format, entries: Sequence[tuple[_Key, Entry]]) -> list[tuple[_Key, bytes]]:
    written = []
    for key, entry in entries:
        if entry.dropped:
            log.warning(
                "article mended for feed", uri=entry.id, format=format.value, dropped=entry.dropped
            )
        with leaving_out(entry.id):
            written.append((key, formats.fragment(format, entry)))
    return written

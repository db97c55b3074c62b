"""A feed's archive (RFC 5005 §4): everything that its document has no room for, in fixed pages.

A page is full and never gets another article, or it is the newest one and named by how much is
in it: "7" has positions 601 to 700, "8-25" the first 25 of the next. Who has seen a name has
seen the page.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import Feed, FeedDocument
from publisher.publish.shelves import Content
from publisher.store import archived, keys

_PAGE = 100
_NAME = re.compile(r"([1-9][0-9]{0,6})(?:-([1-9][0-9]?))?")
_MOST_KEPT = 32


async def extend(connection: AsyncConnection, feed: Feed, content: Content, now: datetime) -> None:
    """Put what the document does not show into the archive."""
    shown = [mark.id for mark in content.marks]
    await archived.extend(connection, feed.first_slug, feed.select, now, shown=shown)


async def newest(connection: AsyncConnection, feed: Feed) -> str | None:
    """Name the newest page; None if nothing is archived."""
    return next(reversed(await pages(connection, feed)), None)


async def pages(connection: AsyncConnection, feed: Feed) -> list[str]:
    """Name all full pages and the newest one, the oldest first."""
    full, rest = divmod(await archived.count(connection, feed.first_slug), _PAGE)
    names = [str(number) for number in range(1, full + 1)]
    return [*names, f"{full + 1}-{rest}"] if rest else names


async def content(
    connection: AsyncConnection, feed: Feed, page: str, now: datetime
) -> Content | None:
    """Give what a page holds; None if there is no page of that name, or not yet."""
    name = _NAME.fullmatch(page)
    if name is None:
        return None
    number, rest = int(name[1]), int(name[2] or _PAGE)
    first, last = (number - 1) * _PAGE + 1, (number - 1) * _PAGE + rest
    if last > await archived.count(connection, feed.first_slug):
        return None
    marks = await archived.page(
        connection, feed.first_slug, feed.select, now, first=first, last=last
    )
    moments = [mark.moment for mark in marks]
    return Content(
        marks=marks,
        updated=max(moments, default=await keys.born(connection)).replace(microsecond=0),
        previous=str(number - 1) if number > 1 else None,
    )


class Memory:
    """The pages that were asked for last, each with the digest of what it was made from."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[str, FeedDocument]] = OrderedDict()

    def get(self, path: str, inputs: str) -> FeedDocument | None:
        """Give a page if it would be made of the same again."""
        known, document = self._kept.get(path, ("", None))
        return document if known == inputs else None

    def keep(self, path: str, inputs: str, document: FeedDocument) -> None:
        """Keep a page, and drop the one that was kept longest."""
        self._kept[path] = (inputs, document)
        self._kept.move_to_end(path)
        if len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)

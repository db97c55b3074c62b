"""Feed documents as they are served: bytes made once, read by every process."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import Coding, FeedDocument, Format, Span
from publisher.store.engine import insert_unless
from publisher.store.tables import feed_documents, feed_versions

DocumentKey: TypeAlias = tuple[str, Format]

# Who polls less often than a document changes so many times is told all of it.
_MOST_VERSIONS = 50


async def inputs(connection: AsyncConnection, feed: str, format: Format) -> str | None:
    """Give the digest of what the stored document was made from, or None if there is none."""
    found: str | None = await connection.scalar(
        select(feed_documents.c.inputs).where(
            feed_documents.c.feed == feed, feed_documents.c.format == format
        )
    )
    return found


async def etag(connection: AsyncConnection, feed: str, format: Format) -> str | None:
    """Give the present ETag alone: enough to answer a reader who has these bytes."""
    found: str | None = await connection.scalar(
        select(feed_documents.c.etag).where(
            feed_documents.c.feed == feed, feed_documents.c.format == format
        )
    )
    return found


async def etags(connection: AsyncConnection) -> dict[DocumentKey, str]:
    """Map every stored document to its present ETag."""
    rows = await connection.execute(
        select(feed_documents.c.feed, feed_documents.c.format, feed_documents.c.etag)
    )
    return {(row.feed, Format(row.format)): row.etag for row in rows}


async def get(connection: AsyncConnection, feed: str, format: Format) -> FeedDocument | None:
    """Give a document with its bytes, or None if it was never built."""
    row = (
        await connection.execute(
            select(feed_documents).where(
                feed_documents.c.feed == feed, feed_documents.c.format == format
            )
        )
    ).one_or_none()
    if row is None:
        return None
    return FeedDocument(
        feed=row.feed,
        format=Format(row.format),
        media_type=row.media_type,
        body=row.body,
        packed={coding: getattr(row, coding.value) for coding in Coding},
        etag=row.etag,
        modified=row.modified,
        spans=tuple(Span(start=start, end=end, mark=mark) for start, end, mark in row.spans),
    )


async def marks(
    connection: AsyncConnection, feed: str, format: Format, etag: str
) -> frozenset[str] | None:
    """Give the marks of the entries of an earlier state; None if it is not known any more."""
    found: list[str] | None = await connection.scalar(
        select(feed_versions.c.marks).where(
            feed_versions.c.feed == feed,
            feed_versions.c.format == format,
            feed_versions.c.etag == etag,
        )
    )
    return None if found is None else frozenset(found)


async def built(connection: AsyncConnection) -> dict[str, tuple[Format, ...]]:
    """Map the feeds of the config that were ever built to their formats."""
    rows = await connection.execute(
        select(feed_documents.c.feed, feed_documents.c.format)
        # Those that exist by themselves have a kind before a slash.
        .where(feed_documents.c.feed.not_like("%/%"))
        .order_by(feed_documents.c.feed, feed_documents.c.format)
    )
    found: dict[str, tuple[Format, ...]] = {}
    for row in rows:
        found[row.feed] = (*found.get(row.feed, ()), Format(row.format))
    return found


async def put(connection: AsyncConnection, document: FeedDocument, inputs: str) -> datetime | None:
    """Store a document in place of the one before.

    When the bytes are the same as before, only ``inputs`` is noted and the earlier
    ``modified`` stands; it is given back. Otherwise None.
    """
    same = (feed_documents.c.feed == document.feed) & (feed_documents.c.format == document.format)
    before = (
        await connection.execute(
            select(feed_documents.c.etag, feed_documents.c.modified).where(same)
        )
    ).one_or_none()
    if before is not None and before.etag == document.etag:
        await connection.execute(update(feed_documents).where(same).values(inputs=inputs))
        modified: datetime = before.modified
        return modified
    values = {
        "inputs": inputs,
        "media_type": document.media_type,
        "body": document.body,
        **{coding.value: document.packed[coding] for coding in Coding},
        "etag": document.etag,
        "modified": document.modified,
        "spans": [[span.start, span.end, span.mark] for span in document.spans],
    }
    await connection.execute(
        insert_unless(connection, feed_documents)
        .values(feed=document.feed, format=document.format, **values)
        .on_conflict_do_update(index_elements=["feed", "format"], set_=values)
    )
    await _remember(connection, document)
    return None


async def _remember(connection: AsyncConnection, document: FeedDocument) -> None:
    """Note a state of a document, and forget the oldest ones."""
    marks = [span.mark for span in document.spans]
    state = {"marks": marks, "made": document.modified}
    await connection.execute(
        insert_unless(connection, feed_versions)
        .values(feed=document.feed, format=document.format, etag=document.etag, **state)
        .on_conflict_do_update(index_elements=["feed", "format", "etag"], set_=state)
    )
    of_it = (feed_versions.c.feed == document.feed, feed_versions.c.format == document.format)
    newest = (
        select(feed_versions.c.etag)
        .where(*of_it)
        .order_by(feed_versions.c.made.desc())
        .limit(_MOST_VERSIONS)
    )
    await connection.execute(
        delete(feed_versions).where(*of_it, feed_versions.c.etag.not_in(newest))
    )

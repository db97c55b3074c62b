"""Feed documents as they are served: bytes made once, read by every process."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import FeedDocument, Format
from publisher.store.engine import insert_unless
from publisher.store.tables import feed_documents


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
        gzipped=row.gzipped,
        etag=row.etag,
        modified=row.modified,
    )


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
        "gzipped": document.gzipped,
        "etag": document.etag,
        "modified": document.modified,
    }
    await connection.execute(
        insert_unless(connection, feed_documents)
        .values(feed=document.feed, format=document.format, **values)
        .on_conflict_do_update(index_elements=["feed", "format"], set_=values)
    )
    return None

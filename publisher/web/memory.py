"""What an application keeps of the store: only what never changes under the key it is kept by."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.requests import Request

from publisher.model import FeedDocument, Format, Issue
from publisher.store import feeds, renditions
from publisher.store.engine import Store


class Memory:
    """One for each application. Bounded by the feeds and issues that are asked for and exist."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._documents: dict[tuple[str, Format], FeedDocument] = {}
        self._subjects: dict[int, str] = {}

    async def document(self, feed: str, format: Format) -> FeedDocument | None:
        """Give a feed's present document, None if it was never built.

        Most polls find the bytes here and cost one look at the tag.
        """
        async with self._store.read() as connection:
            etag = await feeds.etag(connection, feed, format)
            kept = self._documents.get((feed, format))
            if kept is None or kept.etag != etag:
                kept = await feeds.get(connection, feed, format)
        if kept is not None:
            self._documents[feed, format] = kept
        return kept

    async def subject(self, connection: AsyncConnection, issue: Issue) -> str:
        """Give the subject of an issue that was composed: its renditions are frozen."""
        subject = self._subjects.get(issue.id)
        if subject is None:
            rendition = await renditions.largest(connection, issue.id)
            subject = self._subjects[issue.id] = "" if rendition is None else rendition.subject
        return subject


def memory_of(request: Request) -> Memory:
    """Give the memory of the application that a request was made to."""
    memory: Memory = request.app.state.memory
    return memory

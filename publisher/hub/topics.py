"""Topics: the addresses of our feeds' documents, and nothing else that we have."""

from __future__ import annotations

from publisher.model import Format, Publication
from publisher.publish import Press
from publisher.store.feeds import DocumentKey

_FORMATS = {format.value for format in Format}


def topic_of(publication: Publication, key: DocumentKey) -> str:
    """Give the topic of a document: the address by which its rel=self names it."""
    feed, format = key
    return f"{publication.base_url}/feeds/{feed}.{format.value}"


async def find(press: Press, publication: Publication, topic: str) -> DocumentKey | None:
    """Find the document of a topic; None if we publish none of that address."""
    slug, dot, ending = topic.removeprefix(f"{publication.base_url}/feeds/").rpartition(".")
    if not dot or ending not in _FORMATS:
        return None
    key = (slug, Format(ending))
    # Subscribers have to name it as it names itself (WebSub §5.1).
    if topic != topic_of(publication, key) or not await is_published(press, key):
        return None
    return key


async def is_published(press: Press, key: DocumentKey) -> bool:
    """Say whether the config in force has such a document."""
    slug, format = key
    feed = await press.find(slug)
    return feed is not None and not feed.is_retired and format in feed.formats

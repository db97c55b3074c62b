"""The names that an article keeps for ever: made once, when it is taken in."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from slugify import slugify
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import SourceArticle
from publisher.store import articles

_SLUG_LENGTH = 80
_IRI_SCHEMES = ("http", "https", "tag", "urn")


async def free_slug(connection: AsyncConnection, told: SourceArticle) -> str | None:
    """Find a slug that nothing else has; None if the one that an editor chose is taken.

    Those made from a title get a number; an editor's is never altered.
    """
    stem = slugify(told.slug or told.title, max_length=_SLUG_LENGTH, word_boundary=True)
    stem = stem or "article"
    taken = await articles.taken_slugs(connection, stem)
    if stem not in taken:
        return stem
    if told.slug:
        return None
    number = 2
    while f"{stem}-{number}" in taken:
        number += 1
    return f"{stem}-{number}"


async def mint_uri(
    connection: AsyncConnection,
    told: SourceArticle,
    *,
    source: str,
    base_url: str,
    now: datetime,
) -> str:
    """Make the identity that feeds use: the guid if it is an IRI, else a tag URI (RFC 4151).

    A tag names a date on which the host was ours, and nothing that may change later.
    """
    if urlsplit(told.guid).scheme in _IRI_SCHEMES and not (
        await articles.has_uri(connection, told.guid)
    ):
        return told.guid
    host = urlsplit(base_url).hostname
    day = now.astimezone(UTC).date().isoformat()
    return f"tag:{host},{day}:{source}/{quote(told.guid, safe='/')}"

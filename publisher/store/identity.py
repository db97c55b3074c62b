"""The names that an article keeps for ever: made once, when it is taken in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from slugify import slugify
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import SourceArticle
from publisher.store import articles

_SLUG_LENGTH = 80
_IRI_SCHEMES = ("http", "https", "tag", "urn")
_NOT_IN_IRIS = re.compile(r'[\s<>"{}|\\^`]')  # RFC 3987 §2.2


def _is_iri(guid: str) -> bool:
    try:
        return urlsplit(guid).scheme in _IRI_SCHEMES and not _NOT_IN_IRIS.search(guid)
    except ValueError:
        return False


class Namer:
    """Gives names to the articles of one transaction, each only once. Make it with `namer`."""

    def __init__(self, connection: AsyncConnection, taken: set[str]) -> None:
        self._connection = connection
        self._taken = taken

    async def slug(self, told: SourceArticle, *, may_differ: bool) -> str | None:
        """Find a slug that nothing else has; None if the one that an editor chose is taken.

        Those made from a title get a number; an editor's is altered only if it ``may_differ``.
        """
        stem = _stem(told)
        if stem not in self._taken:
            self._taken.add(stem)
            return stem
        if told.slug and not may_differ:
            return None
        first, count = 2, 16
        while True:
            numbered = [f"{stem}-{number}" for number in range(first, first + count)]
            self._taken |= await articles.taken_slugs(self._connection, numbered)
            for slug in numbered:
                if slug not in self._taken:
                    self._taken.add(slug)
                    return slug
            first, count = first + count, count * 8

    def uri(self, told: SourceArticle, *, source: str, base_url: str, now: datetime) -> str:
        """Make the identity that feeds use: the guid if it is an IRI, else a tag URI (RFC 4151).

        A tag names a date on which the host was ours, and nothing that may change later.
        """
        guid = told.guid
        if _is_iri(guid) and guid not in self._taken:
            self._taken.add(guid)
            return guid
        host = urlsplit(base_url).hostname
        day = now.astimezone(UTC).date().isoformat()
        return f"tag:{host},{day}:{source}/{quote(guid, safe='/')}"


async def namer(connection: AsyncConnection, tellings: Sequence[SourceArticle]) -> Namer:
    """Make what names these articles; the names that they would have are looked up together."""
    slugs = await articles.taken_slugs(connection, {_stem(told) for told in tellings})
    guids = {told.guid for told in tellings if _is_iri(told.guid)}
    return Namer(connection, slugs | await articles.taken_uris(connection, guids))


def _stem(told: SourceArticle) -> str:
    stem: str = slugify(told.slug or told.title, max_length=_SLUG_LENGTH, word_boundary=True)
    return stem or "article"

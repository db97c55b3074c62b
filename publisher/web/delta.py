"""Feeds in part (RFC 3229 §10.4, with the instance manipulation "feed"): what a reader lacks.

A reader that names the version which it has, and asks for a delta, gets the present document
without the entries that were in that version. It is cut out of the stored bytes.

What is dangerous about deltas is caches that do not know them. One that looks after what it
keeps may put its own version in place of the reader's, or beside it, and pass A-IM on: then the
reader would lose what came between. So whoever names several versions gets the whole, and so
does whoever comes by a proxy that says so. No delta may be kept by such a cache.
"""

from __future__ import annotations

import asyncio
import gzip
from collections import OrderedDict
from collections.abc import Set

from publisher.formats.delta import without
from publisher.model import Coding, Feed, FeedDocument, Publication
from publisher.store import feeds
from publisher.store.engine import Store
from publisher.web.answers import OPEN, Answer, coded_tag, plain_tag, whole
from publisher.web.negotiation import Fields, manipulations, named_tags, welcome
from publisher.web.prepare import told

_MOST_KEPT = 64
_GZIP_LEVEL = 6


class Deltas:
    """Makes deltas, and keeps those that were asked for last: after news, many ask for one."""

    def __init__(self, store: Store, publication: Publication) -> None:
        self._store = store
        self._publication = publication
        self._kept: OrderedDict[tuple[str, str, str, Coding | None], Answer] = OrderedDict()

    async def answer(self, feed: Feed, found: FeedDocument, fields: Fields) -> Answer | None:
        """Answer with what the client lacks; None where it is to get the whole document."""
        version = _version(fields)
        # A complete feed says that what is not in it has gone (RFC 5005 §2): never of a part.
        if version is None or feed.limit is None:
            return None
        coding = _coding(fields)
        key = found.path, found.etag, version, coding
        kept = self._kept.get(key)
        if kept is None:
            async with self._store.read() as connection:
                marks = await feeds.marks(connection, feed.slug, found.format, version)
            if marks is None or marks.isdisjoint(span.mark for span in found.spans):
                return None
            kept = await asyncio.to_thread(self._made, found, marks, coding)
            self._kept[key] = kept
            if len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return kept

    def _made(self, found: FeedDocument, marks: Set[str], coding: Coding | None) -> Answer:
        body = without(found.body, found.spans, marks)
        fields = {
            # That of the whole: what the client has once it has put the two together.
            "ETag": coded_tag(found.etag, coding),
            "IM": "feed",
            "Cache-Control": "no-store, im",  # RFC 3229 §10.8: im is for caches that know deltas
            "Vary": "Accept-Encoding, A-IM, If-None-Match",
            **told(found, self._publication),
            **OPEN,
        }
        if coding is not None:
            body = gzip.compress(body, _GZIP_LEVEL, mtime=0)
        return whole(226, body, fields, coding)


def _version(fields: Fields) -> str | None:
    """Give the only version that a client which wants a delta says it has."""
    if "feed" not in manipulations(fields) or b"via" in fields:
        return None
    tags = {plain_tag(tag) for tag in named_tags(fields)}
    return tags.pop() if len(tags) == 1 else None


def _coding(fields: Fields) -> Coding | None:
    liked = welcome(fields.get(b"accept-encoding", b""))
    return Coding.GZIP if Coding.GZIP in liked else None

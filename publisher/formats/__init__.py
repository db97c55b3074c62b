"""An article in the terms of each feed format. One module a format, found by its name.

`publisher.publish` renders through here, once for each change and never on a request. What
comes out depends on the arguments alone: no clock, locale, time zone or thread changes a
byte, so that the entity tag made of the bytes is the same everywhere. A new format is one
new module that fulfils `FormatModule`, and one more value of `publisher.model.Format`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from importlib import import_module
from typing import Protocol, cast

from publisher.model import Article, Feed, Format, Publication


class FormatModule(Protocol):
    """What a format's module offers. ``MEDIA_TYPE`` is the whole Content-Type field."""

    MEDIA_TYPE: str

    def render(
        self,
        feed: Feed,
        articles: Sequence[Article],
        *,
        publication: Publication,
        self_url: str,
        updated: datetime,
    ) -> bytes:
        """Give the document; never fails for what stands in an article."""
        ...


def render(
    format: Format,
    feed: Feed,
    articles: Sequence[Article],
    *,
    publication: Publication,
    self_url: str,
    updated: datetime,
) -> bytes:
    """Give the feed as a document in the format.

    ``articles`` come newest first and stay so. ``self_url`` is where readers fetch this very
    document. ``updated`` is the newest change of what is in the feed, of a withdrawal too;
    it is never the time of rendering, or each rendering would look like news.
    """
    return _module(format).render(
        feed, articles, publication=publication, self_url=self_url, updated=updated
    )


def media_type(format: Format) -> str:
    """Give the Content-Type under which the format is served."""
    return _module(format).MEDIA_TYPE


def path(feed_slug: str, format: Format) -> str:
    """Give where on our site the feed stands in the format."""
    return f"/feeds/{feed_slug}.{format.value}"


def _module(format: Format) -> FormatModule:
    # A module called json would be taken for the standard one by whoever reads an import.
    name = "jsonfeed" if format is Format.JSON else format.value
    return cast(FormatModule, import_module(f"{__name__}.{name}"))

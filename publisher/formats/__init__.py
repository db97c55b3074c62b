"""An article in the terms of each feed format. One module a format, found by its name.

`publisher.publish` writes through here. An entry becomes a fragment once, when its article
changes; a document is a frame around fragments. What comes out depends on the arguments
alone: no clock, locale, time zone or thread changes a byte, so that the entity tag made of
the bytes is the same everywhere. A new format is one new module that fulfils `FormatModule`,
and one more value of `publisher.model.Format`.
"""

from __future__ import annotations

from importlib import import_module
from typing import Protocol, cast

from publisher.formats.channel import Channel, Entry
from publisher.formats.frame import Frame
from publisher.model import Feed, Format


class FormatModule(Protocol):
    """What a format's module offers. ``MEDIA_TYPE`` is the whole Content-Type field."""

    MEDIA_TYPE: str

    def fragment(self, entry: Entry) -> bytes:
        """Write an entry; never fails for what stands in an article."""
        ...

    def frame(self, channel: Channel) -> Frame:
        """Write what stands around the entries."""
        ...


def fragment(format: Format, entry: Entry) -> bytes:
    """Write an entry, as it stands in every document of the format."""
    return _module(format).fragment(entry)


def frame(format: Format, channel: Channel) -> Frame:
    """Write what stands around the entries of a document."""
    return _module(format).frame(channel)


def media_type(format: Format) -> str:
    """Give the Content-Type under which the format is served."""
    return _module(format).MEDIA_TYPE


def path(feed: Feed, format: Format) -> str:
    """Give where on our site the feed stands in the format."""
    return f"{feed.path}.{format.value}"


def archive_path(feed: Feed, page: str, format: Format) -> str:
    """Give where on our site a page of the feed's archive stands in the format."""
    return f"{feed.path}/archive/{page}.{format.value}"


def _module(format: Format) -> FormatModule:
    # A module called json would be taken for the standard one by whoever reads an import.
    name = "jsonfeed" if format is Format.JSON else format.value
    return cast(FormatModule, import_module(f"{__name__}.{name}"))

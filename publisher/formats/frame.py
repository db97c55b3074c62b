"""A document as a frame around fragments, so that one changed article costs one fragment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from publisher.formats.channel import Channel
from publisher.model import Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What stands before, between and behind the fragments of a document."""

    head: bytes
    separator: bytes
    tail: bytes

    def around(self, fragments: Sequence[bytes]) -> bytes:
        """Put the document together."""
        return b"".join((self.head, *self._separated(fragments), self.tail))

    def _separated(self, fragments: Sequence[bytes]) -> Iterator[bytes]:
        for position, each in enumerate(fragments):
            if position and self.separator:
                yield self.separator
            yield each

    def places(self, fragments: Sequence[bytes]) -> list[tuple[int, int]]:
        """Say where each fragment begins and ends in the document, in bytes."""
        places: list[tuple[int, int]] = []
        start = len(self.head)
        for each in fragments:
            places.append((start, start + len(each)))
            start += len(each) + len(self.separator)
        return places


# feedgen writes no entry without a feed around it. Every namespace that an entry may need is
# declared around every document, needed or not, so that what is cut out of one fits any other.
NOBODY = Channel(
    title="-",
    description="-",
    language="",
    self_url="urn:none",
    first_url="urn:none",
    publisher=Person(name="-"),
    home_url="urn:none",
    stylesheet_url="urn:none",
    updated=datetime(2000, 1, 1, tzinfo=UTC),
)


def cut(document: bytes, start: bytes, end: bytes) -> bytes:
    """Give the only piece of a document from a start to the last end, both with it."""
    return document[document.index(start) : document.rindex(end) + len(end)]

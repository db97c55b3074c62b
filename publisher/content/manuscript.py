"""What one file says of its article, whatever it is written in; decided later, by the source."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from publisher.model import Enclosure, Person, SourceArticle


@dataclass(frozen=True, slots=True, kw_only=True)
class Manuscript:
    """An article as read from a file: None or empty where the file says nothing.

    ``html`` is not sanitised. ``base`` is what its relative links are relative to.
    """

    html: str
    title: str | None = None
    guid: str | None = None
    slug: str | None = None
    summary: str | None = None
    url: str | None = None
    base: str | None = None
    authors: tuple[Person, ...] = ()
    contributors: tuple[Person, ...] = ()
    tags: tuple[str, ...] = ()
    section: str | None = None
    published: datetime | None = None
    updated: datetime | None = None
    language: str | None = None
    image: str | None = None
    enclosures: tuple[Enclosure, ...] = ()
    weight: int = 0
    pinned: bool = False
    is_draft: bool = False

    def as_told(self, *, origin: str, stamp: str) -> SourceArticle:
        """Tell it as what stands at ``origin``, which is its guid if it says none itself."""
        return SourceArticle(
            guid=self.guid or origin,
            origin=origin,
            stamp=stamp,
            title=self.title or "",
            html=self.html,
            summary=self.summary or "",
            url=self.url,
            base=self.base,
            slug=self.slug,
            authors=self.authors,
            contributors=self.contributors,
            tags=self.tags,
            section=self.section,
            published=self.published,
            updated=self.updated,
            language=self.language,
            image=self.image,
            enclosures=self.enclosures,
            weight=self.weight,
            pinned=self.pinned,
        )

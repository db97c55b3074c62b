"""Entries written as a feed, in RSS 2.0 or Atom 1.0."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from html import escape

_CONTENT = "http://purl.org/rss/1.0/modules/content/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a feed says of an article. A ``date`` that is text is written as it stands."""

    guid: str | None
    url: str
    title: str
    html: str
    date: datetime | str | None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a system writes its feed. ``declared`` is the encoding that it says it is in."""

    is_atom: bool = False
    guid_is_last: bool = False
    declared: str = "utf-8"
    encoding: str = "utf-8"

    @property
    def media_type(self) -> str:
        kind = "atom" if self.is_atom else "rss"
        return f"application/{kind}+xml; charset={self.declared}"

    def write(self, entries: Sequence[Entry]) -> bytes:
        text = self._atom(entries) if self.is_atom else self._rss(entries)
        return f'<?xml version="1.0" encoding="{self.declared}"?>\n{text}'.encode(self.encoding)

    def _rss(self, entries: Sequence[Entry]) -> str:
        items = []
        for entry in entries:
            is_link = "true" if (entry.guid or "").startswith("http") else "false"
            date = entry.date
            parts = [
                f"<title>{escape(entry.title)}</title>",
                f"<link>{escape(entry.url)}</link>",
                _dated("pubDate", format_datetime(date) if isinstance(date, datetime) else date),
                *(f"<category>{escape(tag)}</category>" for tag in entry.tags),
                f"<content:encoded><![CDATA[{entry.html}]]></content:encoded>",
            ]
            if entry.guid is not None:
                guid = f'<guid isPermaLink="{is_link}">{escape(entry.guid)}</guid>'
                parts.insert(len(parts) if self.guid_is_last else 0, guid)
            items.append(f"<item>{''.join(parts)}</item>\n")
        return (
            f'<rss version="2.0" xmlns:content="{_CONTENT}"><channel><title>Herald</title>'
            f"<link>https://herald.example/</link>{''.join(items)}</channel></rss>\n"
        )

    def _atom(self, entries: Sequence[Entry]) -> str:
        items = []
        for entry in entries:
            date = entry.date.isoformat() if isinstance(entry.date, datetime) else entry.date
            parts = [
                f"<title>{escape(entry.title)}</title>",
                f'<link rel="alternate" href="{escape(entry.url)}"/>',
                _dated("published", date),
                _dated("updated", date),
                *(f'<category term="{escape(tag)}"/>' for tag in entry.tags),
                f'<content type="html">{escape(entry.html)}</content>',
            ]
            if entry.guid is not None:
                guid = f"<id>{escape(entry.guid)}</id>"
                parts.insert(len(parts) if self.guid_is_last else 0, guid)
            items.append(f"<entry>{''.join(parts)}</entry>\n")
        return (
            '<feed xmlns="http://www.w3.org/2005/Atom"><title>Herald</title>'
            f"<id>https://herald.example/</id>{''.join(items)}</feed>\n"
        )


def _dated(name: str, date: str | None) -> str:
    return "" if date is None else f"<{name}>{escape(date)}</{name}>"

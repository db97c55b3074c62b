"""Site maps (https://www.sitemaps.org/protocol.html): the addresses of pages for search engines."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from html import escape

MEDIA_TYPE = "application/xml"
# A file that lists more is refused whole; what has more pages has several files, and an index.
MOST_ADDRESSES = 50_000

_NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"


def write(pages: Iterable[tuple[str, datetime | None]]) -> bytes:
    """Write a file of addresses, each with when its page last changed, if that is known."""
    return _document("urlset", "url", pages)


def write_index(files: Iterable[str]) -> bytes:
    """Write the list of the files."""
    return _document("sitemapindex", "sitemap", ((file, None) for file in files))


def _document(root: str, item: str, listed: Iterable[tuple[str, datetime | None]]) -> bytes:
    lines = [f'<?xml version="1.0" encoding="utf-8"?>\n<{root} xmlns="{_NAMESPACE}">']
    for address, changed in listed:
        when = changed and f"<lastmod>{changed.isoformat(timespec='seconds')}</lastmod>"
        lines.append(f"<{item}><loc>{escape(address)}</loc>{when or ''}</{item}>")
    return "\n".join([*lines, f"</{root}>\n"]).encode()

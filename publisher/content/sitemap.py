"""Sitemaps: which pages a site has, and when each of them was changed.

Reads <urlset> and <sitemapindex> of the sitemaps.org protocol 0.9 with the news and image
extensions, and plain text with one URL a line, all of them packed with gzip or not. No tree
is built, so that memory holds no more than what is given back, and a document type is refused
as soon as it begins.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo

from lxml import etree  # type: ignore[import-untyped]

from publisher.content.characters import clean_line
from publisher.content.dates import read_date
from publisher.content.fields import is_language
from publisher.content.links import absolute

# The protocol's own bounds for one file.
MAX_BYTES = 50 * 1024 * 1024
MAX_ENTRIES = 50_000

_GZIP = b"\x1f\x8b"
_CHUNK_BYTES = 64 * 1024
_MAX_FIELD_CHARACTERS = 4096
_MAX_LEVELS = 20
# Byte order marks, the NULs of UTF-16, and blanks: what may stand before the first "<".
_LEADING = b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n"
_FIELDS = frozenset(
    {
        "url/loc",
        "url/lastmod",
        "url/news/title",
        "url/news/publication_date",
        "url/news/publication/language",
        "url/news/keywords",
        "url/image/loc",
        "sitemap/loc",
        "sitemap/lastmod",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A page, or a further sitemap, and what is said of it; None or empty where nothing is.

    ``lastmod`` is as written; ``modified`` is what it means, None if it is no date.
    """

    url: str
    lastmod: str = ""
    modified: datetime | None = None
    title: str | None = None
    published: datetime | None = None
    language: str | None = None
    tags: tuple[str, ...] = ()
    image: str | None = None

    @property
    def dated(self) -> datetime | None:
        """When there was last news of it."""
        return self.modified or self.published


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitemap:
    """One file: its pages, or the sitemaps that an index names, in its order.

    ``is_news`` marks one of the news extension, which lists the last two days only.
    ``is_cut`` says that it had more than was asked for.
    """

    pages: tuple[Entry, ...] = ()
    sitemaps: tuple[Entry, ...] = ()
    is_news: bool = False
    is_cut: bool = False


def read_sitemap(data: bytes, zone: tzinfo, *, most: int = MAX_ENTRIES) -> Sitemap:
    """Read a sitemap file, ``most`` entries of it. Dates without a zone are in ``zone``.

    Entries without a usable URL are passed over. Raises ValueError with a sentence when it is
    no sitemap, or a damaged one.
    """
    chunks = _unpacked(data) if data.startswith(_GZIP) else _parts(data)
    first = next(chunks, b"")
    content = first.lstrip(_LEADING)
    if not content:
        raise ValueError("it is empty")
    if not content.startswith(b"<"):
        return _read_lines(_lines(first, chunks), most)
    # XML allows no blanks in front of its declaration; some sites' plugins leave them there.
    return _read_xml(first.lstrip(), chunks, _Reader(zone, most))


# --- bytes --------------------------------------------------------------------------------


def _parts(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), _CHUNK_BYTES):
        yield data[start : start + _CHUNK_BYTES]


def _unpacked(data: bytes) -> Iterator[bytes]:
    """Unpack gzip bit by bit, so that a bomb is met before it has gone off (RFC 1952)."""
    size = 0
    while data:
        packed = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        while not packed.eof:
            try:
                chunk = packed.decompress(data, _CHUNK_BYTES)
            except zlib.error as error:
                raise ValueError("its gzip is damaged") from error
            data = packed.unconsumed_tail
            if not chunk and not data and not packed.eof:
                raise ValueError("its gzip ends too early")
            size += len(chunk)
            if size > MAX_BYTES:
                raise ValueError("it is larger than 50 MB when unpacked")
            if chunk:
                yield chunk
        data = packed.unused_data if packed.unused_data.startswith(_GZIP) else b""


# --- plain text ---------------------------------------------------------------------------


def _lines(first: bytes, chunks: Iterator[bytes]) -> Iterator[str]:
    rest = first.removeprefix(b"\xef\xbb\xbf")
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        yield from (line.decode("utf-8", "replace") for line in lines)
        rest = rest[:_MAX_FIELD_CHARACTERS]  # a line of that length is no URL anyway
    yield from rest.decode("utf-8", "replace").split("\n")


def _read_lines(lines: Iterator[str], most: int) -> Sitemap:
    pages: list[Entry] = []
    for line in lines:
        if url := absolute(line, ""):
            if len(pages) == most:
                return Sitemap(pages=tuple(pages), is_cut=True)
            pages.append(Entry(url=url))
    if not pages:
        raise ValueError("it is neither XML nor a list of URLs")
    return Sitemap(pages=tuple(pages))


# --- XML ----------------------------------------------------------------------------------


class _Enough(Exception):
    """As many entries as were asked for have been read, and there are more."""


def _read_xml(first: bytes, chunks: Iterator[bytes], reader: _Reader) -> Sitemap:
    parser = etree.XMLParser(
        target=reader, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    is_cut = False
    try:
        parser.feed(first)
        for chunk in chunks:
            parser.feed(chunk)
        parser.close()
    except _Enough:
        is_cut = True
    except etree.XMLSyntaxError as error:
        raise ValueError(f"it is not well-formed XML ({clean_line(error.msg)})") from error
    return Sitemap(
        pages=tuple(reader.entries["url"]),
        sitemaps=tuple(reader.entries["sitemap"]),
        is_news=reader.is_news,
        is_cut=is_cut,
    )


class _Reader:
    """What the parser tells its findings to. Namespaces are not looked at: many are wrong."""

    def __init__(self, zone: tzinfo, most: int) -> None:
        self.entries: dict[str, list[Entry]] = {"url": [], "sitemap": []}
        self.is_news = False
        self._zone = zone
        self._most = most
        self._path: list[str] = []
        self._fields: dict[str, str] = {}
        self._text: list[str] | None = None
        self._room = 0

    def doctype(self, name: str, *_: str | None) -> None:
        # Called before anything is read of it, so no entity is ever declared.
        if name.lower() == "html":
            raise ValueError("it is an HTML page")
        raise ValueError("it has a document type, which no sitemap needs and none may have here")

    def start(self, tag: str, _attributes: object) -> None:
        name = tag.rpartition("}")[2]
        self._path.append(name)
        if len(self._path) > _MAX_LEVELS:  # libxml2 itself bounds only the trees that it builds
            raise ValueError(f"it is nested more than {_MAX_LEVELS} levels deep")
        if len(self._path) == 1 and name not in ("urlset", "sitemapindex"):
            raise ValueError(f"it begins with <{name[:40]}>, so it is no sitemap")
        if len(self._path) == 2:
            self._fields = {}
        self._text = None
        if "/".join(self._path[1:5]) in _FIELDS and len(self._path) <= 5:
            self._text, self._room = [], _MAX_FIELD_CHARACTERS

    def data(self, text: str) -> None:
        if self._text is not None and self._room > 0:
            self._text.append(text[: self._room])
            self._room -= len(text)

    def end(self, _tag: str) -> None:
        if self._text is not None:
            # The first of several counts: a page's first image is the one it shows.
            self._fields.setdefault("/".join(self._path[1:]), clean_line("".join(self._text)))
            self._text = None
        if len(self._path) == 2 and self._path[1] in self.entries:
            self._add(self._path[1])
        self._path.pop()

    def close(self) -> None:
        """End the reading; what was found stays here."""

    def _add(self, kind: str) -> None:
        url = absolute(self._fields.get(f"{kind}/loc", ""), "")
        if url is None:
            return
        if sum(map(len, self.entries.values())) == self._most:
            raise _Enough
        self.is_news |= any(name.startswith("url/news/") for name in self._fields)
        lastmod = self._fields.get(f"{kind}/lastmod", "")
        language = self._fields.get("url/news/publication/language", "")
        keywords = self._fields.get("url/news/keywords", "").split(",")
        self.entries[kind].append(
            Entry(
                url=url,
                lastmod=lastmod,
                modified=self._date(lastmod),
                title=self._fields.get("url/news/title") or None,
                published=self._date(self._fields.get("url/news/publication_date", "")),
                language=language if is_language(language) else None,
                tags=tuple(dict.fromkeys(filter(None, map(clean_line, keywords)))),
                image=absolute(self._fields.get("url/image/loc", ""), ""),
            )
        )

    def _date(self, written: str) -> datetime | None:
        try:
            return read_date(written, self._zone)
        except ValueError:
            return None

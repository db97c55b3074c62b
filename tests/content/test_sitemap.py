from __future__ import annotations

import gzip
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from publisher.content.sitemap import MAX_BYTES, Entry, Sitemap, read_sitemap

SPACES = (
    'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    ' xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'
    ' xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"'
    ' xmlns:video="http://www.google.com/schemas/sitemap-video/1.1"'
)


def urlset(content: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?><urlset {SPACES}>{content}</urlset>'.encode()


def test_pages_have_their_dates(zone: ZoneInfo) -> None:
    data = urlset(
        "<url><loc> https://example.org/a?b=1&amp;c=2\n</loc><lastmod>2026-05-01</lastmod>"
        "<changefreq>daily</changefreq><priority>0.8</priority></url>"
        "<url><lastmod>2026-05-02T07:30:00+02:00</lastmod><loc>https://example.org/b</loc></url>"
        "<url><loc><![CDATA[https://example.org/c]]></loc><lastmod>lately</lastmod></url>"
    )

    assert read_sitemap(data, zone) == Sitemap(
        pages=(
            Entry(
                url="https://example.org/a?b=1&c=2",
                lastmod="2026-05-01",
                modified=datetime(2026, 4, 30, 16, tzinfo=UTC),
            ),
            Entry(
                url="https://example.org/b",
                lastmod="2026-05-02T07:30:00+02:00",
                modified=datetime(2026, 5, 2, 5, 30, tzinfo=UTC),
            ),
            Entry(url="https://example.org/c", lastmod="lately"),
        )
    )


def test_index_names_further_sitemaps(zone: ZoneInfo) -> None:
    data = (
        f"<sitemapindex {SPACES}><sitemap><loc>https://example.org/1.xml.gz</loc>"
        "<lastmod>2026-05-01T00:00:00Z</lastmod></sitemap></sitemapindex>"
    ).encode()

    assert read_sitemap(data, zone) == Sitemap(
        sitemaps=(
            Entry(
                url="https://example.org/1.xml.gz",
                lastmod="2026-05-01T00:00:00Z",
                modified=datetime(2026, 5, 1, tzinfo=UTC),
            ),
        )
    )


def test_news_and_images_are_read_and_other_extensions_passed_over(zone: ZoneInfo) -> None:
    data = urlset(
        "<url><loc>https://example.org/a</loc>"
        "<video:video><video:title>A film</video:title><video:loc>x</video:loc></video:video>"
        "<news:news><news:publication><news:name>Post</news:name>"
        "<news:language>en</news:language></news:publication>"
        "<news:publication_date>2026-05-01T10:00Z</news:publication_date>"
        "<news:title>Bakers &amp; bread</news:title><news:keywords>labour, bread, labour"
        "</news:keywords></news:news>"
        "<image:image><image:loc>https://example.org/1.jpg</image:loc></image:image>"
        "<image:image><image:loc>https://example.org/2.jpg</image:loc></image:image></url>"
    )

    assert read_sitemap(data, zone) == Sitemap(
        pages=(
            Entry(
                url="https://example.org/a",
                title="Bakers & bread",
                published=datetime(2026, 5, 1, 10, tzinfo=UTC),
                language="en",
                tags=("labour", "bread"),
                image="https://example.org/1.jpg",
            ),
        ),
        is_news=True,
    )


def test_plain_text_has_a_url_a_line(zone: ZoneInfo) -> None:
    data = "\ufeffhttps://example.org/a\r\n\nno url\nhttps://example.org/ä".encode()

    assert [page.url for page in read_sitemap(data, zone).pages] == [
        "https://example.org/a",
        "https://example.org/ä",
    ]


def test_long_text_is_read_to_its_end(zone: ZoneInfo) -> None:
    lines = [f"https://example.org/{n}" for n in range(5000)]
    data = "\n".join([*lines[:2500], "x" * 200_000, *lines[2500:]]).encode()

    assert [page.url for page in read_sitemap(data, zone).pages] == lines


@pytest.mark.parametrize("packed", [1, 2])
def test_gzip_is_unpacked(packed: int, zone: ZoneInfo) -> None:
    data = urlset("<url><loc>https://example.org/a</loc></url>")
    middle = len(data) // packed

    members = gzip.compress(data[:middle]) + (gzip.compress(data[middle:]) if packed > 1 else b"")

    assert read_sitemap(members, zone) == read_sitemap(data, zone)


@pytest.mark.parametrize(
    "loc",
    ["", "/a", "ftp://example.org/a", "https://example.org/" + "a" * 3000, "http://[::1", "no"],
)
def test_entry_without_a_usable_url_is_passed_over(loc: str, zone: ZoneInfo) -> None:
    data = urlset(f"<url><loc>{loc}</loc></url><url><loc>https://example.org/b</loc></url>")

    assert [page.url for page in read_sitemap(data, zone).pages] == ["https://example.org/b"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
def test_encoding_is_the_one_that_is_declared(encoding: str, zone: ZoneInfo) -> None:
    text = f'<?xml version="1.0" encoding="{encoding}"?><urlset><url><loc>https://example.org/ä'
    data = f"{text}</loc></url></urlset>".encode(encoding)

    assert [page.url for page in read_sitemap(data, zone).pages] == ["https://example.org/ä"]


def test_blanks_in_front_of_the_declaration_do_no_harm(zone: ZoneInfo) -> None:
    data = b"\n \n" + urlset("<url><loc>https://example.org/a</loc></url>")

    assert [page.url for page in read_sitemap(data, zone).pages] == ["https://example.org/a"]


@pytest.mark.parametrize("is_text", [True, False])
def test_no_more_entries_are_given_than_asked_for(is_text: bool, zone: ZoneInfo) -> None:
    urls = [f"https://example.org/{n}" for n in range(3)]
    data = "\n".join(urls).encode()
    if not is_text:
        data = urlset("".join(f"<url><loc>{url}</loc></url>" for url in urls))

    cut, whole = read_sitemap(data, zone, most=2), read_sitemap(data, zone, most=3)

    assert ([page.url for page in cut.pages], cut.is_cut) == (urls[:2], True)
    assert ([page.url for page in whole.pages], whole.is_cut) == (urls, False)


def bomb(root: str = "<urlset>&c;</urlset>") -> str:
    entities = "".join(
        f'<!ENTITY {name} "{"&" + other + ";" if other else "a"}{"x" * 10}">'
        for name, other in (("a", ""), ("b", "a"), ("c", "b"))
    )
    return f'<?xml version="1.0"?><!DOCTYPE urlset [{entities}]>{root}'


DOCTYPE = "it has a document type, which no sitemap needs and none may have here"


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "it is empty"),
        (b" \n", "it is empty"),
        (b"Not found", "it is neither XML nor a list of URLs"),
        (b"\x89PNG\r\n\x1a\n\x00", "it is neither XML nor a list of URLs"),
        (b"<!DOCTYPE html><html></html>", "it is an HTML page"),
        (b"<html></html>", "it begins with <html>, so it is no sitemap"),
        (b"<rss></rss>", "it begins with <rss>, so it is no sitemap"),
        (bomb().encode(), DOCTYPE),
        (bomb('<urlset a="&c;"/>').encode(), DOCTYPE),
        (bomb().encode("utf-16"), DOCTYPE),
        (b'<!DOCTYPE urlset SYSTEM "file:///etc/passwd"><urlset/>', DOCTYPE),
        (b"<urlset><url>", "it is not well-formed XML (Premature end of data"),
        (b"<urlset>&other;</urlset>", "it is not well-formed XML (Entity 'other' not defined"),
        (b"<urlset>" + b"<a>" * 100_000, "it is nested more than 20 levels deep"),
        (b"\x1f\x8bnot gzip", "its gzip is damaged"),
        (gzip.compress(urlset(""))[:-12], "its gzip ends too early"),
        (gzip.compress(b"<urlset>" + b" " * MAX_BYTES), "it is larger than 50 MB when unpacked"),
    ],
)  # fmt: skip
def test_what_is_no_sitemap_is_refused_with_a_sentence(
    data: bytes, sentence: str, zone: ZoneInfo
) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 -- the sentence is compared
        read_sitemap(data, zone)

    assert str(caught.value).startswith(sentence)

"""RSS of every age, and what its modules add."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from publisher.content.feeds.parsed import ParsedFeed
from publisher.content.feeds.read import read_feed
from publisher.content.manuscript import Manuscript
from publisher.model import Enclosure, Person

URL = "https://example.org/feed.xml"
MODULES = """xmlns:atom="http://www.w3.org/2005/Atom"
 xmlns:content="http://purl.org/rss/1.0/modules/content/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"
 xmlns:media="http://search.yahoo.com/mrss/"
 xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"
 xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0"
 xmlns:slash="http://purl.org/rss/1.0/modules/slash/" """


def read(items: str, channel: str = "") -> ParsedFeed:
    text = (
        f'<?xml version="1.0"?>\n<rss version="2.0" {MODULES}><channel><title>News</title>'
        f"{channel}{items}</channel></rss>"
    )
    return read_feed(text.encode(), "application/rss+xml", URL)


def item(inside: str, channel: str = "") -> Manuscript:
    (entry,) = read(f"<item>{inside}</item>", channel).entries
    return entry


def test_everything_that_an_item_says_is_read() -> None:
    entry = item(
        """<title>Bakers &amp;amp; millers</title><link>/bakers?a=1&amp;b=2</link>
        <guid isPermaLink="false"> tag:17 </guid><slash:comments>5</slash:comments>
        <description>At &lt;b&gt;dawn&lt;/b&gt;.</description>
        <content:encoded><![CDATA[<p>No <a href="/b">bread</a>.</p>]]></content:encoded>
        <author>ann@example.org (Ann Lee)</author><dc:creator>Bo Chen</dc:creator>
        <dc:creator>Ann Lee</dc:creator><dc:contributor>Carla Diaz</dc:contributor>
        <category>labour</category><category domain="x">bread</category><category>labour</category>
        <pubDate>Mon, 23 Nov 2026 08:00:00 +0100</pubDate>
        <enclosure url="/a.mp3" length="1234" type="audio/mpeg"/>""",
        "<language>en-gb</language>",
    )

    assert entry == Manuscript(
        guid="tag:17",
        title="Bakers & millers",
        url="https://example.org/bakers?a=1&b=2",
        base="https://example.org/bakers?a=1&b=2",
        html='<p>No <a href="/b">bread</a>.</p>',
        summary="At dawn.",
        authors=(Person(name="Ann Lee", email="ann@example.org"), Person(name="Bo Chen")),
        contributors=(Person(name="Carla Diaz"),),
        tags=("labour", "bread"),
        published=datetime(2026, 11, 23, 7, tzinfo=UTC),
        language="en-gb",
        enclosures=(
            Enclosure(url="https://example.org/a.mp3", media_type="audio/mpeg", length_bytes=1234),
        ),
    )


def test_description_alone_is_the_text() -> None:
    entry = item("<description>&lt;p&gt;All of it.&lt;/p&gt;</description>")

    assert (entry.html, entry.summary) == ("<p>All of it.</p>", None)


def test_description_that_repeats_the_text_is_no_summary() -> None:
    entry = item(
        "<content:encoded>&lt;p&gt;All.&lt;/p&gt;</content:encoded>"
        "<description>&lt;p&gt;All.&lt;/p&gt;</description>"
    )

    assert (entry.html, entry.summary) == ("<p>All.</p>", None)


@pytest.mark.parametrize(
    "other",
    [
        "<itunes:summary>Short.</itunes:summary>",
        "<media:group><media:description>Short.</media:description></media:group>",
        "<dc:description>Short.</dc:description>",
    ],
)
@pytest.mark.parametrize("is_first", [True, False])
def test_description_for_another_medium_takes_no_place_from_the_own(
    other: str, is_first: bool
) -> None:
    own = "<description>All of it.</description>"

    entry = item(other + own if is_first else own + other)

    assert (entry.html, entry.summary) == ("All of it.", None)


def test_description_for_another_medium_is_better_than_none() -> None:
    assert item("<description/><itunes:summary>Short.</itunes:summary>").html == ("<p>Short.</p>")


def test_markup_that_was_not_escaped_is_kept() -> None:
    entry = item(
        "<description><p>No <br/> bread.<hr>Rule</hr></p></description><title>a <b>b</b></title>"
    )

    assert entry.html == "<p>No <br> bread.<span>Rule</span></p>"
    assert entry.title == "a b"


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("The &lt;title&gt; element", "The <title> element"),
        ("&lt;b&gt;Bold&lt;/b&gt; news", "Bold news"),
        ("1 &lt; 2", "1 < 2"),
        ("<![CDATA[Fish &amp; chips]]>", "Fish & chips"),
        ("  two\n lines ", "two lines"),
    ],
)
def test_title_is_plain_text(written: str, title: str) -> None:
    assert item(f"<media:title>Other</media:title><title>{written}</title>").title == title


def test_title_that_no_reader_could_make_sense_of_is_not_there() -> None:
    title = "&lt;b&gt;" * 300 + "&lt;/b&gt;"

    entry = item(f"<title>{title}</title><description>Text</description>")

    assert (entry.title, entry.html) == (None, "Text")


@pytest.mark.parametrize(
    ("inside", "url"),
    [
        ("<guid>https://example.org/a</guid>", "https://example.org/a"),
        ('<guid isPermaLink="true">https://example.org/a</guid>', "https://example.org/a"),
        ('<guid isPermaLink="false">https://example.org/a</guid>', None),
        ("<guid>https://example.org/a</guid><link>/b</link>", "https://example.org/b"),
        ("<guid>https://example.org/a</guid><link/>", "https://example.org/a"),
        ("<guid>17</guid>", None),
        ("<link>javascript:alert(1)</link>", None),
        ("<link>https://[broken</link>", None),
        ("<link>https://example.org/a b</link>", "https://example.org/a%20b"),
        ("<link>/proxy</link><feedburner:origLink>/own</feedburner:origLink>",
         "https://example.org/own"),
    ],
)  # fmt: skip
def test_page_is_the_link_or_a_permanent_guid(inside: str, url: str | None) -> None:
    assert item(inside).url == url


def test_guid_does_not_depend_on_where_the_feed_is() -> None:
    assert item("<guid>/2026/17</guid>").guid == "/2026/17"


def test_relative_links_work_on_the_page_or_else_beside_the_feed() -> None:
    assert item("<title>T</title>").base == URL
    assert item("<link>/a</link>").base == "https://example.org/a"
    assert item('<description xml:base="/deep/">x</description><link>/a</link>').base == (
        "https://example.org/deep/"
    )


@pytest.mark.parametrize(
    ("inside", "image"),
    [
        ('<itunes:image href="/i.jpg"/><media:thumbnail url="/t.jpg"/>', "i.jpg"),
        ('<media:thumbnail url="/t.jpg"/><media:content url="/c.jpg" medium="image"/>', "c.jpg"),
        ('<media:group><media:content url="/c" type="image/png"/></media:group>', "c"),
        ('<media:content url="/c.webp?w=1"/>', "c.webp?w=1"),
        ('<media:content url="/c.png" medium="document"/><media:thumbnail url="/t"/>', "t"),
        ('<media:content url="/c.mp4" medium="video"><media:thumbnail url="/t"/></media:content>',
         "t"),
        ('<enclosure url="/e.png" type="image/png" length="x"/>', "e.png"),
    ],
)  # fmt: skip
def test_image_is_taken_from_where_it_is_best(inside: str, image: str) -> None:
    assert item(inside).image == f"https://example.org/{image}"


def test_media_files_are_enclosures_once() -> None:
    entry = item(
        '<enclosure url="/v.mp4" type="video/mp4" length="9"/>'
        '<media:content url="/v.mp4" type="video/mp4"/>'
        '<media:content url="/a.ogg" type="audio/ogg" fileSize="7"/>'
        '<enclosure url="/x" type="none" length="-1"/><enclosure url="ftp://x/y"/>'
    )

    assert entry.enclosures == (
        Enclosure(url="https://example.org/v.mp4", media_type="video/mp4", length_bytes=9),
        Enclosure(url="https://example.org/x", media_type="application/octet-stream"),
        Enclosure(url="https://example.org/a.ogg", media_type="audio/ogg", length_bytes=7),
    )


@pytest.mark.parametrize(
    "written", ["yesterday", "Mon, 99 Nov 2026 08:00:00 GMT", "0000-00-00", ""]
)
def test_date_that_is_none_is_not_there(written: str) -> None:
    assert item(f"<title>T</title><pubDate>{written}</pubDate>").published is None


@pytest.mark.parametrize(
    ("author", "person"),
    [
        ("ann@example.org", Person(name="ann@example.org", email="ann@example.org")),
        ("Ann Lee", Person(name="Ann Lee")),
        ("Ann Lee &lt;ann@example.org&gt;", Person(name="Ann Lee", email="ann@example.org")),
    ],
)
def test_author_is_read_in_each_of_its_spellings(author: str, person: Person) -> None:
    assert item(f"<author>{author}</author>").authors == (person,)


def test_editor_of_the_feed_is_no_author() -> None:
    editor = "<managingEditor>ed@example.org (Ed)</managingEditor>"

    assert item("<title>T</title>", editor).authors == ()


@pytest.mark.parametrize(
    ("channel", "rest"),
    [
        ("", None),
        ("<ttl>90</ttl>", timedelta(minutes=90)),
        ("<ttl>soon</ttl>", None),
        ("<sy:updatePeriod> daily </sy:updatePeriod>", timedelta(days=1)),
        ("<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>",
         timedelta(hours=6)),
        ("<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>"
         "<ttl>5</ttl>", timedelta(hours=1)),
        ("<ttl>99999999999999999999</ttl>", None),
    ],
)  # fmt: skip
def test_feed_says_for_how_long_it_rests(channel: str, rest: timedelta | None) -> None:
    assert read("", channel).rest == rest


def test_hub_and_own_address_are_read() -> None:
    feed = read(
        "",
        '<atom:link rel="self" type="application/rss+xml" href="/feed"/>'
        '<atom:link rel="hub" href="https://hub.example.org/"/>',
    )

    assert (feed.hub, feed.self_url) == ("https://hub.example.org/", "https://example.org/feed")


def test_rss_1_is_read() -> None:
    text = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
    xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
    <channel rdf:about="https://example.org/"><title>News</title></channel>
    <item rdf:about="https://example.org/a"><title>A</title><link>https://example.org/a</link>
    <description>Text</description><dc:subject>bread</dc:subject><dc:date>2026-11-23</dc:date>
    <dc:language>fr</dc:language></item></rdf:RDF>"""

    (entry,) = read_feed(text.encode(), "", URL).entries

    assert entry == Manuscript(
        guid="https://example.org/a",
        title="A",
        url="https://example.org/a",
        base="https://example.org/a",
        html="Text",
        tags=("bread",),
        updated=datetime(2026, 11, 23, tzinfo=UTC),
        language="fr",
    )


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN"'
        ' "http://my.netscape.com/publish/formats/rss-0.91.dtd">'
        '<rss version="0.91"><channel><item><title>A</title></item></channel></rss>',
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
        ' xmlns="http://my.netscape.com/rdf/simple/0.9/"><item><title>A</title></item></rdf:RDF>',
        '<rss version="0.92"><channel><item><title>A</title></item></channel></rss>',
        '<rss version="2.0" xmlns="http://backend.userland.com/rss2"><channel><item>'
        "<title>A</title></item></channel></rss>",
        '<rss version="2.0" xmlns="urn:our-own"><channel><item><title>A</title></item>'
        "</channel></rss>",
        "<RSS><CHANNEL><ITEM><TITLE>A</TITLE></ITEM></CHANNEL></RSS>",
    ],
    ids=["0.91", "0.90", "0.92", "userland", "own", "large"],
)
def test_other_ages_of_rss_are_read(text: str) -> None:
    assert [entry.title for entry in read_feed(text.encode(), "", URL).entries] == ["A"]


def test_feed_without_items_is_empty() -> None:
    assert read("").entries == ()

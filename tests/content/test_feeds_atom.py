from __future__ import annotations

from datetime import UTC, datetime

import pytest

from publisher.content.feeds.parsed import ParsedFeed
from publisher.content.feeds.read import read_feed
from publisher.content.manuscript import Manuscript
from publisher.model import Enclosure, Person

URL = "https://example.org/atom.xml"


def read(entries: str, feed: str = "") -> ParsedFeed:
    text = f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en">{feed}{entries}</feed>'
    return read_feed(text.encode(), "application/atom+xml", URL)


def entry(inside: str, feed: str = "") -> Manuscript:
    (found,) = read(f"<entry>{inside}</entry>", feed).entries
    return found


def test_everything_that_an_entry_says_is_read() -> None:
    found = entry(
        """<id>tag:example.org,2026:1</id><title type="html">Fish &amp;amp; &lt;i&gt;chips</title>
        <link rel="related" href="/other"/>
        <link rel="alternate" type="application/json" href="/fish.json"/>
        <link href="/fish" hreflang="en"/>
        <link rel="enclosure" type="audio/mpeg" length="12" href="fish.mp3"/>
        <published>2026-11-22T10:00:00+02:00</published><updated>2026-11-23T10:00:00Z</updated>
        <author><name>Ann Lee</name><email>ann@example.org</email><uri>/ann</uri></author>
        <author><name>Bo Chen</name></author><contributor><name>Carla Diaz</name></contributor>
        <category term="fish" label="Fish and more"/><category term="chips"/>
        <summary>Short &lt; long</summary>
        <content type="html">&lt;p&gt;Long&lt;/p&gt;</content>"""
    )

    assert found == Manuscript(
        guid="tag:example.org,2026:1",
        title="Fish & chips",
        url="https://example.org/fish",
        base="https://example.org/fish",
        html="<p>Long</p>",
        summary="Short < long",
        authors=(
            Person(name="Ann Lee", email="ann@example.org", url="https://example.org/ann"),
            Person(name="Bo Chen"),
        ),
        contributors=(Person(name="Carla Diaz"),),
        tags=("Fish and more", "chips"),
        published=datetime(2026, 11, 22, 8, tzinfo=UTC),
        updated=datetime(2026, 11, 23, 10, tzinfo=UTC),
        language="en",
        enclosures=(
            Enclosure(url="https://example.org/fish.mp3", media_type="audio/mpeg", length_bytes=12),
        ),
    )


@pytest.mark.parametrize(
    ("content", "html"),
    [
        ("<content>1 &lt; 2\n\nnext</content>", "<p>1 &lt; 2</p>\n<p>next</p>"),
        ('<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">a <i>b</i><br/></div>'
         "</content>", "a <i>b</i><br>"),
        ('<content type="xhtml" xmlns:h="http://www.w3.org/1999/xhtml"><h:div>a <h:i>b</h:i>'
         "</h:div></content>", "a <i>b</i>"),
        ('<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">&amp;lt; '
         '<a href="/?a&amp;b">x</a></div></content>', '&amp;lt; <a href="/?a&amp;b">x</a>'),
        ('<content type="image/png">aGVsbG8=</content><summary>s</summary>', "<p>s</p>"),
        ('<content type="application/atom+xml"><entry><title>No</title></entry></content>'
         "<summary>s</summary>", "<p>s</p>"),
        ('<content src="/film.mp4" type="video/mp4"/><summary type="html">s</summary>', "s"),
        ('<content>plain</content><content type="html">rich</content>', "rich"),
    ],
)  # fmt: skip
def test_content_of_each_type_becomes_html(content: str, html: str) -> None:
    assert entry(f"<id>a</id>{content}").html == html


def test_html_elements_in_a_text_are_not_taken_for_the_feeds_own() -> None:
    """HTML has a <summary> too, and feedparser loses its way after it."""
    feed = read(
        '<entry><id>a</id><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">'
        "<details><summary>S</summary>more</details></div></content></entry>"
        "<entry><id>b</id><title>B</title></entry>"
    )

    assert [one.html for one in feed.entries] == [
        "<details><summary>S</summary>more</details>",
        "",
    ]
    assert [(one.summary, one.title) for one in feed.entries] == [(None, None), (None, "B")]


def test_links_are_relative_to_the_stated_base() -> None:
    found = entry('<link href="a"/><content xml:base="/x/y" type="html">t</content>')

    assert (found.url, found.base) == ("https://example.org/a", "https://example.org/x/y")


def test_authors_are_those_of_the_feed_where_an_entry_has_none() -> None:
    authors = "<author><name>Ann Lee</name></author>"

    assert entry("<title>T</title>", authors).authors == (Person(name="Ann Lee"),)
    assert entry("<author><name>Bo</name></author>", authors).authors == (Person(name="Bo"),)
    assert entry("<source><author><name>Bo</name></author></source>", authors).authors == (
        Person(name="Bo"),
    )


def test_language_is_the_nearest_that_is_stated() -> None:
    assert entry("<title>T</title>").language == "en"
    assert entry('<content xml:lang="fr_CA">T</content>').language == "fr-CA"


def test_ids_stay_as_they_are_written() -> None:
    assert entry("<id>17</id>").guid == "17"


def test_atom_0_3_is_read() -> None:
    text = """<feed version="0.3" xmlns="http://purl.org/atom/ns#"><entry><id>a</id>
    <title mode="escaped" type="text/html">A &lt;b&gt;b&lt;/b&gt;</title>
    <link rel="alternate" type="text/html" href="/a"/><issued>2003-12-13T08:29:29-04:00</issued>
    <modified>2003-12-14T08:29:29Z</modified>
    <content type="application/xhtml+xml" mode="xml"><div xmlns="http://www.w3.org/1999/xhtml"
    ><p>Text</p></div></content></entry></feed>"""

    (found,) = read_feed(text.encode(), "", URL).entries

    assert found == Manuscript(
        guid="a",
        title="A b",
        url="https://example.org/a",
        base="https://example.org/a",
        html="<p>Text</p>",
        published=datetime(2003, 12, 13, 12, 29, 29, tzinfo=UTC),
        updated=datetime(2003, 12, 14, 8, 29, 29, tzinfo=UTC),
    )


def test_hub_and_own_address_are_read() -> None:
    feed = read("", '<link rel="hub" href="https://hub.example.org/"/><link rel="self" href="s"/>')

    assert (feed.hub, feed.self_url) == ("https://hub.example.org/", "https://example.org/s")

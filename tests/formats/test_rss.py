"""What RSS alone says, and how: read from the bytes where parsers would hide it."""

from __future__ import annotations

import pytest

from publisher.formats.channel import History
from publisher.model import Article, Enclosure, Format, Person, Podcast
from tests.formats import reading
from tests.formats.samples import FURNISHED, article, document, feed, render


def rss(*articles: Article) -> bytes:
    return render(Format.RSS, *articles)


def test_channel_has_what_the_profile_asks_once_each() -> None:
    channel = reading.tree(rss(article()))[0]

    told = [(child.tag.rpartition("}")[2], child.text) for child in channel if child.tag != "item"]
    expected = [
        ("title", "Everything"),
        ("link", "https://news.example.org"),
        ("description", "All that we publish"),
        ("link", None),  # atom:link rel=self
        ("generator", "publisher"),
        ("language", "en"),
        ("lastBuildDate", "Fri, 07 Jun 2024 12:00:00 +0000"),
        ("ttl", "30"),
    ]
    assert expected == told


def test_channel_shows_the_logo_as_itself() -> None:
    """Title and link of the picture are the channel's, as the profile wants."""
    body = document(Format.RSS, of=feed(title="All & more"), publication=FURNISHED)

    assert (
        b"<image><url>https://news.example.org/logo.png?a=1&amp;b=2</url>"
        b"<title>All &#x26; more</title><link>https://news.example.org</link></image>"
    ) in body


def test_channel_says_whose_rights_they_are() -> None:
    body = document(Format.RSS, publication=FURNISHED)

    assert "<copyright>© 2024 Example &#x26; Co</copyright>".encode() in body


def test_everything_about_the_channel_comes_before_the_items() -> None:
    """What stands behind them would part the document from its fragments."""
    body = document(
        Format.RSS,
        article(),
        of=feed(podcast=Podcast(category="News")),
        publication=FURNISHED,
        history=History(previous="https://e.org/7"),
    )

    [*about, last] = reading.tree(body)[0]

    assert ("item" in {child.tag for child in about}, last.tag) == (False, "item")


def test_picture_is_told_as_media() -> None:
    [item] = reading.tree(rss(article(image="https://e.org/a.png"))).iter("item")

    media = [dict(each.attrib) for each in item.iterfind("media:*", reading.NAMESPACES)]

    assert media == [
        {"url": "https://e.org/a.png", "medium": "image"},
        {"url": "https://e.org/a.png"},  # media:thumbnail
    ]


def test_plain_text_has_hexadecimal_references() -> None:
    plain = article(title="A<B & C", tags=("R&D",), authors=(Person(name="X & Y"),))

    body = render(Format.RSS, plain, title="All & more", description="From A<Z")

    assert b"<title>All &#x26; more</title>" in body
    assert b"<description>From A&#x3C;Z</description>" in body
    assert b"<title>A&#x3C;B &#x26; C</title>" in body
    assert b"<category>R&#x26;D</category>" in body
    assert b"<dc:creator>X &#x26; Y</dc:creator>" in body


def test_summary_is_markup_to_readers_so_it_is_escaped_as_markup() -> None:
    body = rss(article(summary="4 < 5 & <b>"))

    assert b"<description>4 &amp;lt; 5 &amp;amp; &amp;lt;b&amp;gt;</description>" in body


def test_summary_comes_before_the_whole_text() -> None:
    [item] = reading.tree(rss(article())).iter("item")

    names = [child.tag for child in item]

    encoded = "{http://purl.org/rss/1.0/modules/content/}encoded"
    assert names.index("description") < names.index(encoded)


def test_white_space_of_code_is_kept() -> None:
    code = "<pre>if x:\n\n    y()\n</pre>"

    assert f"<![CDATA[{code}]]>".encode() in rss(article(html=code))


@pytest.mark.parametrize(
    ("uri", "is_permalink"),
    [
        ("https://www.example.org/stories/1", "true"),
        ("https://www.example.org/stories/old", "false"),
        ("tag:e.org,2024:1", "false"),
    ],
)
def test_guid_is_a_permalink_only_when_it_is_the_page(uri: str, is_permalink: str) -> None:
    guid = reading.tree(rss(article(uri=uri))).find("channel/item/guid")

    assert (uri, is_permalink) == (guid.text, guid.get("isPermaLink"))


def test_item_has_one_enclosure_and_the_others_as_media() -> None:
    files = tuple(
        Enclosure(url=f"https://e.org/{name}", media_type=kind, length_bytes=size)
        for name, kind, size in [("1", "audio/mpeg", -1), ("2", "video/mp4", 7), ("3", "a b", 0)]
    )

    [item] = reading.tree(rss(article(enclosures=files))).iter("item")

    media = item.iterfind("media:content", reading.NAMESPACES)
    assert [dict(each.attrib) for each in item.iter("enclosure")] == [
        {"url": "https://e.org/1", "length": "0", "type": "audio/mpeg"}
    ]
    assert [dict(each.attrib) for each in media] == [
        {"url": "https://e.org/2", "type": "video/mp4", "medium": "video", "fileSize": "7"},
        {"url": "https://e.org/3", "type": "application/octet-stream", "medium": "document"},
    ]


def test_byline_is_a_creator_and_never_an_author() -> None:
    """<author> would publish the mail address, and the profile wants one of the two."""
    body = rss(article(authors=(Person(name="Ana", email="ana@example.org"),)))

    assert (b"<dc:creator>Ana</dc:creator>" in body, b"ana@" in body) == (True, False)


def test_article_in_another_language_says_so() -> None:
    items = reading.tree(rss(article(language="de"), article(2))).iter("item")

    told = [item.findtext("dc:language", None, reading.NAMESPACES) for item in items]

    assert told == ["de", None]

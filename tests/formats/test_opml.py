"""The list of feeds, read back."""

from __future__ import annotations

from dataclasses import replace

from lxml import etree  # type: ignore[import-untyped]

from publisher.formats import opml
from publisher.model import Format
from tests.formats import samples


def test_each_feed_is_an_outline_in_its_first_format_in_the_order_given() -> None:
    feeds = [
        samples.feed(),
        samples.feed(slug="tag/r-d-1", title="R&D <b>", formats=(Format.JSON, Format.ATOM)),
    ]

    read = etree.fromstring(opml.write(samples.PUBLICATION, feeds))

    assert (read.tag, read.get("version")) == ("opml", "2.0")
    assert [element.tag for element in read] == ["head", "body"]
    assert read.findtext("head/title") == "Example News"
    assert [dict(outline.attrib) for outline in read.iterfind("body/outline")] == [
        {
            "type": "rss",
            "text": "Everything",
            "title": "Everything",
            "xmlUrl": "https://news.example.org/feeds/all.rss",
            "htmlUrl": "https://news.example.org/feeds/all",
        },
        {
            "type": "rss",
            "text": "R&D <b>",
            "title": "R&D <b>",
            "xmlUrl": "https://news.example.org/feeds/tag/r-d-1.json",
            "htmlUrl": "https://news.example.org/feeds/tag/r-d-1",
        },
    ]


def test_the_same_feeds_give_the_same_bytes() -> None:
    written = [opml.write(samples.PUBLICATION, [samples.feed()]) for _ in range(2)]

    assert written[0] == written[1]
    assert written[0].startswith(b"<?xml version='1.0' encoding='utf-8'?>\n<opml")


def test_no_feeds_are_a_list_too() -> None:
    read = etree.fromstring(opml.write(samples.PUBLICATION, []))

    assert (len(read), len(read.find("body"))) == (2, 0)


def test_names_that_xml_cannot_hold_lose_what_it_cannot() -> None:
    titled = replace(samples.PUBLICATION, title="The\x00 Sun\ud800")
    feeds = [samples.feed(title="a\x0bb"), samples.feed(slug="empty", title="\x01")]

    read = etree.fromstring(opml.write(titled, feeds))

    names = [outline.get("text") for outline in read.iterfind("body/outline")]
    assert (read.findtext("head/title"), names) == ("The Sun", ["a b", "empty"])

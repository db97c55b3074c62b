"""What strangers may send in place of a feed: broken, hostile, or something else."""

from __future__ import annotations

import re

import feedparser.api  # type: ignore[import-untyped]
import pytest

from publisher.content.feeds.read import read_feed
from publisher.content.manuscript import Manuscript

URL = "https://example.org/feed.xml"
HEAD = '<rss version="2.0"><channel>'
FEET = "</channel></rss>"
PAGE = "<!doctype html><html><head>{}</head><body><p>Hello<br></body></html>"


def read(text: str) -> tuple[Manuscript, ...]:
    return read_feed(text.encode(), "text/xml", URL).entries


def titles(text: str) -> list[str | None]:
    return [entry.title for entry in read(text)]


# --- hostile ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "prolog",
    [
        '<!DOCTYPE rss [<!ENTITY a "b">]>',
        '<?xml version="1.0"?>\n<!-- <rss> -->\n<!doctype rss[<!ENTITY a "b">]>',
        '<!DOCTYPE rss SYSTEM "a>b" [<!ENTITY % a SYSTEM "file:///etc/passwd"> %a;]>',
        '<!DOCTYPE[<!ENTITY a "b">]>',
        '\ufeff <!DOCTYPE rss [<!ENTITY a "b">]>',
        '<!DOCTYPE rss "',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_dtd_of_its_own_is_refused(prolog: str, encoding: str) -> None:
    text = f"{prolog}{HEAD}<item><title>&a;</title></item>{FEET}"

    with pytest.raises(ValueError, match="DTD"):
        read_feed(text.encode(encoding), "text/xml", URL)


def test_entity_that_nobody_declared_is_text() -> None:
    assert titles(f"{HEAD}<item><title>a &lol; b</title></item>{FEET}") == ["a &lol; b"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<rss>" + "<a>" * 300 + "</a>" * 300 + "</rss>", "250 levels"),
        (HEAD + "<item/>" * 5001 + FEET, "5,001 entries"),
        (HEAD + "<item>&</item>" * 9000 + FEET, "entries; at most 5,000"),
        (HEAD + "<a></a>" * 200_000 + FEET, "more than 100,000 elements"),
        (HEAD + "<a/>" * 400_000 + FEET, "more than 300,000 elements"),
        (HEAD + "<" * 1_000_001, "more than 1,000,000 tags"),
        (HEAD + "<item>" + "&" * 1_000_001, "too much of it"),
    ],
    ids=["deep", "5001", "5001 broken", "read", "elements", "tags", "references"],
)
def test_size_is_bounded(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read(text)


@pytest.mark.parametrize(
    "inside",
    [
        "<author>" + "a" * 2_000_000 + "</author>",
        "".join(f"<category>{number}</category>" for number in range(50_000)),
        "<keywords xmlns='http://search.yahoo.com/mrss/'>"
        + ",".join(map(str, range(300_000)))
        + "</keywords>",
        "".join(f"<n:a xmlns:n='urn:{number}'/>" for number in range(50_000)),
        "".join(f"<a xmlns:n='u{number}' n:a=''/>" for number in range(20_000)),
    ],
    ids=["name", "categories", "keywords", "namespaces", "attributes"],
)
@pytest.mark.timeout(60)
def test_no_time_grows_with_the_square(inside: str) -> None:
    """Each takes feedparser minutes to days."""
    assert titles(f"{HEAD}<item><title>T</title>{inside}</item>{FEET}") == ["T"]


def test_tags_are_taken_up_to_a_hundred() -> None:
    tags = "".join(f"<category>{number}</category>" for number in range(120))

    entries = read(f"{HEAD}<item>{tags}</item><item><category>a</category></item>{FEET}")

    assert [len(entry.tags) for entry in entries] == [100, 1]


# --- broken -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("inside", "title"),
    [
        ("a & b < c", "a & b < c"),
        ("caf&eacute; &nbsp;&mdash; &#150; &#0;&#x1F;&apos;", "caf\u00e9 \u2014 \u2013 '"),
        ("a\x00b\x0bc\x1fd\ufffe", "abcd"),
        ("<![CDATA[a &nbsp; & b]]>", "a & b"),
        ("a<br>b<BR clear='all'/>c<br></br>d", "a b c d"),
        ("a<br>" * 300, " ".join("a" * 300)),
    ],
)
def test_broken_text_is_mended(inside: str, title: str) -> None:
    (entry,) = read(f"{HEAD}<item><title>{inside}</title><link>/?a&b=2</link></item>{FEET}")

    assert entry.title is not None
    assert entry.title.replace("\u00a0", " ").split() == title.split()
    assert entry.url == "https://example.org/?a&b=2"


def test_item_that_is_not_closed_takes_no_other_with_it() -> None:
    text = (
        f"{HEAD}<title>News<item><title>A<item><title>B</title></item><item><title>C</title>{FEET}"
    )

    assert titles(text) == ["A", "B", "C"]


def test_items_that_are_never_closed_are_read() -> None:
    assert titles(HEAD + "<item><title>A" * 300 + FEET) == ["A"] * 300


def test_attribute_that_is_written_twice_counts_once() -> None:
    enclosure = '<enclosure url="/a.mp3" url="/b.mp3" type="audio/mpeg"/>'

    (entry,) = read(f"{HEAD}<item>{enclosure}</item>{FEET}")

    assert [one.url for one in entry.enclosures] == ["https://example.org/a.mp3"]


def test_prefixes_that_nobody_declared_mean_what_they_mean_everywhere() -> None:
    (entry,) = read(
        f"{HEAD}<item><content:encoded>Text</content:encoded><dc:creator>Ann</dc:creator>"
        f"<own:x>y</own:x><a:b:c/></item>{FEET}"
    )

    assert (entry.html, [author.name for author in entry.authors]) == ("Text", ["Ann"])


@pytest.mark.parametrize("junk", ["", "\n\n ", "\ufeff", "\x00"])
def test_what_stands_before_the_declaration_is_passed_over(junk: str) -> None:
    text = f'{junk}<?xml version="1.0" encoding="utf-8"?>{HEAD}<item><title>A</title></item>{FEET}'

    assert titles(text) == ["A"]


def test_cut_feed_is_taken_up_to_the_cut() -> None:
    text = f"{HEAD}<item><title>A</title></item><item><title>B</title></item>{FEET}"

    assert titles(text[: text.index("B")]) == ["A"]


def test_entry_in_which_a_feed_is_cut_off_is_not_told() -> None:
    """Half a title would be an article of its own, and mailed."""
    text = f"{HEAD}<item><title>A</title></item><item><title>B of C</title><guid>2</guid></item>"

    assert titles(text[: text.index(" of C")]) == ["A"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"{HEAD}\n<title>News</titel>{FEET}", "broken XML.*line 2"),
        ("<rss", "broken XML.*line 1"),
        ("<!-- -->", "broken XML of which nothing"),
        ("<item><title>a & b</title></item>", "broken XML of which nothing"),
        ('<\u01c6:rss xmlns:\u01c6="http://www.w3.org/2005/Atom"/>', "beyond mending"),
        ('<rss xmlns="urn:a\u00a0b\u00a0c"><item><title>A</title></item></rss>', "cannot be read"),
    ],
)
def test_broken_feed_without_an_entry_is_refused_with_the_place(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read(text)


def test_feedparsers_reader_of_broken_xml_is_never_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its time is not bounded. The tests above would pass with it as well."""
    monkeypatch.delattr(feedparser.api, "LooseFeedParser")

    assert titles(f"{HEAD}<item><title>a & b<x:y></item><item></title>{FEET}")[0] == "a & b"


# --- something else ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "announced"),
    [
        ("", "announces no feed"),
        ('<link rel="alternate" hreflang="fr" href="/fr">', "announces no feed"),
        ('<link rel="Alternate" type="application/rss+xml" href="/rss">',
         "announces https://example.org/rss; set url to that"),
        ('<base href="https://cdn.example.org/"><link rel="alternate" href="atom"'
         ' type="application/atom+xml"><link rel="alternate" type="text/xml" href="x">',
         "announces https://cdn.example.org/atom; set url to that"),
        ('<link rel="alternate" type="application/rss+xml" href="/1">'
         '<link rel="alternate" type="application/rss+xml" href="/2">', "org/1;"),
    ],
)  # fmt: skip
def test_page_is_refused_with_the_feed_that_it_announces(head: str, announced: str) -> None:
    with pytest.raises(ValueError, match="web page.*" + re.escape(announced)):
        read(PAGE.format(head))


def test_page_whose_head_cannot_be_read_announces_none() -> None:
    with pytest.raises(ValueError, match=r"web page.*announces no feed"):
        read("<html>" + "<div>" * 300)


@pytest.mark.parametrize("start", ["<html lang=en>", "<!-- x --><HTML>", "<head>", "<body>"])
def test_page_is_known_without_a_doctype(start: str) -> None:
    with pytest.raises(ValueError, match="web page"):
        read(f"{start}<p>Hello")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is empty"),
        (" \n\ufeff", "is empty"),
        ("Not found", "neither XML nor JSON"),
        ("<urlset><url/></urlset>", "outermost element is <urlset>"),
        ("<opml><body/></opml>", "outermost element is <opml>"),
    ],
)
def test_what_is_no_feed_is_refused_with_what_it_is(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read(text)

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from publisher.content.manuscript import Manuscript
from publisher.content.page import forbids_indexing, is_noindex, read_page
from publisher.model import Person

LINKED = """{"@type": ["NewsArticle"], "headline": "Bakers strike", "description": "At dawn.",
 "author": [{"@type": "Person", "name": "Ann Lee", "url": "https://example.org/ann"}, "Bo Chen"],
 "editor": {"name": "Carla Diaz"}, "datePublished": "2026-05-02T07:30:00+02:00",
 "dateModified": "2026-05-03", "articleSection": ["City"], "keywords": "labour, bread",
 "inLanguage": "en-GB", "image": {"url": "/oven.jpg"}}"""
PAGE = """<!doctype html><html lang="fr"><head><title>Bakers strike | Post</title>
<link rel="canonical" href="https://example.org/bakers">
<meta property="og:title" content="Other">
<script type="application/ld+json">@LINKED@</script></head>
<body><nav>Home</nav><article><h1>Bakers strike</h1><p>No <a href="/b">bread</a>.</p>
<script>track()</script></article><footer>Foot</footer></body></html>"""


@pytest.mark.parametrize(
    "linked",
    [LINKED, f"[{{}}, {LINKED}]", f'{{"@graph": [{{"@type": "WebSite"}}, {LINKED}]}}'],
    ids=["article", "list", "graph"],
)  # fmt: skip
def test_json_ld_comes_first(linked: str, zone: ZoneInfo) -> None:
    assert read_page(PAGE.replace("@LINKED@", linked), zone) == Manuscript(
        html='<p>No <a href="/b">bread</a>.</p>',
        title="Bakers strike",
        summary="At dawn.",
        url="https://example.org/bakers",
        base="https://example.org/bakers",
        authors=(
            Person(name="Ann Lee", url="https://example.org/ann"),
            Person(name="Bo Chen"),
        ),
        contributors=(Person(name="Carla Diaz"),),
        tags=("labour", "bread"),
        section="City",
        published=datetime(2026, 5, 2, 5, 30, tzinfo=UTC),
        updated=datetime(2026, 5, 2, 16, tzinfo=UTC),
        language="en-GB",
        image="https://example.org/oven.jpg",
    )


@pytest.mark.parametrize(
    "linked", ["{broken", "[" * 100_000, '{"@type": "WebSite"}', '"x"', "[[[[[[[[1]]]]]]]]"]
)
def test_meta_comes_second(linked: str, zone: ZoneInfo) -> None:
    text = f"""<html lang="en_GB"><head><title>T</title><script type="application/ld+json">{linked}
    </script><meta property="og:title" content="Bakers &amp; bread">
    <meta name="Author" content="Ann Lee">
    <meta name="description" content="At dawn."><meta name="keywords" content="labour, bread">
    <meta name="date" content="2026-05-02">
    <meta property="og:image" content="https://example.org/o.jpg">
    <meta property="article:author" content="https://example.org/ann">
    <meta property="article:section" content="City"><link rel="canonical" href="/relative"></head>
    <body><main><h1>Heading</h1><p>Text.</p></main></body></html>"""

    assert read_page(text, zone) == Manuscript(
        html="<p>Text.</p>",
        title="Bakers & bread",
        summary="At dawn.",
        authors=(Person(name="Ann Lee"),),
        tags=("labour", "bread"),
        section="City",
        published=datetime(2026, 5, 1, 16, tzinfo=UTC),
        language="en-GB",
        image="https://example.org/o.jpg",
    )


@pytest.mark.parametrize(
    ("text", "title", "html"),
    [
        ("<h1>Two <i>words</i></h1><p>Text.</p>", "Two words", "<p>Text.</p>"),
        ("<p>Text.</p>", None, "<p>Text.</p>"),
        ("<title>T</title><p>Text.</p>", "T", "<p>Text.</p>"),
        ("<h1>A</h1>x<h1>B</h1>y", "A", "<h1>A</h1>x<h1>B</h1>y"),
        (
            "<html><head><title>T</title></head><body><header>Menu</header><p>Short.</p>"
            "<footer>Foot</footer></body></html>",
            "T",
            "<p>Short.</p>",
        ),
    ],
)
def test_title_and_text_of_simple_pages(
    text: str, title: str | None, html: str, zone: ZoneInfo
) -> None:
    manuscript = read_page(text, zone)

    assert (manuscript.title, manuscript.html) == (title, html)


def test_main_text_is_found_among_furniture(zone: ZoneInfo) -> None:
    prose = "The oven had been cold since the night before, and nobody lit it. " * 6
    text = f"""<html><head><title>Bakers strike</title></head><body>
    <div class="menu"><a href="/">Home</a> <a href="/city">City</a></div>
    <div class="content"><h1>Bakers strike</h1>
    <p>{prose}<a href="https://example.org/b">Bread</a></p>
    <p>{prose}</p><img src="https://example.org/o.jpg" alt="An oven"></div>
    <div class="footer">Copyright</div></body></html>"""

    html = read_page(text, zone).html

    assert html.count(prose.strip()) == 2
    assert '<a href="https://example.org/b">Bread</a>' in html
    assert '<img src="https://example.org/o.jpg" alt="An oven">' in html
    assert "Home" not in html
    assert "<h1>" not in html


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('<meta name="date" content="soon"><p>x', 'the page\'s "date" is "soon", which is no date;'
         " write 2026-11-23 or 2026-11-23T07:30"),
        ('<script type="application/ld+json">{"@type":"Article","datePublished":"soon"}</script>',
         'the page\'s "datePublished" is "soon", which is no date;'
         " write 2026-11-23 or 2026-11-23T07:30"),
        ("<html>" + "<div>" * 100_000 + "x", "the HTML is nested more than 250 levels deep"),
    ],
)  # fmt: skip
def test_read_page_refuses_with_a_sentence(text: str, sentence: str, zone: ZoneInfo) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 -- the whole sentence is compared
        read_page(text, zone)

    assert str(caught.value) == sentence


HEAD = """<html><head><title>T</title>@HEAD@</head>
<body><article><p>Text.</p></article></body></html>"""


def test_links_of_the_head_are_relative_to_the_address(zone: ZoneInfo) -> None:
    head = '<link rel="canonical" href="/a"><meta property="og:image" content="i.jpg">'

    page = read_page(HEAD.replace("@HEAD@", head), zone, "https://example.org/news/a?b=c")

    assert (page.url, page.base, page.image) == (
        "https://example.org/a",
        "https://example.org/news/a?b=c",
        "https://example.org/news/i.jpg",
    )


def test_base_element_goes_before_the_address(zone: ZoneInfo) -> None:
    text = HEAD.replace("@HEAD@", '<base href="/old/">')

    assert read_page(text, zone, "https://example.org/a").base == "https://example.org/old/"


@pytest.mark.parametrize("address", [None, "https://example.org/a"])
def test_link_that_leads_nowhere_is_passed_over(address: str | None, zone: ZoneInfo) -> None:
    head = """<base href="http://[::1"><link rel="canonical" href="http://[::1">
    <meta property="og:image" content="http://[::1">"""

    page = read_page(HEAD.replace("@HEAD@", head), zone, address)

    assert (page.url, page.base, page.image) == (None, address, None)


@pytest.mark.parametrize(
    "head",
    [
        '<meta name="date" content="soon">',
        '<script type="application/ld+json">{"@type":"Article","datePublished":"soon"}</script>',
    ],
)
def test_date_that_is_none_does_no_harm_on_the_web(head: str, zone: ZoneInfo) -> None:
    page = read_page(HEAD.replace("@HEAD@", head), zone, "https://example.org/a")

    assert (page.html, page.published) == ("<p>Text.</p>", None)


def test_next_date_is_taken_on_the_web_where_one_is_none(zone: ZoneInfo) -> None:
    head = """<meta property="article:published_time" content="soon">
    <meta name="date" content="2026-05-02T00:00Z">"""

    page = read_page(HEAD.replace("@HEAD@", head), zone, "https://example.org/a")

    assert page.published == datetime(2026, 5, 2, tzinfo=UTC)


def test_character_references_in_json_ld_are_read(zone: ZoneInfo) -> None:
    linked = """{"@type": "Article", "headline": "Don&#8217;t &amp; won&#8217;t",
    "author": {"name": "Ann &amp; Bo"}, "keywords": ["R&amp;D", "bread"]}"""
    head = f'<script type="application/ld+json">{linked}</script>'

    page = read_page(HEAD.replace("@HEAD@", head), zone)

    assert page.title == "Don\u2019t & won\u2019t"
    assert page.authors == (Person(name="Ann & Bo"),)
    assert page.tags == ("R&D", "bread")


def test_extracted_text_keeps_its_links_as_they_are(zone: ZoneInfo) -> None:
    prose = "The oven had been cold since the night before, and nobody lit it. " * 6
    text = f"""<html><head><link rel="canonical" href="https://example.org/news/a"></head><body>
    <div><h1>T</h1><p>{prose}<a href="b">B</a></p><p>{prose}</p></div></body></html>"""

    assert '<a href="b">B</a>' in read_page(text, zone).html


@pytest.mark.parametrize(
    ("head", "forbids"),
    [
        ("", False),
        ('<meta name="robots" content="index, follow">', False),
        ('<meta name="robots" content="max-image-preview:large, NOINDEX">', True),
        ('<meta name="ROBOTS" content="none">', True),
        ('<meta name="robots" content="all"><meta name="robots" content="noindex">', True),
        ('<meta name="googlebot" content="noindex">', False),
    ],
)
def test_robots_meta_may_forbid_indexing(head: str, forbids: bool) -> None:
    assert forbids_indexing(HEAD.replace("@HEAD@", head)) is forbids


def test_directives_of_other_programs_are_not_ours() -> None:
    assert not is_noindex("googlebot: noindex")

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup
from structlog.testing import capture_logs

import publisher
from publisher.capture import CaughtContent
from publisher.errors import TemplateError
from publisher.model import Person
from publisher.render import ArticleView, Templates, inline
from publisher.render.filters import below, direction, excerpt, wrap
from publisher.render.templates import shipped_folder
from publisher.render.views import reading_minutes
from tests.rig import samples

SHIPPED = shipped_folder(Path(publisher.__file__).parent)
SITE: dict[str, Any] = {
    "publication": samples.PUBLICATION,
    "language": "en",
    "discovered": [samples.FEED],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "email").mkdir()
    return tmp_path


def columns(line: str) -> int:
    return sum(
        2 if unicodedata.east_asian_width(each) in "WF" else 1
        for each in line
        if not unicodedata.combining(each)
    )


def visible(html: str) -> str:
    """The words of the page, without its head."""
    body = html[html.index("<body") :]
    return " ".join(unescape(re.sub("<!--.*?-->|<[^>]+>", " ", body)).split())


# --- where templates come from ----------------------------------------------------------


def test_shipped_templates_are_found_in_an_installed_package(tmp_path: Path) -> None:
    (tmp_path / "publisher" / "templates").mkdir(parents=True)

    found = shipped_folder(tmp_path / "publisher")

    assert found == tmp_path / "publisher" / "templates"


def test_shipped_templates_are_found_beside_the_package_in_a_checkout(tmp_path: Path) -> None:
    (tmp_path / "publisher").mkdir()

    found = shipped_folder(tmp_path / "publisher")

    assert found == tmp_path / "templates"


def test_site_folder_may_be_missing(tmp_path: Path) -> None:
    html = Templates(tmp_path / "none").html("web/not_found.html", **SITE)

    assert "There is nothing here" in html


def test_site_template_replaces_the_shipped_one(folder: Path) -> None:
    (folder / "email/digest.html").write_text("<p>{{ newsletter.title }}")

    html = Templates(folder).html("email/digest.html", **samples.digest())

    assert html == "<p>The Morning Tide"


def test_site_template_may_extend_the_shipped_one_of_its_name(folder: Path) -> None:
    (folder / "email/digest.html").write_text(
        '{% extends "shipped/email/digest.html" %}{% block lead %}Our lead{% endblock %}'
    )

    html = Templates(folder).html("email/digest.html", **samples.digest())

    assert "Our lead" in html
    assert "Crane Crews" not in visible(html)
    assert "Tugs &lt;Queue&gt;" in html


def test_shipped_template_stands_on_the_site_base(folder: Path) -> None:
    (folder / "email/base.html").write_text("<b>Ours</b>{% block content %}{% endblock %}")

    html = Templates(folder).html("email/digest.html", **samples.digest())

    assert html.startswith("<b>Ours</b>")


def test_changed_site_template_is_read_again(folder: Path) -> None:
    template = folder / "email/note.txt"
    template.write_text("old")
    templates = Templates(folder)
    templates.text("email/note.txt")
    template.write_text("newer")

    text = templates.text("email/note.txt")

    assert text == "newer\n"


def test_text_is_tidied_of_blanks_and_empty_lines(folder: Path) -> None:
    (folder / "email/note.txt").write_text(
        "\n\nOne \t\n\n \n\n\nTwo\n{% if true %}\nThree  \n{% endif %}\n"
    )

    text = Templates(folder).text("email/note.txt")

    assert text == "One\n\n\nTwo\nThree\n"


# --- escaping and the sandbox -----------------------------------------------------------


def test_html_is_escaped_and_text_is_not(folder: Path) -> None:
    (folder / "email/note.html").write_text("{{ title }}")
    (folder / "email/note.txt").write_text("{{ title }}")
    templates = Templates(folder)

    html = templates.html("email/note.html", title="<&>")
    text = templates.text("email/note.txt", title="<&>")

    assert html == "&lt;&amp;&gt;"
    assert text == "<&>\n"


def test_data_are_never_compiled() -> None:
    title = "{{ 7 * 7 }}{% raw %}"
    context = samples.digest(articles=(samples.article(1, title),))

    html = Templates(None).html("email/digest.html", **context)
    line = Templates(None).line("{{ articles[0].title }}", **context)

    assert title in html
    assert line == title


@pytest.mark.parametrize(
    "source",
    [
        "{{ publication.__class__ }}",
        "{{ articles.append(1) }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ '{0.__class__}'.format(publication) }}",
    ],
)
def test_template_reaches_nothing_but_its_context(source: str) -> None:
    with pytest.raises(TemplateError):
        Templates(None).line(source, **samples.digest())


def test_subject_is_one_line_of_plain_text() -> None:
    subject = Templates(None).line("{{ title }}\r\n\t by  {{ who }}", title="<A>\nBcc: x", who="B")

    assert subject == "<A> Bcc: x by B"


# --- errors -----------------------------------------------------------------------------


def test_unknown_name_tells_the_known_ones(folder: Path) -> None:
    (folder / "email/note.txt").write_text("One\nTwo\n{{ newsleter.title }}")

    with pytest.raises(TemplateError) as caught:
        Templates(folder).text("email/note.txt", newsletter=samples.NEWSLETTER, more=0)

    assert str(caught.value) == (
        "email/note.txt:3: nothing here is called 'newsleter'; there are more, newsletter"
    )


def test_unknown_field_tells_the_known_ones() -> None:
    with pytest.raises(TemplateError) as caught:
        Templates(None).line("{{ issue.nummer }}", issue=samples.ISSUE)

    assert str(caught.value) == (
        "{{ issue.nummer }}: IssueView has no 'nummer'; it has date, number, slot, subject, url"
    )


def test_missing_item_tells_how_many_there_are() -> None:
    with pytest.raises(TemplateError, match="there is no item 0 in a list of 0"):
        Templates(None).line("{{ articles[0].title }}", articles=[])


def test_error_in_an_included_template_names_that_template_and_line(folder: Path) -> None:
    (folder / "email/note.html").write_text('Text\n{% include "email/part.html" %}')
    (folder / "email/part.html").write_text("\n\n{{ nothing }}")

    with pytest.raises(TemplateError) as caught:
        Templates(folder).html("email/note.html")

    assert (caught.value.template, caught.value.line) == ("email/part.html", 3)


def test_error_in_an_extended_template_names_that_template_and_line(folder: Path) -> None:
    (folder / "email/note.html").write_text('{% extends "shipped/email/base.html" %}')

    with pytest.raises(TemplateError) as caught:
        Templates(folder).html("email/note.html", publication=samples.PUBLICATION)

    assert caught.value.template == "shipped/email/base.html"
    lines = (SHIPPED / "email/base.html").read_text().splitlines()
    assert "newsletter" in lines[(caught.value.line or 0) - 1]


def test_syntax_error_in_an_included_template_names_that_template_and_line(folder: Path) -> None:
    (folder / "email/note.html").write_text('Text\n{% include "email/part.html" %}')
    (folder / "email/part.html").write_text("\n{% if %}")

    with pytest.raises(TemplateError) as caught:
        Templates(folder).html("email/note.html")

    assert (caught.value.template, caught.value.line) == ("email/part.html", 2)


def test_missing_template_tells_those_of_its_folder(folder: Path) -> None:
    with pytest.raises(TemplateError, match=r"no template email/weekly\.html; .*digest\.html"):
        Templates(folder).html("email/weekly.html")


def test_python_error_in_a_template_is_told_with_its_line(folder: Path) -> None:
    (folder / "email/note.txt").write_text("\n{{ 1 / more }}")

    with pytest.raises(TemplateError) as caught:
        Templates(folder).text("email/note.txt", more=0)

    assert str(caught.value) == "email/note.txt:2: ZeroDivisionError: division by zero"


def test_template_that_extends_itself_is_told_so(folder: Path) -> None:
    (folder / "email/digest.html").write_text('{% extends "email/digest.html" %}')

    with pytest.raises(TemplateError, match="it builds on itself"):
        Templates(folder).html("email/digest.html")


def test_template_that_is_not_utf8_is_told_so(folder: Path) -> None:
    (folder / "email/note.txt").write_bytes(b"caf\xe9")

    with pytest.raises(TemplateError, match=r"^email/note\.txt: it is not UTF-8 at byte 3$"):
        Templates(folder).text("email/note.txt")


def test_check_finds_nothing_wrong_with_the_shipped_templates() -> None:
    faults = Templates(None).check()

    assert faults == []


def test_check_tells_every_fault_of_a_site(folder: Path) -> None:
    (folder / "email/a.html").write_text("\n{% iff %}")
    (folder / "email/b.txt").write_text("{{ title|uppper }}")
    (folder / "email/c.html").write_text('{% extends "email/none.html" %}')
    (folder / "email/digest.html").write_text('{% extends "email/digest.html" %}')
    (folder / "notes.md").write_text("{% is no template %}")

    faults = Templates(folder).check()

    assert [fault.partition(": ")[0] for fault in faults] == [
        "email/a.html:2",
        "email/b.txt:1",
        "email/c.html",
        "email/digest.html",
    ]
    assert 'write "shipped/email/digest.html"' in faults[3]


# --- inlining ---------------------------------------------------------------------------


def test_inlining_keeps_media_queries() -> None:
    html = inline("<style>p{color:red} @media (min-width:1px){p{color:tan}}</style><p>x")

    assert '<p style="color: red;">' in html
    assert "@media (min-width:1px){p{color:tan}}" in html


def test_inlining_fetches_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("p { color: red }")

    html = inline(f'<link rel="stylesheet" href="{tmp_path / "a.css"}"><p>x')

    assert "color" not in html


def test_html_that_cannot_be_inlined_is_kept_with_a_warning() -> None:
    with capture_logs() as logs:
        html = inline("<p>\ud800")

    assert html == "<p>\ud800"
    assert [(log["event"], log["log_level"]) for log in logs] == [("css not inlined", "warning")]


# --- filters and views ------------------------------------------------------------------


def test_dates_are_in_the_newsletter_zone_and_the_language() -> None:
    moment = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    newsletter = replace(samples.NEWSLETTER, timezone=ZoneInfo("America/New_York"))
    source = "{{ moment|longdate }}; {{ moment|shortdate }}"
    templates = Templates(None)

    here = templates.line(source, **SITE, moment=moment)
    there = templates.line(
        source, publication=samples.PUBLICATION, newsletter=newsletter, language="de", moment=moment
    )

    assert here == "Monday, November 23, 2026; November 23, 2026"
    assert there == "Sonntag, 22. November 2026; 22. November 2026"


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "ltr"),
        ("zh-Hans-CN", "ltr"),
        ("ar-EG", "rtl"),
        ("he", "rtl"),
        ("fa", "rtl"),
        ("ur", "rtl"),
        ("tlh", "ltr"),
        ("fa-x-unknown", "rtl"),
        ("", "ltr"),
    ],
)
def test_direction_follows_the_language(language: str, expected: str) -> None:
    assert direction(language) == expected


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("Short enough.", 20, "Short enough."),
        ("One two three, four five", 16, "One two three…"),
        ("It has ended here. Then more and more", 28, "It has ended here."),
        ("It was signed by Mr. Lan and others", 28, "It was signed by Mr. Lan…"),
        ("工人签订新的协议。后来又有新的消息", 24, "工人签订新的协议。"),
        ("x" * 50, 10, "x" * 9 + "…"),
    ],
)
def test_excerpt_ends_where_a_reader_would_pause(text: str, width: int, expected: str) -> None:
    assert excerpt(text, width) == expected


@given(st.text(max_size=300), st.integers(min_value=10, max_value=80))
def test_excerpt_never_exceeds_its_columns(text: str, width: int) -> None:
    assert columns(excerpt(text, width)) <= width


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one two three four", "one two\nthree four"),
        ("see https://example.org/a/b/c now", "see\nhttps://example.org/a/b/c\nnow"),
        ("港口工人签订，协议", "港口工人签\n订，协议"),  # noqa: RUF001
        ("港口工人签，协议", "港口工人\n签，协议"),  # noqa: RUF001
        ("ouvrez ceci\u00a0: oui", "ouvrez\nceci\u00a0: oui"),
        ("  \n ", ""),
    ],
)
def test_wrap_breaks_between_words_and_between_wide_characters(text: str, expected: str) -> None:
    assert wrap(text, 10) == expected


@pytest.mark.parametrize(
    ("language", "name", "expected"),
    [
        ("en", "Ines Duarte", "Ines Duarte"),
        ("en", "王小明", "王小明"),
        ("en", "ليلى حداد", "\u2068ليلى حداد\u2069"),
        ("ar", "ليلى حداد", "ليلى حداد"),
        ("ar", "12 Quay Road", "\u206812 Quay Road\u2069"),
        ("he", "2026", "2026"),
    ],
)
def test_name_that_runs_the_other_way_is_isolated(language: str, name: str, expected: str) -> None:
    """UAX #9: else numbers and full stops beside it change places."""
    assert Templates(None).line("{{ name|isolate }}", language=language, name=name) == expected


def test_listed_names_keep_their_markup_and_escape_the_rest() -> None:
    source = "{{ [one|safe, two, 'C']|listed }}"

    listed = Templates(None).line(source, language="en", one="<b>A</b>", two="<B>")

    assert listed == "<b>A</b>, &lt;B&gt;, and C"
    assert Templates(None).line("{{ ['A', 'B']|listed }}", language="zh") == "A和B"


@given(st.text(max_size=300))
def test_wrap_loses_nothing_but_blanks(text: str) -> None:
    assert "".join(wrap(text, 20).split()) == "".join(text.split())


def test_authors_are_joined_in_the_language_of_the_mail() -> None:
    people = tuple(Person(name=name) for name in ("Ann", "Bo", "Cy"))
    article = samples.article(1, "Title", authors=people)

    both = [ArticleView.of(article, samples.PUBLICATION, tag).authors for tag in ("en-GB", "zh")]

    assert both == ["Ann, Bo and Cy", "Ann、Bo和Cy"]


def test_article_without_a_page_elsewhere_links_to_ours() -> None:
    view = ArticleView.of(samples.article(1, "Title", url=None), samples.PUBLICATION, "en")

    assert view.url == "https://news.example.org/articles/article-1"


@pytest.mark.parametrize(
    ("text", "minutes"), [("", 0), ("few words", 1), ("word " * 1150, 5), ("字" * 1200, 3)]
)
def test_reading_time_counts_words_and_characters(text: str, minutes: int) -> None:
    assert reading_minutes(text) == minutes


@pytest.mark.parametrize(
    ("level", "expected"),
    [(1, '<h2>a</h2><h3 id="h1">b</h3>'), (5, '<h6>a</h6><h6 id="h1">b</h6>')],
)
def test_headings_of_a_text_go_below_its_title(level: int, expected: str) -> None:
    html = Markup('<h3>a</h3><h4 id="h1">b</h4>')

    assert below(html, level) == expected


def test_html_without_headings_stays_as_it_is() -> None:
    assert below(Markup("<p>h1</p><hr>"), 4) == "<p>h1</p><hr>"


# --- the shipped mails ------------------------------------------------------------------


@pytest.fixture(scope="module")
def digest() -> tuple[str, str]:
    templates, context = Templates(None), samples.digest()
    return (
        inline(templates.html("email/digest.html", **context)),
        templates.text("email/digest.txt", **context),
    )


def test_text_part_says_what_the_html_says(digest: tuple[str, str]) -> None:
    html, text = digest
    words, told = visible(html), " ".join(text.split())
    views = samples.views()

    for view, width in zip(views, [480] + [320] * len(views), strict=False):
        for part in (view.title, view.authors, excerpt(view.summary, width)):
            assert part in words
            assert "".join(part.split()) in "".join(told.split())
        assert f'href="{view.url}"' in html
        assert view.url in text.splitlines()
    for part in ("And 3 more articles at Harbour & Line", "Monday, November 23, 2026", "No. 47"):
        assert part in words
        assert part in told


def test_text_part_is_wrapped_and_has_no_blanks_at_line_ends(digest: tuple[str, str]) -> None:
    lines = digest[1].splitlines()
    long = [line for line in lines if columns(line) > 72 and " " in line]

    assert not long
    assert [line.rstrip() for line in lines] == lines
    assert "\n\n\n\n" not in digest[1]


def test_slots_survive_whole(digest: tuple[str, str]) -> None:
    html, text = digest

    for part in (
        'href="https://news.example.org/u/\ue0f0token\ue0f1"',
        'href="https://news.example.org/preferences/\ue0f0token\ue0f1"',
        ">\ue0f0address\ue0f1<",
    ):
        assert part in html
    assert "https://news.example.org/u/\ue0f0token\ue0f1" in text.splitlines()
    assert "It was sent to \ue0f0address\ue0f1." in text.splitlines()


def test_every_article_is_printed_once_whatever_its_section() -> None:
    sections = ("Ports", None, "Rails", "rails", "Ports", "", "Rails")
    articles = tuple(
        samples.article(number, f"Title {number}.", section=section)
        for number, section in enumerate(sections)
    )
    context = samples.digest(articles=articles)

    html = Templates(None).html("email/digest.html", **context)
    text = Templates(None).text("email/digest.txt", **context)

    # A spelling of its own makes no section of its own.
    in_order = ["Title 0.", "Title 4.", "Title 2.", "Title 3.", "Title 6.", "Title 1.", "Title 5."]
    assert re.findall(r"(?<!: )Title \d\.", visible(html)) == in_order
    assert re.findall(r"Title \d\.", text) == in_order


def test_lead_without_a_section_prints_every_article_once_too() -> None:
    articles = tuple(
        samples.article(number, f"Title {number}.", section=section)
        for number, section in enumerate((None, "Rails", None))
    )

    context = samples.digest(articles=articles)

    html = Templates(None).html("email/digest.html", **context)
    text = Templates(None).text("email/digest.txt", **context)

    in_order = ["Title 0.", "Title 2.", "Title 1."]
    assert re.findall(r"(?<!: )Title \d\.", visible(html)) == in_order
    assert re.findall(r"Title \d\.", text) == in_order


@pytest.mark.parametrize("letter", ["word ", "字", "كلمة "])
def test_digest_of_twenty_long_articles_is_not_clipped(letter: str) -> None:
    """Gmail clips a mail at 102 KB of HTML, and with it the unsubscribe link."""
    articles = tuple(
        samples.article(
            number,
            (letter * 200)[:200],
            summary=letter * 2000,
            section=f"Section {number}",
            url="https://news.example.org/" + "a" * 200 + str(number),
        )
        for number in range(20)
    )

    html = inline(
        Templates(None).html("email/digest.html", **samples.digest("ar", articles=articles))
    )

    assert len(html.encode()) < 102 * 1000


def test_sheet_is_short_enough_for_gmail(digest: tuple[str, str]) -> None:
    """Gmail drops a sheet of more than 8,192 characters, and with it the dark colours."""
    sheets = re.findall("<style>(.*?)</style>", digest[0], re.DOTALL)

    assert len(sheets) == 1
    assert len(sheets[0]) < 8192


def test_digest_needs_no_script_font_or_vml(digest: tuple[str, str]) -> None:
    found = re.findall(r"<script|@import|@font-face|<v:|<link|url\(", digest[0])

    assert not found


def test_preheader_comes_first_and_is_padded(digest: tuple[str, str]) -> None:
    words = visible(digest[0])

    assert words.startswith("Also: tugs queue in the fog, and a letter without a section.")
    assert words.index("Harbour & Line") > 200


@pytest.mark.parametrize(("more", "expected"), [(0, None), (1, "1 more article at"), (2, "2 more")])
def test_digest_tells_how_many_articles_it_leaves_out(more: int, expected: str | None) -> None:
    words = visible(Templates(None).html("email/digest.html", **samples.digest() | {"more": more}))

    assert expected in words if expected else "more article" not in words


def test_preview_without_a_number_prints_none() -> None:
    context = samples.digest() | {"issue": replace(samples.ISSUE, number=None)}

    both = (
        visible(Templates(None).html("email/digest.html", **context)),
        Templates(None).text("email/digest.txt", **context),
    )

    assert not [part for part in both if "No." in part or "None" in part]


def test_mail_without_further_pages_has_only_the_unsubscribe_link() -> None:
    context = samples.digest() | {"preferences_url": "", "browser_url": ""}

    html = Templates(None).html("email/digest.html", **context)
    text = Templates(None).text("email/digest.txt", **context)

    assert "Unsubscribe" in html
    assert "Unsubscribe\n" in text
    assert not re.findall("Preferences|View in browser", html + text)


def test_postal_address_names_the_publication_once() -> None:
    named = samples.PUBLICATION
    bare = replace(named, postal_address="12 Quay Road")

    texts = [
        Templates(None).text("email/digest.txt", **samples.digest() | {"publication": publication})
        for publication in (named, bare)
    ]

    assert texts[0].endswith("\n\nHarbour & Line\n12 Quay Road\nShanghai 200080\n")
    assert texts[1].endswith("\n\nHarbour & Line\n12 Quay Road\n")


def test_confirmation_says_nothing_that_a_stranger_typed() -> None:
    """Its context has neither name nor address, so a sign-up form cannot carry messages."""
    context = SITE | {
        "newsletter": samples.NEWSLETTER,
        "subject": "Confirm your subscription",
        "preheader": "One press.",
        "confirm_url": "https://news.example.org/confirm/\ue0f0token\ue0f1",
    }

    html = inline(Templates(None).html("email/confirm.html", **context))
    text = Templates(None).text("email/confirm.txt", **context)

    assert html.count('href="') == 1
    assert 'href="https://news.example.org/confirm/\ue0f0token\ue0f1"' in html
    assert "https://news.example.org/confirm/\ue0f0token\ue0f1" in text.splitlines()


# --- the shipped pages ------------------------------------------------------------------


@pytest.mark.parametrize("name", ["unsubscribe", "confirm"])
def test_page_acts_only_by_a_post_to_itself(name: str) -> None:
    """RFC 8058 §3.1: a GET must not unsubscribe; link scanners follow every GET."""
    html = Templates(None).html(
        f"web/{name}.html",
        **SITE,
        newsletter=samples.NEWSLETTER,
        several=(),
        address="a@example.org",
        wording="Yes, send me The Digest.",
    )

    assert re.findall("<form[^>]*>", html) == ['<form method="post">']
    assert html.count("<button") == 1


def test_page_about_a_merged_mail_has_a_button_for_all_and_one_for_each() -> None:
    morning, evening = (
        replace(samples.NEWSLETTER, slug=slug, title=slug.capitalize())
        for slug in ("morning", "evening")
    )
    html = Templates(None).html(
        "web/unsubscribe.html",
        **SITE,
        newsletter=morning,
        several=(morning, evening),
        address="a@example.org",
    )

    assert re.findall("<form[^>]*>", html) == ['<form method="post">'] * 3
    assert re.findall('<button[^>]*value="([^"]*)"', html) == ["morning", "evening"]


def test_pages_need_no_other_file_and_three_have_a_script() -> None:
    found = {
        path.name: hits
        for path in (SHIPPED / "web").rglob("*.*")
        if (
            hits := re.findall(
                # JSON is read by search engines, and run by nobody.
                r'<script(?! type="application/ld\+json")|@import|url\(| on\w+=|style=|stylesheet',
                path.read_text(),
            )
        )
    }

    scripted = ("embed.html", "feed.html", "signup_form.html")
    assert found == {name: ["<script"] for name in scripted}


def test_every_page_announces_the_feeds_in_every_format() -> None:
    html = Templates(None).html("web/home.html", **SITE, feeds=[], newsletters=[], articles=[])

    assert re.findall('<link rel="alternate" type="([^"]*)".* href="([^"]*)">', html) == [
        ("application/rss+xml", "https://news.example.org/feeds/all.rss"),
        ("application/atom+xml", "https://news.example.org/feeds/all.atom"),
        ("application/feed+json", "https://news.example.org/feeds/all.json"),
    ]


def test_caught_mail_stays_within_its_frame() -> None:
    hostile = '"></iframe><script>alert(1)</script>'
    content = CaughtContent(headers=(("Subject", hostile),), html=hostile, text=hostile, raw=b"")

    html = Templates(None).html("web/caught_mail.html", **SITE, id="1", content=content)

    assert "<script" not in html
    assert html.count("</iframe>") == 1
    frame = re.search('sandbox="([^"]*)"', html)
    assert frame
    assert "allow-scripts" not in frame[1]
    assert "allow-same-origin" not in frame[1]


def test_article_page_prints_its_html_and_escapes_the_rest() -> None:
    article = samples.article(1, "<b>Bold</b>", html="<p><em>Fine</em></p>")
    view = ArticleView.of(article, samples.PUBLICATION, "en")

    html = Templates(None).html("web/article.html", **SITE, article=view)

    assert "<p><em>Fine</em></p>" in html
    assert "<h1>&lt;b&gt;Bold&lt;/b&gt;</h1>" in html

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from publisher.content.manuscript import Manuscript
from publisher.content.markdown import markdown_to_html, read_markdown
from publisher.model import Enclosure, Person

YAML = """---
id: tag:example.org,2026:frost
slug: late-frost
title: "Late frost: who pays?"
description: A cold night.
authors:
  - Ann Lee
  - {name: Bo Chen, email: bo@example.org, url: https://example.org/bo}
contributors: Eve Roe
editor: Carla Diaz
tags: [labour, 2026]
category: City
date: 2026-05-02
updated: 2026-05-03T07:30
lang: no
canonical_url: https://example.org/frost
image: https://example.org/frost.jpg
enclosures:
  - {url: https://example.org/frost.mp3, type: audio/mpeg, length: 1200}
weight: 10
pinned: yes
layout: {of: [another, program]}
---
Body.
"""
TOML = """+++
id = "tag:example.org,2026:frost"
slug = "late-frost"
title = "Late frost: who pays?"
description = "A cold night."
contributors = ["Eve Roe"]
editor = "Carla Diaz"
tags = ["labour", "2026"]
category = "City"
date = 2026-05-02
updated = 2026-05-03T07:30:00
lang = "no"
canonical_url = "https://example.org/frost"
image = "https://example.org/frost.jpg"
weight = 10
pinned = true
layout = 7
[[authors]]
name = "Ann Lee"
[[authors]]
name = "Bo Chen"
email = "bo@example.org"
url = "https://example.org/bo"
[[enclosures]]
url = "https://example.org/frost.mp3"
type = "audio/mpeg"
length = 1200
+++
Body.
"""


@pytest.mark.parametrize(
    "text", [YAML, TOML, YAML.replace("\n", "\r\n")], ids=["yaml", "toml", "crlf"]
)
def test_read_markdown_takes_every_key_from_front_matter(text: str, zone: ZoneInfo) -> None:
    assert read_markdown(text, zone) == Manuscript(
        html="<p>Body.</p>\n",
        guid="tag:example.org,2026:frost",
        slug="late-frost",
        title="Late frost: who pays?",
        summary="A cold night.",
        authors=(
            Person(name="Ann Lee"),
            Person(name="Bo Chen", email="bo@example.org", url="https://example.org/bo"),
        ),
        contributors=(Person(name="Eve Roe"), Person(name="Carla Diaz")),
        tags=("labour", "2026"),
        section="City",
        published=datetime(2026, 5, 1, 16, tzinfo=UTC),
        updated=datetime(2026, 5, 2, 23, 30, tzinfo=UTC),
        language="no",
        url="https://example.org/frost",
        image="https://example.org/frost.jpg",
        enclosures=(
            Enclosure(
                url="https://example.org/frost.mp3", media_type="audio/mpeg", length_bytes=1200
            ),
        ),
        weight=10,
        pinned=True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "title", "html"),
    [
        ("# A *late* `frost`\n\nText.\n", "A late frost", "<p>Text.</p>\n"),
        ("Frost\n=====\n\nText.\n", "Frost", "<p>Text.</p>\n"),
        ("Lead.\n\n## Frost\n\nText.\n", "Frost", "<p>Lead.</p>\n<p>Text.</p>\n"),
        ("---\ntitle: A\n---\n# A\n\nText.\n", "A", "<p>Text.</p>\n"),
        ("---\ntitle: A\n---\n# B\n\nText.\n", "A", "<h1>B</h1>\n<p>Text.</p>\n"),
        ("Text.\n", None, "<p>Text.</p>\n"),
        ("---\n\n---\nText.\n", None, "<p>Text.</p>\n"),
    ],
)
def test_title_falls_back_to_the_first_heading_and_is_not_repeated(
    text: str, title: str | None, html: str, zone: ZoneInfo
) -> None:
    manuscript = read_markdown(text, zone)

    assert (manuscript.title, manuscript.html) == (title, html)


@pytest.mark.parametrize(
    ("written", "is_draft"), [("true", True), ("yes", True), ("false", False), ("", False)]
)
def test_draft_is_read(written: str, is_draft: bool, zone: ZoneInfo) -> None:
    assert read_markdown(f"---\ndraft: {written}\n---\n", zone).is_draft == is_draft


@pytest.mark.parametrize(
    ("block", "sentence"),
    [
        (
            "title: T\npublished: yesterday-ish",
            'line 3: "published" is "yesterday-ish", which is no date;'
            " write 2026-11-23 or 2026-11-23T07:30",
        ),
        ("title: T\ndate: true", 'line 3: "date" is "true", which is no date;'
         " write 2026-11-23 or 2026-11-23T07:30"),
        ("title: [a, b]", 'line 2: "title" is a list; write text, in quotes'),
        ("tags: {a: b}", 'line 2: "tags" is a table of keys;'
         ' write a list of texts such as ["labour", "city"]'),
        ("author: {nom: x}", 'line 2: "author" names a table of keys;'
         " write a name, or a table with name, email and url"),
        ("pinned: first", 'line 2: "pinned" is "first"; write true or false'),
        ("weight: heavy", 'line 2: "weight" is "heavy";'
         " write a whole number from -1000000 to 1000000"),
        ("weight: 1.5", 'line 2: "weight" is "1.5"; write a whole number from -1000000 to 1000000'),
        ("weight: 1000001", 'line 2: "weight" is "1000001";'
         " write a whole number from -1000000 to 1000000"),
        ("draft: maybe", 'line 2: "draft" is "maybe"; write true or false'),
        ("slug: My Slug!", 'line 2: "slug" is "My Slug!", which is no slug;'
         " write small letters a-z, digits and hyphens, as in my-slug"),
        ("lang: en_US!", 'line 2: "lang" is "en_US!", which is no language tag;'
         " write one such as en, zh or pt-BR"),
        ("url: javascript:x", 'line 2: "url" is "javascript:x";'
         " write a whole URL that begins with https:// or http://"),
        ("image: cover.jpg", 'line 2: "image" is "cover.jpg";'
         " write a whole URL that begins with https:// or http://"),
        ("enclosures: x", 'line 2: "enclosures" is "x"; write a list of tables with a url'),
        ("enclosures: [x]", 'line 2: "enclosures" holds "x";'
         " write tables with url, type and length"),
        ("enclosures: [{url: 'http://e.example/a', type: audio}]",
         'line 2: "enclosures" has the type "audio"; write one such as audio/mpeg'),
        ("enclosures: [{url: 'http://e.example/a', length: long}]",
         'line 2: "enclosures" has the length "long"; write the file\'s size in bytes'),
        ("title: a\ntitle: b", 'line 3: "title" stands there twice, first on line 2'),
        ("title: &a x\nsummary: *a",
         "line 2: anchors (&name) and aliases (*name) are not read; write it out"),
        ("x: " + "[" * 5000, "line 2: the YAML is nested more than 10 levels deep"),
        ("just text", 'line 2: here stands no key; write one a line, such as "title: ..."'),
        ("title: Hello: world", "line 2: the YAML cannot be read here (mapping values are not"
         ' allowed here); a value that holds ": " or begins with a sign such as @ or % must'
         " stand in quotes"),
        ("title: T\n\ttags: a", "line 3: the YAML cannot be read here (found character '\\t' that"
         " cannot start any token); indent with blanks, not with tabs"),
        ("x: " + "y" * 70_000, "line 1: it is 70,003 characters long; at most 65,536 are read"),
    ],
)  # fmt: skip
def test_faults_in_yaml_name_line_key_value_and_what_is_allowed(
    block: str, sentence: str, zone: ZoneInfo
) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 -- the whole sentence is compared
        read_markdown(f"---\n{block}\n---\nText.\n", zone)

    assert str(caught.value) == f"front matter {sentence}"


@pytest.mark.parametrize(
    ("block", "sentence"),
    [
        ("title = T", " line 2: the TOML cannot be read here (Invalid value);"
         " text must stand in quotes"),
        ('title = "T"\ntags = ["a"', ": the TOML cannot be read here (Unclosed array);"
         " text must stand in quotes"),
        ("\ntitle = 1984", ' line 3: "title" is 1984; write text, in quotes'),
        ("tags = [1]", ' line 2: "tags" is a list;'
         ' write a list of texts such as ["labour", "city"]'),
        ("published = 2026", ' line 2: "published" is 2026, which is no date;'
         " write 2026-11-23 or 2026-11-23T07:30"),
        ("x = " + "[" * 20_000, ": the TOML is nested too deeply"),
    ],
)  # fmt: skip
def test_faults_in_toml_name_line_key_value_and_what_is_allowed(
    block: str, sentence: str, zone: ZoneInfo
) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 -- the whole sentence is compared
        read_markdown(f"+++\n{block}\n+++\nText.\n", zone)

    assert str(caught.value) == f"front matter{sentence}"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("---\ntitle: T\n\nText.", "front matter line 1: it opens with --- and is never closed;"
         " write --- below its last key"),
        ("# T\n\n" + "> " * 500 + "lost", "the Markdown is nested more than 18 levels deep"),
        ("# T\n\n" + "<div>" * 100_000, "the HTML is nested more than 250 levels deep"),
        ("x" * 1_000_001, "the file holds 1,000,001 characters of Markdown;"
         " at most 1,000,000 are read"),
    ],
)  # fmt: skip
def test_read_markdown_refuses_what_it_would_damage(
    text: str, sentence: str, zone: ZoneInfo
) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 -- the whole sentence is compared
        read_markdown(text, zone)

    assert str(caught.value) == sentence


def test_yaml_tags_construct_nothing(zone: ZoneInfo) -> None:
    text = "---\ntitle: T\nx: !!python/object/apply:os.abort []\n---\nText.\n"

    assert read_markdown(text, zone).title == "T"


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("|a|\n|-|\n|b|", "<td>b</td>"),
        ("~~a~~", "<s>a</s>"),
        ("https://e.example/", '<a href="https://e.example/">'),
        ("see readme.md", "<p>see readme.md</p>"),
        ("a[^1]\n\n[^1]: note", 'href="#fn1"'),
        ("<aside>x</aside>", "<aside>x</aside>"),
        ("a -- b \"c\"", '<p>a -- b &quot;c&quot;</p>'),
    ],
)  # fmt: skip
def test_markdown_to_html_has_the_extensions(markdown: str, html: str) -> None:
    assert html in markdown_to_html(markdown)

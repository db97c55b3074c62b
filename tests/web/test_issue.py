"""The page of one issue: the mail that was sent, as everybody may read it now."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from lxml import html as lxml_html  # type: ignore[import-untyped]

from publisher.model import ArticleState, Edits
from publisher.render import Templates
from publisher.store import articles, corrections, edits, issues, renditions
from publisher.store.edits import About
from publisher.store.tables import rendition_articles
from publisher.store.tables import renditions as renditions_table
from publisher.web.mailpage import MailPage
from publisher.web.site import Site
from tests.rig import builders
from tests.rig.builders import told
from tests.rig.desk import Desk
from tests.web.conftest import Serving

PAGE = "/newsletters/digest/issues/1"
BASE = "https://news.example.org"
Issuing = Callable[..., Awaitable[None]]


@pytest.fixture
def issue(desk: Desk) -> Issuing:
    """Bring articles, and make an issue of them in the shipped template for a reader."""
    desk.newsletter = builders.newsletter(template="digest")

    async def make(*names: str) -> None:
        for name in names:
            await desk.bring(
                name,
                title=f"The story of {name}",
                summary=f"What {name} did.",
                image=f"https://news.example.org/{name}.jpg",
            )
        await desk.join("reader")
        await desk.issue_now()
        desk.clock.advance(minutes=1)

    return make


async def edit(desk: Desk, name: str, title: str) -> None:
    """Let the source tell an article anew."""
    desk.source.tells = [
        told(name, title=title) if each.origin == f"{name}.md" else each  # type: ignore[union-attr]
        for each in desk.source.tells
    ]
    await desk.take_in()


async def withdraw(desk: Desk, *slugs: str) -> None:
    async with desk.store.write() as connection:
        for slug in slugs:
            await articles.set_state(connection, slug, ArticleState.WITHDRAWN, desk.clock())


def meta(page: str) -> dict[str, str]:
    root = lxml_html.fromstring(page)
    return {
        each.get("property") or each.get("name"): each.get("content")
        for each in root.xpath("//meta[@content]")
    }


def links(page: str, relation: str) -> list[str]:
    root = lxml_html.fromstring(page)
    return [each.get("href") for each in root.xpath(f"//head/link[@rel='{relation}']")]


# --- the mail in its frame


async def test_every_byte_of_the_mail_is_there_in_order(
    desk: Desk, issue: Issuing, client: httpx.AsyncClient
) -> None:
    await issue("ana")
    async with desk.store.read() as connection:
        sent = await renditions.get(connection, 1)
    mail = MailPage.cut(sent.html, "en", "ltr")
    pieces = [
        text
        for piece in (mail.head, mail.start, mail.body, mail.end)
        for text in re.split("\ue0f0[a-z_]+\ue0f1", piece)
    ]

    page = (await client.get(PAGE)).text

    assert re.fullmatch(".*".join(map(re.escape, pieces)), page.strip(), re.DOTALL)


async def test_search_engines_and_networks_are_told_what_it_is(
    issue: Issuing, client: httpx.AsyncClient
) -> None:
    await issue("ana", "ben")

    page = (await client.get(PAGE)).text

    told = meta(page)
    assert told["description"] == told["og:description"] == "What ben did."
    assert told["og:title"] == "The Digest 1: The story of ben"
    assert (told["og:type"], told["og:url"]) == ("article", f"{BASE}{PAGE}")
    assert told["og:image"] == "https://news.example.org/ben.jpg"
    assert told["article:published_time"] == "2026-11-23T07:00:00+01:00"
    assert "article:modified_time" not in told
    assert links(page, "canonical") == [f"{BASE}{PAGE}"]
    assert f"{BASE}/feeds/issues/digest.atom" in links(page, "alternate")
    root = lxml_html.fromstring(page)
    assert (root.get("lang"), root.get("dir")) == ("en", "ltr")
    assert root.xpath("count(//title)") == 1
    structured = json.loads(root.xpath("string(//script[@type='application/ld+json'])"))
    assert structured["@type"] == "PublicationIssue"
    assert [part["headline"] for part in structured["hasPart"]] == [
        "The story of ben",
        "The story of ana",
    ]


async def test_title_cannot_break_out_of_what_search_engines_are_told(
    desk: Desk, client: httpx.AsyncClient
) -> None:
    desk.newsletter = builders.newsletter(template="digest")
    title = '</script><script>alert("1")</script>'
    await desk.bring("ana", title=title, summary='"><b>')
    await desk.join("reader")
    await desk.issue_now()

    page = (await client.get(PAGE)).text

    root = lxml_html.fromstring(page)
    (script,) = root.xpath("//script")
    assert json.loads(script.text)["hasPart"][0]["headline"] == title
    assert meta(page)["description"] == '"><b>'


async def test_neighbours_are_linked_as_far_as_they_are_out(
    issue: Issuing, client: httpx.AsyncClient
) -> None:
    await issue("ana")
    alone = (await client.get(PAGE)).text
    await issue("ben")
    await issue("cyd")

    first = (await client.get(PAGE)).text
    second = (await client.get("/newsletters/digest/issues/2")).text

    assert (links(alone, "prev"), links(alone, "next")) == ([], [])
    assert (links(first, "prev"), links(first, "next")) == ([], [f"{BASE}{PAGE[:-1]}2"])
    assert links(second, "prev") == [f"{BASE}{PAGE}"]
    assert links(second, "next") == [f"{BASE}{PAGE[:-1]}3"]


async def test_mail_without_head_and_body_gets_them(
    desk: Desk, site: Site, serving: Serving, tmp_path: Path
) -> None:
    (tmp_path / "email").mkdir()
    (tmp_path / "email" / "bare.html").write_text("<p>{{ articles[0].title }}</p>")
    (tmp_path / "email" / "bare.txt").write_text("{{ articles[0].title }}")
    desk.templates = Templates(tmp_path)
    desk.newsletter = builders.newsletter(template="bare")
    await desk.bring("ana", title="The story of ana")
    await desk.join("reader")
    await desk.issue_now()
    client = await serving(replace(site, templates=desk.templates))

    page = (await client.get(PAGE)).text

    root = lxml_html.fromstring(page)
    assert root.xpath("string(//head/title)") == "The Digest 1: The story of ana"
    assert root.xpath("string(//body/main/p)") == "The story of ana"


# --- as it is now


async def test_edit_changes_the_page_and_never_the_mail(
    desk: Desk, issue: Issuing, client: httpx.AsyncClient
) -> None:
    await issue("ana", "ben")
    before = (await client.get(PAGE)).text
    await edit(desk, "ana", "The story of Ana, corrected")

    after = (await client.get(PAGE)).text

    assert "The story of ana" in before
    assert "The story of Ana, corrected" in after
    assert "The story of ana" not in after
    assert meta(after)["article:modified_time"] == "2026-11-23T06:01:00+00:00"
    async with desk.store.read() as connection:
        assert "corrected" not in (await renditions.get(connection, 1)).html


async def test_edited_issue_keeps_what_its_editor_said_above_it(
    desk: Desk, site: Site, serving: Serving, tmp_path: Path
) -> None:
    (tmp_path / "email").mkdir()
    for suffix in ("html", "txt"):
        template = tmp_path / "email" / f"worded.{suffix}"
        template.write_text("{{ intro }}{{ articles[0].title }}", encoding="utf-8")
    desk.templates = Templates(tmp_path)
    desk.newsletter = builders.newsletter(template="worded")
    await desk.join("reader")
    await desk.bring("ana")
    async with desk.store.write() as connection:
        said = Edits(intro="Good *day*.")
        await edits.put(connection, About(newsletter="digest", cadence="daily"), said, desk.clock())
    await desk.issue_now()
    desk.clock.advance(minutes=1)
    await edit(desk, "ana", "Ana was right")

    client = await serving(replace(site, newsletters=(desk.newsletter,), templates=desk.templates))

    assert "<p>Good <em>day</em>.</p>\nAna was right" in (await client.get(PAGE)).text


async def test_withdrawn_article_leaves_the_page_which_says_so(
    desk: Desk, issue: Issuing, client: httpx.AsyncClient
) -> None:
    await issue("ana", "ben")
    await client.get(PAGE)
    await withdraw(desk, "the-story-of-ben")

    page = (await client.get(PAGE)).text

    assert "story of ben" not in page
    assert "The story of ana" in page
    assert "1 article of this issue has been withdrawn." in page
    assert meta(page)["og:title"] == "The Digest 1: The story of ana"


async def test_correction_is_on_the_page_with_its_date(
    desk: Desk, issue: Issuing, client: httpx.AsyncClient
) -> None:
    await issue("ana")
    before = (await client.get(PAGE)).headers
    desk.clock.advance(hours=1)
    async with desk.store.write() as connection:
        one = await issues.by_number(connection, "digest", 1)
        assert one is not None
        note = "It was *ten*. <script>alert(1)</script>"
        await corrections.begin(connection, desk.newsletter, one, note, desk.clock())

    page = await client.get(PAGE)

    (shown,) = lxml_html.fromstring(page.text).find_class("correction")
    assert " ".join(shown.text_content().split()) == "Correction of November 23, 2026 It was ten."
    assert page.headers["ETag"] != before["ETag"]
    assert page.headers["Last-Modified"] == "Mon, 23 Nov 2026 07:01:00 GMT"
    (told,) = re.findall('(?s)<script type="application/ld.json">(.*?)</script>', page.text)
    assert json.loads(told)["correction"] == {
        "@type": "CorrectionComment",
        "text": "It was ten.",
        "datePublished": "2026-11-23T07:01:00+00:00",
    }


async def test_issue_of_which_nothing_is_left_is_gone(
    desk: Desk, issue: Issuing, client: httpx.AsyncClient
) -> None:
    await issue("ana", "ben")
    await withdraw(desk, "the-story-of-ana", "the-story-of-ben")

    response = await client.get(PAGE)
    index = (await client.get("/newsletters/digest")).text

    assert response.status_code == 410
    assert "story of" not in response.text + index
    assert "All articles of this issue have been withdrawn." in index
    assert f"{BASE}{PAGE}" not in index


async def test_template_that_fails_now_leaves_the_mail_as_it_was_sent(
    desk: Desk, issue: Issuing, site: Site, serving: Serving, tmp_path: Path
) -> None:
    await issue("ana")
    await edit(desk, "ana", "The story of Ana, corrected")
    (tmp_path / "email").mkdir()
    template = tmp_path / "email" / "digest.html"
    template.write_text("{{ nobody_knows }}")
    client = await serving(replace(site, templates=Templates(tmp_path)))

    broken = await client.get(PAGE)
    template.write_text("<p>mended {{ articles[0].title }}</p>")
    mended = await client.get(PAGE)

    assert (broken.status_code, "The story of ana" in broken.text) == (200, True)
    assert "mended The story of Ana, corrected" in mended.text


async def test_page_speaks_the_newsletters_language_whoever_else_gets_more(
    desk: Desk, issue: Issuing, client: httpx.AsyncClient
) -> None:
    await issue("ana", "ben")
    await desk.join("late")
    async with desk.store.write() as connection:
        sent = await renditions.get(connection, 1)
        fewer = replace(sent, key="other", parts=(("digest", sent.article_ids[:1]),))
        await connection.execute(renditions_table.update().values(language="de"))
        await renditions.add(connection, replace(fewer, html="<p>In English.</p>"))

    page = (await client.get(PAGE)).text

    assert "In English." in page


async def test_page_has_nothing_of_other_newsletters_if_some_reader_had_nothing_of_them(
    desk: Desk, issue: Issuing, client: httpx.AsyncClient
) -> None:
    await issue("ana", "ben")
    async with desk.store.write() as connection:
        sent = await renditions.get(connection, 1)
        ana, ben = sorted(sent.article_ids)
        await connection.execute(rendition_articles.delete())
        merged = replace(sent, key="merged", parts=(("digest", (ana,)), ("other", (ben,))))
        alone = replace(sent, key="alone", parts=(("digest", (ana,)),), html="<p>Alone.</p>")
        await renditions.add(connection, merged)
        await renditions.add(connection, alone)

    page = (await client.get(PAGE)).text

    assert "Alone." in page


async def test_merged_mail_that_is_corrected_keeps_its_parts(
    desk: Desk, site: Site, serving: Serving, tmp_path: Path
) -> None:
    (tmp_path / "email").mkdir()
    template = (
        "{% for part in parts %}<h2>{{ part.title }}: {{ part.articles[0].title }}</h2>{% endfor %}"
    )
    (tmp_path / "email" / "parts.html").write_text(template)
    (tmp_path / "email" / "parts.txt").write_text("")
    desk.templates = Templates(tmp_path)
    desk.newsletter = builders.newsletter(template="parts")
    await desk.bring("ana", "ben")
    await desk.join("reader")
    await desk.issue_now()
    async with desk.store.write() as connection:
        ana = (await articles.by_slug(connection, "ana")) or pytest.fail("no article")
        await connection.execute(
            rendition_articles.update()
            .where(rendition_articles.c.article_id == ana.id)
            .values(newsletter="other")
        )
    desk.clock.advance(minutes=1)
    await edit(desk, "ana", "Ana, corrected")
    other = builders.newsletter(slug="other", title="The Other")
    client = await serving(
        replace(site, templates=desk.templates, newsletters=(desk.newsletter, other))
    )

    page = (await client.get(PAGE)).text

    headings = lxml_html.fromstring(page).xpath("//h2/text()")
    assert headings == ["The Digest: ben", "The Other: Ana, corrected"]


# --- as it is served


async def test_page_is_cached_by_tag_and_date_until_it_changes(
    desk: Desk, issue: Issuing, client: httpx.AsyncClient
) -> None:
    await issue("ana")
    first = await client.get(PAGE)
    head = await client.head(PAGE)
    known = {"If-None-Match": first.headers["ETag"]}
    same = await client.get(PAGE, headers=known)
    dated = await client.get(PAGE, headers={"If-Modified-Since": first.headers["Last-Modified"]})
    await edit(desk, "ana", "The story of Ana, corrected")

    other = await client.get(PAGE, headers=known)

    assert first.headers["Cache-Control"] == "public, max-age=300, stale-while-revalidate=3600"
    assert first.headers["Last-Modified"] == "Mon, 23 Nov 2026 06:00:00 GMT"
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["ETag"] == first.headers["ETag"]
    assert [same.status_code, dated.status_code, other.status_code] == [304, 304, 200]
    assert other.headers["Last-Modified"] == "Mon, 23 Nov 2026 06:01:00 GMT"


async def test_page_of_a_neighbour_is_made_anew(issue: Issuing, client: httpx.AsyncClient) -> None:
    await issue("ana")
    first = await client.get(PAGE)
    await issue("ben")

    known = {"If-Modified-Since": first.headers["Last-Modified"]}
    second = await client.get(PAGE, headers=known)

    assert second.status_code == 200

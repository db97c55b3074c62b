"""Feeds of terms and of newsletters: there as soon as there is something in them."""

from __future__ import annotations

from dataclasses import replace

import feedparser  # type: ignore[import-untyped]
import pytest

from publisher.model import ArticleState, Format, Person, TermKind
from publisher.publish import Press
from publisher.store import articles, feeds
from publisher.store.tables import feed_documents
from tests.rig import builders
from tests.rig.builders import TellingSource, told
from tests.rig.desk import Desk

EVERY_KIND = replace(builders.AUTOMATIC, kinds=tuple(TermKind), formats=(Format.ATOM,))


def press(desk: Desk) -> Press:
    return builders.press(desk, automatic=EVERY_KIND)


async def titles(desk: Desk, slug: str) -> list[str] | None:
    """Give what a reader's program finds in the stored feed; None if there is none."""
    async with desk.store.read() as connection:
        found = await feeds.get(connection, slug, Format.ATOM)
    if found is None:
        return None
    return [entry.title for entry in feedparser.parse(found.body).entries]


async def test_each_term_of_an_article_has_a_feed(desk: Desk) -> None:
    await desk.bring(
        "one",
        tags=("Labour",),
        section="Economy",
        authors=(Person(name="Qiu Wen"),),
        language="en-GB",
    )

    made = await press(desk).publish()

    assert sorted(document.path for document in made) == [
        "/feeds/author/qiu-wen.atom",
        "/feeds/language/en-gb.atom",
        "/feeds/section/economy.atom",
        "/feeds/source/newsroom.atom",
        "/feeds/tag/labour.atom",
    ]


async def test_kinds_that_are_not_switched_on_have_none(desk: Desk) -> None:
    await desk.bring("one", tags=("labour",), section="Economy")
    only_tags = replace(EVERY_KIND, kinds=(TermKind.TAG,))

    made = await builders.press(desk, automatic=only_tags).publish()

    assert [document.path for document in made] == ["/feeds/tag/labour.atom"]


async def test_spellings_of_a_tag_share_a_feed(desk: Desk) -> None:
    await desk.bring("one", tags=("Labour",))
    await desk.bring("two", tags=("labour", "LABOUR"))

    await press(desk).publish()

    assert await titles(desk, "tag/labour") == ["two", "one"]


async def test_language_covers_its_regions(desk: Desk) -> None:
    at = press(desk)
    await desk.bring("one", language="en")
    await at.publish()
    await desk.bring("two", language="en-GB")

    await at.publish()

    assert await titles(desk, "language/en") == ["two", "one"]


async def test_article_that_a_second_source_tells_is_in_the_feed_of_both(desk: Desk) -> None:
    at = press(desk)
    there = {"url": "https://example.org/ferry", "title": "Ferry"}
    await desk.bring("one", **there)
    await at.publish()
    desk.clock.advance(hours=1)
    await desk.take_in(TellingSource(told("m", **there), name="mirror"))

    await at.publish()

    assert await titles(desk, "source/mirror") == ["Ferry"]
    assert await titles(desk, "source/newsroom") == ["Ferry"]


async def test_edit_that_drops_a_tag_leaves_its_feed(desk: Desk) -> None:
    at = press(desk)
    await desk.bring("one", tags=("ports",))
    await desk.bring("two", tags=("ports",))
    await at.publish()
    desk.clock.advance(hours=1)
    desk.source.tells[0] = told("one", tags=("rails",))
    await desk.take_in()

    await at.publish()

    assert (await titles(desk, "tag/ports"), await titles(desk, "tag/rails")) == (["two"], ["one"])


async def test_only_the_feeds_of_what_changed_are_built(desk: Desk) -> None:
    at = press(desk)
    await desk.bring("one", tags=("ports",))
    await desk.bring("two", tags=("rails",))
    await at.publish()
    desk.clock.advance(hours=1)
    desk.source.tells[0] = told("one", title="Corrected", tags=("ports",))
    await desk.take_in()

    made = await at.publish()

    assert "/feeds/tag/ports.atom" in [document.path for document in made]
    assert "/feeds/tag/rails.atom" not in [document.path for document in made]


async def test_look_at_many_terms_is_followed_by_a_rest(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look at thousands of terms takes seconds, and the clock rings often."""
    monkeypatch.setattr("publisher.publish._FEW_TERMS", 1)
    monkeypatch.setattr("publisher.publish._MOST_OF_THE_TIME", 1e-6)
    at = builders.press(desk, automatic=replace(EVERY_KIND, kinds=(TermKind.TAG,)))
    await desk.bring("one", tags=("ports", "rails"))
    await at.publish()
    await desk.bring("two", tags=("ports",))

    made = await at.publish()

    assert made == []


async def test_feed_is_found_by_its_term_only_while_the_kind_is_switched_on(desk: Desk) -> None:
    await desk.bring("one", tags=("labour",))

    found = await press(desk).find("tag/labour")

    assert found is not None
    assert found.title == "The Lighthouse: labour"
    assert await builders.press(desk).find("tag/labour") is None


@pytest.mark.parametrize(
    "slug", ["tag/rails", "tag/", "tag", "tagg/labour", "source/none", "/", ""]
)
async def test_what_no_article_has_is_not_found(desk: Desk, slug: str) -> None:
    await desk.bring("one", tags=("labour",))

    assert await press(desk).find(slug) is None


async def test_list_has_what_holds_an_article(desk: Desk) -> None:
    await desk.bring("one", tags=("ports",))
    await desk.bring("two", tags=("rails",))
    async with desk.store.write() as connection:
        await articles.set_state(connection, "two", ArticleState.WITHDRAWN, desk.clock())
    at = builders.press(desk, builders.feed(), automatic=replace(EVERY_KIND, kinds=(TermKind.TAG,)))

    listed = [feed.slug for feed in await at.listed()]

    assert listed == ["all", "tag/ports"]


async def test_newsletter_is_listed_with_its_first_issue(desk: Desk) -> None:
    await desk.join("ann")
    await desk.bring("one")
    at = builders.press(desk, newsletters=(desk.newsletter,))
    before = await at.listed()
    await desk.issue_now()

    after = await at.listed()

    assert (before, [feed.slug for feed in after]) == ([], [f"issues/{desk.newsletter.slug}"])


async def test_name_of_another_script_is_an_address(desk: Desk) -> None:
    await desk.bring("one", tags=("劳工 权利",))

    made = await press(desk).publish()

    paths = [document.path for document in made]
    assert "/feeds/tag/%E5%8A%B3%E5%B7%A5-%E6%9D%83%E5%88%A9.atom" in paths
    parsed = feedparser.parse(made[paths.index(paths[-1])].body)
    assert parsed.feed.links[0].href == f"https://news.example.org{paths[-1]}"
    assert await titles(desk, "tag/劳工-权利") == ["one"]


# --- issues


async def test_issues_that_went_out_are_a_feed(desk: Desk) -> None:
    await desk.join("ann")
    await desk.bring("one", title="Ferry leaves early")
    await desk.issue_now()
    at = builders.press(desk, newsletters=(desk.newsletter,))

    made = await at.publish()

    assert {document.feed for document in made} == {f"issues/{desk.newsletter.slug}"}
    (issue,) = feedparser.parse(made[1].body).entries
    assert issue.link == f"https://news.example.org/newsletters/{desk.newsletter.slug}/issues/1"
    assert "Ferry leaves early" in issue.content[0].value


async def test_newsletter_without_an_issue_has_no_feed_yet(desk: Desk) -> None:
    await desk.bring("one")

    assert await builders.press(desk, newsletters=(desk.newsletter,)).publish() == []


async def test_issue_keeps_its_identity_whatever_the_site_is_called(desk: Desk) -> None:
    await desk.join("ann")
    await desk.bring("one")
    await desk.issue_now()

    ids = set()
    for base_url in ("https://news.example.org", "https://moved.example.net"):
        async with desk.store.write() as connection:
            await connection.execute(feed_documents.delete())
        desk.publication = replace(desk.publication, base_url=base_url)
        made = await builders.press(desk, newsletters=(desk.newsletter,)).publish()
        ids.add(feedparser.parse(made[1].body).entries[0].id)

    assert len(ids) == 1


async def test_what_was_withdrawn_is_in_no_entry_that_is_written_again(desk: Desk) -> None:
    await desk.join("ann")
    await desk.bring("one", title="Ferry leaves early")
    await desk.bring("two", title="Tide runs high")
    await desk.issue_now()
    async with desk.store.write() as connection:
        await articles.set_state(connection, "tide-runs-high", ArticleState.WITHDRAWN, desk.clock())

    made = await builders.press(desk, newsletters=(desk.newsletter,)).publish()

    (issue,) = feedparser.parse(made[1].body).entries
    assert "Ferry leaves early" in issue.content[0].value
    assert "Tide runs high" not in issue.content[0].value + issue.summary

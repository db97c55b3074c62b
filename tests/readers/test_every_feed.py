"""Every kind of feed, read by the programs that people have: they see what we meant."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from publisher.model import ArticleState, Enclosure, Person, Podcast, SourceArticle
from publisher.store import articles
from publisher.terms import term_key
from tests.formats.samples import HARD_TITLES
from tests.readers.conftest import Reading, meant
from tests.readers.programs import Seen
from tests.rig import builders
from tests.rig.builders import TellingSource, told
from tests.rig.clock import SettableClock
from tests.rig.desk import Desk

FEED = builders.feed()
BEGAN = SettableClock()()


def story(name: str, *, hours_old: float, **changes: Any) -> SourceArticle:
    return told(name, published=BEGAN - timedelta(hours=hours_old), **changes)


ANA = story(
    "ana",
    hours_old=1,
    url="https://www.example.org/ana?a=1&b=2",
    authors=(Person(name="Qiu Wen", email="qiu@example.org"),),
    tags=("Labour", "R&D", "港口"),
    section="Harbour",
    language="en-GB",
)
BEN = story("ben", hours_old=30, updated=BEGAN - timedelta(hours=2))


async def take_in(desk: Desk, *stories: SourceArticle) -> None:
    """Take stories in, in the order in which they were published."""
    await desk.take_in(TellingSource(*reversed(stories)))


def everywhere(seen: dict[str, list[Seen]], entries: list[Seen]) -> dict[str, list[Seen]]:
    return dict.fromkeys(seen, entries)


async def test_whole_texts(desk: Desk, read: Reading) -> None:
    await take_in(desk, ANA, BEN)

    seen = await read(FEED)

    assert everywhere(seen, await meant(desk, ANA, BEN)) == seen
    bodies = {entry.body for entries in seen.values() for entry in entries}
    assert {f"<p>It happened to {name} on the quay.</p>" for name in ("ana", "ben")} == bodies


async def test_summaries(desk: Desk, read: Reading) -> None:
    short = replace(ANA, summary="Tugs & cranes.", html="<p>The whole of it.</p>")
    await take_in(desk, short)

    seen = await read(builders.feed(full=False))

    assert everywhere(seen, await meant(desk, short)) == seen
    assert all("whole" not in entry.body for [entry] in seen.values())


async def test_no_entries(read: Reading) -> None:
    seen = await read(FEED)

    assert everywhere(seen, []) == seen


async def test_everything_there_is(desk: Desk, read: Reading) -> None:
    stories = [story(f"story {n}", hours_old=n) for n in range(60)]
    await take_in(desk, *stories)

    seen = await read(builders.feed(limit=None))

    assert everywhere(seen, await meant(desk, *stories)) == seen


async def test_what_was_withdrawn_is_not_there(desk: Desk, read: Reading) -> None:
    await take_in(desk, ANA, BEN)
    async with desk.store.write() as connection:
        await articles.set_state(connection, "ana", ArticleState.WITHDRAWN, desk.clock())

    seen = await read(FEED)

    assert everywhere(seen, await meant(desk, BEN)) == seen


async def test_sound(desk: Desk, read: Reading) -> None:
    episode = story(
        "episode",
        hours_old=1,
        image="https://www.example.org/cover.jpg",
        enclosures=(
            Enclosure(
                url="https://www.example.org/1.mp3?a=1&b=2",
                media_type="audio/mpeg",
                length_bytes=123_456,
            ),
        ),
    )
    await take_in(desk, episode, BEN)
    podcast = Podcast(category="News", owner=desk.newsletter.sender)

    seen = await read(builders.feed(slug="sound", podcast=podcast))

    assert everywhere(seen, await meant(desk, episode, BEN)) == seen


async def test_scripts_of_all_the_world(desk: Desk, read: Reading) -> None:
    stories = [
        story(f"s{position}", hours_old=position, title=title, language=language)
        for position, (language, title) in enumerate(
            [
                ("ar", "عمال الميناء يوقعون اتفاقا (جديدا) للورديات"),
                ("he", "עובדי הנמל חתמו על הסכם: 24/7"),
                ("zh-Hans", "港口工人签订新的轮班协议"),
                ("ja", "夜勤 〜 港のクレーン"),
                ("ko", "항만 노동자"),
                ("en", "Crews \U0001f469\U0001f3fd\u200d\U0001f3ed win 🇺🇳 \U00020bb7"),
                ("de", "Rückkehr: „heute“ früh"),
            ]
        )
    ]
    await take_in(desk, *stories)

    seen = await read(builders.feed(language="ar", title="المرفأ"))

    assert everywhere(seen, await meant(desk, *stories)) == seen


async def test_titles_that_look_like_markup(desk: Desk, read: Reading) -> None:
    stories = [
        story(f"s{position}", hours_old=position, title=title)
        for position, title in enumerate(HARD_TITLES)
    ]
    await take_in(desk, *stories)

    seen = await read(FEED)

    assert everywhere(seen, await meant(desk, *stories)) == seen


async def test_bodies_that_look_like_the_end_of_one(desk: Desk, read: Reading) -> None:
    code = "<pre><code>if a[b[0]]&gt;1:\n    stop()\n</code></pre>"
    awkward = story("code", hours_old=1, title="The bell\x07 rings", html=code)
    await take_in(desk, awkward, BEN)

    seen = await read(FEED)

    [shown, ben] = await meant(desk, awkward, BEN)
    assert everywhere(seen, [replace(shown, title="The bell rings"), ben]) == seen
    assert {entries[0].body for entries in seen.values()} == {code}


async def test_feeds_of_terms(desk: Desk, read: Reading) -> None:
    await take_in(desk, ANA, BEN)

    seen = await read(
        FEED,
        "/feeds/tag/labour",
        f"/feeds/tag/{term_key('R&D')}",
        f"/feeds/tag/{quote('港口')}",
        "/feeds/section/harbour",
        "/feeds/author/qiu-wen",
        "/feeds/language/en-gb",
    )

    assert everywhere(seen, await meant(desk, ANA)) == seen


async def test_feed_of_a_source(desk: Desk, read: Reading) -> None:
    await take_in(desk, ANA, BEN)

    seen = await read(FEED, "/feeds/source/newsroom")

    assert everywhere(seen, await meant(desk, ANA, BEN)) == seen


async def test_issues_of_a_newsletter(desk: Desk, read: Reading) -> None:
    await desk.bring("ana", title="Tugs & <Queue>")
    await desk.join("reader")
    issue = await desk.issue_now()

    seen = await read(FEED, "/feeds/issues/digest")

    ids = {entry.id for entries in seen.values() for entry in entries}
    assert len(ids) == 1
    told = Seen(
        id=ids.pop(),
        title="The Digest 1: Tugs & <Queue>",
        link="https://news.example.org/newsletters/digest/issues/1",
        published=issue.opens.replace(microsecond=0),
    )
    assert everywhere(seen, [told]) == seen


async def test_pages_of_the_archive(desk: Desk, read: Reading) -> None:
    stories = [story(f"story {n}", hours_old=n) for n in range(105)]
    await take_in(desk, *stories)

    seen = await read(builders.feed(limit=3), "/feeds/all/archive/1", "/feeds/all/archive/2-2")

    old, less_old = await meant(desk, *stories[5:]), await meant(desk, *stories[3:5])
    assert {path: less_old if "2-2" in path else old for path in seen} == seen

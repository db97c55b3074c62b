"""What a changed config would change: feeds, schedules, articles, readers. Nothing is applied."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from publisher import slots
from publisher.config import Config
from publisher.model import Feed, Format, Newsletter, Selection, SubscriptionState
from publisher.store import articles, issues, sources, subscribers
from publisher.store import feeds as documents


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that would be different; ``words`` are a sentence without its full stop."""

    about: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a change is judged by: a config, or what the database has noted of the last one.

    ``schedules`` maps newsletter and cadence to cron text, "" where there is no schedule. What
    the database does not know is None.
    """

    base_url: str | None
    sources: frozenset[str]
    feeds: Mapping[str, tuple[Format, ...]]
    selections: Mapping[str, Selection] | None
    schedules: Mapping[tuple[str, str], str]

    @classmethod
    def of(cls, config: Config) -> Shape:
        """Take it from a config."""
        return cls(
            base_url=config.publication.base_url,
            sources=frozenset(entry.name for entry in config.sources),
            feeds={feed.slug: feed.formats for feed in config.feeds if not feed.is_retired},
            selections=_selections(config),
            schedules={
                (newsletter.slug, cadence.name): cadence.cron or ""
                for newsletter in config.newsletters
                for cadence in newsletter.cadences
            },
        )

    @classmethod
    async def noted(cls, connection: AsyncConnection) -> Shape:
        """Take it from what the site has done: sources loaded, feeds built, schedules in force."""
        return cls(
            base_url=None,
            sources=frozenset(await sources.names(connection)),
            feeds=await documents.built(connection),
            selections=None,
            schedules=await issues.schedules(connection),
        )


def _selections(config: Config) -> dict[str, Selection]:
    chosen = {f"feed {feed.slug}": feed.select for feed in config.feeds}
    return chosen | {f"newsletter {each.slug}": each.select for each in config.newsletters}


async def plan(
    connection: AsyncConnection, before: Shape, config: Config, now: datetime
) -> list[Change]:
    """List what would be different under a config, what readers would notice first of all."""
    after = Shape.of(config)
    readers = {
        (newsletter, cadence): count
        for (newsletter, cadence, state), count in (await subscribers.counts(connection)).items()
        if state is SubscriptionState.ACTIVE
    }
    changes = list(_of_schedules(before, after, config.newsletters, readers, now))
    changes += _of_addresses(before, config)
    changes += _of_feeds(before, config)
    changes += [
        each async for each in _of_selections(connection, before.selections, after.selections, now)
    ]
    for name in sorted(after.sources - before.sources):
        changes.append(Change(about=f"source {name}", words="it would be loaded"))
    for name in sorted(before.sources - after.sources):
        left = await articles.count(connection, Selection(sources=(name,)), now)
        changes.append(
            Change(
                about=f"source {name}",
                words=f"it would be loaded no more; its {_number(left, 'article')} would stay",
            )
        )
    return changes


# --- newsletters ----------------------------------------------------------------------------


def _of_schedules(
    before: Shape,
    after: Shape,
    newsletters: tuple[Newsletter, ...],
    readers: Mapping[tuple[str, str], int],
    now: datetime,
) -> Iterator[Change]:
    zones = {newsletter.slug: newsletter.timezone for newsletter in newsletters}
    for key in sorted(before.schedules.keys() | after.schedules.keys() | readers.keys()):
        old, new = before.schedules.get(key), after.schedules.get(key)
        about = f"newsletter {key[0]}, {key[1]}"
        people = _number(readers.get(key, 0), "reader")
        if new is None:
            if readers.get(key) or old is not None:
                yield Change(about=about, words=f"its {people} would get no more issues")
        elif old is None:
            yield Change(about=about, words=f"it would begin: {_next(new, zones[key[0]], now)}")
        elif old != new:
            yield Change(
                about=about,
                words=f'"{old or "as articles come"}" would become "{new or "as articles come"}"'
                f" for {people}: {_next(new, zones[key[0]], now)}",
            )


def _next(cron: str, zone: ZoneInfo, now: datetime) -> str:
    if not cron:
        return "an issue as articles come"
    slot = next(slots.following(cron, zone, now), None)
    if slot is None:
        return "no slot is to come"
    return f"next on {slot.instant.astimezone(zone):%a %Y-%m-%d %H:%M %Z}"


# --- feeds ----------------------------------------------------------------------------------


def _of_addresses(before: Shape, config: Config) -> Iterator[Change]:
    address = config.publication.base_url
    if before.base_url not in (None, address):
        yield Change(
            about="publication",
            words=f"every address would begin with {address} instead of {before.base_url};"
            " readers follow only if the old one redirects",
        )


def _of_feeds(before: Shape, config: Config) -> Iterator[Change]:
    after: dict[str, Feed] = {feed.slug: feed for feed in config.feeds}
    moved = {slug: feed.slug for feed in config.feeds for slug in feed.formerly}
    for slug in sorted(before.feeds.keys() | after.keys()):
        about, feed = f"feed {slug}", after.get(slug)
        if feed is None:
            words = (
                f"its readers would be sent to feed {moved[slug]}"
                if slug in moved
                else "its readers would find nothing (404); keep its table with retired = true,"
                " or name it in another feed's formerly"
            )
        elif feed.is_retired:
            if slug not in before.feeds:
                continue
            words = "its readers would be told that it has ended (410)"
        elif slug not in before.feeds:
            words = f"it would begin at /feeds/{slug}"
        else:
            gone = [format for format in before.feeds[slug] if format not in feed.formats]
            if not gone:
                continue
            words = f"it would be there as {', '.join(gone)} no more (404)"
        yield Change(about=about, words=words)


# --- selections -----------------------------------------------------------------------------


async def _of_selections(
    connection: AsyncConnection,
    before: Mapping[str, Selection] | None,
    after: Mapping[str, Selection] | None,
    now: datetime,
) -> AsyncIterator[Change]:
    for about, new in (after or {}).items():
        old = (before or {}).get(about)
        if old is None or old == new:
            continue
        counts = [await articles.count(connection, each, now) for each in (old, new)]
        yield Change(
            about=about,
            words=f"it would select {_number(counts[1], 'article')} of those that are here"
            f" instead of {counts[0]:,}",
        )


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"

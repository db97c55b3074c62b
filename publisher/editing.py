"""Decide by hand what is in an issue that is yet to be made: what comes in, what stays out, what
comes first, and what is said above it.

Decisions add up until the issue is frozen; `publisher.compose` obeys them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from publisher.errors import PublisherError
from publisher.model import Article, ArticleState, Edits
from publisher.ports import Clock
from publisher.store import arrivals, edits
from publisher.store.edits import About
from publisher.store.engine import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What an editor wants otherwise. No ``first`` or ``intro`` (None) leaves what there is.

    ``afresh`` drops what was decided before. Raises PublisherError for an article that can be in
    no issue.
    """

    included: Sequence[Article] = ()
    excluded: Sequence[Article] = ()
    first: Sequence[Article] | None = None
    intro: str | None = None
    afresh: bool = False

    def __post_init__(self) -> None:
        for article in (*self.included, *self.excluded, *(self.first or ())):
            if article.state is not ArticleState.LIVE:
                raise PublisherError(
                    f"{article.slug} is {article.state}, and so in no issue in any case;"
                    f" `publisher articles release {article.slug}` lets it out"
                )

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be changed."""
        return self == Wish()


async def about_next(store: Store, newsletter: str, cadence: str) -> About:
    """Find out which issue of a cadence is made next: one that is held, or one yet to come."""
    async with store.read() as connection:
        coming = await edits.coming(connection, newsletter, cadence)
    return About(newsletter=newsletter, cadence=cadence, issue=coming)


async def decided(store: Store, about: About) -> Edits:
    """Give what has been decided about an issue; what waits for the next one is for a held one."""
    async with store.read() as connection:
        own = await edits.get(connection, about)
        if own is None and about.issue is not None and await edits.is_open(connection, about.issue):
            own = await edits.get(connection, about.next)
        return own or Edits()


async def edit(store: Store, about: About, wish: Wish, *, clock: Clock) -> Edits | None:
    """Keep what an editor wants; give all that holds then, None if the issue is frozen or gone."""
    async with store.write() as connection:
        await arrivals.take_turn(connection)  # nobody begins to make an issue meanwhile
        await edits.lock(connection, about.issue)
        if about.issue is not None and not await edits.is_open(connection, about.issue):
            return None
        own = await edits.get(connection, about)
        if own is None and about.issue is not None:
            # What waits for the next issue is for the one that an editor has in hand.
            own = await edits.get(connection, about.next)
            await edits.put(connection, about.next, Edits(), clock())
        settled = changed(own or Edits(), wish)
        await edits.put(connection, about, settled, clock())
    return settled


def changed(before: Edits, wish: Wish) -> Edits:
    """Add a wish to what has been decided: what was decided last holds."""
    if wish.afresh:
        before = Edits()
    included = [article.id for article in wish.included]
    excluded = [article.id for article in wish.excluded]
    first = before.first if wish.first is None else [article.id for article in wish.first]
    return replace(
        before,
        included=tuple(
            dict.fromkeys([*(id for id in before.included if id not in excluded), *included])
        ),
        excluded=tuple(
            dict.fromkeys([*(id for id in before.excluded if id not in included), *excluded])
        ),
        first=tuple(id for id in first if id not in excluded),
        intro=before.intro if wish.intro is None else wish.intro,
    )

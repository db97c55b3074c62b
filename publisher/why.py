"""Why a person got an article, or did not: the issue that carried it, or the rule that kept it out.

The rules are those of `publisher.compose`, in the order in which they decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, tzinfo

from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import (
    Article,
    ArticleState,
    DeliveryState,
    Newsletter,
    Subscription,
    SubscriptionState,
    Suppression,
)
from publisher.ports import Clock
from publisher.store import audience, carried, composing, edits, subscribers, suppressions
from publisher.store.articles import eligible_between
from publisher.store.carried import Carried
from publisher.store.edits import Decision
from publisher.store.engine import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """What a newsletter did with the article for the person; ``words`` are a sentence.

    ``is_carried`` says that an issue of it has the article for them.
    """

    newsletter: str
    is_carried: bool
    words: str


async def why(
    store: Store,
    newsletters: Sequence[Newsletter],
    *,
    address_key: str,
    article: Article,
    clock: Clock,
) -> list[Reason]:
    """Give a reason for each newsletter, in their order."""
    async with store.read() as connection:
        case = _Case(
            connection=connection,
            newsletters=newsletters,
            article=article,
            now=clock(),
            rows=await carried.to_person(connection, address_key, article.id),
            subscriptions={
                each.newsletter: each
                for each in await subscribers.page(connection, address_key=address_key)
            },
            suppressed=(await suppressions.among(connection, [address_key], clock())).get(
                address_key, []
            ),
        )
        return [await case.reason(newsletter) for newsletter in newsletters]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    connection: AsyncConnection
    newsletters: Sequence[Newsletter]
    article: Article
    now: datetime
    rows: Sequence[Carried]
    subscriptions: dict[str, Subscription]
    suppressed: list[Suppression]

    async def reason(self, newsletter: Newsletter) -> Reason:
        of_it = [row for row in self.rows if newsletter.slug in (row.newsletter, row.mail_of)]
        if of_it:
            words = "; ".join(_told(row, newsletter.timezone) for row in of_it)
            return Reason(newsletter=newsletter.slug, is_carried=True, words=words)
        words = (
            self._of_state(newsletter.timezone)
            or self._of_person(newsletter)
            or self._of_ledger(newsletter)
            or await self._of_edits(newsletter)
            or self._of_coming()
            or await self._of_time(newsletter)
        )
        return Reason(newsletter=newsletter.slug, is_carried=False, words=words)

    def _of_state(self, zone: tzinfo) -> str | None:
        article = self.article
        if article.state is not ArticleState.LIVE:
            return f"the article is {article.state}"
        if article.eligible is not None and article.eligible > self.now:
            return f"it is not to be out before {_at(article.eligible, zone)}"
        return None

    def _of_coming(self) -> str | None:
        if self.article.eligible is None:
            source = self.article.source
            return f'it came with the first load of "{source}", of which it is not mailed'
        return None

    def _of_person(self, newsletter: Newsletter) -> str | None:
        found = self.subscriptions.get(newsletter.slug)
        zone = newsletter.timezone
        if found is None:
            return "they do not read it"
        if found.state is SubscriptionState.PENDING:
            return f"they were asked on {_at(found.created, zone)} and have not confirmed"
        if found.state is SubscriptionState.ENDED:
            ended = f" since {_at(found.ended, zone)}" if found.ended else ""
            return f"they do not read it any more{ended}"
        for each in self.suppressed:
            if each.newsletter in ("", newsletter.slug):
                return f"the address is suppressed ({each.reason})"
        paused = found.wishes.paused_until
        if paused is not None and paused > self.now:
            return f"they get nothing before {_at(paused, zone)}, as they asked"
        if all(each.name != found.cadence for each in newsletter.cadences):
            return f"the newsletter has no cadence {found.cadence} any more"
        return None

    def _of_ledger(self, newsletter: Newsletter) -> str | None:
        if not newsletter.shared:
            return None
        apart = {each.slug for each in self.newsletters if not each.shared}
        had = next((row for row in self.rows if row.counts and row.newsletter not in apart), None)
        if had is None:
            return None
        return f"they have it from {had.mail_of} no. {had.number}, and nothing is mailed twice"

    async def _of_edits(self, newsletter: Newsletter) -> str | None:
        """Say what an editor has decided about their next issue."""
        reader = self.subscriptions[newsletter.slug]
        last = await self._decided(newsletter)
        if last is None or last.issue is not None:
            return None
        if (unwanted := await self._of_wishes(newsletter, reader)) is not None:
            return unwanted
        if last.is_included:
            return f"an editor has put it into their next issue ({reader.cadence})"
        if last.is_excluded and await self._waits(newsletter):
            return (
                f"an editor leaves it out of their next issue ({reader.cadence});"
                " it waits for the one after"
            )
        return None

    async def _decided(self, newsletter: Newsletter) -> Decision | None:
        decided = await edits.about_article(
            self.connection,
            self.article.id,
            newsletter.slug,
            self.subscriptions[newsletter.slug].cadence,
        )
        return next(iter(decided), None)

    async def _waits(self, newsletter: Newsletter) -> bool:
        """Say whether the article came behind what has been considered for them."""
        async with aclosing(
            eligible_between(
                self.connection, await self._covered(newsletter), self.now, newsletter.select
            )
        ) as coming:
            async for article in coming:
                if article.id == self.article.id:
                    return True
        return False

    async def _covered(self, newsletter: Newsletter) -> datetime | None:
        reader = self.subscriptions[newsletter.slug]
        return await audience.covered(
            self.connection, reader.id, is_instant=newsletter.is_instant(reader.cadence)
        )

    async def _of_time(self, newsletter: Newsletter) -> str:
        if not await carried.is_selected(self.connection, self.article.id, newsletter.select):
            return "the newsletter does not select it"
        reader, zone = self.subscriptions[newsletter.slug], newsletter.timezone
        if (none := await self._of_wishes(newsletter, reader)) is not None:
            return none
        if await self._waits(newsletter):
            last = await self._decided(newsletter)
            left_out = (
                f"an editor left it out of no. {last.issue.number}; "
                if last is not None and last.is_excluded and last.issue and last.issue.number
                else ""
            )
            return (
                self._of_age(newsletter)
                or f"{left_out}it waits for their next issue ({reader.cadence})"
            )
        came = self.article.eligible or self.now
        joined = reader.confirmed or reader.created
        if came <= joined:
            return (
                f"it came on {_at(came, zone)}, before they joined on {_at(joined, zone)},"
                " and had been told then"
            )
        return (
            f"articles up to {_at(await self._covered(newsletter) or came, zone)} have been"
            " considered for them: it was withdrawn or not selected then, or of none of their"
            " topics, or too old, or there were too many newer ones at once"
        )

    async def _of_wishes(self, newsletter: Newsletter, reader: Subscription) -> str | None:
        wanted = reader.wishes.topics
        if not wanted:
            return None
        theirs = await composing.topics_of(self.connection, newsletter.topics, [self.article.id])
        if theirs[self.article.id].isdisjoint(wanted):
            return f"it is of none of the topics that they chose ({', '.join(wanted)})"
        return None

    def _of_age(self, newsletter: Newsletter) -> str | None:
        came, age = self.article.eligible or self.now, newsletter.max_age
        if age is None or self.now - came < age:
            return None
        return f"it came on {_at(came, newsletter.timezone)}, more than {age} ago (max_age)"


def _told(row: Carried, zone: tzinfo) -> str:
    mail = "" if row.mail_of == row.newsletter else f" of {row.mail_of}"
    issue = f"no. {row.number}{mail} ({row.cadence})"
    when = _at(row.settled or row.due, zone)
    match row.state:
        case DeliveryState.ACCEPTED:
            return f"{issue} carried it: accepted on {when}"
        case DeliveryState.FAILED:
            return f"{issue} carried it: failed on {when} ({row.reply})"
        case DeliveryState.SKIPPED:
            return f"{issue} had it for them, and was not sent ({row.reply})"
        case DeliveryState.SENDING:
            return f"{issue} has it for them: being sent, or in doubt"
    return f"{issue} has it for them: to be sent from {when} on"


def _at(moment: datetime, zone: tzinfo) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M %Z")

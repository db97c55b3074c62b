"""Make an occurrence into mails: renditions, and a row for each recipient.

Who gets what is judged by the ledger, person by person, under a lock on the person. What is
frozen here is never changed: an edit of an article after this alters no mail.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher import notices as words
from publisher.compose.choosing import Choice, Pool, Shelf
from publisher.compose.edited import applied, expected, taken
from publisher.compose.printing import Printer
from publisher.compose.wave import ComposedElsewhere, Making
from publisher.errors import PreflightError, TemplateError
from publisher.model import (
    Cadence,
    Edits,
    Issue,
    IssueState,
    Newsletter,
    Publication,
    Rendition,
    Subscription,
    Wave,
    WaveState,
)
from publisher.ports import Clock
from publisher.preflight import Preflight
from publisher.render import Templates
from publisher.store import (
    audience,
    composing,
    edits,
    issues,
    notices,
    renditions,
    sampling,
    waves,
)
from publisher.store.audience import Circle, Reader
from publisher.store.composing import Account
from publisher.store.engine import Store

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Composer:
    """What issues are made with. ``newsletters`` are all of the site's, in the config's order."""

    store: Store
    publication: Publication
    newsletters: Sequence[Newsletter]
    templates: Templates
    preflight: Preflight
    clock: Clock

    async def due(self) -> list[Issue]:
        """Compose whatever has its grace behind it and is approved; give the issues as they are.

        An issue whose template fails, or that does not pass the preflight, stays as it is, says
        why in its note, and is tried again next time; the others go on. Newsletters take turns in
        the config's order, so that where two meet the first is whose mail it is.
        """
        done: dict[int, Issue] = {}
        for newsletter in self.newsletters:
            async with self.store.read() as connection:
                coming = await waves.to_make(connection, newsletter.slug, self.clock())
            for issue, wave in coming:
                try:
                    done[issue.id] = await self._wave(newsletter, issue, wave)
                except (TemplateError, PreflightError) as error:
                    await self._hold(newsletter, issue, str(error))
        return list(done.values())

    async def _hold(self, newsletter: Newsletter, issue: Issue, reason: str) -> None:
        """Leave an issue as it is, note why, and have the admin told, once for each reason."""
        notice = words.not_made(issue, newsletter, reason)
        async with self.store.write() as connection:
            await issues.note(connection, issue.id, f"not composed: {reason}")
            is_new = await notices.add(connection, notice, self.clock())
        tell = log.warning if is_new else log.debug
        tell("issue not composed", issue=issue.id, reason=reason)

    async def compose(self, newsletter: Newsletter, issue: Issue) -> Issue:
        """Compose an issue now, whatever its grace. Give it as it then is.

        Raises TemplateError and PreflightError.
        """
        async with self.store.read() as connection:
            made = await waves.of_issue(connection, issue.id)
        for wave in made:
            if wave.state is WaveState.DUE:
                issue = await self._wave(newsletter, issue, wave)
        async with self.store.read() as connection:
            return await issues.get(connection, issue.id) or issue

    async def _wave(self, newsletter: Newsletter, issue: Issue, wave: Wave) -> Issue:
        """Freeze who gets an issue in a wave, and what each gets; then let it go.

        Resumes what a crash left unfinished. Raises TemplateError and PreflightError; what was
        made is kept then, and the wave is not over.
        """
        async with self.store.write() as connection:
            begun = await waves.begin(connection, wave.id, self.clock())
            if begun is not None:
                making = await self._making(connection, newsletter, issue, begun)
        if begun is None:
            log.debug("wave not made", issue=issue.id, wave=wave.id)
        else:
            try:
                await making.run()
            except ComposedElsewhere:
                log.info("issue composed elsewhere", issue=issue.id)
            else:
                async with self.store.write() as connection:
                    await waves.finish(connection, begun, self.clock())
                    over = await issues.get(connection, issue.id) or issue
                    if over.state is IssueState.EMPTY:
                        await edits.give_back(connection, over, self.clock())
                    if issue.note:
                        await issues.note(connection, issue.id, "")
                        notice = words.made_after_all(issue, newsletter)
                        await notices.add(connection, notice, self.clock())
                log.debug("wave made", issue=issue.id, renditions=len(making.shelf.ids))
        async with self.store.read() as connection:
            return await issues.get(connection, issue.id) or issue

    async def _making(
        self, connection: AsyncConnection, newsletter: Newsletter, issue: Issue, wave: Wave
    ) -> Making:
        now = self.clock()
        cut = wave.cut or now
        others = []
        if newsletter.merge:
            behind = self._behind(newsletter)
            meeting = await waves.meeting(connection, list(behind), wave.due)
            others = [
                (each, await self._due_pool(connection, behind[each.newsletter], each, their, cut))
                for each, their in meeting
            ]
        pool = await self._due_pool(connection, newsletter, issue, wave, cut)
        # One wave of many says nothing about the audience of the issue.
        coming = last = None
        if wave.own_time is None:
            coming = pool.people
            last = await sampling.last_audience(connection, newsletter.slug, issue.cadence)
        return Making(
            store=self.store,
            clock=self.clock,
            wave=wave,
            issue=issue,
            pool=pool,
            others=others,
            accounts={each.slug: self._account(each) for each in self.newsletters},
            shelf=Shelf(
                newsletter.max_renditions,
                {
                    Choice(language, parts): id
                    for id, (language, parts) in (
                        await renditions.of_issue(connection, issue.id)
                    ).items()
                },
            ),
            printer=self._printer([pool, *(each for _, each in others)], now, coming, last),
        )

    def _behind(self, newsletter: Newsletter) -> dict[str, Newsletter]:
        """Give the newsletters whose articles come in this one's mails, where slots meet."""
        slugs = [each.slug for each in self.newsletters]
        later = self.newsletters[slugs.index(newsletter.slug) + 1 :]
        return {each.slug: each for each in later if each.merge}

    def _account(self, newsletter: Newsletter) -> Account:
        if not newsletter.shared:
            return Account(only=newsletter.slug)
        apart = (each.slug for each in self.newsletters if not each.shared)
        return Account(but=frozenset(apart))

    async def _due_pool(
        self,
        connection: AsyncConnection,
        newsletter: Newsletter,
        issue: Issue,
        wave: Wave,
        cut: datetime,
    ) -> Pool:
        circle = self._circle(newsletter, issue.cadence, wave.own_time)
        people, after = await audience.oldest_cover(connection, circle)
        decided = await taken(connection, newsletter, issue, self.clock())
        return await self._pool(connection, newsletter, circle, people, after, cut, decided)

    async def _pool(
        self,
        connection: AsyncConnection,
        newsletter: Newsletter,
        circle: Circle,
        people: int,
        after: datetime | None,
        cut: datetime,
        decided: Edits,
    ) -> Pool:
        came = await composing.candidates(connection, newsletter, after, cut)
        articles, left_out = await applied(connection, newsletter, decided, came, cut)
        ids = [article.id for article in articles]
        return Pool(
            newsletter=newsletter,
            circle=circle,
            people=people,
            articles=articles,
            topics=await composing.topics_of(connection, newsletter.topics, ids),
            after=after,
            cut=cut,
            edits=decided,
            left_out=left_out,
        )

    def _circle(self, newsletter: Newsletter, cadence: str, own_time: str | None) -> Circle:
        return Circle(
            newsletter=newsletter.slug,
            cadence=cadence,
            own_time=own_time,
            is_instant=newsletter.is_instant(cadence),
            now=self.clock(),
        )

    def _printer(
        self, pools: Sequence[Pool], now: datetime, coming: int | None, last: int | None
    ) -> Printer:
        return Printer(
            templates=self.templates,
            publication=self.publication,
            preflight=self.preflight,
            pools=pools,
            now=now,
            audience=coming,
            last_audience=last,
        )

    async def preview(
        self,
        newsletter: Newsletter,
        cadence: Cadence,
        *,
        reader: Subscription | None = None,
        language: str = "",
        decided: Edits | None = None,
        again: bool = False,
    ) -> Rendition | None:
        """Render the next issue as a reader would get it now, or one who missed none.

        ``language`` is what it is to be in where no reader says so; ``decided`` is what holds
        instead of what an editor has decided; ``again`` takes the newest articles as if nobody had
        had them. None if it is empty. Raises TemplateError.
        """
        now = self.clock()
        circle = self._circle(newsletter, cadence.name, None)
        async with self.store.read() as connection:
            who = await self._previewed(connection, circle, reader, language)
            if again:
                who = replace(who, covered=None)
            holds = await expected(connection, newsletter, cadence, decided)
            pool = await self._pool(connection, newsletter, circle, 1, who.covered, now, holds)
            had = await composing.received(
                connection, [who.subscriber], pool.article_ids, self._account(newsletter)
            )
        chosen = pool.choose(who, frozenset() if again else had.get(who.subscriber, frozenset()))
        if not chosen:
            return None
        choice = Choice(newsletter.language_for(who.language), ((newsletter.slug, chosen),))
        issue = Issue(
            id=0,
            newsletter=newsletter.slug,
            cadence=cadence.name,
            slot=newsletter.local_text(now),
            due=now,
            number=None,
            state=IssueState.HELD,
            opens=now,
            approved=False,
            audience=0,
            note="",
            created=now,
        )
        printer = self._printer([pool], now, None, None)
        return await asyncio.to_thread(printer.render, issue, choice)

    async def _previewed(
        self,
        connection: AsyncConnection,
        circle: Circle,
        reader: Subscription | None,
        language: str,
    ) -> Reader:
        if reader is not None:
            return Reader(
                subscription=reader.id,
                subscriber=reader.subscriber,
                covered=await audience.covered(connection, reader.id, is_instant=circle.is_instant),
                topics=" ".join(reader.wishes.topics),
                language=reader.wishes.language,
            )
        covered = await waves.last_cut(connection, circle.newsletter, circle.cadence)
        if covered is None and circle.is_instant:
            covered = await issues.since(connection, circle.newsletter, circle.cadence)
        return Reader(subscription=0, subscriber=0, covered=covered, topics="", language=language)

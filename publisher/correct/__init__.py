"""Send those who have an issue one word on what was wrong with it, as an answer to their mail.

Once for each issue. Rows are made in chunks, each a transaction of its own that moves the
correction on from a known place: a crash resumes behind the last one, and of two who make it one
gives way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.correct.rendition import correction_of
from publisher.errors import TemplateError
from publisher.model import Issue, Lane, Newsletter, Publication, Rendition
from publisher.ports import Clock
from publisher.render import Templates
from publisher.store import composing, corrections, issues, renditions
from publisher.store.corrections import Correction
from publisher.store.engine import Store

log = structlog.get_logger()

_CHUNK = 1000


class _MadeElsewhere(Exception):
    """Somebody else moved the correction, or it was stopped: undo the chunk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrector:
    """What corrections are made with."""

    store: Store
    publication: Publication
    newsletters: Sequence[Newsletter]
    templates: Templates
    clock: Clock

    async def foretell(self, newsletter: Newsletter, issue: Issue, note: str) -> Rendition | None:
        """Render what most would get; None if nobody has the issue. Raises TemplateError."""
        async with self.store.read() as connection:
            found = await renditions.largest(connection, issue.id, newsletter.language)
        if found is None:
            return None
        making = _Making(corrector=self, newsletter=newsletter, issue=issue, carrier=0, note=note)
        return await making.draft((found.language, found.subject))

    async def correct(self, newsletter: Newsletter, issue: Issue, note: str) -> Correction | None:
        """Correct an issue; None if it has been corrected. Raises TemplateError."""
        await self.foretell(newsletter, issue, note)  # so that none is begun that cannot be made
        async with self.store.write() as connection:
            begun = await corrections.begin(connection, newsletter, issue, note, self.clock())
        if begun is not None:
            await self._make(newsletter, begun)
        return begun

    async def finish(self) -> None:
        """Finish what a crash has left unfinished; what its template fails for waits."""
        for newsletter in self.newsletters:
            async with self.store.read() as connection:
                left = await corrections.unfinished(connection, newsletter.slug)
            for correction in left:
                try:
                    await self._make(newsletter, correction)
                except TemplateError as error:
                    log.warning("correction not made", issue=correction.sent_as, reason=str(error))

    async def _make(self, newsletter: Newsletter, correction: Correction) -> None:
        async with self.store.read() as connection:
            issue = await issues.get(connection, correction.issue)
            last = await corrections.reached(connection, correction)
        assert issue is not None  # noqa: S101 -- issues are never deleted
        making = _Making(
            corrector=self,
            newsletter=newsletter,
            issue=issue,
            carrier=correction.sent_as,
            note=correction.note,
        )
        try:
            while last is not None:
                await making.prepare(last)
                async with self.store.write() as connection:
                    last = await making.chunk(connection, correction, last)
        except _MadeElsewhere:
            log.info("correction made elsewhere", issue=correction.sent_as)


@dataclass(kw_only=True)
class _Making:
    """The making of one correction. ``drafts`` are what it says, by language and subject."""

    corrector: Corrector
    newsletter: Newsletter
    issue: Issue
    carrier: int
    note: str
    drafts: dict[tuple[str, str], Rendition] = field(default_factory=dict)

    async def prepare(self, last: int) -> None:
        """Render what the next people will get, while nothing in the database is held up."""
        async with self.corrector.store.read() as connection:
            people = await self._people(connection, last)
            said = await corrections.wordings(connection, set(people.values()))
        for wording in said.values():
            await self.draft(wording)

    async def chunk(
        self, connection: AsyncConnection, correction: Correction, last: int
    ) -> int | None:
        people = await self._people(connection, last)
        said = await corrections.wordings(connection, set(people.values()))
        frozen = {
            wording: await renditions.add(connection, await self.draft(wording))
            for wording in set(said.values())
        }
        now = self.corrector.clock()
        await composing.add_deliveries(
            connection,
            lane=Lane.ISSUE,
            newsletter=self.issue.newsletter,
            issue=self.carrier,
            rendition_of={person: frozen[said[had]] for person, had in people.items()},
            due=now,
            now=now,
        )
        reached = max(people, default=None)
        if not await corrections.move_on(
            connection, correction, come_from=last, go_to=reached, added=len(people)
        ):
            raise _MadeElsewhere
        return reached

    async def _people(self, connection: AsyncConnection, last: int) -> dict[int, int]:
        now = self.corrector.clock()
        return await corrections.next_people(connection, self.issue.id, last, _CHUNK, now)

    async def draft(self, wording: tuple[str, str]) -> Rendition:
        """Give what those get who have the issue in this language and under this subject."""
        if wording not in self.drafts:
            language, subject = wording
            self.drafts[wording] = await asyncio.to_thread(
                correction_of,
                self.corrector.templates,
                publication=self.corrector.publication,
                newsletter=self.newsletter,
                issue=self.issue,
                carrier=self.carrier,
                language=language,
                subject=subject,
                note=self.note,
                now=self.corrector.clock(),
            )
        return self.drafts[wording]

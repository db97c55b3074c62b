"""The clock: APScheduler as an alarm clock over rows, and nothing more.

It rings for each source in its interval, for each slot of each cadence at its time, and once a
minute in any case. What is due when it rings is computed from the database, so an alarm that
is late, doubled or lost changes nothing: the next one makes up for it.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

import structlog

# apscheduler ships no types; nothing of it leaves this module.
from apscheduler.schedulers.asyncio import AsyncIOScheduler  # type: ignore[import-untyped]
from apscheduler.triggers.date import DateTrigger  # type: ignore[import-untyped]
from apscheduler.triggers.interval import IntervalTrigger  # type: ignore[import-untyped]

from publisher import slots
from publisher.app import App
from publisher.errors import PublisherError
from publisher.model import Issue, IssueState
from publisher.renditions import issue_url

log = structlog.get_logger()

_HEARTBEAT = timedelta(minutes=1)


async def keep_time(app: App, stop: asyncio.Event, work_waits: asyncio.Event) -> None:
    """Ring until ``stop`` is set; what is being done then is finished first.

    ``work_waits`` is set whenever an issue has opened, so that a worker in the same process
    need not look for itself.
    """
    await _Clock(app, work_waits).run(stop)


class _Clock:
    def __init__(self, app: App, work_waits: asyncio.Event) -> None:
        self._app = app
        self._work_waits = work_waits
        self._scheduler = AsyncIOScheduler(
            timezone="UTC",
            # The library drops an alarm that is a second late unless told not to (trap 2).
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )
        # One thing at a time: publishing needs what was ingested, issues what was published.
        self._turn = asyncio.Lock()

    async def run(self, stop: asyncio.Event) -> None:
        for entry in self._app.config.sources:
            self._scheduler.add_job(
                self._load,
                IntervalTrigger(seconds=entry.every.total_seconds()),
                args=[entry.name],
                next_run_time=self._app.clock(),
            )
        self._scheduler.add_job(
            self._look,
            IntervalTrigger(seconds=_HEARTBEAT.total_seconds()),
            next_run_time=self._app.clock(),
        )
        self._set_alarms()
        self._scheduler.start()
        try:
            await stop.wait()
        finally:
            self._scheduler.pause()
            # Shutting down cancels what runs, so what is being done is finished first.
            async with self._turn:
                self._scheduler.shutdown(wait=False)

    def _set_alarms(self) -> None:
        """Set the next alarm of each cadence; ringing sets the one after it."""
        for newsletter in self._app.config.newsletters:
            for cadence in newsletter.cadences:
                if cadence.cron is None:
                    continue
                coming = slots.following(cadence.cron, newsletter.timezone, self._app.clock())
                if (slot := next(coming, None)) is not None:
                    self._scheduler.add_job(
                        self._look,
                        DateTrigger(slot.instant + newsletter.grace),
                        id=f"{newsletter.slug}/{cadence.name}",
                        replace_existing=True,
                    )

    async def _load(self, source: str) -> None:
        """Load a source; if it brought anything, publish it and see what that makes due."""
        async with self._turn:
            try:
                (intake,) = await self._app.ingest([source])
            except PublisherError as error:
                log.error("source not loaded", source=source, reason=str(error))  # noqa: TRY400
                return
            if not intake.is_news:
                return
            log.info(
                "source loaded",
                source=source,
                new=intake.new,
                changed=intake.changed,
                withdrawn=intake.withdrawn,
                rejected=len(intake.rejected),
            )
        await self._look()

    async def _look(self) -> None:
        """Publish what changed, and make what is due."""
        async with self._turn:
            try:
                for document in await self._app.publish():
                    log.info(
                        "feed built",
                        url=f"{self._app.config.publication.base_url}/feeds/"
                        f"{document.feed}.{document.format}",
                        size_bytes=len(document.body),
                    )
                issues = await self._app.issue()
            except PublisherError as error:
                log.error("clock rang in vain", reason=str(error))  # noqa: TRY400
                return
            finally:
                self._set_alarms()
        for issue in issues:
            self._tell(issue)
        # Rows put off earlier may be due as well; a worker that finds none sleeps on.
        self._work_waits.set()

    def _tell(self, issue: Issue) -> None:
        if issue.state is IssueState.EMPTY:
            log.info("issue empty", newsletter=issue.newsletter, cadence=issue.cadence)
        else:
            log.info(
                "issue opened",
                newsletter=issue.newsletter,
                cadence=issue.cadence,
                number=issue.number,
                audience=issue.audience,
                url=issue_url(self._app.config.publication, issue),
            )

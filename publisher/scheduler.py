"""The clock: APScheduler as an alarm clock over rows, and nothing more.

It rings each second to see which sources are to be asked, for each slot of each cadence and
each embargo at its time, and once a minute in any case; once a day what was kept of people for long
enough is let go of. What is due when it rings is computed
from the database, so an alarm that is late, doubled or lost changes nothing: the next one makes
up for it.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import datetime, timedelta

import structlog

# apscheduler ships no types; nothing of it leaves this module.
from apscheduler.schedulers.asyncio import AsyncIOScheduler  # type: ignore[import-untyped]
from apscheduler.triggers.date import DateTrigger  # type: ignore[import-untyped]
from apscheduler.triggers.interval import IntervalTrigger  # type: ignore[import-untyped]

from publisher import slots
from publisher.app import App
from publisher.errors import PublisherError
from publisher.model import Issue, IssueState
from publisher.ports import Watched
from publisher.renditions import issue_url

log = structlog.get_logger()

_HEARTBEAT = timedelta(minutes=1)
_SOURCES = timedelta(seconds=1)
# Soon after a start, so that a clock which is started anew each day does it too.
_PRUNING, _FIRST_PRUNING = timedelta(days=1), timedelta(minutes=10)
# A source that hangs must delay no other, but so many may hang at once.
_MOST_PASSES = 50
# How long a pass may go on once we are told to stop. Cut off, it loses nothing.
_PATIENCE_SECONDS = 5


async def keep_time(app: App, stop: asyncio.Event, work_waits: asyncio.Event) -> None:
    """Ring until ``stop`` is set; what is being made then is finished first.

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
        # One thing at a time: issues need what was published. Passes go on beside each other.
        self._turn = asyncio.Lock()
        self._passes: dict[str, asyncio.Task[None]] = {}

    async def run(self, stop: asyncio.Event) -> None:
        for ring, interval in ((self._ask, _SOURCES), (self._look, _HEARTBEAT)):
            self._scheduler.add_job(
                ring,
                IntervalTrigger(seconds=interval.total_seconds()),
                next_run_time=self._app.clock(),
            )
        self._scheduler.add_job(
            self._prune,
            IntervalTrigger(seconds=_PRUNING.total_seconds()),
            next_run_time=self._app.clock() + _FIRST_PRUNING,
        )
        self._set_alarms()
        watching = [
            asyncio.create_task(self._watch(entry.name, stop)) for entry in self._app.config.sources
        ]
        self._scheduler.start()
        try:
            await stop.wait()
        finally:
            self._scheduler.pause()
            await self._end_passes()
            await asyncio.gather(*watching)
            # Shutting down cancels what runs, so what is being made is finished first.
            async with self._turn:
                self._scheduler.shutdown(wait=False)

    async def _end_passes(self) -> None:
        passes = list(self._passes.values())
        if passes:
            _, slow = await asyncio.wait(passes, timeout=_PATIENCE_SECONDS)
            for each in slow:
                each.cancel()
            await asyncio.gather(*passes, return_exceptions=True)

    # --- sources

    async def _ask(self) -> None:
        """Begin a pass over each source that is due and is not being asked already."""
        try:
            due = await self._app.sources.due()
        except PublisherError as error:
            log.error("sources not looked at", reason=str(error))  # noqa: TRY400
            return
        for name in due:
            self._begin_pass(name)

    async def _watch(self, name: str, stop: asyncio.Event) -> None:
        source = self._app.sources.make(name)
        if isinstance(source, Watched):
            async with aclosing(source.changes(stop)) as changes:
                async for _ in changes:
                    self._begin_pass(name)

    def _begin_pass(self, name: str) -> None:
        if name not in self._passes and len(self._passes) < _MOST_PASSES:
            self._passes[name] = asyncio.create_task(self._load(name))
            self._passes[name].add_done_callback(lambda _: self._passes.pop(name))

    async def _load(self, source: str) -> None:
        """Load a source; if it brought anything, publish it and see what that makes due.

        A pass that somebody asked for may have nothing to tell of what another process has
        taken in or withdrawn meanwhile (a push), so what there is to publish is looked at anyway.
        """
        try:
            is_wanted = await self._app.sources.is_wanted(source)
            intake = await self._app.sources.ingest(source)
            if intake.error is None:
                await self._app.sources.follow_hub(source)
        except PublisherError as error:
            log.error("source not loaded", source=source, reason=str(error))  # noqa: TRY400
            return
        if intake.is_news:
            log.info(
                "source loaded",
                source=source,
                new=intake.new,
                changed=intake.changed,
                withdrawn=intake.withdrawn,
                rejected=len(intake.rejected),
            )
        if intake.is_news or is_wanted:
            await self._look()

    # --- what is published

    def _set_alarms(self) -> None:
        """Set the next alarm of each cadence; ringing sets the one after it."""
        for newsletter in self._app.config.newsletters:
            for cadence in newsletter.cadences:
                if cadence.cron is None:
                    continue
                coming = slots.following(cadence.cron, newsletter.timezone, self._app.clock())
                if (slot := next(coming, None)) is not None:
                    self._set_alarm(
                        f"{newsletter.slug}/{cadence.name}", slot.instant + newsletter.grace
                    )

    def _set_alarm(self, name: str, at: datetime) -> None:
        self._scheduler.add_job(self._look, DateTrigger(at), id=name, replace_existing=True)

    async def _look(self) -> None:
        """Publish what changed, and make what is due."""
        async with self._turn:
            try:
                for document in await self._app.publish():
                    # A site may have thousands of feeds that nobody gave a table.
                    tell = log.debug if "/" in document.feed else log.info
                    tell(
                        "feed built",
                        url=self._app.config.publication.base_url + document.path,
                        size_bytes=len(document.body),
                    )
                issues = await self._app.issue()
                await self._app.look_at_sign_ups()
                if embargo := await self._app.next_embargo():
                    self._set_alarm("embargo", embargo)
            except PublisherError as error:
                log.error("clock rang in vain", reason=str(error))  # noqa: TRY400
                return
            finally:
                self._set_alarms()
        for issue in issues:
            self._tell(issue)
        # Rows put off earlier may be due as well; a worker that finds none sleeps on.
        self._work_waits.set()

    async def _prune(self) -> None:
        """Let go of what was kept of people for long enough."""
        try:
            gone = await self._app.prune()
        except PublisherError as error:
            log.error("nothing let go of", reason=str(error))  # noqa: TRY400
        else:
            if any(gone.values()):
                log.info("let go of", **{name.replace(" ", "_"): gone[name] for name in gone})

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

"""Take in what a source tells: clean it, give it an identity, and say what became of it.

One bad article is refused with a reason and changes nothing else. What a pass brings is held
until the pass is over; only then is it known what of it is new (`reconcile`), and whether so
much at once can be true (`alarm`). A source that fails as a whole withdraws nothing.
"""

from __future__ import annotations

import hashlib
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import structlog

from publisher.errors import PublisherError, SourceError
from publisher.ingest.alarm import judge
from publisher.ingest.intake import Intake
from publisher.ingest.passes import Pass
from publisher.ingest.reconcile import Scope, reconcile
from publisher.ingest.rhythm import after_failure
from publisher.model import Publication
from publisher.ports import Clock, Source, Telling, Visit
from publisher.store import arrivals, arriving, sources
from publisher.store.engine import Store

__all__ = ["Intake", "Terms", "ingest", "next_try"]

log = structlog.get_logger()

_AT_ONCE = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a source is to be treated.

    ``mailed`` is how many of the newest articles of its very first load may be mailed, None for
    all. ``has_breaker`` says whether too many new articles at once are held. ``settings`` is
    any text that changes whenever its config does.
    """

    every: timedelta
    mailed: int | None = None
    has_breaker: bool = True
    settings: str = ""

    @property
    def settings_key(self) -> str:
        """Name the settings without telling them: they may hold secrets."""
        return hashlib.sha256(self.settings.encode()).hexdigest()


def next_try(status: sources.SourceStatus, terms: Terms) -> datetime | None:
    """Say when a source is to be asked next: an instant that may be past; None for never."""
    if status.gone_for == terms.settings_key:
        return None
    by_schedule = _AT_ONCE
    if status.last_try is not None and not status.is_wanted and not status.failures:
        by_schedule = status.last_try + terms.every
    return max(by_schedule, status.next_try or by_schedule)


async def ingest(
    store: Store, source: Source, *, publication: Publication, terms: Terms, clock: Clock
) -> Intake:
    """Make one pass over a source.

    A SourceError is recorded and reported, not raised; a StoreError is raised.
    """
    now = clock()
    async with store.read() as connection:
        before = await sources.status(connection, source.name)
    is_first = not before.first_load_done
    work = Pass(
        store=store,
        source=source.name,
        publication=publication,
        now=now,
        is_backlog=is_first and terms.mailed is not None,
    )
    visit = Visit(now=now, known=work.known, memory=dict(before.memory))
    try:
        async with aclosing(_told(source, visit)) as tellings:
            async for told in tellings:
                await work.take(told)
        await work.finish()
        if visit.tells_all:
            await work.refuse_emptiness()
    except SourceError as error:
        await work.finish()
        intake = await _settle(store, work, before, terms, Scope.BROKEN_OFF, clock)
        return await _failed(store, intake, before, terms, error, clock)
    intake = await _settle(store, work, before, terms, Scope.of(visit), clock)
    async with store.write() as connection:
        if visit.tells_all:
            intake = replace(intake, withdrawn=await work.withdraw(connection))
        if not visit.is_increment:
            await work.forget_rejections(connection)
        if is_first and terms.mailed:
            arrived = await arrivals.instant(connection, clock())
            await arrivals.release_backlog(connection, source.name, terms.mailed, arrived)
        rejected = tuple(await sources.rejected(connection, source.name))
        intake = replace(intake, rejected=rejected)
        await sources.record_good(
            connection,
            source.name,
            counts=intake.counts,
            memory=visit.memory,
            next_try=clock() + visit.rest if visit.rest else None,
            now=clock(),
        )
    return intake


async def _told(source: Source, visit: Visit) -> Telling:
    """Tell what the source tells; whatever else goes wrong in it is a SourceError too.

    It may be somebody else's module: its faults are told, and it is left alone like any that
    fails.
    """
    async with aclosing(source.articles(visit)) as tellings:
        while True:
            try:
                told = await anext(tellings)
            except StopAsyncIteration:
                return
            except PublisherError:
                raise
            except Exception as error:
                log.exception("source broken", source=source.name)
                raise SourceError(
                    f'source "{source.name}": its kind is broken: {type(error).__name__}: {error}'
                ) from error
            yield told


async def _settle(
    store: Store,
    work: Pass,
    before: sources.SourceStatus,
    terms: Terms,
    scope: Scope,
    clock: Clock,
) -> Intake:
    """Say which newcomers are new, and let them out together or hold them for an alarm."""
    found = await reconcile(store, work, scope, clock)
    async with store.write() as connection:
        alarm = None
        if terms.has_breaker and before.first_load_done:
            alarm = await judge(
                connection,
                work.source,
                new=len(found.new),
                told=work.told,
                before=before,
                now=clock(),
            )
        if alarm is None:
            arrived = await arrivals.instant(connection, clock())
            await arriving.release(connection, found.new, arrived, clock())
        else:
            await arriving.hold(connection, found.new)
            await sources.raise_alarm(connection, work.source, alarm)
            log.error("articles held", source=work.source, articles=len(found.new), reason=alarm)
    counts = work.counts
    return Intake(
        source=work.source,
        new=0 if alarm else len(found.new),
        held=len(found.new) if alarm else 0,
        changed=counts["changed"] + found.moved,
        unchanged=counts["unchanged"] + found.same,
        alarm=alarm or before.alarm,
    )


async def _failed(
    store: Store,
    intake: Intake,
    before: sources.SourceStatus,
    terms: Terms,
    error: SourceError,
    clock: Clock,
) -> Intake:
    failures = before.failures + 1
    async with store.write() as connection:
        await sources.record_failed(
            connection,
            intake.source,
            error=str(error),
            failures=failures,
            next_try=clock() + after_failure(terms.every, failures, error.rest),
            gone_for=terms.settings_key if error.is_final else None,
            now=clock(),
        )
    log.warning("source failed", source=intake.source, reason=str(error))
    return replace(intake, error=str(error))

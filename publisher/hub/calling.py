"""Calling readers' programs: do you mean it (WebSub §5.3), and here is news (WebSub §7).

Many are called at once, of one host only a few; whoever is slow delays nobody else. A process
that dies leaves rows whose lease runs out, and what it was at is done again.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import random
import secrets
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

import structlog

from publisher.errors import FetchError, first_cause
from publisher.fetch import Answer, Fetcher, Limits, user_agent
from publisher.hub.topics import topic_of
from publisher.model import FeedDocument, HubMode, Publication, TellingState
from publisher.ports import Clock
from publisher.store import callbacks, feeds, intents
from publisher.store.callbacks import Outcome, Telling
from publisher.store.engine import Store
from publisher.store.feeds import DocumentKey
from publisher.store.intents import Intent, Question

log = structlog.get_logger()

_CONNECTIONS = 64
# Of these; strangers have questions asked, and must not keep news from readers.
_QUESTIONS = 16
# What a callback has to say is short. It must not lead elsewhere (WebSub §5.3.1, §7).
_LIMITS = Limits(seconds=10, connect_seconds=5, body_bytes=4096, redirects=0)
# Longer than a call may take.
_LEASE = timedelta(minutes=1)
# A callback that did not agree is not asked the same again before that.
_QUIET = timedelta(minutes=1)
# WebSub §7: try again, up to limits of our own; the next version is then told all the same.
_FIRST_RETRY = timedelta(seconds=30)
_LONGEST_RETRY = timedelta(hours=1)
_GIVE_UP = timedelta(hours=6)
# How soon what has come meanwhile is seen while everybody who is being called is slow.
_LOOK_SECONDS = 1.0
# Documents that are kept while they are told: most callbacks are told of the same few.
_DOCUMENTS = 8

_REASON = "This feed is not published any more."


@dataclass(slots=True, kw_only=True)
class Called:
    """What a run brought, in callbacks."""

    agreed: int = 0
    declined: int = 0
    told: int = 0
    failed: int = 0


async def call(
    store: Store,
    publication: Publication,
    *,
    allow_private: bool,
    clock: Clock,
    stop: asyncio.Event,
) -> Called:
    """Call everybody who is to be called, and return when nobody is.

    When ``stop`` is set, calls under way are finished and no more are begun. ``allow_private``
    lets callbacks be at private addresses. Raises StoreError when the database stays away.
    """
    run = _Run(store, publication, allow_private=allow_private, clock=clock, stop=stop)
    try:
        return await run.whole()
    except ExceptionGroup as group:
        raise first_cause(group) from group


class _Run:
    def __init__(
        self,
        store: Store,
        publication: Publication,
        *,
        allow_private: bool,
        clock: Clock,
        stop: asyncio.Event,
    ) -> None:
        self._store = store
        self._publication = publication
        self._clock = clock
        self._stop = stop
        self._called = Called()
        self._fetcher = Fetcher(
            agent=user_agent(publication.base_url), allow_private=allow_private, limits=_LIMITS
        )
        self._busy: Counter[str] = Counter()  # calls under way to each host
        self._questions = 0  # of these
        self._has_ended = asyncio.Event()
        self._documents: dict[tuple[DocumentKey, str], FeedDocument] = {}

    async def whole(self) -> Called:
        claims = await self._claim()
        if not claims:  # as nearly always: no connection need be prepared
            return self._called
        is_busy = False
        async with self._fetcher, asyncio.TaskGroup() as calls:
            while claims or is_busy:
                for claim in claims:
                    self._busy[claim.host] += 1
                    self._questions += isinstance(claim, Question)
                    calls.create_task(self._call(claim))
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._has_ended.wait(), _LOOK_SECONDS)
                self._has_ended.clear()
                # As it is now: a call that ends while rows are claimed makes room for others.
                is_busy = bool(self._busy)
                claims = await self._claim()
        return self._called

    async def _claim(self) -> Sequence[Question | Telling]:
        """Claim as many as there are connections free."""
        free = _CONNECTIONS - self._busy.total()
        if free <= 0 or self._stop.is_set():
            return []
        async with self._store.write() as connection:
            now = self._clock()
            lease_ends = now + _LEASE
            questions = await intents.claim(
                connection,
                busy=self._busy,
                limit=min(free, _QUESTIONS - self._questions),
                now=now,
                lease_ends=lease_ends,
            )
            tellings = await callbacks.claim(
                connection,
                busy=self._busy + Counter(each.host for each in questions),
                limit=free - len(questions),
                now=now,
                lease_ends=lease_ends,
            )
        return [*questions, *tellings]

    async def _call(self, claim: Question | Telling) -> None:
        try:
            if isinstance(claim, Telling):
                await self._tell(claim)
            elif claim.intent.mode is HubMode.DENIED:
                await self._deny(claim)
            else:
                await self._verify(claim)
        finally:
            self._busy[claim.host] -= 1
            self._questions -= isinstance(claim, Question)
            self._busy += Counter()  # without those at zero
            self._has_ended.set()

    # --- questions

    async def _verify(self, question: Question) -> None:
        """Ask whether a request was meant, and do what was asked if it was (WebSub §5.3)."""
        intent = question.intent
        challenge = secrets.token_urlsafe(32)
        asked = {"hub.challenge": challenge}
        if intent.mode is HubMode.SUBSCRIBE:
            asked["hub.lease_seconds"] = str(intent.lease_seconds)
        # The lease is measured from when the callback is asked (WebSub §5.3).
        lease_ends = self._clock() + timedelta(seconds=intent.lease_seconds)
        reason = await self._ask(intent, asked, expected=challenge.encode())
        async with self._store.write() as connection:
            now = self._clock()
            if reason:
                await intents.fail(connection, question, now + _QUIET)
            elif not await intents.take(connection, question):
                reason = "something else was asked meanwhile"
            elif intent.mode is HubMode.SUBSCRIBE:
                await callbacks.put(connection, intent, lease_ends=lease_ends, now=now)
            else:
                await callbacks.drop(connection, intent)
        about = {"mode": str(intent.mode), "host": intent.host, "topic": self._topic(intent)}
        if reason:
            self._called.declined += 1
            log.info("hub request not verified", **about, reason=reason)
        else:
            self._called.agreed += 1
            log.info("hub request verified", **about)

    async def _deny(self, question: Question) -> None:
        """Say that a subscription has ended (WebSub §5.2). Once: it has, heard of or not."""
        await self._ask(question.intent, {"hub.reason": _REASON})
        async with self._store.write() as connection:
            await intents.take(connection, question)

    async def _ask(
        self, intent: Intent, asked: dict[str, str], *, expected: bytes | None = None
    ) -> str:
        """Put a question to a callback; give why it does not agree, nothing if it does."""
        query = urlencode({"hub.mode": intent.mode, "hub.topic": self._topic(intent), **asked})
        # WebSub §5.1.1: behind what the callback has of its own, which stays as it is.
        joint = "&" if "?" in intent.url else "?"
        try:
            answer = await self._fetcher.get(f"{intent.url}{joint}{query}")
        except FetchError as error:
            return error.reason
        # WebSub §5.3.1: any other status, and any other words, are a no.
        if not answer.is_good:
            return f"it answers {answer.status}"
        if expected is not None and answer.body != expected:
            return "it does not give the challenge back"
        return ""

    # --- news

    async def _tell(self, telling: Telling) -> None:
        """Hand the newest version to a callback (WebSub §7)."""
        document = await self._document(telling)
        if document is None:  # the database was emptied of them: it is told when one is built
            await self._settle(
                telling, Outcome(state=TellingState.TOLD, version="", due=telling.since)
            )
            return
        answer, reason = None, ""
        try:
            answer = await self._fetcher.hand_over(
                telling.url, document.body, self._headers(telling, document)
            )
        except FetchError as error:
            reason = error.reason
        else:
            if not answer.is_good:
                reason = f"it answers {answer.status}"
        if answer is not None and answer.status == 410:  # WebSub §7: it wants no more
            async with self._store.write() as connection:
                await callbacks.end(connection, telling)
            log.info("hub subscription ended", host=telling.host, topic=self._topic(telling))
            return
        outcome = self._outcome(telling, document, reason, answer)
        await self._settle(telling, outcome)
        if outcome.state is TellingState.TOLD:
            self._called.told += 1
        else:
            self._called.failed += 1
            log.warning(
                "reader not told",
                host=telling.host,
                topic=self._topic(telling),
                reason=reason,
                is_given_up=outcome.state is TellingState.FAILED,
            )

    async def _settle(self, telling: Telling, outcome: Outcome) -> None:
        async with self._store.write() as connection:
            await callbacks.settle(connection, telling, outcome, self._clock())

    def _headers(self, telling: Telling, document: FeedDocument) -> dict[str, str]:
        hub, topic = self._publication.own_hub, self._topic(telling)
        headers = {
            "Content-Type": document.media_type,
            "Link": f'<{hub}>; rel="hub", <{topic}>; rel="self"',
        }
        if telling.secret:
            # WebSub §7.1: of the methods that it names, SHA-1 alone is broken.
            digest = hmac.new(telling.secret.encode(), document.body, hashlib.sha256)
            headers["X-Hub-Signature"] = f"sha256={digest.hexdigest()}"
        return headers

    def _outcome(
        self, telling: Telling, document: FeedDocument, reason: str, answer: Answer | None
    ) -> Outcome:
        now = self._clock()
        if not reason:
            return Outcome(state=TellingState.TOLD, version=document.etag, due=now)
        if now - telling.since > _GIVE_UP:
            return Outcome(state=TellingState.FAILED, version=document.etag, due=now, error=reason)
        wait = min(_FIRST_RETRY * 2**telling.failures, _LONGEST_RETRY)
        wait *= random.uniform(0.8, 1.2)  # noqa: S311 -- spreads load, hides nothing
        wished = answer.rest(now) if answer else None
        return Outcome(
            state=TellingState.PENDING,
            version=document.etag,
            due=now + max(wait, min(wished or timedelta(), _LONGEST_RETRY)),
            error=reason,
        )

    async def _document(self, telling: Telling) -> FeedDocument | None:
        """Give the newest version of what a callback is to be told."""
        key = (telling.feed, telling.format)
        kept = self._documents.get((key, telling.version))
        if kept is None:
            async with self._store.read() as connection:
                kept = await feeds.get(connection, *key)
            if kept is not None:
                if len(self._documents) >= _DOCUMENTS:
                    self._documents.clear()
                self._documents[key, telling.version] = kept
        return kept

    def _topic(self, of: Intent | Telling) -> str:
        return topic_of(self._publication, (of.feed, of.format))

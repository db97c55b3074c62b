"""What is recorded of a row when something has become of it, and counted of the run."""

from __future__ import annotations

import random
from datetime import timedelta

import structlog

from publisher.deliver import retry
from publisher.deliver.relay import Sent
from publisher.errors import Refused
from publisher.model import Claim, DeliveryState, Reply
from publisher.ports import Clock
from publisher.store.settling import Outcome

log = structlog.get_logger()

_AT_ONCE = timedelta()


class Outcomes:
    """Makes the outcomes of a run, and counts them in ``sent``."""

    def __init__(self, clock: Clock, give_up_after: timedelta, sent: Sent) -> None:
        self._clock = clock
        self._give_up_after = give_up_after
        self._sent = sent

    def accepted(self, claim: Claim, reply: Reply) -> Outcome:
        """Record that the next hop took a message."""
        self._sent.accepted += 1
        return Outcome(
            claim=claim,
            state=DeliveryState.ACCEPTED,
            due=self._clock(),
            reply=f"{reply.code} {reply.text}",
        )

    def refused(self, claim: Claim, refusal: Refused) -> Outcome:
        """Record a refusal: for good, or to be tried again."""
        if refusal.permanent:
            return self.failed(claim, str(refusal))
        return self.put_off(claim, str(refusal))

    def put_off(self, claim: Claim, reason: str) -> Outcome:
        """Record that a row is to be tried again, unless that was done for long enough."""
        if retry.tried_for(claim.deferrals) >= self._give_up_after:
            return self.failed(claim, reason)
        self._sent.deferred += 1
        wait = retry.wait(claim.deferrals)
        return Outcome(
            claim=claim,
            state=DeliveryState.PENDING,
            due=self._clock() + wait * random.uniform(0.8, 1.2),  # noqa: S311 -- spreads load
            reply=reason,
            deferred=True,
        )

    def failed(self, claim: Claim, reason: str) -> Outcome:
        """Record that a row is over without its message being taken."""
        log.info("delivery failed", delivery=claim.delivery, issue=claim.issue, reason=reason)
        self._sent.failed += 1
        return Outcome(claim=claim, state=DeliveryState.FAILED, due=self._clock(), reply=reason)

    def in_doubt(self, claim: Claim, reason: str) -> Outcome:
        """Record that nobody here can know whether a message was taken."""
        log.warning("delivery in doubt", delivery=claim.delivery, reason=reason)
        self._sent.in_doubt += 1
        return Outcome(claim=claim, state=DeliveryState.SENDING, due=self._clock(), reply=reason)

    def pending(self, claim: Claim, *, wait: timedelta = _AT_ONCE, reply: str = "") -> Outcome:
        """Record that a row is to be begun anew, since nobody has tried it."""
        due = self._clock() + wait
        return Outcome(claim=claim, state=DeliveryState.PENDING, due=due, reply=reply)

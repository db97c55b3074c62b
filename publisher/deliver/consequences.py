"""What a refusal means beyond its row: an address that is dead, an issue that nobody may get."""

from __future__ import annotations

from datetime import datetime

import structlog

from publisher import notices as words
from publisher.errors import Refused
from publisher.mail import address
from publisher.model import Claim, IssueState, SuppressionReason
from publisher.store import issues, notices, suppressions
from publisher.store.engine import Store

log = structlog.get_logger()


def is_dead(refusal: Refused) -> bool:
    """Say whether the recipient was refused since there is nobody (F10)."""
    status = refusal.status
    return refusal.permanent and refusal.of_recipient and status is not None and status.is_dead


async def suppress(store: Store, claim: Claim, now: datetime) -> None:
    """Never mail the address of a row again. What was said of it stands in the ledger."""
    async with store.write() as connection:
        key, reason = address.key(claim.address), SuppressionReason.HARD_BOUNCE
        if await suppressions.suppress(connection, key, reason, now):
            log.info("address suppressed", delivery=claim.delivery, reason=reason)


async def pause(store: Store, issue_id: int, relay: str, reason: str, now: datetime) -> None:
    """Stop sending an issue and have the admin told, unless somebody else was faster."""
    async with store.write() as connection:
        issue = await issues.get(connection, issue_id)
        if issue is None or not await issues.change_state(
            connection,
            issue.id,
            come_from=[IssueState.OPEN],
            go_to=IssueState.PAUSED,
            now=now,
            note=f"paused: the relay refuses its mails: {reason}",
        ):
            return
        await notices.add(connection, words.mails_refused(issue, relay, reason), now)
    log.error("issue paused", issue=issue.id, relay=relay, reason=reason)

"""What other programs are told of, and what they may ask for."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


class EventKind(enum.StrEnum):
    """What may have changed. Other programs know these names: add to them, rename none."""

    SUBSCRIPTION_ASKED = "subscription.asked"
    SUBSCRIPTION_CONFIRMED = "subscription.confirmed"
    SUBSCRIPTION_CHANGED = "subscription.changed"  # its reader has it otherwise now
    SUBSCRIPTION_ENDED = "subscription.ended"
    SUBSCRIPTION_RESUMED = "subscription.resumed"  # its reader took back that it ended
    SUBSCRIBER_MOVED = "subscriber.moved"  # to another address
    SUBSCRIBER_ERASED = "subscriber.erased"
    SUBSCRIBER_IMPORTED = "subscriber.imported"
    SUPPRESSION_ADDED = "suppression.added"
    SUPPRESSION_REMOVED = "suppression.removed"
    BOUNCE_HARD = "bounce.hard"
    BOUNCE_SOFT = "bounce.soft"
    COMPLAINT = "complaint"
    DELIVERY_FAILED = "delivery.failed"
    ISSUE_HELD = "issue.held"
    ISSUE_OPENED = "issue.opened"
    ISSUE_PAUSED = "issue.paused"
    ISSUE_RESUMED = "issue.resumed"
    ISSUE_STOPPED = "issue.stopped"
    ISSUE_FINISHED = "issue.finished"  # nothing is left that would be sent by itself
    ISSUE_EMPTY = "issue.empty"
    ISSUE_MISSED = "issue.missed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A change of state, as other programs are told of it.

    ``subscriber`` and ``issue`` are ids. Of a person nothing but ``address`` and ``data`` says
    more than their id; both are forgotten when they are erased.
    """

    kind: EventKind
    occurred: datetime
    newsletter: str | None = None
    issue: int | None = None
    subscriber: int | None = None
    address: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


class Scope(enum.StrEnum):
    """What a token of the API lets a program do. What is in none of them nobody may do."""

    NEWSLETTERS_READ = "newsletters:read"
    SUBSCRIBERS_READ = "subscribers:read"
    SUBSCRIBERS_WRITE = "subscribers:write"
    SUBSCRIBERS_CONFIRM = "subscribers:confirm"  # vouch for people, who are not asked then
    SUBSCRIBERS_IMPORT = "subscribers:import"  # lists, which vouch for people as well
    SUBSCRIBERS_ERASE = "subscribers:erase"
    SUPPRESSIONS_READ = "suppressions:read"
    SUPPRESSIONS_WRITE = "suppressions:write"
    BOUNCES_READ = "bounces:read"
    ISSUES_READ = "issues:read"
    ISSUES_WRITE = "issues:write"
    EVENTS_READ = "events:read"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"

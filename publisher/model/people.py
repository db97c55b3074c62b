"""Subscribers: how they are bound to newsletters, and who is never mailed."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from publisher.model.newsletters import AS_USUAL, Address, OwnTime


class SubscriptionState(enum.StrEnum):
    """``pending`` until the person confirms; ``ended`` for whatever reason."""

    PENDING = "pending"
    ACTIVE = "active"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """How a reader wants a newsletter; they may change all of it at any moment.

    ``topics`` are slugs, none for everything; ``language`` is "" for the newsletter's. Nothing is
    mailed before ``paused_until``, and nothing is lost by that.
    """

    cadence: str
    topics: tuple[str, ...] = ()
    language: str = ""
    own_time: OwnTime = AS_USUAL
    paused_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A person's bond to a newsletter. One row for each (address, newsletter).

    ``ended_by`` says how it ended; "page" and "one-click" are the person's own doing.
    """

    id: int
    subscriber: int
    address: Address
    newsletter: str
    wishes: Wishes
    state: SubscriptionState
    created: datetime
    confirmed: datetime | None
    ended: datetime | None
    ended_by: str
    consent: Mapping[str, str]

    @property
    def cadence(self) -> str:
        """How often they hear."""
        return self.wishes.cadence


class SuppressionReason(enum.StrEnum):
    """Why an address is never mailed."""

    HARD_BOUNCE = "hard_bounce"  # there is nobody
    SOFT_BOUNCES = "soft_bounces"  # it has failed for now too often
    COMPLAINT = "complaint"  # its owner reported a mail as spam
    MANUAL = "manual"  # an admin's decision
    ERASED = "erased"  # its owner had themselves erased


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """An address, or all of a domain, that is never mailed, by one newsletter or by any ("").

    ``address_key`` is that of the address, or "@" and the domain; None once its owner was erased,
    when only ``hash`` is left to know it by. ``until`` is None for ever.
    """

    id: int
    hash: str
    address_key: str | None
    newsletter: str
    reason: SuppressionReason
    note: str
    created: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """For how long what is held of people is kept, from when it was last of use."""

    left: timedelta
    unconfirmed: timedelta
    replies: timedelta
    notices: timedelta
    bounces: timedelta
    quarantine: timedelta
    events: timedelta


class MoveState(enum.StrEnum):
    """How far a change of address has come."""

    ASKED = "asked"  # the new mailbox is asked
    DONE = "done"
    STOPPED = "stopped"  # the old mailbox wanted none of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A person as a list from elsewhere tells of them.

    ``state`` is None where the list does not say. ``suppressed`` is why the other system mails
    them no more, "" if it does. A ``cadence`` of "" is whatever is usual. ``consent`` is what the
    list knows about how they came.
    """

    address: Address
    state: SubscriptionState | None = None
    suppressed: str = ""
    created: datetime | None = None
    confirmed: datetime | None = None
    ended: datetime | None = None
    cadence: str = ""
    topics: tuple[str, ...] = ()
    language: str = ""
    own_time: str = ""
    paused_until: datetime | None = None
    consent: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUp:
    """What somebody asked for by a form: a subscription to a newsletter, for an address.

    ``consent`` says by which form, and what they were shown there.
    """

    newsletter: str
    address: Address
    wishes: Wishes
    consent: Mapping[str, str]

"""A next hop as a run is given it, and what the run brought."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from publisher.deliver import retry
from publisher.deliver.admission import Admission
from publisher.deliver.domains import Domains
from publisher.deliver.pace import Pace
from publisher.ports import Transport


@dataclass(slots=True, kw_only=True)
class Sent:
    """What a run brought, in rows. ``error`` is why the relay cannot be used, None if it can."""

    accepted: int = 0
    failed: int = 0
    deferred: int = 0
    in_doubt: int = 0
    error: str | None = None

    def __add__(self, after: Sent) -> Sent:
        """Give what two runs brought, one after the other."""
        return Sent(
            accepted=self.accepted + after.accepted,
            failed=self.failed + after.failed,
            deferred=self.deferred + after.deferred,
            in_doubt=self.in_doubt + after.in_doubt,
            error=after.error,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """A next hop: how many connections it is given, how one is made, and how fast it is fed.

    ``domains`` is what is known of its recipient domains, and ``admission`` what of its quotas,
    from one run to the next. What it puts off is tried again for ``give_up_after``. ``is_ahead``
    says that a row may be announced while the one before it is not yet answered.
    """

    name: str
    connections: int
    connect: Callable[[], Transport]
    domains: Domains
    admission: Admission = field(default_factory=Admission)
    pace: Pace | None = None
    is_ahead: bool = False
    give_up_after: timedelta = retry.GIVE_UP_AFTER

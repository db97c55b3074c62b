"""Recipient domains: each has limits of its own, and is slowed or left alone when it asks for it.

Where a relay has no such limits nobody looks at domains before one of them has complained.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from publisher.deliver.gate import Gate
from publisher.deliver.throttle import Throttle, is_complaint
from publisher.errors import Refused
from publisher.model import Claim
from publisher.replies import is_greylisting

log = structlog.get_logger()

# So many domains that complain, with no mail taken in between, speak for the relay.
_MANY = 3
# Looked through for those that need not be remembered when there are so many.
_KEPT = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class PerDomain:
    """The limits of each domain: so many rows at once, one each ``gap`` seconds; 0 is no limit."""

    connections: int | None = None
    gap: float = 0.0


class Domains:
    """What a relay's recipient domains are given; kept as long as the relay is.

    ``most`` is how many rows of a domain without a limit may be under way. ``group`` maps a
    domain to the name under which its limits are counted.
    """

    def __init__(
        self,
        most: int,
        limits: PerDomain | None = None,
        group: Callable[[str], str] = str,
    ) -> None:
        self.has_limits = limits is not None
        self._limits = limits or PerDomain()
        self._most = min(most, self._limits.connections or most)
        self._group = group
        self._gates: dict[str, Gate] = {}
        self._kept = _KEPT
        self._complaining: set[str] = set()

    @property
    def are_watched(self) -> bool:
        """Whether any row has a gate."""
        return self.has_limits or bool(self._gates)

    def gate(self, claim: Claim) -> Gate | None:
        """Give what a row must pass; None if its domain is given whatever there is."""
        name = self.name(claim)
        gate = self._gates.get(name)
        if gate is None and self.has_limits:
            gate = self._made(name)
        return gate

    def name(self, claim: Claim) -> str:
        """Name the domain, or the group of domains, of a row."""
        return self._group(claim.address.domain.lower())

    def accepted(self, claim: Claim) -> None:
        """Trust a domain more, as it took a mail."""
        self._complaining.clear()
        if self._gates and (gate := self._gates.get(self.name(claim))) is not None:
            gate.throttle.speed()
            gate.answered()

    def refused(self, claim: Claim, refusal: Refused, now: float) -> bool:
        """Heed a refusal; say whether the relay itself is to be given less."""
        if not (refusal.of_recipient or refusal.of_content):
            return is_complaint(refusal)
        if refusal.permanent:
            if self._gates and (gate := self._gates.get(self.name(claim))) is not None:
                gate.answered()
            return False
        is_for_relay = is_complaint(refusal) and self.complained(claim, str(refusal), now)
        if _tells_of_domain(claim, refusal):
            gate = self._watched(claim)
            if seconds := gate.put_off(now):
                log.warning(
                    "domain resting", domain=gate.name, seconds=seconds, reason=str(refusal)
                )
        return is_for_relay

    def complained(self, claim: Claim, reason: str, now: float) -> bool:
        """Give the domain of a row less; say whether the relay itself is to be given less."""
        gate = self._watched(claim)
        if gate.throttle.slow(now):
            log.info(
                "domain slowed",
                domain=gate.name,
                connections=int(gate.throttle.limit),
                reason=reason,
            )
        self._complaining.add(gate.name)
        if len(self._complaining) < _MANY:
            return False
        self._complaining.clear()
        return True

    def forget(self, now: float, is_used: Callable[[Gate], bool]) -> None:
        """Forget domains of which there is nothing to be remembered, if there are many."""
        if len(self._gates) >= self._kept:
            self._gates = {
                name: gate
                for name, gate in self._gates.items()
                if is_used(gate) or not gate.is_at_ease(now)
            }
            self._kept = max(_KEPT, 2 * len(self._gates))

    def _watched(self, claim: Claim) -> Gate:
        name = self.name(claim)
        return self._gates.get(name) or self._made(name)

    def _made(self, name: str) -> Gate:
        gate = self._gates[name] = Gate(name, Throttle(self._most), self._limits.gap)
        return gate


def _tells_of_domain(claim: Claim, refusal: Refused) -> bool:
    """Say whether a row that is put off says anything of others of its domain.

    A mailbox that is full does not, nor does greylisting, which puts each first try off.
    """
    if refusal.status is not None and refusal.status.is_of_recipient:
        return False
    return claim.deferrals > 0 or not is_greylisting(refusal.code, refusal.text)

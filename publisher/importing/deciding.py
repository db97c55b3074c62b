"""What is to become of people of a list, from how they stand here: decided without a database."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from publisher.model import Entry, SubscriptionState, SuppressionReason
from publisher.store.lists import Bond

ERASED = SuppressionReason.ERASED


class Became(enum.StrEnum):
    """What became of an entry."""

    ACTIVE = "active"  # reads from the next issue on
    ASKED = "asked"  # pending: a confirmation mail is on its way
    PENDING = "pending"  # had not confirmed there either, and is not asked by us
    ENDED = "ended"  # had left there: came in as gone, or has gone now
    SUPPRESSED = "suppressed"  # is never mailed, here as there
    ALREADY = "already"  # reads here already; nothing changed
    WAITING = "waiting"  # was asked before and has not answered; nobody is asked twice
    LEFT = "left"  # has left here before, and is not brought back
    BARRED = "barred"  # is never mailed here, or was erased, and is not taken in


@dataclass(kw_only=True)
class Decisions:
    """What is known of some people, by their address keys, and what is to be done about it.

    ``bonds`` and ``barred`` are how they stand: to the newsletter, and why they are never mailed.
    ``state`` and ``consent`` are as in `Importer`.
    """

    state: SubscriptionState | None
    consent: Mapping[str, str]
    now: datetime
    bonds: dict[str, Bond] = field(default_factory=dict)
    barred: dict[str, str] = field(default_factory=dict)
    counts: Counter[Became] = field(default_factory=Counter)
    joining: dict[str, tuple[Entry, SubscriptionState]] = field(default_factory=dict)
    changing: dict[str, tuple[Bond, Entry, SubscriptionState]] = field(default_factory=dict)
    suppressing: dict[str, str] = field(default_factory=dict)
    asking: dict[str, str] = field(default_factory=dict)

    def is_welcome(self, address_key: str, entry: Entry) -> bool:
        """Say whether an address may be kept: not if it is never mailed, unless it is as such."""
        reason = self.barred.get(address_key)
        return reason is None or (bool(entry.suppressed) and reason != ERASED)

    def decide(self, people: Sequence[tuple[str, Entry]]) -> None:
        """Decide what is to be done, in the order of the list: it may tell of somebody twice."""
        counts, bonds, barred = self.counts, self.bonds, self.barred
        for address_key, entry in people:
            bond = bonds.get(address_key)
            if bond is None and barred and not self.is_welcome(address_key, entry):
                counts[Became.BARRED] += 1
                continue
            if entry.suppressed and address_key not in barred:
                barred[address_key] = self.suppressing[address_key] = entry.suppressed
                counts[Became.SUPPRESSED] += 1
                self._settle(address_key, entry, bond)
            else:
                counts[self._settle(address_key, entry, bond)] += 1

    def _settle(self, address_key: str, entry: Entry, bond: Bond | None) -> Became:
        wanted = entry.state or (SubscriptionState.ENDED if entry.suppressed else self.state)
        if bond is None:
            if wanted is None:
                self.asking[address_key] = entry.language
            return self._join(address_key, entry, wanted or SubscriptionState.PENDING)
        if wanted is SubscriptionState.ENDED:
            if bond.state is SubscriptionState.ENDED or not _has_left_since(entry, bond):
                return _AS_BEFORE[bond.state]
            return self._change(address_key, entry, bond, wanted)
        if wanted is SubscriptionState.ACTIVE and bond.state is SubscriptionState.PENDING:
            if address_key in self.barred:
                return Became.BARRED
            return self._change(address_key, entry, bond, wanted)
        return _AS_BEFORE[bond.state]

    def _join(self, address_key: str, entry: Entry, state: SubscriptionState) -> Became:
        self.joining[address_key] = (entry, state)
        self.bonds[address_key] = Bond(
            id=None,
            state=state,
            since=entry.confirmed or entry.created or self.now,
            cadence=entry.cadence,
            consent=self.consent,
        )
        if address_key in self.asking:
            return Became.ASKED
        return _NOW[state]

    def _change(
        self, address_key: str, entry: Entry, bond: Bond, state: SubscriptionState
    ) -> Became:
        self.asking.pop(address_key, None)
        if bond.id is None:
            return self._join(address_key, entry, state)
        self.changing[address_key] = (bond, entry, state)
        self.bonds[address_key] = bond._replace(state=state)
        return _NOW[state]


_NOW = {
    SubscriptionState.ACTIVE: Became.ACTIVE,
    SubscriptionState.PENDING: Became.PENDING,
    SubscriptionState.ENDED: Became.ENDED,
}
_AS_BEFORE = {
    SubscriptionState.ACTIVE: Became.ALREADY,
    SubscriptionState.PENDING: Became.WAITING,
    SubscriptionState.ENDED: Became.LEFT,
}


def _has_left_since(entry: Entry, bond: Bond) -> bool:
    """Say whether somebody who reads here has left there after they came here.

    Where no date says so, who came here by a list leaves by one, and who came by themselves stays.
    """
    if entry.ended is not None:
        return entry.ended > bond.since
    return bond.consent.get("added_by") == "import"

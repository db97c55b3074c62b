"""Of which newsletters mails may go out now, and how many: sending hours, daily quotas, rates.

Confirmations are not held up by hours and quotas: somebody waits for them. They are counted all the
same, so that issues get that much less.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.deliver.gate import Gate
from publisher.deliver.quota import Quota, Quotas, Today
from publisher.model import Claim, Hours
from publisher.ports import Clock
from publisher.store.engine import Store

_UTC = ZoneInfo("UTC")


class Admission:
    """What one relay's rows are up against. Kept as long as the relay, by one run at a time.

    ``hours`` maps newsletters to when their issues may be sent, and on whose clock; ``quotas`` to
    the quotas that their mails count against; ``gates`` to what they pass besides the gate of
    their recipient domain. ``zone`` says when a day begins.
    """

    def __init__(
        self,
        quotas: Mapping[str, Quotas] | None = None,
        gates: Mapping[str, Gate] | None = None,
        hours: Mapping[str, tuple[Hours, ZoneInfo]] | None = None,
        zone: ZoneInfo = _UTC,
    ) -> None:
        self._hours = hours or {}
        self.gates = gates or {}
        self._quotas = {slug: found for slug, found in (quotas or {}).items() if found}
        self._all = sorted({q for found in self._quotas.values() for q in found}, key=_name)
        self._zone = zone
        self._today = Today.at(datetime.min.replace(tzinfo=UTC) + timedelta(days=2), zone)
        self._granted: dict[int, tuple[date, Quotas]] = {}  # what is reserved for rows in hand

    def reason(self, newsletter: str, now: datetime) -> str | None:
        """Say why issues of a newsletter wait, as far as is known here; None if they need not."""
        if not self.within_hours([newsletter], now):
            hours, zone = self._hours[newsletter]
            return f"its hours are {hours}, on the clock of {zone.key}"
        quota = self._spent(newsletter, now)
        return None if quota is None else f"today's quota of the {quota.name} is spent"

    def is_full(self, newsletter: str, now: datetime) -> bool:
        """Say whether there is no room for a newsletter's issues today, as far as is known here."""
        return self._spent(newsletter, now) is not None

    def _spent(self, newsletter: str, now: datetime) -> Quota | None:
        today = self._at(now)
        quotas = self._quotas.get(newsletter, ())
        return next((quota for quota in quotas if quota.is_resting(today)), None)

    # --- for each chunk -------------------------------------------------------------------------

    def within_hours(self, newsletters: Collection[str], now: datetime) -> Collection[str]:
        """Give those newsletters whose hours it is."""
        if not self._hours:
            return newsletters
        return [slug for slug in newsletters if self._is_time(slug, now)]

    def _is_time(self, newsletter: str, now: datetime) -> bool:
        if newsletter not in self._hours:
            return True
        hours, zone = self._hours[newsletter]
        return hours.hold(now.astimezone(zone).time())

    async def open(
        self, connection: AsyncConnection, newsletters: Collection[str], now: datetime
    ) -> Collection[str]:
        """Give those newsletters of which issues may go out now."""
        newsletters = self.within_hours(newsletters, now)
        if not self._all:
            return newsletters
        today = self._at(now)
        spent = {quota for quota in self._all if await quota.is_spent(connection, today)}
        return [slug for slug in newsletters if spent.isdisjoint(self._quotas.get(slug, ()))]

    async def admit(
        self, connection: AsyncConnection, claims: Sequence[Claim], now: datetime
    ) -> tuple[list[Claim], list[Claim]]:
        """Part claimed rows into those for which there is room in all quotas, and the others."""
        if not self._all:
            return list(claims), []
        today = self._at(now)
        for claim in claims:
            if claim.issue is not None:
                self._granted[claim.delivery] = (today.day, ())
        denied: set[int] = set()
        for quota in self._all:  # in one order, or two workers could lock each other out
            rows = [
                claim
                for claim in claims
                if claim.issue is not None
                and claim.delivery not in denied
                and quota in self._quotas.get(claim.newsletter, ())
            ]
            if not rows:
                continue
            if quota.limit(today.day) is None:
                continue
            room = await quota.reserve(connection, today, len(rows))
            for claim in rows[:room]:
                _, before = self._granted[claim.delivery]
                self._granted[claim.delivery] = (today.day, (*before, quota))
            denied |= {claim.delivery for claim in rows[room:]}
        for delivery in denied:
            self._return(delivery)
        return (
            [claim for claim in claims if claim.delivery not in denied],
            [claim for claim in claims if claim.delivery in denied],
        )

    async def close(self, store: Store, now: datetime) -> None:
        """Give back what was reserved and not used."""
        if not self._all:
            return
        today = self._at(now)
        for delivery in list(self._granted):
            self._return(delivery)
        owing = [quota for quota in self._all if quota.spare or quota.unpaid]
        if owing:
            async with store.write() as connection:
                for quota in owing:
                    await quota.settle(connection, today, keep=False)

    def drop(self) -> None:
        """Forget what is reserved, since nobody knows whether the database does: it is wasted."""
        self._granted.clear()
        for quota in self._all:
            quota.spare = 0

    # --- for each row ---------------------------------------------------------------------------

    def use(self, claim: Claim, clock: Clock) -> bool:
        """Use up what is reserved for a row; False if it must not be sent on this day after all."""
        if not self._all:
            return True
        self._begin_day(clock())  # then nothing is reserved any more
        if claim.issue is None:
            for quota in self._quotas.get(claim.newsletter, ()):
                quota.unpaid += 1
            return True
        return self._granted.pop(claim.delivery, None) is not None

    def unused(self, claim: Claim) -> None:
        """Have what is reserved for a row, if it was not used, for others."""
        if self._granted:
            self._return(claim.delivery)

    def _return(self, delivery: int) -> None:
        day, quotas = self._granted.pop(delivery, (date.min, ()))
        for quota in quotas:
            if quota.day == day:  # another relay may have seen midnight first
                quota.spare += 1

    def _at(self, now: datetime) -> Today:
        self._begin_day(now)
        return replace(self._today, now=now)

    def _begin_day(self, now: datetime) -> None:
        if now >= self._today.ends:
            self._today = Today.at(now, self._zone)
            self._granted.clear()
            for quota in self._all:
                quota.begin(self._today.day)


def _name(quota: Quota) -> str:
    return quota.name

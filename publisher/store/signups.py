"""Sign-ups that were taken in and answered, and how many of them are allowed.

A limit is a rolling one: so many at once, and then one each so many seconds (the generic cell rate
algorithm of ATM). It takes one row for whom it counts, which says when all of it is there again, so
any number of web processes share it and nothing of it is kept for longer than that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Row, case, delete, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import Address, OwnTime, SignUp, Wishes
from publisher.store.engine import insert_unless
from publisher.store.tables import sign_up_limits, sign_ups

# Longer than it takes to look at one.
_LEASE = timedelta(minutes=1)
_AT_ONCE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What is to be taken of a limit: ``amount`` of ``count`` in so many ``seconds``."""

    count: int
    seconds: int
    amount: int = 1


async def charge(
    connection: AsyncConnection, charges: Mapping[str, Charge], now: datetime
) -> set[str]:
    """Take of the limits with these keys what there is; give the keys of those that are used up.

    Of a limit that is used up nothing is taken.
    """
    moment = round(now.timestamp() * 1000)
    # In one order, so that two processes do not wait for each other.
    ordered = sorted(charges.items())
    spent = sign_up_limits.c.until
    known = insert_unless(connection, sign_up_limits).values(
        [{"key": key, "until": moment + _weight(each)} for key, each in ordered]
    )
    begun = case((spent > moment, spent), else_=literal(moment, BigInteger))
    after = begun + known.excluded.until - literal(moment, BigInteger)
    most = case(
        {key: literal(moment + each.seconds * 1000, BigInteger) for key, each in ordered},
        value=sign_up_limits.c.key,
    )
    taken = await connection.execute(
        known.on_conflict_do_update(
            index_elements=["key"], set_={"until": after}, where=after <= most
        ).returning(sign_up_limits.c.key)
    )
    return set(charges) - set(taken.scalars())


def _weight(charge: Charge) -> int:
    """Say for how many milliseconds it is until what is taken is there again."""
    return -(-charge.seconds * 1000 * charge.amount // charge.count)


async def forget_limits(connection: AsyncConnection, now: datetime) -> None:
    """Forget the limits that nothing was taken of, or no more; rows in use are passed over."""
    unused = (
        select(sign_up_limits.c.key)
        .where(sign_up_limits.c.until <= round(now.timestamp() * 1000))
        .with_for_update(skip_locked=True)
    )
    await connection.execute(delete(sign_up_limits).where(sign_up_limits.c.key.in_(unused)))


async def add(connection: AsyncConnection, sign_up: SignUp, now: datetime) -> int:
    """Keep a sign-up until it has been looked at; the caller does that at once. Gives its id."""
    made = await connection.execute(
        insert(sign_ups)
        .values(
            newsletter=sign_up.newsletter,
            mailbox=sign_up.address.mailbox,
            name=sign_up.address.name,
            wishes=_written(sign_up.wishes),
            consent=dict(sign_up.consent),
            created=now,
            due=now + _LEASE,
        )
        .returning(sign_ups.c.id)
    )
    return int(made.scalar_one())


async def claim(connection: AsyncConnection, now: datetime) -> Sequence[tuple[int, SignUp]]:
    """Lease those whose process died before it had looked at them, with their ids."""
    ids = list(
        await connection.scalars(
            select(sign_ups.c.id)
            .where(sign_ups.c.due <= now)
            .order_by(sign_ups.c.id)
            .limit(_AT_ONCE)
            .with_for_update(skip_locked=True)
        )
    )
    if not ids:
        return []
    rows = await connection.execute(
        update(sign_ups).where(sign_ups.c.id.in_(ids)).values(due=now + _LEASE).returning(sign_ups)
    )
    return sorted(((row.id, _sign_up(row)) for row in rows), key=lambda found: found[0])


async def forget(connection: AsyncConnection, id: int) -> None:
    """Forget one that has been looked at."""
    await connection.execute(delete(sign_ups).where(sign_ups.c.id == id))


def _written(wishes: Wishes) -> dict[str, Any]:
    paused = wishes.paused_until
    return {
        **asdict(wishes),
        "own_time": str(wishes.own_time),
        "paused_until": None if paused is None else paused.isoformat(),
    }


def _sign_up(row: Row[Any]) -> SignUp:
    wishes = dict(row.wishes)
    paused = wishes["paused_until"]
    return SignUp(
        newsletter=row.newsletter,
        address=Address(mailbox=row.mailbox, name=row.name),
        wishes=Wishes(
            cadence=wishes["cadence"],
            topics=tuple(wishes["topics"]),
            language=wishes["language"],
            own_time=OwnTime.parse(wishes["own_time"]),
            paused_until=None if paused is None else datetime.fromisoformat(paused),
        ),
        consent=row.consent,
    )

"""The two changes that a worker writes for every message: it is being sent; this became of it.

They decide how fast an issue goes out, so their statements are made once, and they run in the
thread of `Store.commit`, on as many rows as are at hand.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    BindParameter,
    ColumnElement,
    Connection,
    Integer,
    String,
    Text,
    Update,
    bindparam,
    column,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.sql.dml import ReturningUpdate
from sqlalchemy.types import TypeEngine

from publisher.model import Claim, DeliveryState, IssueState
from publisher.store import bulk
from publisher.store.ledger import may_be_mailed
from publisher.store.tables import UTCDateTime, deliveries, issues

_OVER = (DeliveryState.ACCEPTED, DeliveryState.FAILED)
_TOLD: Mapping[str, TypeEngine[Any]] = {
    "row": BigInteger(),
    "attempt": Integer(),
    "to_state": String(),
    "to_due": UTCDateTime(),
    "to_reply": Text(),
    "put_off": Integer(),
    "at": UTCDateTime(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of an attempt.

    ``state`` is accepted or failed; pending with the time of the next try in ``due``, and
    ``deferred`` if it was the next hop that put it off; or sending with ``due`` past: in doubt.
    """

    claim: Claim
    state: DeliveryState
    due: datetime
    reply: str
    deferred: bool = False


def mark_sending(
    connection: Connection, claims: Collection[Claim], lease_ends: datetime
) -> set[int]:
    """Mark claimed rows as sending; give the deliveries that may now be transmitted.

    Those left out were fenced off, or their person has left since, or their issue is no longer
    open: they must not be sent.
    """
    dialect = connection.dialect.name
    held = bulk.pairs_values(dialect, {claim.delivery: claim.attempt for claim in claims})
    rows = connection.execute(_marking(dialect), {**held, "lease_ends": lease_ends})
    return set(rows.scalars())


def settle(connection: Connection, outcomes: Sequence[Outcome], now: datetime) -> int:
    """Record outcomes; give how many rows took them (the rest were fenced off)."""
    if not outcomes:
        return 0
    rows = [
        {
            "row": outcome.claim.delivery,
            "attempt": outcome.claim.attempt,
            "to_state": outcome.state,
            "to_due": outcome.due,
            "to_reply": outcome.reply,
            "put_off": int(outcome.deferred),
            "at": now if outcome.state in _OVER else None,
        }
        for outcome in outcomes
    ]
    if connection.dialect.name == "postgresql":
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        return connection.execute(_settling_all(), columns).rowcount
    return connection.execute(_settling_each(), rows).rowcount


@cache
def _marking(dialect: str) -> ReturningUpdate[int]:
    held = bulk.pairs_bound(dialect)
    open_issue = select(issues.c.id).where(issues.c.state == IssueState.OPEN)
    return (
        update(deliveries)
        .where(
            deliveries.c.id == held.c.key,
            deliveries.c.attempts == held.c.value,
            deliveries.c.state == DeliveryState.PENDING,
            or_(deliveries.c.issue_id.is_(None), deliveries.c.issue_id.in_(open_issue)),
            may_be_mailed,
        )
        .values(state=DeliveryState.SENDING, due=bindparam("lease_ends"))
        .returning(deliveries.c.id)
    )


@cache
def _settling_each() -> Update:
    told: dict[str, BindParameter[Any]] = {name: bindparam(name) for name in _TOLD}
    return _settled_as(told)


@cache
def _settling_all() -> Update:
    """Settle many rows at once: PostgreSQL takes longer to be asked than to answer."""
    arrays = (bindparam(name, type_=ARRAY(type)) for name, type in _TOLD.items())
    columns = (column(name, type) for name, type in _TOLD.items())
    told = func.unnest(*arrays).table_valued(*columns, name="told").render_derived()
    return _settled_as(dict(told.c.items()))


def _settled_as(told: Mapping[str, ColumnElement[Any]]) -> Update:
    return (
        update(deliveries)
        .where(
            deliveries.c.id == told["row"],
            deliveries.c.attempts == told["attempt"],
            # Said so that SQLite does not take it for a reason to walk the index of pending rows.
            *(deliveries.c.state != each for each in (*_OVER, DeliveryState.SKIPPED)),
        )
        .values(
            state=told["to_state"],
            due=told["to_due"],
            reply=told["to_reply"],
            deferrals=deliveries.c.deferrals + told["put_off"],
            settled=told["at"],
        )
    )

"""The two changes that a worker writes for every message: it is being sent; this became of it.

They decide how fast an issue goes out, so their statements are made once, and they run in the
thread of `Store.commit`, on as many rows as are at hand.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Dialect,
    Integer,
    Select,
    String,
    Text,
    Update,
    bindparam,
    or_,
    select,
    update,
)

from publisher.model import Claim, DeliveryState, IssueState
from publisher.store.finishing import tell_failed
from publisher.store.ledger import may_be_mailed
from publisher.store.prepared import Prepared, told, told_time
from publisher.store.tables import UTCDateTime, deliveries, issues

_OVER = (DeliveryState.ACCEPTED, DeliveryState.FAILED)


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
    connection: Connection, claims: Collection[Claim], now: datetime, lease_ends: datetime
) -> set[int]:
    """Mark claimed rows as sending; give the deliveries that may now be transmitted.

    Those left out were fenced off, or their person has left since, or their issue is no longer
    open: they must not be sent.
    """
    statements = _statements(connection.dialect)
    rows = json.dumps([{"delivery": each.delivery, "attempt": each.attempt} for each in claims])
    times = {
        "now": told_time(connection.dialect, now),
        "lease_ends": told_time(connection.dialect, lease_ends),
    }
    if statements.mark.run(connection, told=rows, **times).rowcount == len(claims):
        return {claim.delivery for claim in claims}
    return set(statements.marked.run(connection, told=rows).scalars())


def settle(connection: Connection, outcomes: Sequence[Outcome], now: datetime) -> int:
    """Record outcomes; give how many rows took them (the rest were fenced off)."""
    if not outcomes:
        return 0
    dialect = connection.dialect
    at = told_time(dialect, now)
    rows = [
        {
            "delivery": outcome.claim.delivery,
            "attempt": outcome.claim.attempt,
            "to_state": outcome.state,
            "to_due": told_time(dialect, outcome.due),
            "to_reply": outcome.reply,
            "put_off": int(outcome.deferred),
            "at": at if outcome.state in _OVER else None,
        }
        for outcome in outcomes
    ]
    taken = _statements(dialect).settle.run(connection, told=json.dumps(rows)).rowcount
    failed = [each.claim.delivery for each in outcomes if each.state is DeliveryState.FAILED]
    if failed:
        tell_failed(connection, deliveries.c.id.in_(failed), now)
    return taken


@dataclass(frozen=True, slots=True)
class _Statements:
    mark: Prepared
    marked: Prepared
    settle: Prepared


@lru_cache(maxsize=8)
def _statements(dialect: Dialect) -> _Statements:
    return _Statements(
        mark=Prepared(_marking(dialect), dialect),
        marked=Prepared(_marked(dialect), dialect),
        settle=Prepared(_settling(dialect), dialect),
    )


def _in_states(*states: DeliveryState) -> list[ColumnElement[bool]]:
    """Say in which states a row is, so that no database takes it for a reason to walk an index.

    They do, through all rows that wait, while what they know of a new issue is of the last one.
    """
    return [deliveries.c.state != each for each in DeliveryState if each not in states]


def _marking(dialect: Dialect) -> Update:
    held = told(dialect, {"delivery": BigInteger(), "attempt": Integer()})
    open_issue = select(issues.c.id).where(issues.c.state == IssueState.OPEN)
    return (
        update(deliveries)
        .where(
            deliveries.c.id == held.c.delivery,
            deliveries.c.attempts == held.c.attempt,
            *_in_states(DeliveryState.PENDING),
            or_(deliveries.c.issue_id.is_(None), deliveries.c.issue_id.in_(open_issue)),
            may_be_mailed(bindparam("now", type_=UTCDateTime)),
        )
        .values(state=DeliveryState.SENDING, due=bindparam("lease_ends"))
    )


def _marked(dialect: Dialect) -> Select[int]:
    held = told(dialect, {"delivery": BigInteger(), "attempt": Integer()})
    return select(deliveries.c.id).where(
        deliveries.c.id == held.c.delivery,
        deliveries.c.attempts == held.c.attempt,
        deliveries.c.state == DeliveryState.SENDING,
    )


def _settling(dialect: Dialect) -> Update:
    outcome = told(
        dialect,
        {
            "delivery": BigInteger(),
            "attempt": Integer(),
            "to_state": String(),
            "to_due": UTCDateTime(),
            "to_reply": Text(),
            "put_off": Integer(),
            "at": UTCDateTime(),
        },
    )
    return (
        update(deliveries)
        .where(
            deliveries.c.id == outcome.c.delivery,
            deliveries.c.attempts == outcome.c.attempt,
            *_in_states(DeliveryState.PENDING, DeliveryState.SENDING),
        )
        .values(
            state=outcome.c.to_state,
            due=outcome.c.to_due,
            reply=outcome.c.to_reply,
            deferrals=deliveries.c.deferrals + outcome.c.put_off,
            settled=outcome.c.at,
        )
    )

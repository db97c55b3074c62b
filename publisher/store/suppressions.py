"""The addresses, and domains, that are never mailed: what claims ask, and who is known again.

A suppression is found in two ways. What composes and sends compares the address itself, which is
an index away (`bars`). Whoever lets people in asks by the keyed hash (`among`): it is all that is
left of an address once its owner was erased, and so no import brings them back. The key of the
hash is the site's first one, which is never taken out.
"""

from __future__ import annotations

import hmac
import string
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, and_, delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import Event, EventKind, Suppression, SuppressionReason
from publisher.store import bulk, events, keys
from publisher.store.engine import insert_unless
from publisher.store.tables import subscribers, suppressions

_OWN_AFFAIR = (SuppressionReason.ERASED, SuppressionReason.COMPLAINT)
# All that the local part of an address's key may hold (publisher.mail.address).
_LOCAL_PART = string.ascii_lowercase + string.digits + "!#$%&'*+/=?^_`{|}~.-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A suppression that is to be: ``address_key`` is that of an address, or "@" and a domain."""

    address_key: str
    reason: SuppressionReason
    created: datetime
    newsletter: str = ""
    note: str = ""
    until: datetime | None = None


def hashed(secret: bytes, address_key: str) -> str:
    """Give what an address, or "@" and a domain, is known by once it is forgotten."""
    # RFC 2104. Without the site's key nobody can try addresses until one fits.
    hash = _begun(secret).copy()
    hash.update(address_key.encode())
    return hash.hexdigest()


@lru_cache(maxsize=1)
def _begun(secret: bytes) -> hmac.HMAC:
    # RFC 2104 §4: what comes of the key itself is computed once, and not for each of a million.
    return hmac.new(secret, b"publisher suppression\0", "sha256")


def bars(
    address_key: ColumnElement[str],
    newsletter: ColumnElement[str] | str,
    now: datetime | ColumnElement[datetime],
) -> ColumnElement[bool]:
    """Say whether an address, or its domain, is suppressed for a newsletter."""
    # Both databases have ltrim, and only one each what else would cut off a local part.
    domain = func.ltrim(address_key, _LOCAL_PART)
    # An EXISTS for each: a planner that may join by it does not look up a million addresses.
    return or_(
        *(
            exists().where(
                suppressions.c.address_key == key,
                suppressions.c.newsletter.in_(("", newsletter)),
                _lasts(now),
            )
            for key in (address_key, domain)
        )
    )


def _lasts(now: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    return or_(suppressions.c.until.is_(None), suppressions.c.until > now)


async def suppress(
    connection: AsyncConnection,
    address_key: str,
    reason: str,
    now: datetime,
    *,
    newsletter: str = "",
    note: str = "",
    until: datetime | None = None,
) -> bool:
    """Never mail an address, or a domain, again; False if that was so before.

    ``reason`` is one of `SuppressionReason`.
    """
    wanted = Wanted(
        address_key=address_key,
        reason=SuppressionReason(reason),
        created=now,
        newsletter=newsletter,
        note=note,
        until=until,
    )
    return await add(connection, [wanted]) == 1


async def add(connection: AsyncConnection, wanted: Sequence[Wanted]) -> int:
    """Add suppressions; give how many were not there before.

    One that is there stays as it is, unless it ends earlier, or is only there since its owner was
    erased: they may lift that themselves.
    """
    added = await _put(connection, wanted)
    await _tell(connection, added)
    return len(added)


async def _put(connection: AsyncConnection, wanted: Sequence[Wanted]) -> list[Wanted]:
    if not wanted:
        return []
    secret = await keys.site_secret(connection)
    insert = insert_unless(connection, suppressions)
    told = insert.excluded
    changed = insert.on_conflict_do_update(
        index_elements=["hash", "newsletter"],
        set_={
            "address_key": told.address_key,
            "reason": told.reason,
            "note": told.note,
            "created": told.created,
            "until": told.until,
        },
        where=or_(
            and_(
                suppressions.c.reason == SuppressionReason.ERASED,
                told.reason != SuppressionReason.ERASED,
            ),
            and_(
                suppressions.c.until.is_not(None),
                or_(told.until.is_(None), told.until > suppressions.c.until),
            ),
        ),
    )
    # One statement takes each of them once: the first is what is wanted.
    by_hash: dict[tuple[str, str], Wanted] = {}
    for each in wanted:
        by_hash.setdefault((hashed(secret, each.address_key), each.newsletter), each)
    rows = [{"hash": hash, **asdict(each)} for (hash, _), each in by_hash.items()]
    made = await connection.execute(
        changed.returning(suppressions.c.hash, suppressions.c.newsletter), rows
    )
    return [by_hash[row.hash, row.newsletter] for row in made]


async def _tell(connection: AsyncConnection, added: Sequence[Wanted]) -> None:
    ids = await _subscribers(connection, {each.address_key for each in added})
    events.note(
        connection,
        *(
            Event(
                kind=EventKind.SUPPRESSION_ADDED,
                occurred=each.created,
                newsletter=each.newsletter or None,
                subscriber=ids.get(each.address_key),
                address=each.address_key,
                data={"reason": each.reason},
            )
            for each in added
        ),
    )


async def _subscribers(connection: AsyncConnection, keys: Collection[str]) -> dict[str, int]:
    """Map the keys of those addresses that are a subscriber's to their ids."""
    rows = await connection.execute(
        select(subscribers.c.address_key, subscribers.c.id).where(
            bulk.among_texts(connection, subscribers.c.address_key, keys)
        )
    )
    return {row.address_key: row.id for row in rows}


class Hashes(NamedTuple):
    """Whom hashes stand for: their own address each, or all of their domain."""

    own: Mapping[str, str]
    domains: Mapping[str, Sequence[str]]


def hashes(secret: bytes, address_keys: Collection[str]) -> Hashes:
    """Give the hashes by which addresses are known again, for `found`."""
    domains = defaultdict[str, list[str]](list)
    for each in address_keys:
        domains[_domain(each)].append(each)
    return Hashes(
        own={hashed(secret, each): each for each in address_keys},
        domains={hashed(secret, name): those for name, those in domains.items()},
    )


async def among(
    connection: AsyncConnection,
    address_keys: Collection[str],
    now: datetime,
    *,
    newsletter: str | None = None,
) -> dict[str, list[Suppression]]:
    """Map those of these addresses that are suppressed to how: themselves first, then by domain.

    ``newsletter`` is the one that they are wanted for, None for any. Addresses are known again
    that nothing but their hash is left of.
    """
    asked = hashes(await keys.site_secret(connection), address_keys)
    return await found(connection, asked, now, newsletter=newsletter)


async def found(
    connection: AsyncConnection, asked: Hashes, now: datetime, *, newsletter: str | None
) -> dict[str, list[Suppression]]:
    """Do what `among` does; the hashes of thousands are better made outside of a transaction."""
    query = select(suppressions).where(
        bulk.among_texts(connection, suppressions.c.hash, {**asked.own, **asked.domains}),
        _lasts(now),
    )
    if newsletter is not None:
        query = query.where(suppressions.c.newsletter.in_(("", newsletter)))
    rows = (await connection.execute(query.order_by(suppressions.c.id))).all()
    told = defaultdict[str, list[Suppression]](list)
    for row in rows:
        if row.hash in asked.own:
            told[asked.own[row.hash]].append(_suppression(row))
    for row in rows:
        for each in asked.domains.get(row.hash, ()):
            if each != asked.own.get(row.hash):  # a domain by itself
                told[each].append(_suppression(row))
    return dict(told)


async def know_again(connection: AsyncConnection, address_keys: Iterable[str]) -> None:
    """Let claims see who was suppressed, was erased, and comes back.

    All but those for whom being erased is the only reason: these may come back.
    """
    secret = await keys.site_secret(connection)
    for each in address_keys:
        await connection.execute(
            update(suppressions)
            .where(
                suppressions.c.hash == hashed(secret, each),
                suppressions.c.address_key.is_(None),
                suppressions.c.reason != SuppressionReason.ERASED,
            )
            .values(address_key=each)
        )


async def forget(connection: AsyncConnection, address_key: str, now: datetime) -> str:
    """Keep nothing of an address but its hash, and suppress it for that; give the hash."""
    erased = SuppressionReason.ERASED
    # Nobody is told of the address: that its owner was erased is an event of its own.
    await _put(connection, [Wanted(address_key=address_key, reason=erased, created=now)])
    hash = hashed(await keys.site_secret(connection), address_key)
    await connection.execute(
        update(suppressions).where(suppressions.c.hash == hash).values(address_key=None, note="")
    )
    return hash


async def unsuppress(
    connection: AsyncConnection,
    address_key: str,
    now: datetime,
    *,
    newsletter: str = "",
    reasons: Collection[SuppressionReason] = tuple(SuppressionReason),
) -> bool:
    """Allow an address, or a domain, again, if it is suppressed for one of these reasons.

    False if it was not.
    """
    hash = hashed(await keys.site_secret(connection), address_key)
    result = await connection.execute(
        delete(suppressions).where(
            suppressions.c.hash == hash,
            suppressions.c.newsletter == newsletter,
            suppressions.c.reason.in_(reasons),
        )
    )
    if result.rowcount == 0:
        return False
    ids = await _subscribers(connection, [address_key])
    events.note(
        connection,
        Event(
            kind=EventKind.SUPPRESSION_REMOVED,
            occurred=now,
            newsletter=newsletter or None,
            subscriber=ids.get(address_key),
            address=address_key,
        ),
    )
    return True


async def lift_own(
    connection: AsyncConnection, address_key: str, newsletter: str, now: datetime
) -> None:
    """Lift what the person themselves was against, since they have confirmed a wish of now.

    That is to have been erased, or to have complained. No wish heals a mailbox that bounces.
    """
    for scope in ("", newsletter):
        await unsuppress(connection, address_key, now, newsletter=scope, reasons=_OWN_AFFAIR)


async def page(connection: AsyncConnection, *, after: int = 0, limit: int) -> list[Suppression]:
    """Give up to ``limit`` suppressions behind the id ``after``, in the order of their making."""
    rows = await connection.execute(
        select(suppressions)
        .where(suppressions.c.id > after)
        .order_by(suppressions.c.id)
        .limit(limit)
    )
    return [_suppression(row) for row in rows]


def _domain(address_key: str) -> str:
    """Give "@" and the domain of an address's key, or of what is that already."""
    return "@" + address_key.rpartition("@")[2]


def _suppression(row: Row[Any]) -> Suppression:
    return Suppression(
        id=row.id,
        hash=row.hash,
        address_key=row.address_key,
        newsletter=row.newsletter,
        reason=SuppressionReason(row.reason),
        note=row.note,
        created=row.created,
        until=row.until,
    )

"""The tokens by which programs use the API, of which only digests are kept."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from publisher.model import Scope
from publisher.store.engine import insert_unless
from publisher.store.tables import api_tokens

# So that whoever finds one in a log or a repository knows what it opens.
_PREFIX = "pub_"
_BYTES = 32
# A token that is used all the time is not written down each time.
_NOTED = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What the token of this name lets its program do; ``used`` is when it was shown last."""

    name: str
    scopes: frozenset[Scope]
    created: datetime
    expires: datetime | None
    used: datetime | None

    def has_expired(self, now: datetime) -> bool:
        """Say whether its time is over."""
        return self.expires is not None and self.expires <= now


async def add(
    connection: AsyncConnection,
    name: str,
    scopes: Collection[Scope],
    *,
    expires: datetime | None,
    now: datetime,
) -> str | None:
    """Make a token and give it, this one time; None if there is one of this name."""
    token = _PREFIX + secrets.token_urlsafe(_BYTES)
    made = await connection.scalar(
        insert_unless(connection, api_tokens)
        .values(
            name=name,
            digest=_digest(token),
            scopes=" ".join(sorted(scopes)),
            created=now,
            expires=expires,
        )
        .on_conflict_do_nothing(index_elements=["name"])
        .returning(api_tokens.c.name)
    )
    return None if made is None else token


async def find(connection: AsyncConnection, token: str) -> Access | None:
    """Find what a token opens, whether or not its time is over."""
    row = (
        await connection.execute(select(api_tokens).where(api_tokens.c.digest == _digest(token)))
    ).one_or_none()
    return None if row is None else _access(row)


def is_worth_noting(access: Access, now: datetime) -> bool:
    """Say whether the use of a token is to be noted."""
    return access.used is None or now - access.used >= _NOTED


async def note_use(connection: AsyncConnection, access: Access, now: datetime) -> None:
    """Note that a token was shown, unless that has been noted since."""
    await connection.execute(
        update(api_tokens)
        .where(
            api_tokens.c.name == access.name,
            or_(api_tokens.c.used.is_(None), api_tokens.c.used < now),
        )
        .values(used=now)
    )


async def listing(connection: AsyncConnection) -> list[Access]:
    """List all of them, by name."""
    rows = await connection.execute(select(api_tokens).order_by(api_tokens.c.name))
    return [_access(row) for row in rows]


async def remove(connection: AsyncConnection, name: str) -> bool:
    """Have a token open nothing from now on; False if there is none of this name."""
    result = await connection.execute(delete(api_tokens).where(api_tokens.c.name == name))
    return result.rowcount == 1


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _access(row: Row[Any]) -> Access:
    return Access(
        name=row.name,
        scopes=frozenset(Scope(scope) for scope in row.scopes.split()),
        created=row.created,
        expires=row.expires,
        used=row.used,
    )

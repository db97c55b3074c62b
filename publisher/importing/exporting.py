"""Lists for elsewhere: who reads what, and who is never mailed, as an import reads them.

They are written a page at a time, however long they are; no transaction is open meanwhile.
"""

from __future__ import annotations

import io
import json
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence

from publisher.importing import barring, spreadsheet
from publisher.importing.formats import csv
from publisher.mail.address import key
from publisher.model import Subscription, SubscriptionState, Suppression
from publisher.ports import Clock
from publisher.store import subscribers as people
from publisher.store import suppressions as barred
from publisher.store.engine import Store

_PAGE = 1000

_Row = Mapping[str, str]


async def subscribers(
    store: Store,
    *,
    newsletter: str | None = None,
    state: SubscriptionState | None = None,
    as_json: bool,
    clock: Clock,
) -> AsyncGenerator[str]:
    """Write subscriptions as CSV, or as JSON Lines: an object for each."""
    if not as_json:
        yield _csv([csv.COLUMNS])
    after = 0
    while True:
        async with store.read() as connection:
            page = await people.page(
                connection, newsletter=newsletter, state=state, after=after, limit=_PAGE
            )
            keys = {each.id: key(each.address) for each in page}
            why = await barred.among(connection, set(keys.values()), clock())
        if not page:
            return
        rows = [csv.row(each, _reason(each, why.get(keys[each.id], ()))) for each in page]
        yield _json_lines(map(_told, rows)) if as_json else _csv(row.values() for row in rows)
        after = page[-1].id


async def suppressions(store: Store, *, as_json: bool) -> AsyncGenerator[str]:
    """Write suppressions likewise, without those of whom nothing but a hash is left."""
    if not as_json:
        yield _csv([barring.COLUMNS])
    after = 0
    while True:
        async with store.read() as connection:
            page = await barred.page(connection, after=after, limit=_PAGE)
        if not page:
            return
        rows = [_cells(each, each.address_key) for each in page if each.address_key]
        yield _json_lines(map(_without_blanks, map(_named, rows))) if as_json else _csv(rows)
        after = page[-1].id


def _csv(rows: Iterable[Iterable[str]]) -> str:
    stream = io.StringIO()
    spreadsheet.write(stream, rows)
    return stream.getvalue()


def _json_lines(rows: Iterable[Mapping[str, object]]) -> str:
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)


def _reason(subscription: Subscription, barred: Iterable[Suppression]) -> str:
    """Say why the address itself is never mailed; that its domain is, is no business of a list."""
    those = (
        each.reason.value
        for each in barred
        if each.newsletter in ("", subscription.newsletter)
        and each.address_key is not None
        and not each.address_key.startswith("@")
    )
    return next(those, "")


def _told(row: _Row) -> Mapping[str, object]:
    """Give a row as JSON has it: null for nothing, a list and an object for what is such."""
    return {
        **_without_blanks(row),
        "name": row["name"],
        "topics": row["topics"].split(",") if row["topics"] else [],
        "consent": json.loads(row["consent"]),
    }


def _without_blanks(row: _Row) -> Mapping[str, object]:
    return {name: cell or None for name, cell in row.items()}


def _named(cells: Sequence[str]) -> _Row:
    return dict(zip(barring.COLUMNS, cells, strict=True))


def _cells(one: Suppression, address: str) -> tuple[str, ...]:
    until = one.until.isoformat() if one.until else ""
    return (address, one.newsletter, one.reason.value, one.created.isoformat(), until, one.note)

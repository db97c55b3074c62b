"""Lists of addresses, or domains, that are never to be mailed."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

from publisher.errors import AddressError, PublisherError
from publisher.importing import sheets
from publisher.importing.line import Line, Offer, Unusable
from publisher.importing.reading import Rejected
from publisher.importing.sheets import Sheet
from publisher.mail.address import scope
from publisher.model import SuppressionReason
from publisher.store.suppressions import Wanted

# The columns of our export.
COLUMNS = ("address", "newsletter", "reason", "created", "until", "note")

_ADDRESS = ("address", "email", "email_address", "e-mail")


def read(
    sheet: Sheet,
    *,
    reason: SuppressionReason,
    newsletter: str,
    newsletters: Collection[str],
    now: datetime,
) -> Iterator[Wanted | Rejected]:
    """Give what each row wants; ``reason`` and ``newsletter`` are for those that name none.

    Raises PublisherError if there is no column of addresses.
    """
    columns = sheets.names(sheet)
    named = [name for name in _ADDRESS if name in columns]
    if not named:
        raise PublisherError(
            f'{sheet.name}: line 1: there is no column "address" or "email"; the first line must'
            f" name the columns (it is: {', '.join(columns)[:80]})"
        )
    offer = Offer.nothing(now)
    rows = sheets.rows(sheet, single=columns.index(named[0]))
    next(rows)  # the names
    for row in rows:
        line = Line(sheet.name, dict(zip(columns, row.cells, strict=False)), offer)
        try:
            if row.fault:
                raise Unusable(row.fault)
            of = line.text("newsletter") or newsletter
            if of and of not in newsletters:
                raise Unusable(f"there is no newsletter {of}")
            yield Wanted(
                address_key=_scope(line.text(*named)),
                reason=SuppressionReason(line.reason("reason") or reason),
                created=line.time("created") or now,
                newsletter=of,
                note=line.words("note"),
                until=line.until("until"),
            )
        except Unusable as error:
            given = line.text(*named) if row.cells else row.text
            yield Rejected(file=sheet.name, line=row.line, address=given[:200], reason=str(error))


def _scope(text: str) -> str:
    if not text:
        raise Unusable("there is no address")
    try:
        return scope(text)
    except AddressError as error:
        raise Unusable(str(error)) from error

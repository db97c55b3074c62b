"""Lists from elsewhere, as programs hand them over: the imports of the command line.

A list is read beside the requests of others, some hundred lines at a time, and what it says is
done as it is read. One that was broken off is sent again: rows are done once.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import nullcontext
from itertools import islice
from typing import Annotated, Literal, TypeVar

from pydantic import Field

from publisher.errors import PublisherError
from publisher.importing import Became, Importer, barring, reading, sheets
from publisher.importing.formats import csv
from publisher.importing.line import Offer
from publisher.importing.reading import List, Rejected
from publisher.model import Scope, SubscriptionState, SuppressionReason
from publisher.store import suppressions
from publisher.store.rehearsal import Rehearsal
from publisher.web.api.body import CSV
from publisher.web.api.checking import Given, Told
from publisher.web.api.newsletters import asked_for, cadence_asked_for
from publisher.web.api.operation import Call, Operation
from publisher.web.api.problem import Problem

# Lines a transaction: fewer than the command takes, since other requests wait for each.
_BATCH = 500
_MOST_REJECTS = 1000

T = TypeVar("T")

# PostgreSQL keeps no zeros.
_File = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]
_Slug = Annotated[str, Field(max_length=100)]
_Format = Literal["buttondown", "csv", "ghost", "listmonk", "mailchimp", "mailpoet", "substack"]
_FIELDS = (*csv.COLUMNS, *csv.MORE)


class HowToImport(Given):
    """How a list of people is to be taken in."""

    newsletter: _Slug
    """Which newsletter they get; must be given."""
    cadence: _Slug | None = None
    """How often, where the list does not say; without it, the first that has a schedule."""
    state: SubscriptionState | None = None
    """How those stand of whom the list does not say. Without it they are asked by mail; `active`
    vouches for them, `ended` says that they left.
    """
    format: _Format | None = None
    """Which system the list is from: `buttondown`, `csv`, `ghost`, `listmonk`, `mailchimp`,
    `mailpoet` or `substack`; without it the columns tell.
    """
    map: tuple[Annotated[str, Field(max_length=200)], ...] = ()
    """What is called otherwise in the list, as FIELD=COLUMN, such as `email=E-Mail`; may be given
    several times.
    """
    file: _File = "list.csv"
    """What the list is called; it is noted with everybody who is in it."""
    consent: Annotated[str, Field(max_length=2000, pattern=r"^[^\x00]*$")] = ""
    """How these people agreed, to be kept: which words, where and when."""
    dry_run: bool = False
    """Whether nothing is changed, and the answer says what would be."""


class HowToBar(Given):
    """How a list of suppressions is to be taken in."""

    newsletter: _Slug | None = None
    """By which newsletter those are not mailed that name none; without it by all."""
    reason: SuppressionReason = SuppressionReason.MANUAL
    """Why, in a word, of those that name no reason."""
    file: _File = "list.csv"
    """What the list is called."""


class Reject(Told):
    """A line that cannot be taken in."""

    line: int
    """Where it stands; the names of the columns are line 1."""
    address: str
    """Whom it is about, as far as that can be read."""
    reason: str
    """What is wrong with it."""


class Imported(Told):
    """What became of the people of a list."""

    format: str
    """What system the list was taken to be from."""
    active: int
    """Read it from the next issue on."""
    asked: int
    """Are asked by mail to confirm it."""
    pending: int
    """Had not confirmed there, and are not asked."""
    ended: int
    """Had left there, and are gone here."""
    suppressed: int
    """Are suppressed from now on, as there."""
    already: int
    """Read it already; nothing has changed."""
    waiting: int
    """Were asked before, and have not answered."""
    left: int
    """Left before, and stay away."""
    barred: int
    """Are suppressed here, and stay away."""
    elsewhere: int
    """Are of another newsletter, and passed over."""
    rejected: int
    """Lines that cannot be taken in."""
    rejects: list[Reject]
    """The first 1,000 of those lines."""


class Barred(Told):
    """What became of a list of suppressions."""

    added: int
    """Are suppressed from now on."""
    already: int
    """Were suppressed before."""
    rejected: int
    """Lines that cannot be taken in."""
    rejects: list[Reject]
    """The first 1,000 of those lines."""


async def _subscribers(call: Call) -> Imported:
    how: HowToImport = call.query
    newsletter = asked_for(call.site, how.newsletter)
    usual = cadence_asked_for(newsletter, how.cadence)
    mapped = _mapping(how.map)
    listed = await _recognised(how.file, call.body, how.format, mapped)
    consent = {
        "added_by": "import",
        "token": call.access.name,
        "file": how.file,
        "system": listed.format.TITLE,
    }
    if how.consent:
        consent["said"] = how.consent
    counts: Counter[str] = Counter()
    rejects: list[Reject] = []
    with Rehearsal() if how.dry_run else nullcontext() as rehearsal:
        importer = Importer(
            store=call.site.store,
            newsletter=newsletter,
            usual=usual,
            state=how.state,
            consent=consent,
            publication=call.site.publication,
            templates=call.site.templates,
            clock=call.site.clock,
            rehearsal=rehearsal,
        )
        offer = Offer.of(newsletter, usual, call.site.clock())
        async for batch in _read(reading.read(listed, offer, newsletter.slug)):
            taken = [each for each in batch if each and not isinstance(each, Rejected)]
            counts["elsewhere"] += batch.count(None)
            counts["rejected"] += _rejected(batch, rejects)
            counts.update(await importer.take(taken))
    return Imported(
        format=listed.format.TITLE,
        **{each: counts[each] for each in (*Became, "elsewhere", "rejected")},
        rejects=rejects,
    )


async def _suppressions(call: Call) -> Barred:
    how: HowToBar = call.query
    slug = asked_for(call.site, how.newsletter).slug if how.newsletter else ""
    sheet = await asyncio.to_thread(sheets.held, how.file, call.body)
    wanted = barring.read(
        sheet,
        reason=how.reason,
        newsletter=slug,
        newsletters={each.slug for each in call.site.newsletters},
        now=call.site.clock(),
    )
    added = already = bad = 0
    rejects: list[Reject] = []
    async for batch in _read(wanted):
        taken = [each for each in batch if not isinstance(each, Rejected)]
        bad += _rejected(batch, rejects)
        async with call.site.store.write() as connection:
            new = await suppressions.add(connection, taken)
        added += new
        already += len(taken) - new
    return Barred(added=added, already=already, rejected=bad, rejects=rejects)


def _mapping(texts: Sequence[str]) -> dict[str, str]:
    """Read which column is what. Raises Problem."""
    found = {}
    for text in texts:
        field, _, column = (each.strip() for each in text.partition("="))
        if field not in _FIELDS:
            fields = ", ".join(_FIELDS)
            raise Problem(400, f"The parameter map is FIELD=COLUMN, with a field of: {fields}.")
        found[field] = column
    return found


async def _recognised(
    name: str, content: bytes, format: str | None, mapped: Mapping[str, str]
) -> List:
    """Find out what list it is. Raises Problem."""

    def look() -> List:
        (found,), _ = reading.lists([sheets.held(name, content)], format, mapped)
        return found

    try:
        return await asyncio.to_thread(look)
    except PublisherError as error:
        # It names the option of the command, which is a parameter here.
        raise Problem(422, f"{error}.".replace("--map", "the parameter map")) from None


async def _read(rows: Iterator[T]) -> AsyncIterator[list[T]]:
    """Give rows in batches, read in a thread. Raises Problem where there is no list at all."""
    while True:
        try:
            batch = await asyncio.to_thread(lambda: list(islice(rows, _BATCH)))
        except PublisherError as error:
            raise Problem(422, f"{error}.") from None
        if not batch:
            return
        yield batch


def _rejected(batch: Sequence[object], rejects: list[Reject]) -> int:
    """Tell of the lines of a batch that cannot be taken in, while there is room; count them."""
    found = [each for each in batch if isinstance(each, Rejected)]
    rejects += [
        Reject(line=each.line, address=each.address, reason=each.reason)
        for each in found[: _MOST_REJECTS - len(rejects)]
    ]
    return len(found)


_UNREADABLE = {422: "There is no list in it that could be read: detail says why."}

SUBSCRIBERS = Operation(
    method="POST",
    path="/subscribers/import",
    scope=Scope.SUBSCRIBERS_IMPORT,
    id="importSubscribers",
    summary="Import a list of people",
    description="CSV with a column `email`, or what another system exports, with how people stand"
    " there. Nobody who left is brought back or asked again. A list that was broken off is sent"
    " again, and what was done is not done twice. It must not be larger than 5 MB;"
    " `publisher subscribers import` takes lists of any size.",
    query=HowToImport,
    file=CSV,
    gives=Imported,
    refusals=_UNREADABLE,
    do=_subscribers,
)
SUPPRESSIONS = Operation(
    method="POST",
    path="/suppressions/import",
    scope=Scope.SUPPRESSIONS_WRITE,
    id="importSuppressions",
    summary="Import a list of suppressions",
    description="CSV with a column `address` or `email`, of addresses or of domains as @ and their"
    " names, and if they are there `reason`, `newsletter`, `until`, `created` and `note`.",
    query=HowToBar,
    file=CSV,
    gives=Barred,
    refusals=_UNREADABLE,
    do=_suppressions,
)

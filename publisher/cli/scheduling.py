"""`schedule`: what falls due when, and for how many."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Annotated, Any

import typer

from publisher.cli import running, show
from publisher.cli.running import AsJson
from publisher.errors import StoreError
from publisher.model import MissedPolicy, OwnTime

if TYPE_CHECKING:
    from publisher.config import Config
    from publisher.issues import Clockwork
    from publisher.model import Cadence, Newsletter

_NEXT = 3
_MOST = 10_000  # slots of one cadence; a cron that fires each minute has no end
_MISSED = {
    MissedPolicy.SKIP: "is left out, and its articles wait for the next",
    MissedPolicy.MERGE: "is made with all others that are late, as one issue",
    MissedPolicy.SEND: "is made all the same, each as an issue",
}


def schedule(
    ctx: typer.Context,
    next_: Annotated[
        int | None,
        typer.Option(
            "--next",
            metavar="N",
            min=1,
            help=f"How many slots of each cadence; {_NEXT} without --until.",
        ),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="DATE", help="All slots up to this day."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the next slots of each newsletter and cadence, and for how many readers. Sends nothing.

    Times are on the newsletter's clock. Where readers have chosen a time of their own, each time
    is a wave of its own, on the clock of those who chose it; the issue is named by its slot.
    """
    config = running.configured(ctx)
    readers = running.run(_readers(config))
    most = next_ or (_MOST if until else _NEXT)
    now = datetime.now(UTC)
    rows = heapq.merge(
        *(
            islice(coming(newsletter, cadence, now, until, whose, readers), most)
            for newsletter in config.newsletters
            for cadence in newsletter.cadences
            for whose in _times(newsletter, cadence, readers)
        ),
        key=lambda row: row["instant"],
    )
    columns = ["newsletter", "cadence", "slot", "issue", "readers", "note"]
    with show.Listing(*columns, as_json=as_json, empty="No slot is to come.") as listing:
        listing.page(rows)
    if not as_json:
        _explain(config)


def _explain(config: Config) -> None:
    """Say what the rows do not: what has no slots, and what becomes of those that are missed."""
    for newsletter in config.newsletters:
        for cadence in newsletter.cadences:
            if cadence.cron is None:
                show.notice(f"{newsletter.slug}, {cadence.name}: as articles come")
    for newsletter in config.newsletters:
        if any(cadence.cron for cadence in newsletter.cadences):
            show.notice(
                f"{newsletter.slug}: a slot that is more than {newsletter.max_lateness} late"
                f" {_MISSED[newsletter.missed]}."
            )


async def _readers(config: Config) -> dict[tuple[str, str, str], int] | None:
    """Count readers without opening the site, which would put schedules into force.

    None where there is no database yet.
    """
    from publisher.store import waves
    from publisher.store.engine import connect
    from publisher.store.migrate import require_current

    url = config.store_url.get_secret_value()
    try:
        require_current(url)
    except StoreError as error:
        show.notice(f"Readers are not counted: {error}")
        return None
    store = connect(url)
    try:
        async with store.read() as connection:
            return await waves.readers(connection)
    finally:
        await store.close()


_Readers = Mapping[tuple[str, str, str], int] | None


def _times(newsletter: Newsletter, cadence: Cadence, readers: _Readers) -> Sequence[str | None]:
    """List the own times that readers have chosen; None where it is one time for everybody."""
    if not cadence.own_time:
        return [None]
    theirs = [key[2] for key in readers or () if key[:2] == (newsletter.slug, cadence.name)]
    return sorted({"", *theirs})


def coming(
    newsletter: Newsletter,
    cadence: Cadence,
    after: datetime,
    until: datetime | None,
    whose: str | None = None,
    readers: _Readers = None,
) -> Iterator[dict[str, Any]]:
    """Give the slots of a cadence to come, oldest first, up to the end of a local day if given.

    ``whose`` is the own time of the readers that are meant, None for everybody. A slot that the
    clock change skips or repeats has a note; `instant` is when it is due all the same.
    """
    from publisher.issues import Clockwork

    if cadence.cron is None:
        return
    clockwork = Clockwork(newsletter, cadence, cadence.cron, whose)
    slots: Iterator[Any] = clockwork.coming(after)
    if until is not None:
        end = until + timedelta(days=1)
        slots = takewhile(lambda slot: slot.local < end, slots)
    for slot in slots:
        local = slot.instant.astimezone(clockwork.zone)
        yield {
            "newsletter": newsletter.slug,
            "cadence": cadence.name,
            "slot": f"{local:%a %Y-%m-%d %H:%M %Z}",
            "instant": slot.instant,
            "issue": clockwork.label(slot),
            "own_time": whose or "",
            "readers": None if readers is None else _count(clockwork, readers),
            "note": "; ".join(filter(None, [_own(whose), _change(local, slot.local)])),
            "missed": str(newsletter.missed),
            "max_lateness_seconds": newsletter.max_lateness.total_seconds(),
        }


def _count(clockwork: Clockwork, readers: Mapping[tuple[str, str, str], int]) -> int:
    name = (clockwork.newsletter.slug, clockwork.cadence.name)
    return sum(
        people
        for (*of, own_time), people in readers.items()
        if tuple(of) == name and clockwork.whose in (None, own_time)
    )


def _own(whose: str | None) -> str:
    """Say what readers of a wave have chosen."""
    if not whose:
        return ""
    chosen = OwnTime.parse(whose)
    hour = "" if chosen.hour is None else f"{chosen.hour:02}h"
    zone = "" if chosen.zone is None else chosen.zone.key
    return f"own time: {' '.join(filter(None, [hour, zone])) or 'no longer a zone'}"


def _change(local: datetime, wall: datetime) -> str:
    """Say what a clock change does to a slot."""
    if local.replace(tzinfo=None) != wall:
        return f"the clock change skips {wall:%H:%M}"
    if local.replace(fold=1).utcoffset() != local.replace(fold=0).utcoffset():
        return f"the clock change brings {wall:%H:%M} twice; this is the first"
    return ""

"""Commands about one person: all that is held of them, another address, and to forget them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from publisher.cli import running, show
from publisher.cli.people import Address, subscribers
from publisher.cli.running import AsJson

if TYPE_CHECKING:
    from publisher.app import App
    from publisher.store.personal import Receipt

# What a table shows of each place; JSON has all of it.
_COLUMNS = {
    "subscriptions": ("newsletter", "cadence", "state", "created", "confirmed", "ended"),
    "former_consents": ("newsletter", "created", "confirmed", "ended"),
    "sign_ups": ("newsletter", "created"),
    "deliveries": ("newsletter", "number", "subject", "state", "settled", "reply"),
    "moves": ("former", "mailbox", "state", "created"),
    "bounces": ("kind", "status", "diagnostic", "consequence", "received"),
    "quarantine": ("reason", "received"),
    "events": ("kind", "newsletter", "occurred"),
    "notices": ("subject", "created", "sent"),
    "suppressions": ("address", "newsletter", "reason", "created", "until", "note"),
}
_MOST_ROWS = 10


@subscribers.command("show")
def show_subscriber(ctx: typer.Context, address: Address, as_json: AsJson = False) -> None:
    """Tell all that is held of a person: subscriptions, mails, suppressions, and more.

    A table ends with its newest rows; --json has all.
    """
    from publisher.mail.address import key, parse

    async def job(app: App) -> None:
        from publisher.erase import held

        person = parse(address)
        told = await held(app.store, person, clock=app.clock)
        zone = app.config.publication.timezone
        if as_json:
            found = told["suppressions"]
            suppressed = found[0]["reason"] if found else None
            show.dump({"address": key(person), "suppressed": suppressed, **_local(told, zone)})
        else:
            _print(key(person), _local(told, zone))

    running.at_work(ctx, job)


def _print(address: str, told: dict[str, list[dict[str, Any]]]) -> None:
    for who in told["subscribers"]:
        show.card({"address": who["mailbox"], "name": who["name"], "since": who["created"]})
    for each in told["suppressions"]:
        what = ", ".join(filter(None, (each["address"], each["reason"], each["note"])))
        where = f" from {each['newsletter']}" if each["newsletter"] else ""
        show.say(f"{address} is suppressed ({what}): no mail{where} goes there.")
    for place, columns in _COLUMNS.items():
        rows = told[place]
        if place == "suppressions" or not rows:
            continue
        shown = rows[-_MOST_ROWS:]
        more = f", the newest {len(shown)} of {len(rows):,}" if len(shown) < len(rows) else ""
        show.say(f"\n{place.replace('_', ' ').capitalize()}{more}")
        with show.Listing(*columns, as_json=False, empty="") as listing:
            listing.page(shown)
    _print_consents(told)


def _print_consents(told: dict[str, list[dict[str, Any]]]) -> None:
    """Print what is noted of each consent in force, with the words that were agreed to."""
    words = {row["hash"]: row["text"] for row in told["wordings"]}
    for row in told["subscriptions"]:
        if row["consent"]:
            show.say(f"\nConsent to {row['newsletter']}")
            show.card({name: words.get(text, text) for name, text in row["consent"].items()})


@subscribers.command()
def move(
    ctx: typer.Context,
    former: Annotated[str, typer.Argument(metavar="OLD", help="The address so far.")],
    to: Annotated[str, typer.Argument(metavar="NEW", help="The address from now on.")],
) -> None:
    """Give a person another address, with all that they read. Nothing is lost or comes twice.

    Neither mailbox is asked, since you vouch for it.
    """
    from publisher.mail.address import parse

    async def job(app: App) -> None:
        from publisher.move import by_hand

        await by_hand(app.store, parse(former), parse(to), clock=app.clock)
        show.say(f"What went to {former} goes to {to}.")

    running.at_work(ctx, job)


@subscribers.command()
def erase(
    ctx: typer.Context,
    address: Address,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Forget a person, for good, and print a receipt.

    The ledger keeps its rows without saying whose they are, so that counts stay true. A keyed hash
    of the address stays as well: no import brings them back, only they themselves can.
    """
    from publisher.mail.address import parse

    async def job(app: App) -> None:
        from publisher.erase import erase as forget
        from publisher.erase import held

        person = parse(address)
        await held(app.store, person, clock=app.clock)
        if not yes:
            typer.confirm(f"Forget {person.mailbox} for good?", abort=True, err=True)
        receipt = await forget(app.store, person, wanted_by="admin", clock=app.clock)
        _tell(receipt, app.config.publication.timezone, as_json=as_json)

    running.at_work(ctx, job)


def _tell(receipt: Receipt, zone: ZoneInfo, *, as_json: bool) -> None:
    """Print a receipt: a person may be sent it, since it does not say who they are."""
    if as_json:
        show.dump({**asdict(receipt), "created": receipt.created.astimezone(zone)})
        return
    show.card(
        {
            "receipt": receipt.id,
            "erased": receipt.created.astimezone(zone),
            **{place: f"{rows:,}" for place, rows in receipt.counts.items()},
            "kept": f"hash {receipt.hash}",
        }
    )


def _local(told: dict[str, list[dict[str, Any]]], zone: ZoneInfo) -> dict[str, Any]:
    """Give times on the publication's clock."""
    return {
        place: [
            {
                name: value.astimezone(zone) if isinstance(value, datetime) else value
                for name, value in row.items()
            }
            for row in rows
        ]
        for place, rows in told.items()
    }

"""Commands for people and their subscriptions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from publisher.cli import running, show
from publisher.cli.running import AsJson, CadenceName
from publisher.errors import PublisherError
from publisher.model import Subscription, SubscriptionState, Suppression, Wishes

if TYPE_CHECKING:
    from publisher.app import App

subscribers = typer.Typer(
    name="subscribers", help="Who reads which newsletter.", no_args_is_help=True
)

ToNewsletter = Annotated[
    str, typer.Option("--newsletter", metavar="SLUG", help="Which newsletter.")
]
OfNewsletter = Annotated[
    str | None, typer.Option("--newsletter", metavar="SLUG", help="Only this newsletter.")
]
OfState = Annotated[
    SubscriptionState | None, typer.Option("--state", help="Only those in this state.")
]
Confirmed = Annotated[
    bool,
    typer.Option("--confirmed", help="They have agreed already: no confirmation mail is sent."),
]
Address = Annotated[str, typer.Argument(metavar="ADDRESS")]

_PAGE = 1000


@subscribers.command()
def add(
    ctx: typer.Context,
    address: Address,
    newsletter: ToNewsletter,
    cadence: CadenceName = None,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="As mails greet them.")
    ] = None,
    confirmed: Confirmed = False,
) -> None:
    """Subscribe one person. Without --confirmed they are asked by mail first.

    Without --cadence they get the first that has a schedule.
    """
    from publisher.mail.address import clean_name, key, parse
    from publisher.subscribe import Subscribed, subscribe

    person = parse(address, name=None if name is None else clean_name(name))

    async def job(app: App) -> Subscribed:
        chosen = running.newsletter_called(app.config, newsletter)
        each = running.cadence_called(chosen, cadence).name
        await _refuse_suppressed(app, key(person), chosen.slug)
        outcome = await subscribe(
            app.store,
            chosen,
            person,
            wishes=Wishes(cadence=each),
            confirmed=confirmed,
            consent={"added_by": "command line"},
            publication=app.config.publication,
            templates=app.templates,
            clock=app.clock,
        )
        told = {
            Subscribed.ACTIVE: f"reads {chosen.slug} ({each}) from its next issue on.",
            Subscribed.ASKED: f"is asked to confirm {chosen.slug} ({each}):"
            " the worker sends the mail.",
            Subscribed.ALREADY: f"reads {chosen.slug} already; nothing has changed.",
            Subscribed.ENDED: f"has left {chosen.slug}, and only they themselves can come back."
            " Without --confirmed they are asked by mail.",
        }
        show.say(f"{person.mailbox} {told[outcome]}")
        return outcome

    if running.at_work(ctx, job) is Subscribed.ENDED:
        raise typer.Exit(1)


@subscribers.command("list")
def list_subscribers(
    ctx: typer.Context,
    newsletter: OfNewsletter = None,
    state: OfState = None,
    as_json: AsJson = False,
) -> None:
    """List subscriptions, in the order in which they were made."""

    async def job(app: App) -> None:
        with show.Listing(
            *("address", "name", "newsletter", "cadence", "state", "since"),
            as_json=as_json,
            empty="No subscriptions; `publisher subscribers add` and `import` make some.",
        ) as listing:
            async for page in pages(app, newsletter, state):
                listing.page(_row(app, subscription) for subscription in page)

    running.at_work(ctx, job)


@subscribers.command()
def remove(ctx: typer.Context, address: Address, newsletter: OfNewsletter = None) -> None:
    """End a person's subscriptions, all or one. Issues under way skip them from now on."""

    async def job(app: App) -> None:
        from publisher.store import subscriptions

        if newsletter is not None:
            running.newsletter_called(app.config, newsletter)
        _, found = await _of(app, address)
        left = []
        async with app.store.write() as connection:
            for each in found:
                is_meant = newsletter in (None, each.newsletter)
                if is_meant and await subscriptions.end(connection, each.id, app.clock()):
                    left.append(each.newsletter)
        if not left:
            raise PublisherError(f"{address} has no such subscription that has not ended")
        show.say(f"{address} reads {', '.join(left)} no more.")

    running.at_work(ctx, job)


async def _refuse_suppressed(app: App, address_key: str, newsletter: str) -> None:
    """Raise PublisherError for who is never mailed: an admin is told, a form tells nobody."""
    from publisher.store import suppressions

    async with app.store.read() as connection:
        barred = await suppressions.among(
            connection, [address_key], app.clock(), newsletter=newsletter
        )
    for each in barred.get(address_key, []):
        raise PublisherError(
            f"{address_key} is suppressed ({_why(each)}) and not subscribed;"
            " `publisher suppressions remove` allows it again"
        )


def _why(suppression: Suppression) -> str:
    parts = [suppression.reason.value, suppression.note]
    if suppression.address_key and suppression.address_key.startswith("@"):
        parts.insert(0, suppression.address_key)
    return ", ".join(filter(None, parts))


async def pages(
    app: App, newsletter: str | None, state: SubscriptionState | None
) -> AsyncIterator[list[Subscription]]:
    """Give subscriptions page by page; no transaction is open while one is printed."""
    from publisher.store import subscribers as stored

    if newsletter is not None:
        running.newsletter_called(app.config, newsletter)
    after = 0
    while True:
        async with app.store.read() as connection:
            page = await stored.page(
                connection, newsletter=newsletter, state=state, after=after, limit=_PAGE
            )
        if not page:
            return
        yield page
        after = page[-1].id


async def _of(app: App, address: str) -> tuple[str, list[Subscription]]:
    """Give the key of an address with the subscriptions of its person."""
    from publisher.mail.address import key, parse
    from publisher.store import subscribers as stored

    address_key = key(parse(address))
    async with app.store.read() as connection:
        return address_key, await stored.page(connection, address_key=address_key)


def _row(app: App, subscription: Subscription) -> dict[str, Any]:
    zone = app.config.publication.timezone
    return {
        "address": subscription.address.mailbox,
        "name": subscription.address.name,
        "newsletter": subscription.newsletter,
        "cadence": subscription.cadence,
        "state": str(subscription.state),
        "since": subscription.created.astimezone(zone),
        "confirmed": subscription.confirmed and subscription.confirmed.astimezone(zone),
        "ended": subscription.ended and subscription.ended.astimezone(zone),
    }

"""Commands for the addresses that are never mailed."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from publisher.cli import running, show
from publisher.cli.running import AsJson, Misuse
from publisher.errors import PublisherError
from publisher.model import Publication, Suppression, SuppressionReason

if TYPE_CHECKING:
    from publisher.app import App

suppressions = typer.Typer(
    name="suppressions", help="Addresses that are never mailed.", no_args_is_help=True
)

Whom = Annotated[
    str,
    typer.Argument(metavar="ADDRESS", help="An address, or @ and a domain (not its subdomains)."),
]
ForNewsletter = Annotated[
    str | None, typer.Option("--newsletter", metavar="SLUG", help="For this newsletter alone.")
]

_PAGE = 1000


@suppressions.command("add")
def suppress(
    ctx: typer.Context,
    address: Whom,
    newsletter: ForNewsletter = None,
    reason: Annotated[
        SuppressionReason, typer.Option("--reason", help="Why, in one word.")
    ] = SuppressionReason.MANUAL,
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="DATE", help="Only until this day begins."),
    ] = None,
    note: Annotated[
        str, typer.Option("--note", metavar="TEXT", help="Why, in your own words.")
    ] = "",
) -> None:
    """Never mail an address again, whatever it subscribes to, or any address of a domain.

    An issue under way skips it from now on.
    """
    from publisher.mail.address import scope

    async def job(app: App) -> None:
        from publisher.store import suppressions as stored

        async with app.store.write() as connection:
            is_new = await stored.suppress(
                connection,
                scope(address),
                reason,
                app.clock(),
                newsletter=_slug(app, newsletter),
                note=note,
                until=None if until is None else _day(until, app.config.publication),
            )
        show.say(f"{address} {'is' if is_new else 'was already'} suppressed.")

    running.at_work(ctx, job)


@suppressions.command("list")
def list_suppressions(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List what is suppressed, in the order in which it was.

    Whoever was erased has no address here any more, but a hash by which they are known again.
    """

    async def job(app: App) -> None:
        from publisher.store import suppressions as stored

        with show.Listing(
            *("address", "newsletter", "reason", "since", "until", "note"),
            as_json=as_json,
            empty="No address is suppressed.",
        ) as listing:
            after = 0
            while True:
                async with app.store.read() as connection:
                    page = await stored.page(connection, after=after, limit=_PAGE)
                if not page:
                    return
                listing.page(_row(each, app.config.publication) for each in page)
                after = page[-1].id

    running.at_work(ctx, job)


@suppressions.command("remove")
def unsuppress(ctx: typer.Context, address: Whom, newsletter: ForNewsletter = None) -> None:
    """Let an address, or a domain, be mailed again."""
    from publisher.mail.address import scope

    async def job(app: App) -> None:
        from publisher.store import suppressions as stored

        slug = _slug(app, newsletter)
        async with app.store.write() as connection:
            if not await stored.unsuppress(
                connection, scope(address), app.clock(), newsletter=slug
            ):
                raise PublisherError(f"{address} is not suppressed{f' for {slug}' if slug else ''}")
        show.say(f"{address} may be mailed again.")

    running.at_work(ctx, job)


def _row(suppression: Suppression, publication: Publication) -> dict[str, Any]:
    """Show a suppression as a row of a table."""
    zone, until = publication.timezone, suppression.until
    return {
        "address": suppression.address_key,
        "newsletter": suppression.newsletter,
        "reason": suppression.reason.value,
        "since": suppression.created.astimezone(zone),
        "until": until and until.astimezone(zone),
        "note": suppression.note,
        "hash": suppression.hash,
    }


def _slug(app: App, newsletter: str | None) -> str:
    return "" if newsletter is None else running.newsletter_called(app.config, newsletter).slug


def _day(text: str, publication: Publication) -> datetime:
    """Read a date as the beginning of that day where the publication is at home."""
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise Misuse(f'"{text}" is not a date; write it as 2026-12-31') from error
    return datetime(day.year, day.month, day.day, tzinfo=publication.timezone)

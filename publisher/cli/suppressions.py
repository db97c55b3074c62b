"""Commands for the addresses that are never mailed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from publisher.cli import running, show
from publisher.cli.running import AsJson
from publisher.errors import PublisherError

if TYPE_CHECKING:
    from publisher.app import App

suppressions = typer.Typer(
    name="suppressions", help="Addresses that are never mailed.", no_args_is_help=True
)

Address = Annotated[str, typer.Argument(metavar="ADDRESS")]


@suppressions.command("add")
def suppress(
    ctx: typer.Context,
    address: Address,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why, for the list.")
    ] = "manual",
) -> None:
    """Never mail an address again, whatever it subscribes to."""
    from publisher.mail.address import key, parse

    async def job(app: App) -> None:
        from publisher.store import subscribers as stored

        async with app.store.write() as connection:
            is_new = await stored.suppress(connection, key(parse(address)), reason, app.clock())
        show.say(f"{address} {'is' if is_new else 'was already'} suppressed.")

    running.at_work(ctx, job)


@suppressions.command("list")
def list_suppressions(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List suppressed addresses."""

    async def job(app: App) -> None:
        from publisher.store import subscribers as stored

        async with app.store.read() as connection:
            found = await stored.suppressed(connection)
        zone = app.config.publication.timezone
        with show.Listing(
            "address", "reason", "since", as_json=as_json, empty="No address is suppressed."
        ) as listing:
            listing.page(
                {"address": address, "reason": reason, "since": since.astimezone(zone)}
                for address, reason, since in found
            )

    running.at_work(ctx, job)


@suppressions.command("remove")
def unsuppress(ctx: typer.Context, address: Address) -> None:
    """Let an address be mailed again."""
    from publisher.mail.address import key, parse

    async def job(app: App) -> None:
        from publisher.store import subscribers as stored

        async with app.store.write() as connection:
            if not await stored.unsuppress(connection, key(parse(address)), app.clock()):
                raise PublisherError(f"{address} is not suppressed")
        show.say(f"{address} may be mailed again.")

    running.at_work(ctx, job)

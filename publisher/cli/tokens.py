"""Commands for the tokens by which programs use the API."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from publisher.cli import running, show
from publisher.cli.running import AsJson, Misuse
from publisher.errors import PublisherError
from publisher.model import Scope

if TYPE_CHECKING:
    from publisher.app import App

tokens = typer.Typer(
    name="tokens", help="What other programs show to use the API.", no_args_is_help=True
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Whose it is, for the list.")]


@tokens.command()
def add(
    ctx: typer.Context,
    name: Name,
    scope: Annotated[
        list[str],
        typer.Option(
            "--scope",
            metavar="SCOPE",
            help=f"What it allows; may be given several times: {', '.join(Scope)}.",
        ),
    ],
    expires: Annotated[
        str | None,
        typer.Option("--expires", metavar="DATE", help="Until when it works; without it for ever."),
    ] = None,
) -> None:
    """Make a token and print it. It is shown this once: keep it where its program finds it."""
    scopes = {Scope(running.name_among(each, list(Scope), "scope")) for each in scope}
    if not name.strip() or not name.isprintable():
        raise Misuse("a token needs a name that can be printed")

    async def job(app: App) -> None:
        from publisher.store import access

        now = app.clock()
        until = _until(app, expires, now) if expires else None
        async with app.store.write() as connection:
            token = await access.add(connection, name, scopes, expires=until, now=now)
        if token is None:
            raise PublisherError(
                f'there is a token "{name}" already; `publisher tokens remove` takes it away'
            )
        show.notice(f"The token of {name}, for {', '.join(sorted(scopes))}:")
        show.say(token)

    running.at_work(ctx, job)


def _until(app: App, text: str, now: datetime) -> datetime:
    from publisher.content.dates import read_date

    try:
        moment = read_date(text, app.config.publication.timezone)
    except ValueError:
        raise Misuse(f'"{text}" is not a date; write it as 2027-12-31') from None
    if moment <= now:
        raise Misuse(f"--expires {text}: that is over")
    return moment


@tokens.command("list")
def list_tokens(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List tokens by their names, with when they were used last. None can be shown again."""

    async def job(app: App) -> None:
        from publisher.store import access

        async with app.store.read() as connection:
            found = await access.listing(connection)
        zone = app.config.publication.timezone
        with show.Listing(
            *("name", "scopes", "created", "expires", "used"),
            as_json=as_json,
            empty="No tokens; `publisher tokens add` makes one.",
        ) as listing:
            listing.page(
                {
                    "name": each.name,
                    "scopes": sorted(each.scopes),
                    "created": each.created.astimezone(zone),
                    "expires": each.expires and each.expires.astimezone(zone),
                    "used": each.used and each.used.astimezone(zone),
                }
                for each in found
            )

    running.at_work(ctx, job, looking=True)


@tokens.command()
def remove(ctx: typer.Context, name: Name) -> None:
    """Have a token open nothing from now on."""

    async def job(app: App) -> None:
        from publisher.store import access

        async with app.store.write() as connection:
            if not await access.remove(connection, name):
                raise PublisherError(
                    f'there is no token "{name}"; `publisher tokens list` shows them all'
                )
        show.say(f"The token of {name} opens nothing any more.")

    running.at_work(ctx, job)

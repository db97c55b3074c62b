"""Commands for the keys that sign the links in mails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from publisher.cli import running, show
from publisher.cli.running import AsJson
from publisher.errors import PublisherError

if TYPE_CHECKING:
    from publisher.app import App
    from publisher.store.keys import Key

keys = typer.Typer(name="keys", help="The keys that sign the links in mails.", no_args_is_help=True)


@keys.command("list")
def list_keys(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List the keys, with how many mails have links that each of them signed."""

    async def job(app: App) -> None:
        with show.Listing("key", "since", "state", "mails", as_json=as_json, empty="") as listing:
            listing.page(await _rows(app))

    running.at_work(ctx, job)


@keys.command()
def rotate(ctx: typer.Context) -> None:
    """Make a new key. Links that others have signed go on working.

    It signs five minutes later: until then every process of the service has it.
    """

    async def job(app: App) -> None:
        from publisher.store import keys as stored

        async with app.store.write() as connection:
            id = await stored.add(connection, app.clock())
        if id is None:
            raise PublisherError("there have been as many keys as a link can name")
        show.say(f"Key {id} signs from five minutes on; all others go on opening links.")

    running.at_work(ctx, job)


@keys.command()
def retire(
    ctx: typer.Context,
    id: Annotated[int, typer.Argument(metavar="KEY", help="As `keys list` shows it.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """End every link that a key has signed, unsubscribe links too: after a leak.

    There is no way back.
    """

    async def job(app: App) -> None:
        from publisher.store import keys as stored

        found = next((each for each in await _rows(app) if each["key"] == id), None)
        if found is None or found["state"] == "retired":
            raise PublisherError(f"there is no key {id} that opens links")
        if found["state"] == "signs":
            raise PublisherError(
                f"key {id} signs: make another with `publisher keys rotate`, and retire this one"
                " in five minutes"
            )
        show.notice(
            f"The links of {show.number(found['mails'], 'mail')} end with key {id}: who has one"
            " cannot unsubscribe by it any more, nor confirm, nor change anything."
        )
        if not yes:
            typer.confirm("Retire it?", abort=True, err=True)
        async with app.store.write() as connection:
            await stored.retire(connection, id, app.clock())
        show.say(f"Key {id} opens nothing any more; the service takes note within a minute.")

    running.at_work(ctx, job)


async def _rows(app: App) -> list[dict[str, Any]]:
    from publisher.store import keys as stored

    zone = app.config.publication.timezone
    async with app.store.read() as connection:
        known = await stored.listing(connection)
        signs = stored.signing(known, app.clock())
        return [
            {
                "key": each.id,
                "since": each.created.astimezone(zone),
                "state": _state(each, signs),
                "mails": await stored.signed_mails(connection, each, known),
            }
            for each in known
        ]


def _state(key: Key, signs: int) -> str:
    if key.retired is not None:
        return "retired"
    if key.id > signs:
        return "settles"
    return "signs" if key.id == signs else "reads"

"""Commands for webhooks: the programs that are told of what happens."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

from publisher.cli import running, show
from publisher.cli.events import Since, place
from publisher.cli.running import AsJson
from publisher.errors import FetchError, PublisherError

if TYPE_CHECKING:
    from publisher.app import App
    from publisher.config import Config, Webhook

webhooks = typer.Typer(
    name="webhooks", help="Programs that are told of what happens.", no_args_is_help=True
)

# What a table shows; JSON has all of it.
COLUMNS = ("name", "url", "state", "waiting", "told", "next_try", "error")

Name = Annotated[str, typer.Argument(metavar="NAME", help="As the config has it.")]


@webhooks.command("list")
def list_webhooks(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List webhooks, with how far they have been told."""

    async def job(app: App) -> None:
        with show.Listing(
            *COLUMNS, as_json=as_json, empty="No webhooks; add a table [[webhooks]] to the config."
        ) as listing:
            listing.page(await rows(app))

    running.at_work(ctx, job)


async def rows(app: App) -> list[dict[str, Any]]:
    """Tell how each webhook fares."""
    from publisher.store import webhooks as stored

    hooks = {hook.name: hook for hook in app.config.webhooks}
    async with app.store.read() as connection:
        kinds = {name: hook.kinds for name, hook in hooks.items()}
        found = await stored.standing(connection, kinds)
    zone = app.config.publication.timezone
    return [
        {
            "name": each.name,
            "url": _shown(hooks[each.name].url),
            "kinds": list(hooks[each.name].kinds),
            "state": each.state,
            "since": each.since and each.since.astimezone(zone),
            "position": each.position,
            "waiting": each.waiting,
            "told": each.told and each.told.astimezone(zone),
            "next_try": each.next_try and each.next_try.astimezone(zone),
            "error": each.error,
        }
        for each in found
    ]


@webhooks.command()
def replay(ctx: typer.Context, name: Name, since: Since = None) -> None:
    """Tell a webhook everything behind an event or from a time on, again.

    Without --since one that was stopped goes on where it stopped. To leave out an event that it
    never takes, name that event's id.
    """
    hook = _called(running.configured(ctx), name)

    async def job(app: App) -> None:
        from publisher.store import webhooks as stored

        async with app.store.read() as connection:
            (standing,) = await stored.standing(connection, {hook.name: hook.kinds})
        position = await place(app, since) if since else standing.position
        async with app.store.write() as connection:
            await stored.replay(connection, hook.name, position, app.clock())
            (standing,) = await stored.standing(connection, {hook.name: hook.kinds})
        show.say(f"{show.number(standing.waiting, 'event')} for {name}; a worker tells it of them.")

    running.at_work(ctx, job)


@webhooks.command()
def test(ctx: typer.Context, name: Name) -> None:
    """Send a webhook a signed message of the type "test", and show what it answers."""
    config = running.configured(ctx)
    hook = _called(config, name)

    async def whole() -> None:
        from publisher.app import utc_now
        from publisher.webhooks import try_out

        begun = time.monotonic()
        try:
            answer = await try_out(hook, config.publication, utc_now())
        except FetchError as error:
            raise PublisherError(f"{name} cannot be told: {error.reason}") from error
        took = round((time.monotonic() - begun) * 1000)
        if not answer.is_good:
            raise PublisherError(
                f"{name} answers {answer.status} after {took:,} ms: it did not take the message"
            )
        show.say(f"{name} answers {answer.status} after {took:,} ms: it took the message.")

    running.run(whole())


def _called(config: Config, name: str) -> Webhook:
    """Find a webhook of the config. Raises Misuse with the nearest name."""
    known = {hook.name: hook for hook in config.webhooks}
    return known[running.name_among(name, known, "webhook")]


def _shown(url: str) -> str:
    """Show where a webhook is; its path and query may be a secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/…"

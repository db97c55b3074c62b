"""Commands that give out the events: what has happened, for people and for programs."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Annotated

import typer

from publisher.cli import running, show
from publisher.cli.running import AsJson, Misuse
from publisher.model import EventKind

if TYPE_CHECKING:
    from publisher.app import App

events = typer.Typer(
    name="events",
    help="What has happened to subscriptions, addresses and issues.",
    no_args_is_help=True,
)

Since = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="ID|TIME",
        help="Behind the event of this id, or from this time on, such as 2026-12-01T08:00.",
    ),
]
Kinds = Annotated[
    list[str] | None,
    typer.Option("--kind", metavar="KIND", help="Only of this kind; may be given several times."),
]

_PAGE = 1000
_LOOK_SECONDS = 1.0


async def place(app: App, since: str) -> int:
    """Give the id behind which events are wanted. Raises Misuse."""
    from publisher.webhooks import behind

    async with app.store.read() as connection:
        try:
            return await behind(connection, since, app.config.publication.timezone)
        except ValueError:
            raise Misuse(
                f"--since {since}: is neither the id of an event nor a time; write a time as"
                " 2026-12-01 or 2026-12-01T08:00"
            ) from None


def known(names: Collection[str] | None) -> list[EventKind]:
    """Find kinds by their names. Raises Misuse with the nearest one."""
    return [
        EventKind(running.name_among(name, list(EventKind), "kind of event"))
        for name in names or ()
    ]


@events.command("list")
def list_events(
    ctx: typer.Context,
    since: Since = None,
    kind: Kinds = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, help="How many of the newest.")
    ] = 50,
    as_json: AsJson = False,
) -> None:
    """List the newest events, the last one at the end."""
    kinds = known(kind)

    async def job(app: App) -> None:
        from publisher.store import events as stored
        from publisher.webhooks import shaped

        after = await place(app, since) if since else 0
        async with app.store.read() as connection:
            found = await stored.latest(connection, after=after, kinds=kinds, limit=limit)
        zone = app.config.publication.timezone
        with show.Listing(
            *("id", "time", "kind", "newsletter", "issue", "address", "more"),
            as_json=as_json,
            empty="No such event has happened.",
        ) as listing:
            if as_json:
                listing.page(map(shaped, found))
                return
            listing.page(
                {
                    "id": id,
                    "time": event.occurred.astimezone(zone),
                    "kind": event.kind,
                    "newsletter": event.newsletter,
                    "issue": event.issue,
                    "address": event.address,
                    "more": [
                        f"{name}: {value}"
                        for name, value in event.data.items()
                        if value not in (None, "")
                    ],
                }
                for id, event in found
            )

    running.at_work(ctx, job, looking=True)


@events.command()
def export(
    ctx: typer.Context,
    since: Since = None,
    kind: Kinds = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on with what happens from now on, until Ctrl-C.")
    ] = False,
) -> None:
    """Write all events as JSON Lines, the oldest first, and each as webhooks and the API have it.

    Keep the id of the last line: --since with it goes on behind it, and nothing is missed.
    """
    kinds = known(kind)

    async def job(app: App) -> None:
        from publisher.store import events as stored
        from publisher.webhooks import shaped

        after = await place(app, since) if since else 0
        with running.asked_to_stop() as stop:
            while not stop.is_set():
                async with app.store.read() as connection:
                    found = await stored.page(connection, after=after, kinds=kinds, limit=_PAGE)
                if found:
                    after = found[-1].id
                    show.lines(map(shaped, found))
                elif follow:
                    await running.either(stop, _LOOK_SECONDS)
                else:
                    return

    running.at_work(ctx, job, looking=True)

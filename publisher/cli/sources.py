"""Commands for where articles come from: how each source fares, and deciding an alarm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from publisher.cli import running, show
from publisher.cli.running import AsJson

if TYPE_CHECKING:
    from publisher.app import App
    from publisher.config import SourceEntry
    from publisher.store.sources import SourceStatus

sources = typer.Typer(name="sources", help="Where articles come from.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="As `sources list` shows it.")]


@sources.command("list")
def list_(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List sources: when each was last good, when it is asked next, and what it has."""

    async def job(app: App) -> list[dict[str, Any]]:
        return [await row(app, entry) for entry in app.config.sources]

    rows = running.at_work(ctx, job)
    with show.Listing(
        *("name", "kind", "articles", "held", "rejected", "last_good", "next_try"),
        as_json=as_json,
        empty="The config names no source.",
    ) as listing:
        listing.page(rows)
    if not as_json:
        complain(rows)


async def row(app: App, entry: SourceEntry) -> dict[str, Any]:
    """Tell how a source fares."""
    from publisher.store import arriving, origins
    from publisher.store import sources as stored

    zone = app.config.publication.timezone
    async with app.store.read() as connection:
        known = await stored.status(connection, entry.name)
        rejected = await stored.rejected(connection, entry.name)
        count = await origins.count_present(connection, entry.name)
        held = await arriving.count_held(connection, entry.name)
    return {
        "name": entry.name,
        "kind": entry.kind,
        "articles": count,
        "held": held,
        "last_try": known.last_try and known.last_try.astimezone(zone),
        "last_good": known.last_good and known.last_good.astimezone(zone),
        "next_try": _next_try(app, entry, known),
        "failures": known.failures,
        "error": known.error,
        "alarm": known.alarm,
        "last_pass": dict(known.counts),
        "rejected": len(rejected),
        "rejections": [
            {"origin": rejection.origin, "reason": rejection.reason} for rejection in rejected
        ],
    }


def complain(rows: list[dict[str, Any]]) -> None:
    """Say what is wrong with these sources, a line each."""
    for source in rows:
        name = source["name"]
        if source["error"]:
            times = "once" if source["failures"] == 1 else f"{source['failures']} times"
            show.say(f"  {name}: failed {times}: {source['error']}")
        if source["alarm"]:
            show.say(f"  {name}: alarm: {source['alarm']}")
        for rejection in source["rejections"]:
            show.say(f"  {name}: {rejection['origin']}: {rejection['reason']}")


def _next_try(app: App, entry: SourceEntry, known: SourceStatus) -> Any:
    due = app.sources.next_try(entry, known)
    if due is None:
        return "never: it has gone for good"
    if due <= app.clock():
        return "now"
    return due.astimezone(app.config.publication.timezone)


@sources.command()
def release(
    ctx: typer.Context,
    name: Name,
    mailed: Annotated[
        bool,
        typer.Option(
            "--mailed/--not-mailed", help="Whether they are mailed as well, or only in feeds."
        ),
    ] = True,
) -> None:
    """Let out the articles that an alarm holds: they are new, and go to readers."""

    async def job(app: App) -> None:
        from publisher.store import arriving
        from publisher.store import sources as stored

        running.name_among(name, [entry.name for entry in app.config.sources], "source")
        async with app.store.write() as connection:
            count = await arriving.release_held(connection, name, app.clock(), mailed=mailed)
            await stored.raise_alarm(connection, name, None)
        then = "in feeds, and in issues to come" if mailed else "in feeds, and will not be mailed"
        show.say(f"{name}: {count} articles released; they are {then}.")
        await app.publish()

    running.at_work(ctx, job)


@sources.command()
def discard(ctx: typer.Context, name: Name) -> None:
    """Withdraw for good the articles that an alarm holds; what was published stays."""

    async def job(app: App) -> None:
        from publisher.store import arriving
        from publisher.store import sources as stored

        running.name_among(name, [entry.name for entry in app.config.sources], "source")
        async with app.store.write() as connection:
            count = await arriving.discard_held(connection, name)
            await stored.raise_alarm(connection, name, None)
        show.say(f"{name}: {count} articles discarded; nobody will see them.")

    running.at_work(ctx, job)

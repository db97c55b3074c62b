"""Commands for what comes back: bounces, complaints, and wishes to leave."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from publisher.cli import running, show
from publisher.cli.running import AsJson, Limit, Misuse
from publisher.errors import PublisherError
from publisher.model import BounceKind

if TYPE_CHECKING:
    from publisher.app import App
    from publisher.store.bounces import Bounce
    from publisher.store.quarantine import Quarantined

bounces = typer.Typer(
    name="bounces", help="What comes back: bounces, complaints.", no_args_is_help=True
)
quarantine = typer.Typer(
    name="quarantine",
    help="Mails to the bounce address that nobody could read.",
    no_args_is_help=True,
)
bounces.add_typer(quarantine)

Id = Annotated[int, typer.Argument(metavar="ID", help="As the list shows it.")]

# sysexits.h: the mail server keeps the mail and tries again.
_TEMPFAIL = 75
_PAGE = 1000
_CHUNK = 64 * 1024


@bounces.command()
def process(ctx: typer.Context) -> None:
    """Read the mailboxes now: what is in them is recorded, with what follows from it."""
    from publisher.mailboxes import Kept

    async def job(app: App) -> bool:
        mailboxes = [each for each in app.returns.mailboxes() if isinstance(each, Kept)]
        if not mailboxes:
            raise Misuse("there is no mailbox to read: set bounces.maildir or [bounces.imap]")
        is_good = True
        for mailbox in mailboxes:
            try:
                taken = await mailbox.drain(app.bounces.take)
                show.say(f"{mailbox.name}: {show.number(taken, 'mail')}")
            except PublisherError as error:
                is_good = False
                show.error(str(error))
        return is_good

    if not running.at_work(ctx, job):
        raise typer.Exit(1)


@bounces.command()
def pipe(
    ctx: typer.Context,
    recipient: Annotated[
        list[str] | None,
        typer.Option(
            "--recipient",
            metavar="ADDRESS",
            envvar=["ORIGINAL_RECIPIENT", "RECIPIENT"],
            help="Whom the mail server delivers it to, if the mail does not say.",
        ),
    ] = None,
) -> None:
    """Take one mail from standard input, as a mail server hands it over.

    Exits with 75 if it cannot be recorded now, so that the mail server keeps it.
    """
    raw = _read(sys.stdin.buffer)

    async def job(app: App) -> None:
        await app.bounces.take(raw, recipient or (), via="pipe")

    try:
        running.at_work(ctx, job)
    except PublisherError as error:
        show.error(str(error))
        raise typer.Exit(_TEMPFAIL) from error
    except Exception as error:
        # Any other code would have the mail server give the mail up.
        show.error(f"{type(error).__name__}: {error}")
        raise typer.Exit(_TEMPFAIL) from error


def _read(stream: BinaryIO) -> bytes:
    """Read a mail to its end, and keep of a large one so much that it is known to be."""
    from publisher.mail.incoming import LIMIT_BYTES

    kept = bytearray()
    while chunk := stream.read(_CHUNK):
        kept += chunk[: LIMIT_BYTES + 1 - len(kept)]
    return bytes(kept)


@bounces.command("list")
def list_bounces(
    ctx: typer.Context,
    kind: Annotated[
        list[BounceKind] | None, typer.Option("--kind", help="Only of this kind.")
    ] = None,
    address: Annotated[
        str | None, typer.Option("--address", metavar="ADDRESS", help="Only of this address.")
    ] = None,
    issue: Annotated[
        int | None, typer.Option("--issue", metavar="ID", help="Only of mails of this issue.")
    ] = None,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """List what came back, the newest first."""
    from publisher.mail.address import key, parse

    async def job(app: App) -> None:
        from publisher.store import bounces as stored

        before, left = None, limit
        with show.Listing(
            *("id", "received", "address", "kind", "status", "issue", "consequence", "diagnostic"),
            as_json=as_json,
            empty="Nothing came back.",
        ) as listing:
            while left is None or left > 0:
                async with app.store.read() as connection:
                    page = await stored.page(
                        connection,
                        kinds=kind or None,
                        address_key=None if address is None else key(parse(address)),
                        issue=issue,
                        before=before,
                        limit=_PAGE if left is None else min(left, _PAGE),
                    )
                if not page:
                    break
                before, left = page[-1].id, None if left is None else left - len(page)
                listing.page(_row(app, each) for each in page)

    running.at_work(ctx, job)


@bounces.command("show")
def show_bounce(ctx: typer.Context, id: Id, as_json: AsJson = False) -> None:
    """Show what was told of one mail."""

    async def job(app: App) -> dict[str, Any]:
        from publisher.store import bounces as stored

        async with app.store.read() as connection:
            found = await stored.get(connection, id)
        if found is None:
            raise PublisherError(f"there is no bounce {id}")
        return _row(app, found)

    row = running.at_work(ctx, job)
    show.dump(row) if as_json else show.card(row)


def _row(app: App, bounce: Bounce) -> dict[str, Any]:
    received = bounce.received.astimezone(app.config.publication.timezone)
    return {**asdict(bounce), "received": received}


@quarantine.command("list")
def list_quarantine(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List mails to the bounce address that nobody could read, the oldest first."""

    async def job(app: App) -> None:
        with show.Listing(
            *("id", "received", "via", "size_bytes", "reason", "recipients"),
            as_json=as_json,
            empty="No mail is in quarantine.",
        ) as listing:
            listing.page(_line(app, each) for each in await _lines(app))

    running.at_work(ctx, job)


@quarantine.command("show")
def show_quarantined(ctx: typer.Context, id: Id) -> None:
    """Print a mail as it came; into a file or pipe byte by byte."""

    async def job(app: App) -> bytes:
        from publisher.store import quarantine as stored

        async with app.store.read() as connection:
            found = await stored.get(connection, id)
        if found is None:
            raise PublisherError(f"there is no mail {id} in quarantine")
        return found[1]

    raw = running.at_work(ctx, job)
    if sys.stdout.isatty():  # a stranger's mail must not steer the terminal
        show.say(raw.decode("utf-8", "replace").replace("\r\n", "\n"))
    else:
        sys.stdout.buffer.write(raw)


@quarantine.command("retry")
def retry(
    ctx: typer.Context,
    id: Annotated[
        int | None, typer.Argument(metavar="[ID]", help="This mail alone; without it, all.")
    ] = None,
) -> None:
    """Read them once more, after an upgrade: those that can be read now are taken in."""

    async def job(app: App) -> None:
        from publisher.bounces import Taken

        ids = [each.id for each in await _lines(app)] if id is None else [id]
        read = 0
        for each in ids:
            taken = await app.bounces.retry(each)
            if taken is None and id is not None:
                raise PublisherError(f"there is no mail {id} in quarantine")
            read += taken not in (None, Taken.QUARANTINED)
        show.say(f"{show.number(read, 'mail')} of {len(ids)} could be read.")

    running.at_work(ctx, job)


@quarantine.command("drop")
def drop(
    ctx: typer.Context,
    ids: Annotated[
        list[int] | None, typer.Argument(metavar="[ID]...", help="As the list shows them.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
) -> None:
    """Forget mails in quarantine."""
    if bool(ids) == everything:
        raise Misuse("name the mails to drop, or --all of them")

    async def job(app: App) -> None:
        from publisher.store import quarantine as stored

        wanted = [each.id for each in await _lines(app)] if everything else ids or []
        async with app.store.write() as connection:
            gone = [await stored.drop(connection, each) for each in wanted]
        show.say(f"{show.number(sum(gone), 'mail')} dropped.")
        if not all(gone):
            raise PublisherError("some of them were not there")

    running.at_work(ctx, job)


async def _lines(app: App) -> list[Quarantined]:
    from publisher.store import quarantine as stored

    async with app.store.read() as connection:
        return await stored.page(connection, limit=stored.MOST_MAILS)


def _line(app: App, each: Quarantined) -> dict[str, Any]:
    received = each.received.astimezone(app.config.publication.timezone)
    return {**asdict(each), "received": received}

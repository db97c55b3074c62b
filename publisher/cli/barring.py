"""The commands that take in and give out who is never mailed."""

from __future__ import annotations

import sys
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from publisher.cli import running, show
from publisher.cli.rejects import RejectsFile, rejects_of
from publisher.cli.suppressions import ForNewsletter, suppressions
from publisher.model import SuppressionReason

if TYPE_CHECKING:
    from publisher.app import App

_BATCH = 2500  # addresses a transaction


@suppressions.command("import")
def import_(
    ctx: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", exists=True, dir_okay=False, help="CSV with a column email."
        ),
    ],
    newsletter: ForNewsletter = None,
    reason: Annotated[
        SuppressionReason, typer.Option("--reason", help="Of those that name none.")
    ] = SuppressionReason.MANUAL,
    rejects: RejectsFile = None,
) -> None:
    """Never mail the addresses, or domains, of a list again: our export, or that of others.

    Columns are address or email, and if they are there reason, newsletter, until, created and
    note. Lines that cannot be used go into a file with their reasons.
    """
    from publisher.importing import barring, sheets
    from publisher.importing.reading import Rejected
    from publisher.store import suppressions as stored

    async def job(app: App) -> tuple[int, int, int]:
        slug = running.newsletter_called(app.config, newsletter).slug if newsletter else ""
        added = there = bad = 0
        with rejects_of(file, rejects) as rejected, sheets.opened(file) as found:
            for sheet in found:
                wanted = barring.read(
                    sheet,
                    reason=reason,
                    newsletter=slug,
                    newsletters={each.slug for each in app.config.newsletters},
                    now=app.clock(),
                )
                while batch := list(islice(wanted, _BATCH)):
                    taken = []
                    for each in batch:
                        if isinstance(each, Rejected):
                            rejected.add(each)
                            bad += 1
                        else:
                            taken.append(each)
                    async with app.store.write() as connection:
                        new = await stored.add(connection, taken)
                    added += new
                    there += len(taken) - new
        return added, there, bad

    added, there, bad = running.at_work(ctx, job)
    told = [f"{added:,} suppressed"] if added else []
    told += [f"{there:,} suppressed already"] if there else []
    told += [f"{show.number(bad, 'line')} rejected"] if bad else []
    show.say(f"{file}: {'; '.join(told) or 'nobody in it'}.")
    if bad:
        raise typer.Exit(1)


@suppressions.command()
def export(
    ctx: typer.Context,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON Lines: an object for each.")
    ] = False,
) -> None:
    """Write suppressions to standard output: CSV that `import` reads.

    Whoever was erased is not among them: nothing of them is left that another site could know.
    """

    async def job(app: App) -> None:
        from publisher.importing import exporting

        async for page in exporting.suppressions(app.store, as_json=as_json):
            sys.stdout.write(page)

    running.at_work(ctx, job, looking=True)

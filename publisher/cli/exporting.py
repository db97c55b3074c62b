"""The command that gives out who reads what, for spreadsheets, programs, and another site."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from publisher.cli import running
from publisher.cli.people import OfNewsletter, OfState, subscribers

if TYPE_CHECKING:
    from publisher.app import App


@subscribers.command()
def export(
    ctx: typer.Context,
    newsletter: OfNewsletter = None,
    state: OfState = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON Lines: an object for each.")
    ] = False,
) -> None:
    """Write subscriptions to standard output: CSV that `import` reads, with all it needs.

    Cells that a spreadsheet would take for a formula have a quote before them.
    """

    async def job(app: App) -> None:
        from publisher.importing import exporting

        if newsletter is not None:
            running.newsletter_called(app.config, newsletter)
        async for page in exporting.subscribers(
            app.store, newsletter=newsletter, state=state, as_json=as_json, clock=app.clock
        ):
            sys.stdout.write(page)

    running.at_work(ctx, job, looking=True)

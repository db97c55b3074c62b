"""The command that lets go of what has been kept for long enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from publisher.cli import running, show
from publisher.cli.running import AsJson

if TYPE_CHECKING:
    from publisher.app import App


def prune(
    ctx: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let go of what has been kept of people for long enough, by `[retention]`.

    The clock does it once a day by itself.
    """

    async def job(app: App) -> None:
        found = await app.prune(is_dry=dry_run)
        if as_json:
            show.dump(found)
            return
        for what, rows in found.items():
            show.say(f"{rows:>9,}  {what}")
        show.notice("would go." if dry_run else "are gone.")

    running.at_work(ctx, job)

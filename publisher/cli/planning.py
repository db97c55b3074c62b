"""What a changed config would do, before it does it."""

from __future__ import annotations

import os
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from publisher.cli import running, show
from publisher.cli.running import AsJson

if TYPE_CHECKING:
    from publisher.config import Config
    from publisher.plan import Change


def plan(
    ctx: typer.Context,
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="A changed config, to be compared with the site's."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what a changed config would change for readers. Nothing is applied.

    Without FILE the site's config is compared with what the site did last.
    """
    from publisher.config import load

    present = running.configured(ctx)
    changed = present if file is None else load(file, os.environ)
    changes = running.run(_plan(present, changed))
    if as_json:
        show.dump([asdict(change) for change in changes])
        return
    for change in changes:
        show.say(f"{change.about}: {change.words}.")
    if not changes:
        show.say("Nothing would change for readers.")


async def _plan(present: Config, changed: Config) -> list[Change]:
    """Look without opening the site: that would put the schedules of its config into force."""
    from publisher.plan import Shape, plan
    from publisher.store.engine import connect
    from publisher.store.migrate import require_current

    url = present.store_url.get_secret_value()
    require_current(url)
    store = connect(url)
    try:
        async with store.read() as connection:
            before = Shape.of(present) if changed is not present else await Shape.noted(connection)
            return await plan(connection, before, changed, datetime.now(UTC))
    finally:
        await store.close()

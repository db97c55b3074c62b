"""The command that gives out who reads what, for spreadsheets, programs, and another site."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from publisher.cli import running
from publisher.cli.people import OfNewsletter, OfState, pages, subscribers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from publisher.app import App
    from publisher.model import Subscription, Suppression


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
        from publisher.cli import spreadsheet
        from publisher.importing.formats import csv
        from publisher.mail.address import key
        from publisher.store import suppressions

        if not as_json:
            spreadsheet.write(sys.stdout, [csv.COLUMNS])
        async for page in pages(app, newsletter, state):
            keys = {each.id: key(each.address) for each in page}
            async with app.store.read() as connection:
                barred = await suppressions.among(connection, set(keys.values()), app.clock())
            rows = [csv.row(each, _reason(each, barred.get(keys[each.id], ()))) for each in page]
            if as_json:
                sys.stdout.writelines(
                    f"{json.dumps(_told(row), ensure_ascii=False)}\n" for row in rows
                )
            else:
                spreadsheet.write(sys.stdout, (row.values() for row in rows))

    running.at_work(ctx, job, looking=True)


def _reason(subscription: Subscription, barred: Iterable[Suppression]) -> str:
    """Say why the address itself is never mailed; that its domain is, is no business of a list."""
    those = (
        each.reason.value
        for each in barred
        if each.newsletter in ("", subscription.newsletter)
        and each.address_key is not None
        and not each.address_key.startswith("@")
    )
    return next(those, "")


def _told(row: dict[str, str]) -> dict[str, object]:
    """Give a row as JSON has it: null for nothing, a list and an object for what is such."""
    return {
        **{name: cell or None for name, cell in row.items()},
        "name": row["name"],
        "topics": row["topics"].split(",") if row["topics"] else [],
        "consent": json.loads(row["consent"]),
    }

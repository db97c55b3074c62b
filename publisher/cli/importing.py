"""The command that takes in lists of people, from wherever they are."""

from __future__ import annotations

import gc
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, aclosing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from publisher.cli import running, show
from publisher.cli.people import Confirmed, ToNewsletter, subscribers
from publisher.cli.rejects import Rejects, RejectsFile, rejects_of
from publisher.cli.running import CadenceName, Misuse
from publisher.model import SubscriptionState

if TYPE_CHECKING:
    from publisher.app import App

_BATCH = 5000  # people a transaction: a fifth of a second, for which a service beside it waits
# As `publisher.importing.formats` has them: whoever asks for help need not load all that.
_FORMATS = ("buttondown", "csv", "ghost", "listmonk", "mailchimp", "mailpoet", "substack")

_TOLD = {
    "active": "subscribed",
    "asked": "asked to confirm (the worker sends the mails)",
    "pending": "not confirmed there, and not asked",
    "ended": "left there, and gone here",
    "suppressed": "suppressed from now on, as there",
    "already": "subscribed already",
    "waiting": "asked before, no answer yet",
    "left": "left before, and stay away",
    "barred": "suppressed, and stay away",
    "elsewhere": "of another newsletter, and passed over",
}


@subscribers.command("import")
def import_(
    ctx: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", exists=True, dir_okay=False, help="CSV, or a zip of such files."
        ),
    ],
    newsletter: ToNewsletter,
    cadence: CadenceName = None,
    confirmed: Confirmed = False,
    state: Annotated[
        SubscriptionState | None,
        typer.Option("--state", help="How those stand of whom the file does not say."),
    ] = None,
    system: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="FORMAT",
            help=f"One of {', '.join(_FORMATS)}; without it the columns tell.",
        ),
    ] = None,
    mapped: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="FIELD=COLUMN,...",
            help="What is called otherwise in the file, such as email=E-Mail,name=Full name.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be done.")
    ] = False,
    rejects: RejectsFile = None,
) -> None:
    """Subscribe the people of a list: CSV, or what another system exports.

    Nobody who left is brought back or asked again. Those of whom the list does not say that they
    confirmed are asked by mail, unless --confirmed vouches for them. Lines that cannot be used go
    into a file with their reasons, and all others are taken in. Without --cadence people get the
    first that has a schedule. An import that was broken off is run again, and goes on.
    """
    if confirmed and state is not None:
        raise Misuse("--confirmed says what --state active does: give one of them")
    order = _Order(
        file=file,
        newsletter=newsletter,
        cadence=cadence,
        state=SubscriptionState.ACTIVE if confirmed else state,
        system=system,
        mapped=_mapping(mapped or []),
        is_rehearsal=dry_run,
    )

    async def job(app: App) -> Counter[str]:
        with rejects_of(file, rejects) as rejected:
            return await order.run(app, rejected)

    counts = running.at_work(ctx, job, looking=dry_run)
    summary = [f"{counts[name]:,} {words}" for name, words in _TOLD.items() if counts[name]]
    if counts["rejected"]:
        summary.append(f"{show.number(counts['rejected'], 'line')} rejected")
    begin = "nothing was changed; there would be " if dry_run else ""
    show.say(f"{file}: {begin}{'; '.join(summary) or 'nobody in it'}.")
    if counts["stopped"]:
        show.notice("Stopped before the end; the same command goes on.")
        raise typer.Exit(130)
    if counts["rejected"]:
        raise typer.Exit(1)


@dataclass(frozen=True, kw_only=True)
class _Order:
    """What is to be imported, and how."""

    file: Path
    newsletter: str
    cadence: str | None
    state: SubscriptionState | None
    system: str | None
    mapped: dict[str, str]
    is_rehearsal: bool

    async def run(self, app: App, rejected: Rejects) -> Counter[str]:
        """Take in every list of the file; count what became of the lines."""
        from publisher.importing import Importer, reading, sheets
        from publisher.importing.line import Offer
        from publisher.store.rehearsal import Rehearsal

        newsletter = running.newsletter_called(app.config, self.newsletter)
        usual = running.cadence_called(newsletter, self.cadence)
        if self.system is not None:
            running.name_among(self.system, _FORMATS, "format")
        counts: Counter[str] = Counter()
        with ExitStack() as stack:
            stack.enter_context(_garbage_by_hand())
            found = stack.enter_context(sheets.opened(self.file))
            lists, passed = reading.lists(found, self.system, self.mapped)
            for why in passed:
                show.notice(f"passed over: {why}")
            rehearsal = stack.enter_context(Rehearsal()) if self.is_rehearsal else None
            stop = stack.enter_context(running.asked_to_stop())
            lines = sum(each.sheet.lines for each in lists)
            advance = stack.enter_context(show.progress("importing", lines))
            for each in lists:
                importer = Importer(
                    store=app.store,
                    newsletter=newsletter,
                    usual=usual,
                    state=self.state,
                    consent={"added_by": "import", "file": each.name, "system": each.format.TITLE},
                    publication=app.config.publication,
                    templates=app.templates,
                    clock=app.clock,
                    rehearsal=rehearsal,
                )
                offer = Offer.of(newsletter, usual, app.clock())
                read = reading.read(each, offer, newsletter.slug)
                async with aclosing(reading.ahead(read, _BATCH)) as batches:
                    async for batch in batches:
                        taken = []
                        for one in batch:
                            if isinstance(one, reading.Rejected):
                                rejected.add(one)
                                counts["rejected"] += 1
                            elif one is None:
                                counts["elsewhere"] += 1
                            else:
                                taken.append(one)
                        counts.update(await importer.take(taken))
                        gc.collect()
                        advance(counts.total())
                        if stop.is_set():
                            counts["stopped"] += 1
                            return counts
        return counts


@contextmanager
def _garbage_by_hand() -> Iterator[None]:
    """Have Python look for garbage only when it is told to, and only at what is new.

    Nothing that is made of a row refers to itself, and to look for that again and again takes a
    sixth of the time. The statements that carry the rows do: once for each of them is enough.
    """
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


def _mapping(texts: list[str]) -> dict[str, str]:
    """Read --map. Raises Misuse."""
    from publisher.importing.formats import csv

    found = {}
    for text in texts:
        for part in re.split(r",(?=\s*\w+=)", text):
            field, equals, column = (each.strip() for each in part.partition("="))
            if not equals:
                raise Misuse(f'--map: "{part}" is not FIELD=COLUMN, such as email=E-Mail')
            running.name_among(field, (*csv.COLUMNS, *csv.MORE), "field")
            found[field] = column
    return found

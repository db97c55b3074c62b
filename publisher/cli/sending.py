"""Commands that make an issue by hand, now, and send it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from publisher.cli import running, show
from publisher.cli.editing import Exclude, First, Include, Intro, Options
from publisher.cli.issues import balance_of, doubt, equation, found, issues
from publisher.cli.running import CadenceName, NewsletterSlug
from publisher.model import Balance, Cadence, Issue, IssueState, Newsletter, SubscriptionState

if TYPE_CHECKING:
    from publisher.app import App
    from publisher.editing import Wish

_POLL_SECONDS = 2.0


@issues.command()
def build(
    ctx: typer.Context,
    newsletter: NewsletterSlug,
    cadence: CadenceName = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what it would be, and to how many.")
    ] = False,
    include: Include = None,
    exclude: Exclude = None,
    order: First = None,
    intro: Intro = None,
) -> None:
    """Make an issue of what is new, now. A worker sends it.

    Without --cadence: one for each cadence that has readers.
    """
    options = Options(include=include, exclude=exclude, order=order, intro=intro)

    async def job(app: App) -> None:
        chosen = running.newsletter_called(app.config, newsletter)
        wish = await options.wish(app)
        for each in await _read_cadences(app, chosen, cadence):
            if dry_run:
                await _foretell(app, chosen, each, wish)
            else:
                issue = await _composed(app, chosen, each, wish)
                if issue is not None:
                    show.say(f"  A worker sends it. `publisher issues show {issue.id}` tells more.")

    running.at_work(ctx, job)


@issues.command("send-now")
def send_now(
    ctx: typer.Context,
    newsletter: NewsletterSlug,
    cadence: CadenceName = None,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="Leave the sending to a worker.")
    ] = False,
    include: Include = None,
    exclude: Exclude = None,
    order: First = None,
    intro: Intro = None,
) -> None:
    """Make an issue of what is new and send it, now.

    Returns when no mail of it is left to send. Without --cadence: one for each cadence that
    has readers.
    """
    options = Options(include=include, exclude=exclude, order=order, intro=intro)

    async def job(app: App) -> int:
        chosen = running.newsletter_called(app.config, newsletter)
        wish = await options.wish(app)
        made = [
            issue
            for each in await _read_cadences(app, chosen, cadence)
            if (issue := await _composed(app, chosen, each, wish)) is not None
        ]
        if not made or no_wait:
            return 0
        with running.asked_to_stop(_finishing) as stop:
            problem = await _send(app, chosen, made, stop)
            code = await _tell(app, made, problem)
            return 130 if stop.is_set() else code

    code = running.at_work(ctx, job)
    if code:
        raise typer.Exit(code)


async def _read_cadences(app: App, newsletter: Newsletter, name: str | None) -> list[Cadence]:
    """Give the cadence of this name, or all, as far as anybody reads them; say if nobody does."""
    from publisher.store import subscribers

    wanted = newsletter.cadences
    if name is not None:
        wanted = (running.cadence_called(newsletter, name),)
    async with app.store.read() as connection:
        counts = await subscribers.counts(connection)
    cadences = [
        cadence
        for cadence in wanted
        if counts.get((newsletter.slug, cadence.name, SubscriptionState.ACTIVE))
    ]
    if not cadences:
        show.say(
            f"Nobody reads {newsletter.slug}{f' ({name})' if name else ''} yet."
            f" `publisher subscribers add ADDRESS --newsletter {newsletter.slug}` adds readers."
        )
    return cadences


async def _composed(app: App, newsletter: Newsletter, cadence: Cadence, wish: Wish) -> Issue | None:
    """Make an issue and say so; None if there is nothing new for anybody."""
    issue = await app.compose_now(newsletter, cadence, wish)
    if issue.state is IssueState.EMPTY:
        show.say(f"{newsletter.slug}, {cadence.name}: nothing new for anybody; no issue.")
        if not wish.is_empty:
            show.notice(
                "What you changed is kept for the next one;"
                f" `publisher issues edit {newsletter.slug} --cadence {cadence.name}` shows it."
            )
        return None
    show.say(
        f"{newsletter.slug}, {cadence.name}: issue {issue.id} (no. {issue.number})"
        f" for {show.number(issue.audience, 'reader')}"
    )
    return issue


async def _foretell(app: App, newsletter: Newsletter, cadence: Cadence, wish: Wish) -> None:
    from publisher.app.coming import next_rendition
    from publisher.editing import changed, decided
    from publisher.store import articles, subscribers
    from publisher.store.edits import About

    about = About(newsletter=newsletter.slug, cadence=cadence.name)
    holds = changed(await decided(app.store, about), wish)
    rendition = await next_rendition(app, newsletter, cadence, decided=holds)
    where = f"{newsletter.slug}, {cadence.name}"
    if rendition is None:
        show.say(f"{where}: nothing new for anybody; there would be no issue.")
        return
    async with app.store.read() as connection:
        counts = await subscribers.counts(connection)
        told = await articles.by_ids(connection, rendition.article_ids)
    readers = counts.get((newsletter.slug, cadence.name, SubscriptionState.ACTIVE), 0)
    show.say(
        f"{where}: up to {show.number(len(rendition.article_ids), 'article')}"
        f" for {show.number(readers, 'reader')}, each only what they have not had:"
    )
    for id in rendition.article_ids:
        show.say(f"  {told[id].title}")


def _finishing() -> None:
    show.notice("Finishing what is under way; once more stops at once and leaves doubt.")


async def _send(
    app: App, newsletter: Newsletter, made: Sequence[Issue], stop: asyncio.Event
) -> str | None:
    """Send until none of these issues has a pending row; else give why there are some left."""
    ids = {issue.id for issue in made}
    with show.progress("sending", sum(issue.audience for issue in made)) as advance:
        over = asyncio.Event()
        watch = asyncio.create_task(_watch(app, made, advance, over))
        problem: str | None = None
        try:
            while not stop.is_set():
                if not (relays := app.relays.carrying(newsletter)):
                    return problem
                sent = await asyncio.gather(*(app.relays.deliver(each, stop) for each in relays))
                problem = next((each.error for each in sent if each.error is not None), None)
                if problem is not None:
                    continue  # over the next relay, if there is one
                balances = [await balance_of(app, issue) for issue in made]
                if all(balance.is_finished for balance in balances):
                    return None
                states = {(await found(app, id)).state for id in ids}
                if states.isdisjoint({IssueState.OPEN}):
                    return "somebody has paused or cancelled it"
                if (reason := app.relays.why_waiting(newsletter)) is not None:
                    return reason
                # Put off by the relay, or in the hands of a worker: look again in a while.
                await running.either(stop, _POLL_SECONDS)
        finally:
            # Not cancelled: what it reads from the database is read to the end.
            over.set()
            await watch
    return "interrupted"


async def _watch(
    app: App, made: Sequence[Issue], advance: Callable[[int], None], over: asyncio.Event
) -> None:
    """Show how far it is, without spending more than a small part of the time on counting."""
    while not over.is_set():
        began = time.monotonic()
        balances = [await balance_of(app, issue) for issue in made]
        advance(sum(balance.audience - balance.pending for balance in balances))
        await running.either(over, max(_POLL_SECONDS, 20 * (time.monotonic() - began)))


async def _tell(app: App, made: Sequence[Issue], problem: str | None) -> int:
    """Say where everybody stands; give the exit code."""
    code = 0
    for issue in made:
        balance = await balance_of(app, issue)
        show.say(f"issue {issue.id}: {equation(balance)}")
        if balance.failed:
            show.notice(f"`publisher issues recipients {issue.id} --state failed` tells why.")
        if balance.in_doubt:
            show.notice(doubt(issue, balance))
        if balance.pending:
            show.error(_why(issue, balance, problem))
        if balance.in_doubt or balance.pending or not balance.holds:
            code = 1
    return code


def _why(issue: Issue, balance: Balance, problem: str | None) -> str:
    return (
        f"{show.number(balance.pending, 'mail')} of issue {issue.id} still to be sent: {problem}."
        " Nothing is lost: a worker (`publisher run` or `publisher worker`) goes on."
    )

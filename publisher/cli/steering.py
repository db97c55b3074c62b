"""Commands that steer an issue: approve, pause, resume, cancel, retry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from publisher.cli import running, show
from publisher.cli.issues import Id, found, issues
from publisher.cli.running import Misuse
from publisher.model import Issue, IssueState

if TYPE_CHECKING:
    from publisher.app import App


@issues.command()
def approve(ctx: typer.Context, id: Id) -> None:
    """Let a held issue go out when its grace is over."""

    async def job(app: App) -> None:
        from publisher.store import issues as stored

        issue = await found(app, id)
        async with app.store.write() as connection:
            if not await stored.approve(connection, id):
                raise _not_possible(issue, "approved", IssueState.HELD)
        show.say(f"Issue {id} is approved; the clock makes it after its grace.")

    running.at_work(ctx, job)


@issues.command()
def pause(ctx: typer.Context, id: Id) -> None:
    """Stop sending an issue for now; what is under way is finished."""
    _move(ctx, id, IssueState.OPEN, IssueState.PAUSED, f"`publisher issues resume {id}` goes on.")


@issues.command()
def resume(ctx: typer.Context, id: Id) -> None:
    """Go on sending a paused issue."""
    _move(ctx, id, IssueState.PAUSED, IssueState.OPEN, "A worker sends the rest.")


def _move(ctx: typer.Context, id: int, old: IssueState, new: IssueState, then: str) -> None:
    async def job(app: App) -> None:
        from publisher.store import issues as stored

        issue = await found(app, id)
        async with app.store.write() as connection:
            if not await stored.change_state(
                connection, id, come_from=[old], go_to=new, now=app.clock()
            ):
                verb = "paused" if new is IssueState.PAUSED else "resumed"
                raise _not_possible(issue, verb, old)
        show.say(f"Issue {id} is {new} now. {then}")

    running.at_work(ctx, job)


@issues.command()
def cancel(ctx: typer.Context, id: Id) -> None:
    """Stop an issue for good. Its articles go to those it did not reach with the next one."""

    async def job(app: App) -> None:
        from publisher.issues import stop

        issue = await found(app, id)
        left = await stop(app.store, issue, clock=app.clock)
        if left is None:
            raise _not_possible(issue, "cancelled", IssueState.HELD, IssueState.OPEN)
        show.say(
            f"Issue {id} is stopped; {show.number(left, 'reader')} will not get it."
            " Its articles go to them with the next one, unless you withdraw them."
        )

    running.at_work(ctx, job)


@issues.command()
def retry(
    ctx: typer.Context,
    id: Id,
    only: Annotated[
        str, typer.Option("--only", metavar="STATES", help="failed, in-doubt, or both: with a ,")
    ],
) -> None:
    """Send failed mails, or mails in doubt, again."""
    wanted = {word.strip() for word in only.split(",")}
    for word in wanted:
        running.name_among(word, ("failed", "in-doubt"), "state to retry")

    async def job(app: App) -> None:
        from publisher.store import accounts, corrections

        issue = await found(app, id)
        if issue.state not in (IssueState.OPEN, IssueState.PAUSED):
            raise _not_possible(issue, "retried", IssueState.OPEN, IssueState.PAUSED)
        async with app.store.write() as connection:
            count = await accounts.retry(
                connection,
                id,
                failed="failed" in wanted,
                in_doubt="in-doubt" in wanted,
                now=app.clock(),
            )
        then = " A worker sends them." if count else ""
        show.say(f"{show.number(count, 'mail')} of issue {id} to be sent again.{then}")
        async with app.store.read() as connection:
            corrected = await corrections.of_issue(connection, id)
        if count and corrected is not None:
            show.notice(
                f"They say what issue {id} said, and are not corrected: issue"
                f" {corrected.sent_as} went to those who had it then."
            )

    running.at_work(ctx, job)


def _not_possible(issue: Issue, verb: str, *states: IssueState) -> Misuse:
    wanted = " or ".join(states)
    return Misuse(f"issue {issue.id} is {issue.state}; only one that is {wanted} can be {verb}")

"""`issues correct`: one word to those who have an issue in which something was wrong."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from publisher.cli import running, show
from publisher.cli.issues import Id, balance_of, found, issues
from publisher.cli.running import Misuse
from publisher.errors import PublisherError
from publisher.model import LET_OUT, Balance, Issue, IssueState

if TYPE_CHECKING:
    from publisher.app import App
    from publisher.store.corrections import Correction


@issues.command()
def correct(
    ctx: typer.Context,
    id: Id,
    note: Annotated[
        str,
        typer.Option(
            "--note", metavar="FILE|TEXT", help="What was wrong and what is right, in Markdown."
        ),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show the mail, and to how many it would go.")
    ] = False,
) -> None:
    """Send a correction to those who have an issue, below the mail that they have. Once only.

    It goes to those whose mail was accepted and who still read the newsletter. The page of the
    issue in the archive shows it. Articles that you have edited or withdrawn are right there
    already; mails that were sent stay as they are.
    """
    said = _said(note)

    async def job(app: App) -> None:
        issue = await found(app, id)
        newsletter = running.newsletter_called(app.config, issue.newsletter)
        balance = await balance_of(app, issue)
        await _check(app, issue, balance)
        if dry_run:
            rendition = await app.corrector.foretell(newsletter, issue, said)
            if rendition is not None:
                show.say(f"Subject: {rendition.subject}\n\n{rendition.text.rstrip()}\n")
            show.say(f"Up to {show.number(balance.accepted, 'reader')} would get it.")
            return
        begun = await app.corrector.correct(newsletter, issue, said)
        if begun is None:
            raise PublisherError(f"somebody else corrected issue {id} at this moment")
        carrier = await found(app, begun.sent_as)
        show.say(
            f"Issue {id} (no. {issue.number}) is corrected, for"
            f" {show.number(carrier.audience, 'reader')}, by issue {carrier.id}. A worker sends it."
        )
        if balance.in_doubt:
            show.notice(
                f"{show.number(balance.in_doubt, 'mail')} of issue {id} may or may not have been"
                " taken: those readers get no correction."
            )

    running.at_work(ctx, job)


def _said(note: str) -> str:
    """Read what is to be said: the text of a file if there is one of this name."""
    from publisher import intros

    path = Path(note)
    is_named = len(note.split()) == 1 and len(note) < 256
    if is_named and not path.exists():
        # One word is no correction, and a mistyped name must not be mailed to everybody.
        raise PublisherError(f"{note}: there is no such file; a text has several words")
    text = intros.read(path) if is_named else intros.legible(note, "--note")
    if not text:
        raise PublisherError(f"{note if is_named else '--note'}: says nothing")
    return text


async def _check(app: App, issue: Issue, balance: Balance) -> None:
    """Raise why an issue cannot be corrected, if it cannot."""
    from publisher.store import corrections

    async with app.store.read() as connection:
        own = await corrections.of_issue(connection, issue.id)
        carried = await corrections.carried_by(connection, issue.id)
    if carried is not None:
        raise Misuse(f"issue {issue.id} is the correction of issue {carried.issue} itself")
    if own is not None:
        raise PublisherError(_corrected(app, own))
    if issue.state is IssueState.HELD:
        raise Misuse(
            f"issue {issue.id} is held, and nobody has it yet:"
            f" `publisher issues edit {issue.id}` changes it"
        )
    if balance.pending and issue.state in LET_OUT:
        raise PublisherError(
            f"issue {issue.id} still has {show.number(balance.pending, 'mail')} to be sent, which"
            " would be wrong as well: wait, or stop it with"
            f" `publisher issues cancel {issue.id}`"
        )
    if not balance.accepted:
        raise PublisherError(f"nobody has issue {issue.id}")


def _corrected(app: App, own: Correction) -> str:
    on = own.created.astimezone(app.config.publication.timezone)
    return (
        f"issue {own.issue} has been corrected on {on:%Y-%m-%d %H:%M %Z}, by issue {own.sent_as};"
        " nobody gets a second correction"
    )

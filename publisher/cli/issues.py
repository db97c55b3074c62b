"""Commands that look at newsletters and their issues, down to each recipient."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import asdict
from textwrap import shorten
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from publisher.cli import running, show
from publisher.cli.running import AsJson, Limit
from publisher.errors import PublisherError
from publisher.model import Balance, Edits, Issue, IssueState

if TYPE_CHECKING:
    from publisher.app import App

newsletters = typer.Typer(
    name="newsletters", help="What readers can subscribe to.", no_args_is_help=True
)
issues = typer.Typer(
    name="issues", help="What has been sent, is being sent, or waits.", no_args_is_help=True
)

Id = Annotated[int, typer.Argument(metavar="ID", help="As `issues list` shows it.")]


class Stand(enum.StrEnum):
    """Where a recipient stands, as in the balance."""

    PENDING = "pending"
    SENDING = "sending"
    ACCEPTED = "accepted"
    FAILED = "failed"
    SKIPPED = "skipped"
    IN_DOUBT = "in-doubt"


@newsletters.command("list")
def list_newsletters(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List newsletters with their cadences."""
    config = running.configured(ctx)
    with show.Listing(
        *("slug", "title", "cadences", "zone", "sender", "relay"),
        as_json=as_json,
        empty="No newsletters; add a table [[newsletters]] to the config.",
    ) as listing:
        listing.page(
            {
                "slug": newsletter.slug,
                "title": newsletter.title,
                "cadences": [cadence.name for cadence in newsletter.cadences],
                "zone": newsletter.timezone.key,
                "sender": newsletter.sender.mailbox,
                "relay": newsletter.relays[0],
            }
            for newsletter in config.newsletters
        )


@issues.command("list")
def list_issues(
    ctx: typer.Context,
    newsletter: Annotated[
        str | None, typer.Option("--newsletter", metavar="SLUG", help="Only those of this one.")
    ] = None,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """List issues, the newest first."""

    async def job(app: App) -> None:
        from publisher.store import issues as stored

        if newsletter is not None:
            running.newsletter_called(app.config, newsletter)
        async with app.store.read() as connection:
            listed = await stored.listing(connection, newsletter=newsletter, limit=limit)
        with show.Listing(
            *("id", "newsletter", "number", "cadence", "due", "state", "audience", "note"),
            as_json=as_json,
            empty="No issues yet; `publisher schedule` shows when the next ones are due.",
        ) as listing:
            listing.page(
                {**asdict(issue), "due": issue.due.astimezone(_zone(app, issue))}
                for issue in listed
            )

    running.at_work(ctx, job)


@issues.command("show")
def show_issue(
    ctx: typer.Context,
    id: Id,
    watch: Annotated[
        bool,
        typer.Option(
            "--watch",
            help="Follow it until no mail is left to send; with --json, in JSON Lines.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show one issue with its balance: where every recipient stands."""
    if watch:
        from publisher.cli.watching import follow

        code = running.at_work(ctx, lambda app: follow(app, id, as_json=as_json), looking=True)
        raise typer.Exit(code)

    async def job(app: App) -> bool:
        issue = await found(app, id)
        balance = await balance_of(app, issue)
        subject = await _subject(app, issue)
        edited = await _edited(app, issue)
        corrected = await _corrected(app, issue)
        bounced = await _bounced(app, issue)
        if as_json:
            show.dump(
                {
                    **asdict(issue),
                    "subject": subject,
                    "edits": edited,
                    **corrected,
                    "bounced": bounced,
                    "balance": {**asdict(balance), "holds": balance.holds},
                }
            )
        else:
            told = ", ".join(f"{mails:,} {kind}" for kind, mails in bounced.items())
            _print(app, issue, balance, subject, edited | corrected | {"bounced": told})
        return balance.holds

    if not running.at_work(ctx, job):
        raise typer.Exit(1)


def _print(
    app: App, issue: Issue, balance: Balance, subject: str, more: Mapping[str, object]
) -> None:
    zone = _zone(app, issue)
    show.card(
        {
            "issue": issue.id,
            "newsletter": issue.newsletter,
            "number": issue.number,
            "cadence": issue.cadence,
            "slot": issue.slot,
            "due": issue.due.astimezone(zone),
            "state": issue.state,
            "subject": subject,
            "note": issue.note,
            **{key: short(value) for key, value in more.items()},
            "balance": equation(balance),
        }
    )
    if not balance.holds:
        show.error(
            f"the balance of issue {issue.id} does not hold: somebody is missing or is counted"
            " twice. Stop the service, keep a copy of the database, and report this."
        )
    if issue.state is IssueState.HELD:
        if not issue.approved:
            show.notice(f"It waits for approval: `publisher issues approve {issue.id}`.")
        else:
            show.notice(f"It goes out after {issue.opens.astimezone(zone):%Y-%m-%d %H:%M %Z}.")
    if issue.state is IssueState.PAUSED:
        show.notice(f"`publisher issues resume {issue.id}` sends the rest.")
    if balance.in_doubt:
        show.notice(doubt(issue, balance))


def short(value: object) -> object:
    """Give a text in a line; JSON has all of it."""
    return shorten(value, 100, placeholder="…") if isinstance(value, str) else value


def _zone(app: App, issue: Issue) -> ZoneInfo:
    """Give the zone of an issue's newsletter; one that the config dropped has the site's."""
    zones = {newsletter.slug: newsletter.timezone for newsletter in app.config.newsletters}
    return zones.get(issue.newsletter, app.config.publication.timezone)


def equation(balance: Balance) -> str:
    """Write a balance as the equation that must hold."""
    return (
        f"audience {balance.audience} = accepted {balance.accepted} + failed {balance.failed}"
        f" + skipped {balance.skipped} + pending {balance.pending}"
        f" + in doubt {balance.in_doubt}"
    )


def doubt(issue: Issue, balance: Balance) -> str:
    """Tell what rows in doubt are, and how to decide them."""
    return (
        f"{show.number(balance.in_doubt, 'mail')} of issue {issue.id} may or may not have"
        " been taken by the relay; nothing sends them again by itself.\n"
        f"  `publisher issues recipients {issue.id} --state in-doubt` lists them,\n"
        f"  `publisher issues retry {issue.id} --only in-doubt` sends them again; whoever had"
        " theirs then gets it twice."
    )


async def found(app: App, id: int) -> Issue:
    """Find an issue. Raises PublisherError if there is none."""
    from publisher.store import issues as stored

    async with app.store.read() as connection:
        issue = await stored.get(connection, id)
    if issue is None:
        raise PublisherError(f"there is no issue {id}; `publisher issues list` shows them all")
    return issue


async def balance_of(app: App, issue: Issue) -> Balance:
    """Count where the recipients of an issue stand."""
    from publisher.store import accounts

    async def count() -> Balance:
        async with app.store.read() as connection:
            return await accounts.balance(connection, issue.id, app.clock())

    balance = await count()
    # On PostgreSQL a chunk may be composed between the two statements of a count.
    return balance if balance.holds else await count()


async def _subject(app: App, issue: Issue) -> str:
    from publisher.store import renditions

    async with app.store.read() as connection:
        rendition = await renditions.largest(connection, issue.id)
    return rendition.subject if rendition else ""


async def _bounced(app: App, issue: Issue) -> dict[str, int]:
    """Count the mails that failed after they were accepted, or were complained of."""
    from publisher.store import bounces

    async with app.store.read() as connection:
        return await bounces.of_issue(connection, issue.id)


async def _corrected(app: App, issue: Issue) -> dict[str, object]:
    """Tell of the correction that an issue has, with its balance, or that it is one."""
    from publisher.store import corrections

    async with app.store.read() as connection:
        own = await corrections.of_issue(connection, issue.id)
        carried = await corrections.carried_by(connection, issue.id)
    if own is None:
        return {"corrects": carried and carried.issue}
    carrier = await found(app, own.sent_as)
    return {
        "corrected": own.created.astimezone(_zone(app, issue)),
        "corrected_by": carrier.id,
        "correction": own.note,
        "correction_balance": equation(await balance_of(app, carrier)),
    }


async def _edited(app: App, issue: Issue) -> dict[str, Any]:
    from publisher.editing import decided
    from publisher.store.edits import About

    return await slugs_of(app, await decided(app.store, About.one(issue)))


async def slugs_of(app: App, holds: Edits) -> dict[str, Any]:
    """Give what is decided with articles by their slugs, as people name them."""
    from publisher.store import articles

    async with app.store.read() as connection:
        known = await articles.by_ids(connection, [*holds.included, *holds.excluded, *holds.first])
    return {
        "included": [known[id].slug for id in holds.included],
        "excluded": [known[id].slug for id in holds.excluded],
        "first": [known[id].slug for id in holds.first],
        "intro": holds.text,
    }


@issues.command()
def recipients(
    ctx: typer.Context,
    id: Id,
    state: Annotated[Stand | None, typer.Option("--state", help="Only those who stand so.")] = None,
    bounced: Annotated[
        bool,
        typer.Option("--bounced", help="Only those whose mail failed later, or was complained of."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List who gets an issue, and what became of each mail."""

    async def job(app: App) -> None:
        from publisher.store import accounts

        issue = await found(app, id)
        zone = app.config.publication.timezone
        stand = state.value.replace("-", "_") if state else None
        after = 0
        with show.Listing(
            *("address", "name", "state", "attempts", "settled", "reply"),
            as_json=as_json,
            empty=f"Issue {id} is {issue.state} and has no such recipient.",
        ) as listing:
            while True:
                async with app.store.read() as connection:
                    page = await accounts.recipients(
                        connection,
                        id,
                        now=app.clock(),
                        state=stand,
                        is_bounced=bounced,
                        after=after,
                    )
                if not page:
                    break
                after = page[-1].id
                listing.page(
                    {
                        "address": recipient.address.mailbox,
                        "name": recipient.address.name,
                        "state": recipient.state.replace("_", "-"),
                        "attempts": recipient.attempts,
                        "settled": recipient.settled and recipient.settled.astimezone(zone),
                        "reply": recipient.reply,
                    }
                    for recipient in page
                )

    running.at_work(ctx, job)

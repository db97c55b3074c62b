"""How the site fares."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

import typer

from publisher.cli import running, show, sources, webhooks
from publisher.cli.running import AsJson
from publisher.cli.scheduling import coming

if TYPE_CHECKING:
    from publisher.app import App

_MINUTE = "%Y-%m-%d %H:%M %Z"
_LATELY = timedelta(days=7)
_DAY = timedelta(days=1)


def status(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Show sources, hub, readers, running issues, quotas, bounces, webhooks, notices and slots."""

    async def job(app: App) -> dict[str, Any]:
        return {
            "database": "at this program's version",
            "ledger_is_older": await app.witness.is_older(app.store),
            "sources": [await sources.row(app, entry) for entry in app.config.sources],
            "hub": await _hub(app),
            "subscriptions": await _subscriptions(app),
            "issues": await _running_issues(app),
            "quotas": await _quotas(app),
            "bounces": await _bounces(app),
            "webhooks": await webhooks.rows(app),
            "notices": await _notices(app),
            "next": [
                row
                for newsletter in app.config.newsletters
                for cadence in newsletter.cadences
                for row in islice(coming(newsletter, cadence, app.clock(), None), 1)
            ],
        }

    found = running.at_work(ctx, job)
    if as_json:
        show.dump(found)
        return
    show.say(f"Database: {found['database']}")
    if found["ledger_is_older"]:
        show.notice(
            "It was further once, so no mail is sent: what it holds for unsent may have been sent."
            " If it was put back from a backup, run `publisher restored`."
        )
    _section(
        "Sources",
        found["sources"],
        ("name", "kind", "articles", "held", "rejected", "last_good", "next_try"),
    )
    sources.complain(found["sources"])
    show.say(f"\nHub: {_told(found['hub'])}")
    _section("Subscriptions", found["subscriptions"], ("newsletter", "cadence", "state", "people"))
    _section(
        "Issues under way",
        found["issues"],
        ("id", "newsletter", "cadence", "number", "state", "done", "audience", "in_doubt", "note"),
    )
    _section("Quotas of today", found["quotas"], ("quota", "used", "left", "limit", "until"))
    show.say(f"\nBounces: {_told_of_bounces(found['bounces'])}")
    _section("Webhooks", found["webhooks"], webhooks.COLUMNS)
    _section(
        "Notices not sent", found["notices"], ("subject", "created", "attempts", "due", "reply")
    )
    _section("Next slots", found["next"], ("newsletter", "cadence", "slot", "note"))
    if any(issue["in_doubt"] for issue in found["issues"]):
        show.notice(
            "\nRows in doubt were perhaps taken by the relay and perhaps not."
            " `publisher issues show ID` tells how to decide them."
        )


def _section(title: str, rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    show.say(f"\n{title}" if rows else f"\n{title}: none")
    if rows:
        with show.Listing(*columns, as_json=False, empty="") as listing:
            listing.page(rows)


async def _hub(app: App) -> dict[str, Any] | None:
    """Tell how telling readers of news fares: at our own hub, or at another one."""
    from publisher.store import callbacks, intents, pings

    publication = app.config.publication
    if publication.hub is None:
        return None
    zone = publication.timezone
    async with app.store.read() as connection:
        if not publication.has_own_hub:
            pinged = await pings.standing(connection, publication.hub)
            return {
                "url": publication.hub,
                "waiting": pinged.waiting,
                "error": pinged.error,
                "next_try": pinged.next_try and pinged.next_try.astimezone(zone),
            }
        own = await callbacks.standing(connection, app.clock())
        return {
            "url": publication.hub,
            "subscriptions": own.subscriptions,
            "unverified": await intents.waiting(connection),
            "waiting": own.waiting,
            "failing": own.failing,
            "last_failure": own.last_failure and own.last_failure.astimezone(zone),
            "error": own.last_error,
        }


def _told(hub: dict[str, Any] | None) -> str:
    """Tell of a hub in one line."""
    if hub is None:
        return "none"
    if "subscriptions" not in hub:
        told = f"{hub['url']}, {show.number(hub['waiting'], 'document')} to tell it of"
        if hub["error"]:
            told += f"; it fails: {hub['error']}; next try {hub['next_try']:{_MINUTE}}"
        return told
    told = (
        f"our own, {show.number(hub['subscriptions'], 'subscription')},"
        f" {hub['unverified']} to be verified, {hub['waiting']} to be told"
    )
    if hub["failing"]:
        when = f"{hub['last_failure']:{_MINUTE}}"
        told += f"; {hub['failing']} fail, the last at {when}: {hub['error']}"
    return told


async def _subscriptions(app: App) -> list[dict[str, Any]]:
    from publisher.store import subscribers

    async with app.store.read() as connection:
        counts = await subscribers.counts(connection)
    return [
        {"newsletter": newsletter, "cadence": cadence, "state": str(state), "people": people}
        for (newsletter, cadence, state), people in sorted(counts.items())
    ]


async def _quotas(app: App) -> list[dict[str, Any]]:
    """Tell how much of each quota of today is taken, by whatever worker, and when it is new."""
    from publisher.deliver.quota import Today
    from publisher.store import quotas

    zone = app.config.publication.timezone
    today = Today.at(app.clock(), zone)
    rows = []
    async with app.store.read() as connection:
        for quota in app.relays.limits.quotas:
            used = await quotas.used(connection, quota.name, today.day)
            limit = quota.limit(today.day)
            rows.append(
                {
                    "quota": quota.name,
                    "used": used,
                    "left": None if limit is None else max(0, limit - used),
                    "limit": limit,
                    "until": today.ends.astimezone(zone),
                }
            )
    return rows


async def _bounces(app: App) -> dict[str, Any]:
    """Count what came back in the last day, by kind or what became of it, and the quarantine."""
    from publisher.store import bounces, quarantine

    async with app.store.read() as connection:
        return {
            "last_day": await bounces.counts(connection, app.clock() - _DAY),
            "quarantine": await quarantine.count(connection),
        }


def _told_of_bounces(bounces: dict[str, Any]) -> str:
    """Tell of them in one line."""
    told = ", ".join(
        f"{mails:,} {what.replace('_', ' ')}" for what, mails in bounces["last_day"].items()
    )
    waiting = bounces["quarantine"]
    return (f"{told} in the last day" if told else "none in the last day") + (
        f"; {waiting:,} in quarantine, see `publisher bounces quarantine list`" if waiting else ""
    )


async def _notices(app: App) -> list[dict[str, Any]]:
    """Give what the admin was to be told lately and has not been sent."""
    from publisher.store import notices

    zone = app.config.publication.timezone
    async with app.store.read() as connection:
        unsent = await notices.unsent(connection, app.clock() - _LATELY)
    return [
        {
            "subject": one.subject,
            "text": one.text,
            "created": one.created.astimezone(zone),
            "attempts": one.attempts,
            "due": one.due and one.due.astimezone(zone),
            "reply": one.reply,
        }
        for one in unsent
    ]


async def _running_issues(app: App) -> list[dict[str, Any]]:
    """Give what is held, paused, not finished, or in doubt, however old."""
    from publisher.store import accounts, issues

    rows = []
    async with app.store.read() as connection:
        for id in await accounts.under_way(connection):
            issue = await issues.get(connection, id)
            assert issue is not None  # noqa: S101 -- issues are never deleted
            balance = await accounts.balance(connection, id, app.clock())
            rows.append(
                {
                    "id": issue.id,
                    "newsletter": issue.newsletter,
                    "cadence": issue.cadence,
                    "number": issue.number,
                    "state": str(issue.state),
                    "done": balance.audience - balance.pending - balance.in_doubt,
                    "audience": balance.audience,
                    "in_doubt": balance.in_doubt,
                    "note": issue.note,
                }
            )
    return rows

"""The command that lets a reader have a newsletter otherwise: how often, when, what of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from publisher.cli import running, show
from publisher.cli.people import Address, ToNewsletter, subscribers
from publisher.cli.running import CadenceName, Misuse
from publisher.errors import PublisherError
from publisher.model import Newsletter, OwnTime, SubscriptionState, Wishes

if TYPE_CHECKING:
    from publisher.app import App


@subscribers.command()
def choose(
    ctx: typer.Context,
    address: Address,
    newsletter: ToNewsletter,
    cadence: CadenceName = None,
    topics: Annotated[
        str | None,
        typer.Option("--topics", metavar="NAMES", help='Some topics, with commas; "" for all.'),
    ] = None,
    language: Annotated[
        str | None, typer.Option("--language", metavar="TAG", help="Of those on offer.")
    ] = None,
    hour: Annotated[
        int | None, typer.Option("--hour", min=0, max=23, help="An hour of their own.")
    ] = None,
    zone: Annotated[
        str | None, typer.Option("--zone", metavar="NAME", help="A time zone of their own (IANA).")
    ] = None,
    usual_time: Annotated[
        bool, typer.Option("--usual-time", help="The newsletter's hour and zone again.")
    ] = False,
    pause_until: Annotated[
        str | None,
        typer.Option("--pause-until", metavar="DATE", help='Nothing before it; "" ends a pause.'),
    ] = None,
) -> None:
    """Change how a person has a newsletter. Nothing is lost by it, and nothing comes twice.

    What is not named stays as it is.
    """

    async def job(app: App) -> None:
        from publisher.mail.address import key, parse
        from publisher.store import subscribers as stored
        from publisher.store import subscriptions

        chosen = running.newsletter_called(app.config, newsletter)
        async with app.store.read() as connection:
            found = await stored.page(
                connection,
                newsletter=chosen.slug,
                state=SubscriptionState.ACTIVE,
                address_key=key(parse(address)),
            )
        if not found:
            raise PublisherError(f"{address} does not read {chosen.slug}")
        wishes = found[0].wishes
        if cadence is not None:
            wishes = replace(wishes, cadence=running.cadence_called(chosen, cadence).name)
        if topics is not None:
            wishes = replace(wishes, topics=_topics(chosen, topics))
        if language is not None:
            running.name_among(language, [chosen.language, *chosen.languages], "language")
            wishes = replace(wishes, language=language)
        if usual_time:
            wishes = replace(wishes, own_time=OwnTime())
        if hour is not None:
            wishes = replace(wishes, own_time=replace(wishes.own_time, hour=hour))
        if zone is not None:
            wishes = replace(wishes, own_time=replace(wishes.own_time, zone=_zone(zone)))
        if pause_until is not None:
            wishes = replace(wishes, paused_until=_until(chosen, pause_until))
        if (hour, zone) != (None, None):
            _require_own_time(chosen, wishes)
        async with app.store.write() as connection:
            await subscriptions.choose(connection, found[0].id, wishes, app.clock())
        show.say(f"{address} has {chosen.slug} {_told(chosen, wishes)}.")

    running.at_work(ctx, job)


def _topics(newsletter: Newsletter, text: str) -> tuple[str, ...]:
    named = tuple(part.strip() for part in text.split(",") if part.strip())
    for name in named:
        running.name_among(name, [topic.slug for topic in newsletter.topics], "topic")
    return named


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # no such zone, or a path
        raise Misuse(f'there is no time zone "{name}"; write it as Europe/Berlin') from error


def _until(newsletter: Newsletter, text: str) -> datetime | None:
    """Read a date as the beginning of that day where the newsletter is at home."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise Misuse(f'"{text}" is not a date; write it as 2026-12-31') from error
    return newsletter.midnight(day)


def _require_own_time(newsletter: Newsletter, wishes: Wishes) -> None:
    for each in newsletter.cadences:
        if each.name == wishes.cadence and not each.own_time:
            raise Misuse(
                f"{newsletter.slug} has {each.name} at one time for everybody;"
                " own_time = true at the cadence lets readers choose theirs"
            )


def _told(newsletter: Newsletter, wishes: Wishes) -> str:
    parts = [wishes.cadence, ", ".join(wishes.topics) or "on everything"]
    parts.append(f"in {newsletter.language_for(wishes.language)}")
    if wishes.own_time.hour is not None:
        parts.append(f"at {wishes.own_time.hour} o'clock")
    if wishes.own_time.zone is not None:
        parts.append(f"by the clock of {wishes.own_time.zone.key}")
    if wishes.paused_until is not None:
        parts.append(f"from {wishes.paused_until.astimezone(newsletter.timezone):%Y-%m-%d} on")
    return "; ".join(parts)

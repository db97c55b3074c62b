"""Commands that try a newsletter: a preview of its next issue, and a test to one address."""

from __future__ import annotations

import email
import email.policy
import email.utils
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from publisher.cli import checking, running, show
from publisher.cli.running import AsJson, CadenceName, NewsletterSlug
from publisher.errors import PublisherError
from publisher.model import (
    Address,
    Cadence,
    IssueState,
    Message,
    Newsletter,
    Subscription,
    SubscriptionState,
    Wishes,
)

if TYPE_CHECKING:
    from email.message import EmailMessage

    from publisher.app import App
    from publisher.model import Rendition

# Subscriptions are numbered from 1, so tokens of this one lead nowhere.
_NOBODY = 0


def preview(
    ctx: typer.Context,
    newsletter: NewsletterSlug,
    cadence: CadenceName = None,
    reader: Annotated[
        str | None, typer.Option("--as", metavar="ADDRESS", help="As this reader would get it.")
    ] = None,
    language: Annotated[
        str | None, typer.Option("--language", metavar="TAG", help="In this language.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write HTML, text and raw .eml.")
    ] = None,
    check: Annotated[
        bool,
        typer.Option("--check", help="Print what the preflight finds in it; exit 1 if it blocks."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show the next issue as it would be now. Sends nothing, and its links lead nowhere.

    --check examines it as a sample of its readers get it, or the one of --as.
    """
    if as_json and not check:
        raise running.Misuse("--json prints what --check finds")

    async def job(app: App) -> bool:
        chosen = running.newsletter_called(app.config, newsletter)
        if language is not None:
            offered = [chosen.language, *chosen.languages]
            running.name_among(language, offered, "language")
        one = await _reader(app, chosen, reader)
        each = running.cadence_called(chosen, cadence or one.cadence)
        rendition = await next_rendition(app, chosen, each, one, language or "")
        if rendition is None:
            if as_json:
                show.dump([])
            else:
                show.say(f"{chosen.slug}, {each.name}: nothing new for anybody; no issue.")
            return False
        if check:
            sample = [] if reader else await checking.sample(app, chosen, each)
            checked = await checking.checked(app, chosen, each, rendition, sample or [one])
            checking.tell(checked, as_json=as_json)
            return checked.is_blocked
        message = _message(app, chosen, rendition, one.address)
        if folder is None:
            parsed = _parsed(message)
            show.say(f"Subject: {parsed['Subject']}\n\n{_body(parsed, 'plain').rstrip()}")
            show.notice("\n--out DIR writes the HTML and the raw message as well.")
        else:
            for path in _write(folder, f"{chosen.slug}-{each.name}", message):
                show.say(f"wrote {path}")
        return False

    if running.at_work(ctx, job):
        raise typer.Exit(1)


def send_test(
    ctx: typer.Context,
    newsletter: NewsletterSlug,
    to: Annotated[str, typer.Option("--to", metavar="ADDRESS", help="Who gets it.")],
    cadence: CadenceName = None,
) -> None:
    """Send the next issue to one address, marked as a test and counted nowhere."""
    from publisher.mail.address import parse

    async def job(app: App) -> None:
        chosen = running.newsletter_called(app.config, newsletter)
        rendition = await next_rendition(app, chosen, running.cadence_called(chosen, cadence))
        rendition = rendition or await _last(app, chosen)
        if rendition is None:
            raise PublisherError(
                f"{chosen.slug} has no article to test with; `publisher ingest` loads articles"
            )
        test = replace(rendition, subject=f"[Test] {rendition.subject}")
        message = _message(app, chosen, test, parse(to))
        relay = app.config.relays[chosen.relays[0]]
        transport = app.connect(relay.name)
        try:
            await transport.offer(message.envelope)
            reply = await transport.transmit(message.content)
        finally:
            await transport.close()
        show.say(f"{relay.host}:{relay.port} answered: {reply.code} {reply.text}")

    running.at_work(ctx, job)


async def next_rendition(
    app: App,
    newsletter: Newsletter,
    cadence: Cadence,
    reader: Subscription | None = None,
    language: str = "",
) -> Rendition | None:
    """Render the next issue, as one of its readers would get it; None if there would be none."""
    if reader is not None and reader.id == _NOBODY:
        reader = None
    rendition = await app.composer.preview(newsletter, cadence, reader=reader, language=language)
    if rendition is not None and len(rendition.article_ids) < newsletter.min_articles:
        return None
    return rendition


async def _last(app: App, newsletter: Newsletter) -> Rendition | None:
    """Give what the last issue said; None if there was none."""
    from publisher.store import issues as stored
    from publisher.store import renditions

    async with app.store.read() as connection:
        sent = await stored.listing(
            connection, newsletter=newsletter.slug, states=[IssueState.OPEN], limit=1
        )
        if not sent:
            return None
        return await renditions.largest(connection, sent[0].id, newsletter.language)


async def _reader(app: App, newsletter: Newsletter, text: str | None) -> Subscription:
    """Give whom a preview is for, with what we know of them; somebody made up if nobody is named.

    Who does not read the newsletter gets it in its default cadence.
    """
    from publisher.mail.address import key, parse
    from publisher.store import subscribers

    address = parse(text or "reader@example.org")
    async with app.store.read() as connection:
        known = await subscribers.page(
            connection, newsletter=newsletter.slug, address_key=key(address)
        )
    if text is not None and known:
        return known[0]
    now = app.clock()
    return Subscription(
        id=_NOBODY,
        subscriber=_NOBODY,
        address=address,
        newsletter=newsletter.slug,
        wishes=Wishes(cadence=newsletter.default_cadence.name),
        state=SubscriptionState.ACTIVE,
        created=now,
        confirmed=now,
        ended=None,
        consent={},
    )


def _message(app: App, newsletter: Newsletter, rendition: Rendition, to: Address) -> Message:
    """Make the message as a reader's is made, with links that belong to nobody."""
    from publisher.mail.verp import verp
    from publisher.tokens import Purpose

    bounce = app.config.bounce_address
    return app.letters.fill(
        app.letters.prepare(rendition, is_list=True),
        to,
        _NOBODY,
        envelope_sender=verp(bounce, app.tokens.sign(Purpose.BOUNCE, _NOBODY))
        if bounce
        else newsletter.sender.mailbox,
        message_id=email.utils.make_msgid(domain=newsletter.sender.domain),
    )


def _parsed(message: Message) -> EmailMessage:
    return email.message_from_bytes(message.content, policy=email.policy.default)


def _body(parsed: EmailMessage, subtype: str) -> str:
    part = parsed.get_body((subtype,))
    assert part is not None  # noqa: S101 -- every message of ours has both
    return str(part.get_content()).replace("\r\n", "\n")


def _write(folder: Path, stem: str, message: Message) -> list[Path]:
    parsed = _parsed(message)
    files = {
        f"{stem}.html": _body(parsed, "html").encode(),
        f"{stem}.txt": _body(parsed, "plain").encode(),
        f"{stem}.eml": message.content,
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            (folder / name).write_bytes(data)
    except OSError as error:
        raise PublisherError(f"{error.filename}: {error.strerror}") from error
    return [folder / name for name in files]

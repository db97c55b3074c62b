"""Commands that try a newsletter: a preview of its next issue, and a test to one address."""

from __future__ import annotations

import email
import email.policy
import email.utils
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from publisher.cli import running, show
from publisher.cli.running import CadenceName, NewsletterSlug
from publisher.errors import PublisherError
from publisher.model import Address, Cadence, IssueState, Message, Newsletter

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
    folder: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write HTML, text and raw .eml.")
    ] = None,
) -> None:
    """Show the next issue as it would be now. Sends nothing, and its links lead nowhere."""

    async def job(app: App) -> None:
        chosen = running.newsletter_called(app.config, newsletter)
        to, theirs = await _reader(app, chosen, reader)
        each = running.cadence_called(chosen, cadence or theirs)
        rendition = await next_rendition(app, chosen, each)
        if rendition is None:
            show.say(f"{chosen.slug}, {each.name}: nothing new for anybody; no issue.")
            return
        message = _message(app, chosen, rendition, to)
        if folder is None:
            parsed = _parsed(message)
            show.say(f"Subject: {parsed['Subject']}\n\n{_body(parsed, 'plain').rstrip()}")
            show.notice("\n--out DIR writes the HTML and the raw message as well.")
        else:
            for path in _write(folder, f"{chosen.slug}-{each.name}", message):
                show.say(f"wrote {path}")

    running.at_work(ctx, job)


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


async def next_rendition(app: App, newsletter: Newsletter, cadence: Cadence) -> Rendition | None:
    """Render the next issue; None if there would be none."""
    rendition = await app.composer.preview(newsletter, cadence)
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
        return await renditions.largest(connection, sent[0].id) if sent else None


async def _reader(app: App, newsletter: Newsletter, text: str | None) -> tuple[Address, str | None]:
    """Give whom a preview is for, with the name and cadence that we know of them."""
    from publisher.mail.address import key, parse
    from publisher.store import subscribers

    if text is None:
        return parse("reader@example.org"), None
    address = parse(text)
    async with app.store.read() as connection:
        known = await subscribers.page(
            connection, newsletter=newsletter.slug, address_key=key(address)
        )
    return (known[0].address, known[0].cadence) if known else (address, None)


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

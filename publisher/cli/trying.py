"""Commands that try a newsletter: a preview of its next issue, and a test to one address."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from publisher.cli import checking, running, show
from publisher.cli.running import AsJson, CadenceName, NewsletterSlug
from publisher.errors import PublisherError
from publisher.model import Newsletter

if TYPE_CHECKING:
    from publisher.app import App
    from publisher.app.coming import Read
    from publisher.model import Rendition


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
    live: Annotated[
        bool,
        typer.Option("--live", help="Show it in a browser, afresh whenever something changes."),
    ] = False,
    port: Annotated[
        int, typer.Option("--port", metavar="N", min=0, max=65535, help="Where --live listens.")
    ] = 8010,
) -> None:
    """Show the next issue as it would be now. Sends nothing, and its links lead nowhere.

    --check examines it as a sample of its readers get it, or the one of --as. --live is for
    whoever writes a template: it looks at templates, config and database, and is there for
    browsers on this machine only.
    """
    if as_json and not check:
        raise running.Misuse("--json prints what --check finds")
    if live:
        if check or folder is not None:
            raise running.Misuse("--live shows findings and files itself: leave --check, --out out")
        chosen = running.newsletter_called(running.configured(ctx), newsletter)
        running.run(_live(ctx, chosen, port, cadence, language, reader))
        return

    from publisher.app import coming
    from publisher.preview.checking import checked

    async def job(app: App) -> bool:
        chosen = running.newsletter_called(app.config, newsletter)
        if language is not None:
            offered = [chosen.language, *chosen.languages]
            running.name_among(language, offered, "language")
        one = await coming.reader(app, chosen, reader)
        each = running.cadence_called(chosen, cadence or one.cadence)
        rendition = await coming.next_rendition(app, chosen, each, one, language or "")
        if rendition is None:
            if as_json:
                show.dump([])
            else:
                show.say(f"{chosen.slug}, {each.name}: nothing new for anybody; no issue.")
            return False
        if check:
            found = await checked(app, chosen, each, rendition, one, alone=reader is not None)
            checking.tell(found, as_json=as_json)
            return found.is_blocked
        read = coming.Read.of(coming.message(app, chosen, rendition, one.address))
        if folder is None:
            show.say(f"Subject: {read.subject}\n\n{read.text.rstrip()}")
            show.notice("\n--out DIR writes the HTML and the raw message as well.")
        else:
            for path in _write(folder, f"{chosen.slug}-{each.name}", read):
                show.say(f"wrote {path}")
        return False

    if running.at_work(ctx, job, looking=True):
        raise typer.Exit(1)


def send_test(
    ctx: typer.Context,
    newsletter: NewsletterSlug,
    to: Annotated[str, typer.Option("--to", metavar="ADDRESS", help="Who gets it.")],
    cadence: CadenceName = None,
) -> None:
    """Send the next issue to one address, marked as a test and counted nowhere."""
    from publisher.app import coming
    from publisher.mail.address import parse

    async def job(app: App) -> None:
        chosen = running.newsletter_called(app.config, newsletter)
        rendition = await coming.next_rendition(
            app, chosen, running.cadence_called(chosen, cadence)
        )
        rendition = rendition or await _last(app, chosen)
        if rendition is None:
            raise PublisherError(
                f"{chosen.slug} has no article to test with; `publisher ingest` loads articles"
            )
        test = replace(rendition, subject=f"[Test] {rendition.subject}")
        message = coming.message(app, chosen, test, parse(to))
        relay = app.config.relays[chosen.relays[0]]
        transport = app.relays.connect(relay.name)
        try:
            await transport.offer(message)
            reply = await transport.transmit()
        finally:
            await transport.close()
        show.say(f"{relay.hop.where} answered: {reply.code} {reply.text}")

    running.at_work(ctx, job)


async def _live(
    ctx: typer.Context,
    newsletter: Newsletter,
    port: int,
    cadence: str | None,
    language: str | None,
    reader: str | None,
) -> None:
    from publisher.preview import live
    from publisher.preview.page import Asked

    asked = Asked(cadence=cadence or "", language=language or "", reader=reader or "")

    def started(port: int) -> None:
        show.say(
            f"http://{live.HOST}:{port}{asked.address()} shows the next issue. Ctrl-C ends it."
        )

    with running.asked_to_stop() as stop:
        path = running.config_path(ctx)
        await live.show(path, newsletter.slug, port, stop=stop, started=started)


async def _last(app: App, newsletter: Newsletter) -> Rendition | None:
    """Give what the last issue said; None if there was none."""
    from publisher.store import issues as stored
    from publisher.store import renditions

    async with app.store.read() as connection:
        sent = await stored.out(connection, newsletter.slug, limit=1)
        if not sent:
            return None
        return await renditions.largest(connection, sent[0].id, newsletter.language)


def _write(folder: Path, stem: str, read: Read) -> list[Path]:
    files = {
        f"{stem}.html": read.html.encode(),
        f"{stem}.txt": read.text.encode(),
        f"{stem}.eml": read.raw,
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            (folder / name).write_bytes(data)
    except OSError as error:
        raise PublisherError(f"{error.filename}: {error.strerror}") from error
    return [folder / name for name in files]

"""Questions about what has been mailed to whom."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from publisher.cli import running, show
from publisher.cli.running import AsJson
from publisher.errors import PublisherError

if TYPE_CHECKING:
    from publisher.app import App
    from publisher.why import Reason


def why(
    ctx: typer.Context,
    address: Annotated[str, typer.Argument(metavar="ADDRESS")],
    article: Annotated[
        str, typer.Argument(metavar="ARTICLE", help="Its slug, as `articles list` shows it.")
    ],
    as_json: AsJson = False,
) -> None:
    """Say which issue carried an article to a person, or the rule that left it out.

    One line a newsletter.
    """
    from publisher.mail.address import key, parse

    person = key(parse(address))

    async def job(app: App) -> list[Reason]:
        from publisher.store import articles
        from publisher.why import why as ask

        async with app.store.read() as connection:
            found = await articles.by_slug(connection, article)
        if found is None:
            raise PublisherError(
                f'no article has the slug "{article}"; `publisher articles list` shows them'
            )
        return await ask(
            app.store,
            app.config.newsletters,
            address_key=person,
            article=found,
            clock=app.clock,
        )

    reasons = running.at_work(ctx, job)
    if as_json:
        show.dump([asdict(reason) for reason in reasons])
    else:
        for reason in reasons:
            show.say(f"{reason.newsletter}: {reason.words}.")

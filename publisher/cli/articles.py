"""Commands for what comes in and what goes out as feeds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from publisher.cli import running, show
from publisher.cli.push import push_file, source_called
from publisher.cli.running import AsJson, Limit
from publisher.errors import PublisherError
from publisher.model import ArticleState

if TYPE_CHECKING:
    from publisher.app import App
    from publisher.ingest import Intake
    from publisher.model import Article, FeedDocument, Publication

feeds = typer.Typer(name="feeds", help="What feed readers get.", no_args_is_help=True)
articles = typer.Typer(name="articles", help="What has been taken in.", no_args_is_help=True)

Slug = Annotated[str, typer.Argument(metavar="SLUG", help="As `articles list` shows it.")]


def ingest(
    ctx: typer.Context,
    source: Annotated[
        list[str] | None, typer.Option("--source", metavar="NAME", help="Only this source.")
    ] = None,
) -> None:
    """Load articles now, from every source, and rebuild the feeds that they change."""

    async def job(app: App) -> bool:
        names = [entry.name for entry in app.config.sources]
        wanted = [running.name_among(name, names, "source") for name in source or names]
        is_good = True
        for name in wanted:
            intake = await app.sources.ingest(name)
            _tell(intake)
            is_good = is_good and intake.error is None
        await _build(app)
        return is_good

    if not running.at_work(ctx, job):
        raise typer.Exit(1)


def _tell(intake: Intake) -> None:
    if intake.error is not None:
        show.error(intake.error)
        show.say(f"{intake.source}: failed; what it told before stays published")
        return
    show.say(
        f"{intake.source}: {intake.new} new, {intake.changed} changed,"
        f" {intake.unchanged} unchanged, {intake.withdrawn} withdrawn,"
        f" {len(intake.rejected)} rejected" + (f", {intake.held} held" if intake.held else "")
    )
    if intake.alarm is not None:
        show.say(f"  alarm: {intake.alarm}")
    for rejection in intake.rejected:
        show.say(f"  {rejection.origin}: {rejection.reason}")


async def _build(app: App) -> list[FeedDocument]:
    built = await app.publish()
    show.say_some(
        [
            f"built {_url(app.config.publication, document)} ({len(document.body):,} bytes)"
            for document in built
        ]
    )
    return built


def _url(publication: Publication, document: FeedDocument) -> str:
    return publication.base_url + document.path


@feeds.command("build")
def build(
    ctx: typer.Context,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR",
            help="Also write the whole public side as files, each plain, .gz and .br.",
        ),
    ] = None,
) -> None:
    """Build the feeds that have changed, now."""

    async def job(app: App) -> None:
        if not await _build(app):
            show.say("The feeds are up to date.")
        if folder is not None:
            await _write(app, folder)

    running.at_work(ctx, job)


async def _write(app: App, folder: Path) -> None:
    """Write the public side as files; those whose bytes are there already are left alone."""
    from publisher.export import export
    from publisher.service import site_for
    from publisher.web.app import application

    exported = await export(app, application(site_for(app, capture=False, is_static=True)), folder)
    show.say_some([f"wrote {file}" for file in exported.written])
    show.say_some([f"removed {file}" for file in exported.removed])
    show.say(
        f"{folder}: {len(exported.written)} written, {exported.unchanged} unchanged,"
        f" {len(exported.removed)} removed"
    )


@articles.command("list")
def list_(
    ctx: typer.Context,
    source: Annotated[
        str | None, typer.Option("--source", metavar="NAME", help="Only those of this source.")
    ] = None,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """List articles, newest first; those that are held or withdrawn come last."""

    async def job(app: App) -> None:
        from publisher.store import articles as stored

        zone = app.config.publication.timezone
        if source is not None:
            running.name_among(source, [entry.name for entry in app.config.sources], "source")
        # Nothing is printed while the database is read: a pager would hold up its writers.
        async with app.store.read() as connection:
            rows = [
                {
                    "date": article.dated.astimezone(zone),
                    "state": str(article.state),
                    "source": article.source,
                    "slug": article.slug,
                    "title": article.title,
                    "url": app.config.publication.article_url(article),
                    "section": article.section,
                    "tags": article.tags,
                    "language": article.language,
                }
                async for article in stored.listing(connection, source=source, limit=limit)
            ]
        with show.Listing(
            *("date", "state", "source", "slug", "title"),
            as_json=as_json,
            empty="No articles yet; `publisher ingest` loads them.",
        ) as listing:
            listing.page(rows)

    running.at_work(ctx, job)


@articles.command("show")
def show_(ctx: typer.Context, slug: Slug, as_json: AsJson = False) -> None:
    """Show one article with everything that is known of it."""

    async def job(app: App) -> None:
        article = await _found(app, slug)
        if as_json:
            show.dump(article)
        else:
            _print(article, app.config.publication)

    running.at_work(ctx, job)


def _print(article: Article, publication: Publication) -> None:
    def local(moment: Any) -> Any:
        return moment and moment.astimezone(publication.timezone)

    show.card(
        {
            "title": article.title,
            "url": publication.article_url(article),
            "slug": article.slug,
            "state": article.state,
            "source": article.source,
            "guid": article.guid,
            "identity": article.uri,
            "published": local(article.published) or "the source does not say",
            "updated": local(article.updated),
            "first seen": local(article.first_seen),
            "also from": [origin.source for origin in article.also_from],
            "mailed from": local(article.eligible) or "never; it came with the backlog",
            "changed": local(article.changed),
            "authors": [person.name for person in article.authors],
            "section": article.section,
            "tags": article.tags,
            "language": article.language,
            "weight": article.weight,
            "pinned": article.pinned,
            "enclosures": [enclosure.url for enclosure in article.enclosures],
        }
    )
    show.say(f"\n{article.text.rstrip()}")


@articles.command()
def add(
    ctx: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A Markdown, HTML or plain text file.")
    ],
    source: Annotated[
        str | None,
        typer.Option("--source", metavar="NAME", help="Which source of kind push it is for."),
    ] = None,
) -> None:
    """Take in one article file now, or its changes, and rebuild the feeds that it changes."""

    async def job(app: App) -> bool:
        from publisher.model import Rejection

        pushed = await push_file(app, source_called(app, source), file)
        if isinstance(pushed, Rejection):
            show.say(f"{file}: rejected: {pushed.reason}")
            return False
        show.say(f"{file}: {pushed.state}, {pushed.url}")
        await _build(app)
        return True

    if not running.at_work(ctx, job):
        raise typer.Exit(1)


@articles.command()
def withdraw(ctx: typer.Context, slug: Slug) -> None:
    """Take an article out of all feeds and all issues to come, for good."""
    _set(ctx, slug, ArticleState.WITHDRAWN, f"`publisher articles release {slug}` undoes it.")


@articles.command()
def hold(ctx: typer.Context, slug: Slug) -> None:
    """Keep an article out of feeds and issues for now."""
    _set(ctx, slug, ArticleState.HELD, f"`publisher articles release {slug}` lets it out again.")


@articles.command()
def release(ctx: typer.Context, slug: Slug) -> None:
    """Let a held or withdrawn article out again."""
    _set(ctx, slug, ArticleState.LIVE, "It is in feeds, and in issues to come, once to each.")


@articles.command()
def pin(ctx: typer.Context, slug: Slug) -> None:
    """Let issues begin with an article, whatever its source says."""
    _pin(ctx, slug, is_pinned=True, then="Issues to come begin with it.")


@articles.command()
def unpin(ctx: typer.Context, slug: Slug) -> None:
    """Let an article stand in issues like any other, whatever its source says."""
    _pin(ctx, slug, is_pinned=False, then="In issues to come it stands by weight and date.")


def _pin(ctx: typer.Context, slug: str, *, is_pinned: bool, then: str) -> None:
    async def job(app: App) -> None:
        from publisher.store import articles as stored

        article = await _found(app, slug)
        async with app.store.write() as connection:
            await stored.pin(connection, slug, is_pinned=is_pinned)
        show.say(f'"{article.title}" is {"pinned" if is_pinned else "not pinned"} now. {then}')

    running.at_work(ctx, job)


def _set(ctx: typer.Context, slug: str, state: ArticleState, then: str) -> None:
    async def job(app: App) -> None:
        from publisher.store import articles as stored

        article = await _found(app, slug)
        async with app.store.write() as connection:
            await stored.set_state(connection, slug, state, app.clock())
        show.say(f'"{article.title}" is {state} now. {then}')
        await _build(app)

    running.at_work(ctx, job)


async def _found(app: App, slug: str) -> Article:
    from publisher.store import articles as stored

    async with app.store.read() as connection:
        article = await stored.by_slug(connection, slug)
    if article is None:
        raise PublisherError(
            f'no article has the slug "{slug}"; `publisher articles list` shows them all'
        )
    return article

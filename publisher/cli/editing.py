"""`issues edit`, and the options with which an issue is changed before it is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from publisher.cli import running, show
from publisher.cli.issues import found, issues, short, slugs_of
from publisher.cli.running import AsJson, CadenceName, Misuse
from publisher.errors import PublisherError
from publisher.model import Edits, IssueState

if TYPE_CHECKING:
    from publisher.app import App
    from publisher.editing import Wish
    from publisher.model import Article, Cadence, Issue, Newsletter
    from publisher.store.edits import About

Include = Annotated[
    list[str] | None,
    typer.Option(
        "--include",
        metavar="ARTICLE",
        help="Print this article, even if it is old or the newsletter does not select it, for"
        " whoever has not had it. Can be repeated.",
    ),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option(
        "--exclude",
        metavar="ARTICLE",
        help="Leave this article out. The issue after this one has it, unless it is left out"
        " again. Can be repeated.",
    ),
]
First = Annotated[
    str | None,
    typer.Option(
        "--order", metavar="ARTICLE,ARTICLE", help="Begin with these articles, in this order."
    ),
]
Intro = Annotated[
    Path | None,
    typer.Option("--intro", metavar="FILE", help="Say above the articles what is in this file."),
]


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the options say, before anything is looked up."""

    include: Sequence[str] | None
    exclude: Sequence[str] | None
    order: str | None
    intro: Path | None
    afresh: bool = False

    async def wish(self, app: App) -> Wish:
        """Look up what they name. Raises Misuse, PublisherError and TemplateError."""
        from publisher.editing import Wish

        first = None if self.order is None else [each.strip() for each in self.order.split(",")]
        named = {"--include": self.include or [], "--exclude": self.exclude or []}
        for option, slugs in (named | {"--order": first or []}).items():
            twice = next((slug for n, slug in enumerate(slugs) if slug in slugs[:n]), None)
            if twice is not None:
                raise Misuse(f"{option} names {twice} twice")
        out = set(named["--exclude"])
        if both := sorted(out & {*named["--include"], *(first or [])}):
            raise Misuse(f"{both[0]} cannot be left out and be in the issue")
        return Wish(
            included=await _articles(app, named["--include"]),
            excluded=await _articles(app, named["--exclude"]),
            first=None if first is None else await _articles(app, first),
            intro=None if self.intro is None else _read(self.intro),
            afresh=self.afresh,
        )


async def _articles(app: App, slugs: Sequence[str]) -> list[Article]:
    from publisher.store import articles

    found = []
    async with app.store.read() as connection:
        for slug in slugs:
            article = await articles.by_slug(connection, slug)
            if article is None:
                raise PublisherError(
                    f'no article has the slug "{slug}"; `publisher articles list` shows them all'
                )
            found.append(article)
    return found


def _read(path: Path) -> str:
    """Read the text of an intro: that of a file which somebody named must be there."""
    from publisher import intros

    text = intros.read(path)
    if not text:
        raise PublisherError(f"{path}: {'says nothing' if path.exists() else 'there is no file'}")
    return text


@issues.command()
def edit(
    ctx: typer.Context,
    target: Annotated[
        str,
        typer.Argument(
            metavar="NEWSLETTER|ID", help="A newsletter, for its next issue, or one that is held."
        ),
    ],
    cadence: CadenceName = None,
    include: Include = None,
    exclude: Exclude = None,
    order: First = None,
    intro: Intro = None,
    clear: Annotated[
        bool, typer.Option("--clear", help="Drop what was decided before, and begin afresh.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Change what the next issue says, or one that is held; without options, show what is decided.

    What is decided adds up, and holds for that one issue: a later one has again what was left
    out, and nothing else of this. If nobody gets the issue, or it is cancelled, it is kept for the
    next. Without --cadence: the next issue of each cadence that has a schedule.
    """

    async def job(app: App) -> None:
        options = Options(include=include, exclude=exclude, order=order, intro=intro, afresh=clear)
        wish = await options.wish(app)
        shown = []
        for newsletter, each, about in await _meant(app, target, cadence):
            holds = await _kept(app, about, wish)
            shown.append(await _row(app, about, holds))
            if not as_json:
                await _tell(app, newsletter, each, about, holds)
        if as_json:
            show.dump(shown)

    running.at_work(ctx, job)


async def _meant(
    app: App, target: str, cadence: str | None
) -> list[tuple[Newsletter, Cadence, About]]:
    """Find out which issues are meant."""
    from publisher.editing import about_next
    from publisher.store.edits import About

    slugs = [newsletter.slug for newsletter in app.config.newsletters]
    if target.isdecimal() and target not in slugs:
        if cadence is not None:
            raise Misuse("an issue has one cadence: leave --cadence out")
        issue = await found(app, int(target))
        newsletter = running.newsletter_called(app.config, issue.newsletter)
        one = running.cadence_called(newsletter, issue.cadence)
        if issue.state is not IssueState.HELD:
            raise not_held(issue)
        return [(newsletter, one, About.one(issue))]
    newsletter = running.newsletter_called(app.config, target)
    cadences = [running.cadence_called(newsletter, cadence)] if cadence else newsletter.cadences
    scheduled = [each for each in cadences if each.cron is not None]
    return [
        (newsletter, each, await about_next(app.store, newsletter.slug, each.name))
        for each in (scheduled or cadences)
    ]


def not_held(issue: Issue) -> Misuse:
    """Say why an issue cannot be edited any more, and what can be done instead."""
    then = (
        f"; `publisher issues correct {issue.id}` sends a correction to those who have it"
        if issue.number is not None
        else ""
    )
    return Misuse(f"issue {issue.id} is {issue.state}; only one that is held can be edited{then}")


async def _kept(app: App, about: About, wish: Wish) -> Edits:
    from publisher.editing import decided
    from publisher.editing import edit as keep

    if wish.is_empty:
        return await decided(app.store, about)
    kept = await keep(app.store, about, wish, clock=app.clock)
    if kept is None:
        raise PublisherError(
            f"issue {about.issue} is being made at this moment, and cannot be edited any more"
        )
    return kept


async def _row(app: App, about: About, holds: Edits) -> dict[str, object]:
    return asdict(about) | await slugs_of(app, holds)


async def _tell(
    app: App, newsletter: Newsletter, cadence: Cadence, about: About, holds: Edits
) -> None:
    """Say what holds, and what of it would be in vain as things stand."""
    which = "the next issue" if about.issue is None else f"issue {about.issue}"
    name = f"{newsletter.slug}, {cadence.name}: {which}"
    if holds == Edits():
        show.say(f"{name} is as it comes.")
        return
    show.say(name)
    show.card({f"  {key}": short(value) for key, value in (await slugs_of(app, holds)).items()})
    rendition = await app.composer.preview(newsletter, cadence, decided=holds)
    printed = rendition.article_ids if rendition else ()
    asked = Edits(
        included=tuple({*holds.included, *holds.first}.difference(printed)),
    )
    for slug in (await slugs_of(app, asked))["included"]:
        show.notice(f"{slug} is not in it as things stand.")
    show.notice(f"`publisher preview {newsletter.slug} --cadence {cadence.name}` shows it.")

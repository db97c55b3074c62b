"""Commands that set a site up: make one, check its config and templates, migrate its database."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from publisher.cli import running, show
from publisher.errors import ConfigError, PublisherError, TemplateError

if TYPE_CHECKING:
    from publisher.app import App
    from publisher.config import Config
    from publisher.model import Article, Cadence, Issue, Newsletter
    from publisher.render import Templates

# What stands in the skeleton where the day of its making goes.
_TODAY = "TODAY"
# A name that starts with a dot would be in force where the skeleton is kept.
_RENAMED = {"gitignore": ".gitignore"}


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder.")],
) -> None:
    """Write a new site: config, an article, a templates folder. It runs as it is."""
    from importlib import resources

    from publisher.render.templates import shipped_folder

    skeleton = shipped_folder(Path(str(resources.files("publisher")))) / "site"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise PublisherError(f"{folder} is not empty; name a new or empty folder")
        written = [
            _copy(file, skeleton, folder) for file in sorted(skeleton.rglob("*")) if file.is_file()
        ]
    except OSError as error:
        raise PublisherError(f"{error.filename}: {error.strerror}") from error
    show.say(f"A new site is in {folder}:")
    for path in written:
        show.say(f"  {path}")
    show.notice(
        f"\nSee it work, without sending mail to anybody:\n\n"
        f"  cd {shlex.quote(str(folder))}\n"
        f"  publisher run --capture\n\n"
        f"and open http://127.0.0.1:8000/. Then change config/publisher.toml to make it yours;\n"
        f"`publisher check` tells what is wrong with it."
    )


def _copy(file: Path, skeleton: Path, folder: Path) -> Path:
    """Write one file of the skeleton; give its path in the folder."""
    inner = file.relative_to(skeleton)
    inner = inner.with_name(_RENAMED.get(inner.name, inner.name))
    target = folder / inner
    target.parent.mkdir(parents=True, exist_ok=True)
    text = file.read_text(encoding="utf-8")
    if inner.suffix == ".md":
        text = text.replace(_TODAY, datetime.now(UTC).date().isoformat())
    target.write_text(text, encoding="utf-8")
    return inner


def check(ctx: typer.Context) -> None:
    """Check config, templates and secrets; print every fault as `file: key: what is wrong`."""
    from publisher.render import Templates

    config = running.configured(ctx)
    templates = Templates(config.templates)
    faults = [f"{config.templates}/{fault}" for fault in templates.check()]
    if not faults:
        faults = [
            fault
            for newsletter in config.newsletters
            for fault in _trial(config, newsletter, templates)
        ]
    if faults:
        raise ConfigError(faults)
    show.say(
        f"{config.path}: no faults ({show.number(len(config.sources), 'source')},"
        f" {show.number(len(config.feeds), 'feed')},"
        f" {show.number(len(config.newsletters), 'newsletter')})"
    )


def _trial(config: Config, newsletter: Newsletter, templates: Templates) -> list[str]:
    """Render a newsletter's mails with invented articles; give what is wrong as faults."""
    from publisher.renditions import Part, confirmation, digest

    now = datetime.now(UTC)
    articles = [_invented(number, now) for number in range(newsletter.min_articles)]
    faults = []
    for cadence in newsletter.cadences:
        try:
            digest(
                templates,
                publication=config.publication,
                issue=_trial_issue(newsletter, cadence, now),
                parts=[Part(newsletter=newsletter, articles=articles)],
                language=newsletter.language,
                now=now,
            )
        except TemplateError as error:
            key = "subject" if error.template == newsletter.subject else "template"
            if key == "template" and cadence.template:
                key = f"cadences.{cadence.name}.template"
            faults.append(f"{config.path}: newsletters.{newsletter.slug}.{key}: {error}")
    faults = list(dict.fromkeys(faults))
    try:
        for language in dict.fromkeys([newsletter.language, *newsletter.languages]):
            confirmation(
                templates,
                publication=config.publication,
                newsletter=newsletter,
                language=language,
                now=now,
            )
    except TemplateError as error:
        faults.append(f"{config.templates}/{error}")
    return faults


def _trial_issue(newsletter: Newsletter, cadence: Cadence, now: datetime) -> Issue:
    from publisher.model import Issue, IssueState

    return Issue(
        id=1,
        newsletter=newsletter.slug,
        cadence=cadence.name,
        slot=newsletter.local_text(now),
        due=now,
        number=1,
        state=IssueState.HELD,
        opens=now,
        approved=True,
        audience=1,
        note="",
        created=now,
    )


def _invented(number: int, now: datetime) -> Article:
    """Invent an article that has everything that an article can have."""
    from publisher.model import Article, ArticleState, Person

    seen = now - timedelta(hours=number)
    return Article(
        id=number + 1,
        source="trial",
        guid=f"trial-{number}",
        uri=f"tag:example.org,2000:trial-{number}",
        slug=f"trial-{number}",
        url=None,
        title=f"Trial {number}",
        summary="A trial.",
        html="<p>A trial.</p>",
        text="A trial.\n",
        authors=(Person(name="A. Author"),),
        contributors=(),
        tags=("trial",),
        section="Trials",
        published=seen,
        updated=None,
        first_seen=seen,
        eligible=seen,
        changed=seen,
        language="en",
        image="https://example.org/trial.jpg",
        enclosures=(),
        state=ArticleState.LIVE,
    )


def restored(
    ctx: typer.Context,
    force: Annotated[
        bool, typer.Option("--force", help="Even if the database does not look older.")
    ] = False,
) -> None:
    """Go on with a database that was put back from a backup: what it holds for unsent is given up.

    Each such mail may have gone out after the copy was made, and counts as failed. `publisher
    issues retry N --only failed` sends those of an issue again. Articles of issues that were made
    after the copy are not known to have been mailed, and come with the next issue; withhold them
    with `publisher issues edit` if they are not to come twice.
    """

    async def job(app: App) -> None:
        from publisher.deliver import give_up_unsent

        if not force and not await app.witness.is_older(app.store):
            raise PublisherError(
                f"the database is not older than {app.config.witness} says, so nothing is given up;"
                " if you know better, say --force"
            )
        count = await give_up_unsent(app.store, app.witness, clock=app.clock)
        show.say(
            f"{show.number(count, 'mail')} given up, as each may have been sent. Mail goes on."
        )

    running.at_work(ctx, job)


def migrate(ctx: typer.Context) -> None:
    """Bring the database to this version of the program; harmless when it is."""
    from publisher.store.migrate import migrate as bring_up

    before, after = bring_up(running.configured(ctx).store_url.get_secret_value())
    if before == after:
        show.say(f"The database is at version {after} already.")
    else:
        show.say(f"The database is now at version {after} (before: {before or 'none'}).")

"""The command line. Thin: parse, call one verb or store function, print.

One file a subject; `publisher.cli.running` opens the site for a command, `publisher.cli.show`
prints. Exit codes are promises: 0 done, 1 failed, 2 usage or config, 130 interrupted. What a
command found goes to standard output; faults, notices and progress go to standard error.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from publisher.cli import (
    articles,
    asking,
    barring,  # noqa: F401 -- adds commands to `suppressions`
    bounces,
    choosing,  # noqa: F401 -- adds a command to `subscribers`
    correcting,  # noqa: F401 -- adds a command to `issues`
    events,
    exporting,  # noqa: F401 -- adds a command to `subscribers`
    importing,  # noqa: F401 -- adds a command to `subscribers`
    issues,
    keys,
    people,
    person,  # noqa: F401 -- adds commands to `subscribers`
    planning,
    pruning,
    scheduling,
    sending,  # noqa: F401 -- adds commands to `issues`, as steering does
    service,
    show,
    site,
    sources,
    status,
    steering,  # noqa: F401
    suppressions,
    tokens,
    trying,
    webhooks,
)
from publisher.cli.running import Misuse
from publisher.errors import ConfigError, PublisherError

_SET_UP, _RUN, _ARTICLES, _MAIL, _PEOPLE, _PROGRAMS = (
    "Set up",
    "Run",
    "Articles and feeds",
    "Newsletters",
    "People",
    "Other programs",
)


class Program(TyperGroup):
    """All commands, and what becomes of an error that one of them raises."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Take --config wherever it stands: it is every command's, not one's."""
        return super().parse_args(ctx, _config_first(args))

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]
        """Run a command. Our own errors become a sentence and an exit code, without traceback."""
        try:
            return super().invoke(ctx)
        except ConfigError as error:
            for fault in error.faults:
                show.fault(fault)
            raise typer.Exit(2) from error
        except PublisherError as error:
            show.error(str(error))
            raise typer.Exit(2 if isinstance(error, Misuse) else 1) from error


def _config_first(args: list[str]) -> list[str]:
    for at, word in enumerate(args):
        if word == "--":
            break
        if word == "--config" or word.startswith("--config="):
            behind = at + 1 if "=" in word else at + 2
            return [*args[at:behind], *args[:at], *args[behind:]]
    return args


app = typer.Typer(
    name="publisher",
    cls=Program,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    # A traceback is for a fault of ours; local variables in it would hold addresses.
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        show.say(f"publisher {version('publisher')}")
        raise typer.Exit


@app.callback()
def _program(
    ctx: typer.Context,
    config: Annotated[
        Path,
        typer.Option(
            envvar="PUBLISHER_CONFIG", metavar="FILE", help="The config file of the site."
        ),
    ] = Path("config/publisher.toml"),
    version: Annotated[  # noqa: ARG001 -- its callback does the work
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Articles in; RSS, Atom and JSON feeds and email digests out.

    Exit codes: 0 done, 1 failed, 2 usage or config.
    """
    from publisher.cli import logs

    # What a command has to say it prints by itself; only errors would go unseen.
    logs.configure("error")
    ctx.obj = config


app.command(rich_help_panel=_SET_UP)(site.init)
app.command(rich_help_panel=_SET_UP)(site.check)
app.command(rich_help_panel=_SET_UP)(planning.plan)
app.command(rich_help_panel=_SET_UP)(site.migrate)
app.add_typer(keys.keys, rich_help_panel=_SET_UP)
app.command(rich_help_panel=_SET_UP)(site.restored)
app.command(rich_help_panel=_RUN)(service.run)
app.command(rich_help_panel=_RUN)(service.web)
app.command(rich_help_panel=_RUN)(service.clock)
app.command(rich_help_panel=_RUN)(service.worker)
app.command(rich_help_panel=_RUN)(status.status)
app.command(rich_help_panel=_RUN)(scheduling.schedule)
app.command(rich_help_panel=_ARTICLES)(articles.ingest)
app.add_typer(articles.feeds, rich_help_panel=_ARTICLES)
app.add_typer(articles.articles, rich_help_panel=_ARTICLES)
app.add_typer(sources.sources, rich_help_panel=_ARTICLES)
app.add_typer(issues.newsletters, rich_help_panel=_MAIL)
app.add_typer(issues.issues, rich_help_panel=_MAIL)
app.command(rich_help_panel=_MAIL)(trying.preview)
app.command(rich_help_panel=_MAIL)(trying.send_test)
app.command(rich_help_panel=_PEOPLE)(asking.why)
app.add_typer(people.subscribers, rich_help_panel=_PEOPLE)
app.add_typer(suppressions.suppressions, rich_help_panel=_PEOPLE)
app.add_typer(bounces.bounces, rich_help_panel=_PEOPLE)
app.command(rich_help_panel=_PEOPLE)(pruning.prune)
app.add_typer(events.events, rich_help_panel=_PROGRAMS)
app.add_typer(tokens.tokens, rich_help_panel=_PROGRAMS)
app.add_typer(webhooks.webhooks, rich_help_panel=_PROGRAMS)


def main() -> None:
    """Run the program and exit."""
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read us has seen enough. Python would complain once more when it flushes at
        # its end, so what is left goes nowhere (see the signal module's note on SIGPIPE).
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)

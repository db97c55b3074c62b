"""What every command needs: the config, the opened site, and names that may be mistyped."""

from __future__ import annotations

import asyncio
import difflib
import os
import signal
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from publisher.errors import ConfigError, PublisherError

if TYPE_CHECKING:  # a command that needs neither starts without them
    from publisher.app import App
    from publisher.config import Config
    from publisher.model import Cadence, Newsletter

T = TypeVar("T")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Limit = Annotated[int | None, typer.Option("--limit", metavar="N", min=1, help="How many at most.")]
NewsletterSlug = Annotated[
    str, typer.Argument(metavar="NEWSLETTER", help="As `newsletters list` shows it.")
]
CadenceName = Annotated[
    str | None, typer.Option("--cadence", metavar="NAME", help="One cadence of the newsletter.")
]


class Misuse(PublisherError):
    """What was asked for cannot be meant: the program exits with 2."""


def config_path(ctx: typer.Context) -> Path:
    """Give the config file. Raises ConfigError, with what to do, if there is none."""
    path: Path = ctx.obj
    if not path.exists():
        raise ConfigError(
            [
                f"{path}: there is no such file; go to the folder of the site, name its config"
                " with --config, or make a new site with `publisher init DIR`"
            ]
        )
    return path


def configured(ctx: typer.Context) -> Config:
    """Load the config. Raises ConfigError."""
    from publisher.config import load

    return load(config_path(ctx), os.environ)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end, on uvloop where there is one."""
    try:
        from uvloop import new_event_loop
    except ImportError:
        return asyncio.run(work)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(work)


def at_work(ctx: typer.Context, job: Callable[[App], Awaitable[T]], *, looking: bool = False) -> T:
    """Open the site, do the job, and close it. Raises ConfigError and StoreError.

    ``looking`` opens it only to look: nothing is put into force or written.
    """
    from publisher.app import opened

    config = configured(ctx)

    async def whole() -> T:
        async with opened(config, looking=looking) as app:
            return await job(app)

    return run(whole())


@contextmanager
def asked_to_stop(told: Callable[[], None] = lambda: None) -> Iterator[asyncio.Event]:
    """Give an event that the first Ctrl-C or SIGTERM sets; the second one ends the program.

    ``told`` is called when it is set, to say what happens now.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)

    def asked() -> None:
        stop.set()
        for number in signals:
            loop.remove_signal_handler(number)
        told()

    for number in signals:
        loop.add_signal_handler(number, asked)
    try:
        yield stop
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


async def either(event: asyncio.Event, seconds: float) -> None:
    """Wait for the event, but not longer than this."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return


def newsletter_called(config: Config, slug: str) -> Newsletter:
    """Find a newsletter of the config. Raises Misuse with the nearest name."""
    known = {newsletter.slug: newsletter for newsletter in config.newsletters}
    return known[name_among(slug, known, "newsletter")]


def cadence_called(newsletter: Newsletter, name: str | None) -> Cadence:
    """Find a cadence, the first one if no name is given. Raises Misuse with the nearest name."""
    known = {cadence.name: cadence for cadence in newsletter.cadences}
    if name is None:
        return newsletter.default_cadence
    return known[name_among(name, known, f"cadence of {newsletter.slug}")]


def name_among(name: str, known: Iterable[str], what: str) -> str:
    """Give the name back if it is known. Raises Misuse with the nearest that is."""
    names = list(known)
    if name in names:
        return name
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(names) or 'none'}"
    raise Misuse(f'there is no {what} "{name}"; {hint}')

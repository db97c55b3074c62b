"""The real program as a process, on a site of its own in a temporary folder."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import structlog
from typer.testing import CliRunner, Result

from publisher.cli import app

PROGRAM = Path(sys.executable).with_name("publisher")
_LIMIT_SECONDS = 60

CONFIG = """
[publication]
title = "Example News"
base_url = "http://127.0.0.1:{web}"
postal_address = "1 Example Road"
timezone = "Asia/Shanghai"

[web]
listen = "127.0.0.1:{web}"

[capture]
listen = "127.0.0.1:{smtp}"

[[sources]]
name = "newsroom"
kind = "folder"
path = "../articles"
every = "1s"

[[feeds]]
slug = "all"
title = "Everything"

[[newsletters]]
slug = "digest"
title = "The Digest"
from = "Example News <news@example.org>"
subject = "{{{{ newsletter.title }}}}: {{{{ articles[0].title }}}}"
grace = "0s"
[newsletters.cadences]
instant = {{}}
daily = {{ cron = "0 7 * * *" }}

[smtp.main]
host = "127.0.0.1"
port = {smtp}
security = "none"
connections = 5

[bounces]
address = "bounce@example.org"
"""


def free_port() -> int:
    """Find a port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Site:
    """A site in a folder: its config, its articles, and the program to work on it."""

    def __init__(self, folder: Path, web_port: int | None = None) -> None:
        self.folder = folder
        self.web_port = free_port() if web_port is None else web_port
        self.config = folder / "config" / "publisher.toml"
        self.articles = folder / "articles"
        self.articles.mkdir()
        self.config.parent.mkdir()
        self.send_to(free_port())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.web_port}"

    def send_to(self, port: int) -> None:
        """Write the config anew, with this port of the relay."""
        text = CONFIG.format(web=self.web_port, smtp=port)
        self.config.write_text(text, encoding="utf-8")

    def send_by(self, relay: str) -> None:
        """Write the config anew, with this text as the relay's table."""
        self.send_to(free_port())
        before, _, after = self.config.read_text(encoding="utf-8").partition("[smtp.main]\n")
        _, _, rest = after.partition("\n[bounces]")
        text = f"{before}[smtp.main]\n{relay}\n[bounces]{rest}"
        self.config.write_text(text, encoding="utf-8")

    def write(self, name: str, title: str) -> None:
        """Save an article as an editor's program does: in one step."""
        draft = self.folder / "draft"
        draft.write_text(f"# {title}\n\nWhat {title.lower()} is about.\n", encoding="utf-8")
        # A command waits for what is younger than a second.
        written = time.time_ns() - 2_000_000_000
        os.utime(draft, ns=(written, written))
        draft.rename(self.articles / f"{name}.md")

    def here(self, *words: str) -> Result:
        """Run a command within this process: another one takes a second to load the program."""
        runner = CliRunner(env={"PUBLISHER_CONFIG": str(self.config), "PORT": None})
        with _logging_as_before():
            result = runner.invoke(app, words)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    async def aside(self, *words: str) -> str:
        """Run a command within this process that is not what is tested; give its output.

        Not one that Ctrl-C may stop: here it is in a thread, where no signal comes.
        """
        result = await asyncio.to_thread(self.here, *words)
        assert result.exit_code == 0, (words, result.output)
        return result.stdout

    async def command(self, *words: str) -> tuple[int, str, str]:
        """Run a command to its end; give exit code, output, and what it said on the side."""
        process = await asyncio.create_subprocess_exec(
            PROGRAM,
            *words,
            cwd=self.folder,
            env=environment(),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(), _LIMIT_SECONDS)
        assert process.returncode is not None
        return process.returncode, out.decode(), err.decode()

    async def succeed(self, *words: str) -> str:
        """Run a command that must succeed; give its output."""
        code, out, err = await self.command(*words)
        assert code == 0, (words, out, err)
        return out

    @asynccontextmanager
    async def running(self, *words: str) -> AsyncIterator[Service]:
        """Run a service; it is ended with the block if it still runs."""
        log = self.folder / "service.log"
        with log.open("wb") as stream:
            process = await asyncio.create_subprocess_exec(
                PROGRAM, *words, cwd=self.folder, env=environment(), stdout=stream, stderr=stream
            )
        service = Service(process, log)
        try:
            yield service
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


class Service:
    """A service that runs."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self.process = process
        self.log = log

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")

    async def until_said(self, words: str) -> None:
        async def is_so() -> bool:
            return words in self.said()

        await until(is_so, lambda: f"{words!r} was not said:\n{self.said()}")

    async def terminate(self) -> int:
        """Ask it to stop, and give its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self.process.wait(), _LIMIT_SECONDS)


@contextmanager
def _logging_as_before() -> Iterator[None]:
    """Every command sets up logging for a process of its own, which a test is not."""
    root, ours = logging.getLogger(), logging.getLogger("publisher")
    before = root.handlers, root.level, ours.level
    try:
        yield
    finally:
        root.handlers, root.level, ours.level = before
        structlog.reset_defaults()


def environment() -> dict[str, str]:
    """Give the environment without what would choose another site."""
    left_out = {"PORT", "PUBLISHER_CONFIG"}
    return {name: value for name, value in os.environ.items() if name not in left_out}


async def until(
    is_so: Callable[[], Awaitable[bool]], otherwise: Callable[[], str] = lambda: "it never was so"
) -> None:
    """Ask again and again until it is so; the limit only ends a test that has failed."""
    try:
        async with asyncio.timeout(_LIMIT_SECONDS):
            while not await is_so():  # noqa: ASYNC110 -- another process cannot set our event
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(otherwise()) from None

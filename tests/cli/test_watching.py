"""`issues show --watch`: the real program beside a worker, in a pipe and on a terminal."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.rig.program import PROGRAM, Site, environment
from tests.rig.smtp import SmtpRig

PEOPLE = Path(__file__).parents[2] / "examples" / "subscribers.csv"


@pytest.fixture
def built(loaded: Command) -> Command:
    """A site with an issue for six that nobody sends yet."""
    words = ("--newsletter", "digest", "--cadence", "daily", "--confirmed")
    assert loaded("subscribers", "import", str(PEOPLE), *words).exit_code == 0
    assert loaded("issues", "build", "digest").exit_code == 0
    return loaded


@asynccontextmanager
async def watching(
    site: Site, *words: str, out: int = asyncio.subprocess.PIPE
) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(str(PROGRAM), "issues", "show", "1", "--watch", *words),
        cwd=site.folder,
        env=environment() | {"TERM": "xterm", "COLUMNS": "120"},
        stdout=out,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def line(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    return (await process.stdout.readline()).decode()


async def test_issue_is_followed_in_json_lines_until_nothing_is_left(
    built: Command, site: Site
) -> None:
    async with SmtpRig() as rig, watching(site, "--json") as process:
        first = json.loads(await line(process))
        site.send_to(rig.port)
        async with site.running("worker"):
            assert process.stdout is not None
            rest = [json.loads(each) async for each in process.stdout]
            code = await process.wait()

    assert first == {
        "issue": 1, "state": "open", "audience": 6, "accepted": 0, "failed": 0, "skipped": 0,
        "pending": 6, "in_doubt": 0, "rate": 0.0, "seconds_left": None,
    }  # fmt: skip
    assert first | {"accepted": 6, "pending": 0} == rest[-1] | {"rate": 0.0, "seconds_left": None}
    assert rest[-1]["rate"] > 0
    assert all(each["pending"] for each in rest[:-1])
    assert code == 0


async def test_plain_lines_tell_of_pause_and_cancel(built: Command, site: Site) -> None:
    async with watching(site) as process:
        lines = [await line(process)]
        for word in ("pause", "resume", "cancel"):
            await site.aside("issues", word, "1")
            lines.append(await line(process))
        lines.append(await line(process))
        code = await process.wait()

    stands = "0 accepted, 0 failed, 0 in doubt, {} pending of 6; 0/s"
    assert lines == [
        f"issue 1, open: {stands.format(6)}\n",
        f"issue 1, paused: {stands.format(6)}; `publisher issues resume 1` sends the rest\n",
        f"issue 1, open: {stands.format(6)}\n",
        f"issue 1, stopped: {stands.format(0)}; it was cancelled\n",
        "issue 1: audience 6 = accepted 0 + failed 0 + skipped 6 + pending 0 + in doubt 0\n",
    ]
    assert code == 0


async def test_ctrl_c_ends_the_watching_and_nothing_else(built: Command, site: Site) -> None:
    async with watching(site) as process:
        await line(process)
        process.send_signal(signal.SIGINT)
        last = await line(process)
        code = await process.wait()

    assert (
        last == "issue 1: audience 6 = accepted 0 + failed 0 + skipped 0 + pending 6 + in doubt 0\n"
    )
    assert code == 130
    assert "state       open\n" in await site.succeed("issues", "show", "1")


async def test_terminal_has_a_bar_and_ends_with_the_balance(built: Command, site: Site) -> None:
    await site.aside("issues", "cancel", "1")
    ours, theirs = os.openpty()
    async with watching(site, out=theirs) as process:
        code = await process.wait()
    os.close(theirs)
    seen = os.read(ours, 1 << 16).decode()
    os.close(ours)

    assert "━━━━" in seen
    assert "issue 1, stopped: 0 accepted, 0 failed, 0 in doubt, 0 pending of 6; 0/s" in seen
    assert seen.endswith("skipped 6 + pending 0 + in doubt 0\r\n")
    assert code == 0


def test_issue_that_is_not_there_is_told(loaded: Command) -> None:
    result = loaded("issues", "show", "7", "--watch")

    assert result.exit_code == 1
    assert "there is no issue 7" in result.stderr

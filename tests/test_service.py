"""The whole program as people run it: processes, sockets, files, signals."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections import Counter
from pathlib import Path

import feedparser  # type: ignore[import-untyped]
import httpx
import pytest

from tests.rig.program import Site, environment, free_port, until
from tests.rig.smtp import SmtpRig

READERS = ["ann@example.org", "bob@example.org", "cy@example.org"]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


async def add_readers(site: Site, *readers: str) -> None:
    for reader in readers:
        await site.aside(
            "subscribers", "add", reader, "--newsletter", "digest", "--cadence", "instant",
            "--confirmed",
        )  # fmt: skip


async def fetch(url: str, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.get(url, headers=headers)


async def has(url: str, words: str) -> bool:
    try:
        return words in (await fetch(url)).text
    except httpx.TransportError:  # not listening yet
        return False


async def test_saved_article_reaches_feeds_and_every_reader_once(site: Site) -> None:
    await site.aside("migrate")
    await add_readers(site, *READERS)
    async with site.running("run", "--capture") as service:
        await service.until_said("at work")

        site.write("night", "The night shift")

        feeds = [f"{site.url}/feeds/all.{kind}" for kind in ("rss", "atom", "json")]
        for feed in feeds:
            await until(lambda feed=feed: has(feed, "The night shift"))  # type: ignore[misc]
        await until(lambda: has(f"{site.url}/caught/", "3 mails"))
        caught = await fetch(f"{site.url}/caught/")
        parsed = [feedparser.parse((await fetch(feed)).content) for feed in feeds[:2]]
        first = await fetch(feeds[0])
        by_tag = await fetch(feeds[0], **{"If-None-Match": first.headers["ETag"]})
        by_date = await fetch(feeds[0], **{"If-Modified-Since": first.headers["Last-Modified"]})
        code = await service.terminate()

    assert code == 0
    assert [each["bozo"] for each in parsed] == [False, False]
    assert (by_tag.status_code, by_date.status_code) == (304, 304)
    assert Counter(dict.fromkeys(READERS, 1)) == Counter(
        {reader: caught.text.count(reader) for reader in READERS}
    )
    shown = json.loads(await site.aside("issues", "show", "1", "--json"))
    assert shown["balance"] == {
        "audience": 3, "accepted": 3, "failed": 0, "skipped": 0, "pending": 0, "in_doubt": 0,
        "holds": True,
    }  # fmt: skip


async def test_admin_is_mailed_when_an_issue_waits_for_approval(site: Site) -> None:
    async with SmtpRig() as rig:
        site.send_to(rig.port)
        config = site.config.read_text(encoding="utf-8")
        config = config.replace("[publication]\n", '[publication]\nadmin = "ed@example.org"\n')
        config = config.replace('grace = "0s"\n', 'grace = "0s"\napproval = true\n')
        site.config.write_text(config, encoding="utf-8")
        await site.aside("migrate")
        await add_readers(site, "ann@example.org")
        async with site.running("run") as service:
            await service.until_said("at work")

            site.write("night", "The night shift")

            await rig.until(lambda rig: bool(rig.accepted))
            assert await service.terminate() == 0

    (message,) = rig.accepted
    assert message.recipient == "ed@example.org"
    assert b"\r\nSubject: digest, instant: issue 1 waits for approval\r\n" in message.content
    assert b"publisher issues approve 1" in message.content


async def test_restart_sends_nothing_again(site: Site) -> None:
    site.write("night", "The night shift")
    async with SmtpRig() as rig:
        site.send_to(rig.port)
        await site.aside("migrate")
        await add_readers(site, *READERS)
        for _ in range(3):
            async with site.running("run") as service:
                await rig.until(lambda rig: len(rig.accepted) >= len(READERS))
                await service.until_said("at work")
                assert await service.terminate() == 0

    assert Counter(message.recipient for message in rig.accepted) == Counter(READERS)


async def test_faulty_config_never_starts(site: Site) -> None:
    site.config.write_text(site.config.read_text().replace('every = "1s"', 'evry = "soon"'))

    code, out, err = await site.command("run")

    assert code == 2
    assert "sources.newsroom.evry" in out + err
    assert "every" in out + err


async def test_faulty_config_never_replaces_a_running_one(site: Site) -> None:
    good = site.config.read_text()
    async with site.running("run", "--capture") as service:
        await service.until_said("at work")
        await until(lambda: has(f"{site.url}/readyz", ""))

        site.config.write_text(good.replace('title = "Everything"', 'titel = "All"'))
        await service.until_said("config refused")
        still = await fetch(f"{site.url}/feeds/all")
        site.config.write_text(good.replace('title = "Everything"', 'title = "The whole lot"'))
        await until(lambda: has(f"{site.url}/feeds/all", "The whole lot"))
        code = await service.terminate()

    assert "Everything" in still.text
    assert code == 0


async def test_sighup_reads_the_config_again(site: Site) -> None:
    async with site.running("run", "--capture") as service:
        await service.until_said("at work")
        site.config.write_text("broken [", encoding="utf-8")

        service.process.send_signal(signal.SIGHUP)

        await service.until_said("config refused")
        assert await service.terminate() == 0


async def test_port_that_is_taken_is_said_plainly(site: Site) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", site.web_port))
        other.listen()

        code, out, err = await site.command("run", "--capture")

    assert code == 1
    assert f"127.0.0.1:{site.web_port}" in out + err
    assert "Traceback" not in out + err


async def test_parts_refuse_a_database_that_was_not_migrated(site: Site) -> None:
    code, out, err = await site.command("worker")

    assert code == 1
    assert "publisher migrate" in out + err


async def test_procfile_runs_web_clock_and_worker(site: Site) -> None:
    """honcho obeys the Procfile as a platform would: each process apart, the port from $PORT."""
    procfile = Path(__file__).parents[1] / "Procfile"
    async with SmtpRig() as rig:
        site.send_to(rig.port)
        await site.aside("migrate")
        await add_readers(site, *READERS)
        port = free_port()
        honcho = await asyncio.create_subprocess_exec(
            Path(sys.executable).with_name("honcho"),
            "-f", procfile, "start", "web", "clock", "worker",
            cwd=site.folder,
            env={
                **environment(),
                "PORT": str(port),
                "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            },
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            site.write("night", "The night shift")
            await until(lambda: has(f"http://127.0.0.1:{port}/feeds/all.atom", "The night shift"))
            await asyncio.wait_for(rig.until(lambda rig: len(rig.accepted) >= 3), 60)
        finally:
            honcho.send_signal(signal.SIGTERM)
            await asyncio.wait_for(honcho.wait(), 60)

    assert Counter(message.recipient for message in rig.accepted) == Counter(READERS)

"""The real program, as a newcomer and a cron job run it: processes, exit codes, real SMTP."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.rig.program import PROGRAM, Site, environment
from tests.rig.script import Act, at, say
from tests.rig.smtp import SmtpRig

ROOT = Path(__file__).parents[2]
PEOPLE = ROOT / "examples" / "subscribers.csv"


@pytest.fixture
def readers(loaded: Command) -> None:
    """Six people who are to read the article."""
    words = ("--newsletter", "digest", "--cadence", "daily", "--confirmed")
    assert loaded("subscribers", "import", str(PEOPLE), *words).exit_code == 0


async def test_new_site_sends_its_first_issue(tmp_path: Path) -> None:
    """From nothing to six mails, with the commands that `init` and the errors name."""
    here = Site(tmp_path)
    home = here.folder / "news"
    await here.succeed("init", str(home))
    async with SmtpRig() as rig:
        config = home / "config" / "publisher.toml"
        text = config.read_text(encoding="utf-8")
        config.write_text(text.replace("port = 2525", f"port = {rig.port}"), encoding="utf-8")
        at_home = ("--config", str(config))
        await here.succeed(*at_home, "check")
        await here.succeed(*at_home, "migrate")
        await here.succeed(*at_home, "ingest")
        await here.succeed(
            *(*at_home, "subscribers", "import", str(PEOPLE)),
            *("--newsletter", "digest", "--confirmed"),
        )

        await here.succeed(*at_home, "issues", "send-now", "digest")

    shown = await here.succeed(*at_home, "issues", "show", "1")
    assert 6 == len({message.recipient for message in rig.accepted}) == len(rig.accepted)
    assert "audience 6 = accepted 6 + failed 0 + skipped 0 + pending 0 + in doubt 0" in shown


async def test_send_now_with_nothing_new_says_so_and_sends_nothing(
    site: Site, readers: None
) -> None:
    async with SmtpRig() as rig:
        site.send_to(rig.port)
        await site.succeed("issues", "send-now", "digest")

        said = await site.succeed("issues", "send-now", "digest")

    assert "digest, daily: nothing new for anybody; no issue.\n" == said
    assert 6 == len(rig.accepted)


async def test_send_now_fails_with_who_waits_when_the_relay_is_away(
    site: Site, readers: None
) -> None:

    code, out, err = await site.command("issues", "send-now", "digest")

    assert 1 == code
    assert "pending 6" in out
    assert "6 mails of issue 1 still to be sent: 127.0.0.1:" in err


async def test_send_now_goes_over_the_next_relay_when_the_first_is_away(
    site: Site, readers: None
) -> None:
    async with SmtpRig() as backup:
        change(
            site,
            ("[newsletters.cadences]", 'smtp = ["main", "backup"]\n[newsletters.cadences]'),
            ("[bounces]", f'[smtp.backup]\nhost = "127.0.0.1"\nport = {backup.port}\n'
             'security = "none"\n[bounces]'),
        )  # fmt: skip

        await site.succeed("issues", "send-now", "digest")

    assert 6 == len(backup.accepted)


async def test_send_now_fails_with_what_the_mails_wait_for(site: Site, readers: None) -> None:
    async with SmtpRig() as rig:
        site.send_to(rig.port)
        change(site, ("connections = 5", "connections = 5\ndaily = 4"))

        code, _, err = await site.command("issues", "send-now", "digest")

    assert 1 == code
    assert 4 == len(rig.accepted)
    assert "2 mails of issue 1 still to be sent: today's quota of the relay main is spent." in err


def change(site: Site, *replacements: tuple[str, str]) -> None:
    text = site.config.read_text(encoding="utf-8")
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    site.config.write_text(text, encoding="utf-8")


async def test_send_now_fails_with_what_to_do_about_doubt(site: Site, readers: None) -> None:
    async with SmtpRig(at("CONTENT", Act(cut=True, take=True), argument="ada.")) as rig:
        site.send_to(rig.port)

        code, out, err = await site.command("issues", "send-now", "digest")

    assert 1 == code
    assert "accepted 5 + failed 0 + skipped 0 + pending 0 + in doubt 1" in out
    assert "`publisher issues retry 1 --only in-doubt`" in err
    assert 6 == len(rig.accepted)


async def test_failed_recipients_are_told_and_are_no_failure_of_the_command(
    site: Site, readers: None
) -> None:
    async with SmtpRig(at("RCPT", say(550, "5.1.1 nobody here"), argument="ada.")) as rig:
        site.send_to(rig.port)
        await site.succeed("issues", "send-now", "digest")

    listed = await site.aside("issues", "recipients", "1", "--state", "failed", "--json")
    (row,) = json.loads(listed)
    assert ("ada.okafor@example.org", "550 5.1.1 nobody here") == (row["address"], row["reply"])


async def test_ctrl_c_finishes_what_is_under_way_and_leaves_no_doubt(
    site: Site, readers: None
) -> None:
    go_on = asyncio.Event()
    async with SmtpRig(at("CONTENT", say(250, "2.0.0 taken", after=go_on))) as rig:
        site.send_to(rig.port)
        process = await asyncio.create_subprocess_exec(
            *(PROGRAM, "issues", "send-now", "digest"),
            cwd=site.folder,
            env=environment(),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        await rig.until_asked("CONTENT")
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        await process.stderr.readuntil(b"Finishing what is under way")
        go_on.set()

        out, _ = await process.communicate()

    assert 130 == process.returncode
    assert b"in doubt 0" in out
    assert f"accepted {len(rig.accepted)} ".encode() in out


async def test_send_test_takes_the_real_path_and_leaves_no_trace(site: Site, readers: None) -> None:
    async with SmtpRig() as rig:
        site.send_to(rig.port)

        said = await site.succeed("send-test", "digest", "--to", "editor@example.org")

    (message,) = rig.accepted
    assert f"127.0.0.1:{rig.port} answered: 250 2.0.0 taken\n" == said
    assert "editor@example.org" == message.recipient
    assert message.sender.startswith("bounce+")
    assert b"\r\nSubject: [Test] The Digest: Kept promises\r\n" in message.content
    assert b"\r\nList-Unsubscribe: <http" in message.content
    assert "[]\n" == await site.aside("issues", "list", "--json")


async def test_send_test_has_the_last_issue_when_nothing_is_new(site: Site, readers: None) -> None:
    async with SmtpRig() as rig:
        site.send_to(rig.port)
        await site.succeed("issues", "send-now", "digest")

        await site.succeed(
            "send-test", "digest", "--cadence", "daily", "--to", "editor@example.org"
        )

    assert b"\r\nSubject: [Test] The Digest: Kept promises\r\n" in rig.accepted[-1].content


async def test_send_test_fails_with_the_relays_words(site: Site, readers: None) -> None:
    async with SmtpRig(at("RCPT", say(554, "5.7.1 go away"))) as rig:
        site.send_to(rig.port)

        code, _, err = await site.command("send-test", "digest", "--to", "editor@example.org")

    assert 1 == code
    assert "554 5.7.1 go away" in err


async def test_output_to_a_reader_that_has_left_is_quiet(site: Site, readers: None) -> None:
    process = await asyncio.create_subprocess_shell(
        f"'{PROGRAM}' subscribers list | true",
        cwd=site.folder,
        env=environment(),
        stderr=asyncio.subprocess.PIPE,
    )

    _, err = await process.communicate()

    assert b"" == err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--version",), 0),
        (("--help",), 0),
        (("check",), 0),
        (("status",), 1),  # no database yet
        (("ingest", "--sauce", "x"), 2),
        (("schedule", "--next", "0"), 2),
        (("--config", "missing.toml", "check"), 2),
    ],
)
async def test_exit_code(site: Site, words: tuple[str, ...], code: int) -> None:
    found, _, err = await site.command(*words)

    assert code == found
    assert "Traceback" not in err

"""Each kind of relay, from the config to the far end, with the real program."""

from __future__ import annotations

import mailbox
from pathlib import Path

from tests.rig.program import Site
from tests.rig.smtp import SmtpRig


async def send(folder: Path, relay: str) -> str:
    """Send an issue to one reader over such a relay, and then a test mail; give what that says."""
    site = Site(folder)
    site.send_by(relay)
    site.write("kept", "Kept promises")
    await site.succeed("migrate")
    await site.succeed("ingest")
    who = ("ann@example.org", "--newsletter", "digest", "--cadence", "daily", "--confirmed")
    await site.succeed("subscribers", "add", *who)
    await site.succeed("issues", "send-now", "digest", "--cadence", "daily")
    return await site.succeed("send-test", "digest", "--to", "editor@example.org")


async def test_mail_goes_by_lmtp_into_a_socket(tmp_path: Path) -> None:
    path = tmp_path / "lmtp"
    async with SmtpRig(lmtp=True, path=path) as rig:
        said = await send(tmp_path, 'protocol = "lmtp"\nsocket = "../lmtp"\n')

    assert [each.recipient for each in rig.accepted] == ["ann@example.org", "editor@example.org"]
    assert said == "lmtp answered: 250 2.0.0 taken\n"


async def test_mail_goes_into_a_maildir(tmp_path: Path) -> None:
    relay = 'protocol = "file"\nfolder = "../box"\nformat = "maildir"\n'
    said = await send(tmp_path, relay)

    box = mailbox.Maildir(tmp_path / "box", create=False)
    recipients = [str(message["Delivered-To"]) for message in box]
    assert sorted(recipients) == ["ann@example.org", "editor@example.org"]
    assert said.startswith("box answered: 250 ")

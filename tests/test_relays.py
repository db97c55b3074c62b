"""Each kind of relay, from the config to the far end, with the real program."""

from __future__ import annotations

import mailbox
from pathlib import Path

import dkim  # type: ignore[import-untyped]

from tests.mail.test_dkim import ED25519, PEM, RSA, public
from tests.rig.program import Site
from tests.rig.smtp import SmtpRig


async def send(folder: Path, relay: str) -> str:
    """Send an issue to one reader over such a relay, and then a test mail; give what that says."""
    site = Site(folder)
    site.send_by(relay)
    site.write("kept", "Kept promises")
    await site.aside("migrate")
    await site.aside("ingest")
    who = ("ann@example.org", "--newsletter", "digest", "--cadence", "daily", "--confirmed")
    await site.aside("subscribers", "add", *who)
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


async def test_mail_is_signed_by_every_key_of_its_relay(tmp_path: Path) -> None:
    """RFC 8463; Gmail heeds the Feedback-ID of an issue only where it is signed."""
    keys = []
    for selector, key in (("news", RSA), ("ed", ED25519)):
        (tmp_path / f"{selector}.pem").write_bytes(key.private_bytes(*PEM))
        keys.append(
            f'{{ domain = "example.org", selector = "{selector}", key_file = "../{selector}.pem" }}'
        )
    relay = f'protocol = "file"\nfolder = "../box"\ndkim = [{", ".join(keys)}]\n'
    await send(tmp_path, relay)

    mails = [path.read_bytes() for path in (tmp_path / "box").iterdir()]
    (issue,) = [each for each in mails if b"\r\nTo: ann@" in each]
    field = b"Feedback-ID: digest/1:digest:digest.daily:exampleorg\r\n"
    assert [dkim.DKIM(issue).verify(n, dnsfunc=public) for n in (0, 1)] == [True, True]
    assert field in issue
    forged = issue.replace(field, b"Feedback-ID: other/1:other:other.daily:exampleorg\r\n")
    assert [dkim.DKIM(forged).verify(n, dnsfunc=public) for n in (0, 1)] == [False, False]

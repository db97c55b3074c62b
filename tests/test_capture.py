"""The capturing mail server: takes everything, keeps it whole, lets nothing out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from pathlib import Path

import pytest

from publisher.capture import CaptureServer, caught, read
from publisher.mail import wire
from publisher.model import Envelope
from publisher.transports.smtp import Smtp, SmtpSettings

SENDER = "bounce+t1@news.example"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[CaptureServer]:
    server = CaptureServer("127.0.0.1", 0, tmp_path / "caught", kept=3)
    await server.start()
    yield server
    await server.stop()


async def post(server: CaptureServer, *recipients: str, content: bytes, **login: str) -> None:
    smtp = Smtp(
        SmtpSettings(
            host=server.host,
            port=server.port,
            security="none",
            client_hostname="news.example",
            username=login.get("username"),
            password=login.get("password"),
        )
    )
    for recipient in recipients:
        envelope = Envelope(sender=SENDER, recipient=recipient)
        await smtp.offer(wire.message(envelope, content))
        await smtp.transmit()
    await smtp.close()


def digest(subject: str = "Grüße") -> bytes:
    message = EmailMessage(policy=SMTP_POLICY.clone(cte_type="7bit"))
    message["From"] = "Example News <news@news.example>"
    message["Subject"] = subject
    message.set_content(".\r\nPlain wörds\r\n")
    message.add_alternative("<p>Rich wörds</p>\r\n", subtype="html")
    return message.as_bytes()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "2001:db8::1", "mail.example"])
def test_server_refuses_every_host_but_loopback(tmp_path: Path, host: str) -> None:
    with pytest.raises(ValueError, match=host):
        CaptureServer(host, 0, tmp_path)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_server_stands_on_loopback_and_starts_again(tmp_path: Path, host: str) -> None:
    server = CaptureServer(host, 0, tmp_path)
    for _ in range(2):
        await server.start()
        await post(server, "ada@reader.example", content=digest())
        await server.stop()

    assert len(caught(tmp_path)) == 2


async def test_caught_lists_the_newest_first(server: CaptureServer, tmp_path: Path) -> None:
    for subject in ("One", "Two"):
        await post(server, "ada@reader.example", content=digest(subject))
    mails = caught(tmp_path / "caught")

    assert [mail.subject for mail in mails] == ["Two", "One"]
    assert [(mail.sender, mail.recipient) for mail in mails] == [
        (SENDER, "ada@reader.example"),
        (SENDER, "ada@reader.example"),
    ]
    assert mails[0].received > mails[1].received
    assert mails[0].size_bytes == len(digest("Two"))


async def test_read_takes_a_mail_apart_and_gives_its_very_bytes(
    server: CaptureServer, tmp_path: Path
) -> None:
    sent = digest()
    await post(server, "ada@reader.example", content=sent)
    content = read(tmp_path / "caught", caught(tmp_path / "caught")[0].id)

    assert content is not None
    assert content.raw == sent
    assert dict(content.headers)["Subject"] == "Grüße"
    assert content.html == "<p>Rich wörds</p>\r\n"
    assert content.text == ".\r\nPlain wörds\r\n"


async def test_oldest_are_forgotten_beyond_the_limit(server: CaptureServer, tmp_path: Path) -> None:
    recipients = [f"reader{number}@reader.example" for number in range(5)]
    await post(server, *recipients, content=digest())

    assert [mail.recipient for mail in caught(tmp_path / "caught")] == recipients[:1:-1]


async def test_any_login_is_good(server: CaptureServer, tmp_path: Path) -> None:
    await post(server, "ada@reader.example", content=digest(), username="u", password="p")

    assert len(caught(tmp_path / "caught")) == 1


async def test_longest_lawful_lines_are_taken(server: CaptureServer, tmp_path: Path) -> None:
    content = b"Subject: Long\r\n\r\n" + b"x" * 998 + b"\r\n" + b"." * 998 + b"\r\n"
    await post(server, "ada@reader.example", content=content)
    kept = read(tmp_path / "caught", caught(tmp_path / "caught")[0].id)

    assert kept is not None
    assert kept.raw == content


def test_nothing_caught_is_an_empty_list(tmp_path: Path) -> None:
    assert caught(tmp_path / "none") == []


@pytest.mark.parametrize(
    "id", ["", "..", "../secret", "/etc/passwd", "secret", "20260102T030405000006Z-00000000", "\0"]
)
def test_read_finds_nothing_outside_the_folder(tmp_path: Path, id: str) -> None:
    """A21."""
    folder = tmp_path / "caught"
    folder.mkdir()
    for path in (tmp_path / "secret.eml", folder / "secret.eml"):
        path.write_bytes(b"Return-Path: <>\r\nDelivered-To: x\r\nSubject: secret\r\n\r\n")

    assert read(folder, id) is None
    assert caught(folder) == []


async def test_half_a_message_is_not_kept(server: CaptureServer, tmp_path: Path) -> None:
    smtp = Smtp(SmtpSettings(host=server.host, port=server.port, security="none"))
    envelope = Envelope(sender=SENDER, recipient="ada@reader.example")
    await smtp.offer(wire.message(envelope, digest()))
    await server.stop()
    await smtp.close()

    assert list((tmp_path / "caught").iterdir()) == []

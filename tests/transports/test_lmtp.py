"""What is LMTP's own: its greeting, its socket in the file system. The rest is test_smtp.py's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from publisher.errors import Unreachable
from publisher.mail import wire
from publisher.model import Envelope
from publisher.transports.lmtp import Lmtp, LmtpSettings
from publisher.transports.smtp import Smtp
from tests.rig.certificate import Certificate
from tests.rig.script import at, say
from tests.rig.smtp import SmtpRig

Connector = Callable[..., Smtp]

MESSAGE = wire.message(
    Envelope(sender="bounce+t1@news.example", recipient="ada@reader.example"),
    b"Subject: One\r\n\r\nHello\r\n",
)


async def test_greeting_is_lhlo(connect: Connector) -> None:
    async with SmtpRig(lmtp=True) as rig:
        await connect(rig).offer(MESSAGE)

    assert [(moment.verb, moment.argument) for moment in rig.moments[:2]] == [
        ("BANNER", ""),
        ("LHLO", "news.example"),
    ]


async def test_server_without_lhlo_is_not_greeted_otherwise(connect: Connector) -> None:
    """RFC 2033 §4.1: HELO and EHLO are not for a client of LMTP to say."""
    async with SmtpRig(at("LHLO", say(500, "5.5.1 what")), lmtp=True) as rig:
        with pytest.raises(Unreachable, match=r"refused the greeting.*500 5\.5\.1 what"):
            await connect(rig).offer(MESSAGE)

    assert [moment.verb for moment in rig.moments] == ["BANNER", "LHLO"]


async def test_socket_in_the_file_system_is_as_good_as_a_port(tmp_path: Path) -> None:
    path = tmp_path / "lmtp"
    async with SmtpRig(lmtp=True, path=path) as rig:
        lmtp = Lmtp(LmtpSettings(socket=path, security="none"))
        for _ in range(2):
            await lmtp.offer(MESSAGE)
            await lmtp.transmit()
        await lmtp.close()

    assert [message.content for message in rig.accepted] == [MESSAGE.content] * 2
    assert [m.argument for m in rig.moments if m.verb == "LHLO"] == ["localhost"]


async def test_missing_socket_is_unreachable(tmp_path: Path) -> None:
    path = tmp_path / "lmtp"
    with pytest.raises(Unreachable) as failure:
        await Lmtp(LmtpSettings(socket=path, security="none")).offer(MESSAGE)

    assert str(failure.value) == (
        f"{path}: no connection, no recipient was touched: [Errno 2] No such file or directory"
    )


async def test_lmtp_goes_over_tls_and_with_a_login_too(
    connect: Connector, certificate: Certificate
) -> None:
    tls = certificate.server_context()
    async with SmtpRig(lmtp=True, tls=tls, users={"news": "secret"}) as rig:
        lmtp = connect(
            rig,
            security="starttls",
            ca_file=certificate.certificate_file,
            username="news",
            password="secret",
        )
        await lmtp.offer(MESSAGE)
        await lmtp.transmit()

    assert [moment.verb for moment in rig.moments][1:5] == ["LHLO", "STARTTLS", "LHLO", "AUTH"]
    assert len(rig.accepted) == 1

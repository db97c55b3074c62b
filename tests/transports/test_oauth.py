"""Logging in with a token: what is said, when it is read, and that nobody else gets to see it."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from publisher.errors import Unreachable
from publisher.mail import wire
from publisher.model import Envelope
from publisher.transports.smtp import Smtp
from tests.rig.certificate import Certificate
from tests.rig.script import Act, at, in_turn, line, say
from tests.rig.smtp import SmtpRig

Connector = Callable[..., Smtp]

MESSAGE = wire.message(
    Envelope(sender="bounce+t1@news.example", recipient="ada@reader.example"),
    b"Subject: One\r\n\r\nHello\r\n",
)
USER = "news@example.org"
TOKEN = "ya29.a0-Secret_token~+/=="


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    return file


@pytest.fixture
def rig(certificate: Certificate) -> SmtpRig:
    return SmtpRig(
        tls=certificate.server_context(), users={USER: TOKEN}, mechanisms="LOGIN PLAIN XOAUTH2"
    )


@pytest.fixture
def open_to(
    connect: Connector, certificate: Certificate, token_file: Path
) -> Callable[[SmtpRig], Smtp]:
    def make(rig: SmtpRig, **settings: Any) -> Smtp:
        usual = {"security": "starttls", "ca_file": certificate.certificate_file}
        return connect(rig, username=USER, oauth_token_file=token_file, **usual | settings)

    return make


async def fail(smtp: Smtp) -> str:
    with pytest.raises(Unreachable) as failure:
        await smtp.offer(MESSAGE)
    assert TOKEN not in str(failure.value)
    return str(failure.value)


async def test_token_is_said_as_google_and_microsoft_want_it(
    rig: SmtpRig, open_to: Connector
) -> None:
    async with rig:
        smtp = open_to(rig)
        await smtp.offer(MESSAGE)
        await smtp.transmit()

    expected = f"user={USER}\x01auth=Bearer {TOKEN}\x01\x01"
    (said,) = [read for read in rig.reads if read.startswith(b"AUTH")]
    assert said.startswith(b"AUTH XOAUTH2 ")
    assert expected == base64.b64decode(said.split()[2]).decode()
    assert len(rig.accepted) == 1


async def test_token_is_read_anew_for_each_connection(
    rig: SmtpRig, open_to: Connector, token_file: Path
) -> None:
    async with rig:
        smtp = open_to(rig)
        await smtp.offer(MESSAGE)
        await smtp.transmit()
        await rig.hang_up()
        rig.users = {USER: "renewed"}
        await asyncio.to_thread(token_file.write_text, "renewed")
        await smtp.offer(MESSAGE)
        await smtp.transmit()

    assert (rig.connections, len(rig.accepted)) == (2, 2)


async def test_refused_token_stops_before_any_recipient_and_says_why(
    rig: SmtpRig, open_to: Connector
) -> None:
    """F19: the server's reason waits for an empty line, after which it refuses."""
    async with rig:
        rig.users = {USER: "another"}
        sentence = await fail(open_to(rig))

    assert sentence == (
        f"127.0.0.1:{rig.port}: login as {USER!r} failed, no recipient was touched: 535 5.7.8 bad"
        ' token ({"status":"400","schemes":"Bearer"}); check username and oauth_token_file'
    )
    assert [m.argument for m in rig.moments if m.verb == "LOGIN"] == [""]
    assert rig.count("MAIL") == 0


async def test_server_that_repeats_the_token_does_not_bring_it_into_the_message(
    rig: SmtpRig, open_to: Connector
) -> None:
    """A30."""
    initial = base64.b64encode(f"user={USER}\x01auth=Bearer {TOKEN}\x01\x01".encode()).decode()
    told = base64.b64encode(f"no {TOKEN}".encode()).decode()
    rig.scripts += [
        in_turn("AUTH", say(334, told)),
        at("LOGIN", say(535, f"bad {TOKEN} in {initial}")),
    ]
    async with rig:
        rig.users = {}
        sentence = await fail(open_to(rig))

    assert "535 bad [token] in [token] (no [token])" in sentence


async def test_login_out_of_order_is_worth_another_try(rig: SmtpRig, open_to: Connector) -> None:
    """F19: RFC 4954 §4.7.7, 454 is temporary."""
    rig.scripts.append(in_turn("AUTH", say(454, "4.7.0 down")))
    async with rig:
        sentence = await fail(open_to(rig))

    assert "454 4.7.0 down; try again later" in sentence


async def test_token_is_not_said_on_a_line_that_is_not_encrypted(
    rig: SmtpRig, open_to: Connector
) -> None:
    async with rig:
        sentence = await fail(open_to(rig, security="none"))

    assert "the line is not encrypted" in sentence
    assert {"AUTH", "MAIL"}.isdisjoint(moment.verb for moment in rig.moments)


async def test_server_without_xoauth2_is_told_nothing(rig: SmtpRig, open_to: Connector) -> None:
    rig.mechanisms = "PLAIN"
    async with rig:
        sentence = await fail(open_to(rig))

    assert "the server does not offer XOAUTH2, but PLAIN" in sentence
    assert rig.count("AUTH") == 0


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file or directory"),
        (b"", "holds no token"),
        (b"two words", "holds no token"),
        (b"a\x01auth=Bearer b", "holds no token"),
        (b"\xff\xfe", "holds no token"),
    ],
)
async def test_file_without_a_token_stops_before_the_login(
    rig: SmtpRig, open_to: Connector, token_file: Path, content: bytes | None, reason: str
) -> None:
    await asyncio.to_thread(token_file.unlink)
    if content is not None:
        await asyncio.to_thread(token_file.write_bytes, content)
    async with rig:
        sentence = await fail(open_to(rig))

    assert f"login as {USER!r} failed, no recipient was touched: oauth_token_file" in sentence
    assert reason in sentence
    assert rig.count("AUTH") == 0


async def test_connection_that_ends_in_the_login_is_unreachable(
    rig: SmtpRig, open_to: Connector
) -> None:
    rig.scripts.append(in_turn("AUTH", Act(reply=line(334, "e30="), cut=True)))
    async with rig:
        await fail(open_to(rig))

    assert rig.count("MAIL") == 0

"""Getting to a relay: banner, greeting, TLS and login; and that none of it touches a recipient."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from publisher.errors import Unreachable
from publisher.mail import wire
from publisher.model import Envelope
from publisher.transports.smtp import Smtp, SmtpSettings, Timeouts
from tests.rig.certificate import Certificate, make_certificate
from tests.rig.door import Door
from tests.rig.script import Act, Script, at, in_turn, say
from tests.rig.smtp import SmtpRig

Connector = Callable[..., Smtp]

MESSAGE = wire.message(
    Envelope(sender="bounce+t1@news.example", recipient="ada@reader.example"),
    b"Subject: One\r\n\r\nHello\r\n",
)
USERS = {"news": "pässword"}
LOGIN = {"username": "news", "password": "pässword"}


def to(door: Door, **settings: Any) -> SmtpSettings:
    return SmtpSettings(host=door.host, port=door.port, client_hostname="news.example", **settings)


async def fail(smtp: Smtp) -> str:
    """Offer in vain; give the sentence."""
    with pytest.raises(Unreachable) as failure:
        await smtp.offer(MESSAGE)
    return str(failure.value)


def verbs(rig: SmtpRig) -> list[str]:
    return [moment.verb for moment in rig.moments]


# --- no connection ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "text"), [(421, "4.3.2 too busy"), (554, "5.7.1 you are on a list")]
)
async def test_banner_that_turns_us_away_is_unreachable(
    connect: Connector, code: int, text: str
) -> None:
    """F13: whatever its first digit, it is about us; the next offer may succeed."""
    async with SmtpRig(in_turn("BANNER", say(code, text, cut=True))) as rig:
        smtp = connect(rig)
        sentence = await fail(smtp)
        await smtp.offer(MESSAGE)

    assert sentence == (
        f"127.0.0.1:{rig.port}: turned us away, no recipient was touched: {code} {text}"
    )


async def test_refused_connection_is_unreachable() -> None:
    """F13."""
    with socket.socket() as taken:  # bound and not listening
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        sentence = await fail(Smtp(SmtpSettings(host="127.0.0.1", port=port, security="none")))

    assert f"127.0.0.1:{port}: no connection, no recipient was touched" in sentence


@pytest.mark.parametrize("host", ["relay.invalid", "a..b", "x" * 64 + ".invalid"])
async def test_unknown_name_is_unreachable(host: str) -> None:
    """F13: RFC 6761 §6.4 promises that .invalid never resolves."""
    sentence = await fail(Smtp(SmtpSettings(host=host, port=25, security="none")))

    assert f"{host}:25: no connection" in sentence


@pytest.mark.parametrize(
    "script",
    [
        at("BANNER", Act(cut=True)),
        at("BANNER", Act(reply=b"SSH-2.0-OpenSSH\r\n")),
        at("EHLO", Act(cut=True)),
        at("EHLO", say(421, "4.3.2 closing", cut=True)),
        at("EHLO", say(554, "5.7.1 go away")),
    ],
    ids=["no banner", "another protocol", "cut at EHLO", "421 to EHLO", "554 to EHLO"],
)
async def test_conversation_that_does_not_begin_is_unreachable(
    connect: Connector, script: Script
) -> None:
    async with SmtpRig(script) as rig:
        sentence = await fail(connect(rig))

    assert sentence.startswith(f"127.0.0.1:{rig.port}: ")
    assert rig.count("MAIL") == 0


@pytest.mark.parametrize("verb", ["BANNER", "EHLO"])
async def test_silent_server_is_given_up(connect: Connector, verb: str) -> None:
    """F20."""
    never = asyncio.Event()
    async with SmtpRig(at(verb, say(250, after=never))) as rig:
        await fail(connect(rig, Timeouts(connect=0.05)))

    assert rig.count("MAIL") == 0


async def test_banner_that_trickles_gains_no_time(connect: Connector) -> None:
    """F20: the limit is for all of getting connected, not for each line."""
    slow = Act(reply=b"220-wait\r\n" * 3000, trickle=True, pause=asyncio.Event())
    async with SmtpRig(at("BANNER", slow)) as rig:
        sentence = await fail(connect(rig, Timeouts(connect=0.2)))

    assert "not ready in 0.2 s, no recipient was touched" in sentence


@pytest.mark.parametrize("verb", ["BANNER", "EHLO"])
@pytest.mark.parametrize("size", [40_000, 1_000_000])
async def test_greeting_without_an_end_takes_no_memory(
    connect: Connector, verb: str, size: int
) -> None:
    """F20."""
    endless = Act(reply=b"250-" + b"x" * size, pause=asyncio.Event())
    async with SmtpRig(at(verb, endless)) as rig:
        sentence = await fail(connect(rig))

    assert sentence.endswith(": Response too long")


async def test_silence_in_the_handshake_is_given_up(connect: Connector) -> None:
    """F20: and no socket is left open, which would be a warning, and so an error."""
    never = Act(reply=b"", after=asyncio.Event())
    async with SmtpRig(at("BANNER", never)) as rig:
        sentence = await fail(connect(rig, Timeouts(connect=0.2), security="tls"))

    assert "not ready in 0.2 s, no recipient was touched" in sentence


async def test_dns_that_is_down_for_a_while_costs_nobody_anything(
    connect: Connector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F13: what is asked for the next offer is asked anew."""
    real, left = socket.getaddrinfo, [socket.gaierror(socket.EAI_AGAIN, "try again")]

    def found(*asked: Any, **options: Any) -> Any:
        if left:
            raise left.pop()
        return real(*asked, **options)

    monkeypatch.setattr(socket, "getaddrinfo", found)
    async with SmtpRig() as rig:
        smtp = connect(rig, host="localhost")
        sentence = await fail(smtp)
        await smtp.offer(MESSAGE)

    assert f"localhost:{rig.port}: no connection, no recipient was touched" in sentence
    assert rig.count("RCPT") == 1


@pytest.mark.parametrize("code", [500, 502])
async def test_server_without_ehlo_is_greeted_with_helo(connect: Connector, code: int) -> None:
    """F17."""
    async with SmtpRig(at("EHLO", say(code, "what"))) as rig:
        smtp = connect(rig)
        await smtp.offer(MESSAGE)
        await smtp.transmit()

    assert verbs(rig)[:4] == ["BANNER", "EHLO", "HELO", "MAIL"]
    assert len(rig.accepted) == 1


async def test_server_without_extensions_is_asked_for_none(connect: Connector) -> None:
    """F17."""
    async with SmtpRig(extensions=()) as rig:
        smtp = connect(rig)
        await smtp.offer(MESSAGE)
        await smtp.transmit()

    assert len(rig.accepted) == 1


@pytest.mark.parametrize(
    "extensions", [("size",), ("SIZE",), ("SIZE lots",), ("pipelining", "size 0"), ("X-ODD a b c",)]
)
async def test_keywords_count_in_any_case_and_nonsense_beside_them_does_not(
    connect: Connector, extensions: tuple[str, ...]
) -> None:
    """F17: RFC 5321 §2.4."""
    async with SmtpRig(extensions=extensions) as rig:
        smtp = connect(rig)
        await smtp.offer(MESSAGE)
        await smtp.transmit()

    assert len(rig.accepted) == 1
    assert (b"DATA\r\n" in rig.reads) == ("pipelining" not in extensions)


async def test_greeting_names_the_configured_host(connect: Connector) -> None:
    async with SmtpRig() as rig:
        await connect(rig, client_hostname="mail.news.example").offer(MESSAGE)

    assert [m.argument for m in rig.moments if m.verb == "EHLO"] == ["mail.news.example"]


async def test_cancelled_greeting_leaves_no_connection(connect: Connector) -> None:
    never = asyncio.Event()
    async with SmtpRig(in_turn("EHLO", say(250, "late", after=never))) as rig:
        smtp = connect(rig)
        offering = asyncio.create_task(smtp.offer(MESSAGE))
        await rig.until_asked("EHLO")
        offering.cancel()
        with pytest.raises(asyncio.CancelledError):
            await offering
        await smtp.offer(MESSAGE)

    assert (rig.connections, rig.count("RCPT")) == (2, 1)


# --- TLS --------------------------------------------------------------------------------


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_messages_go_over_tls(
    connect: Connector, certificate: Certificate, security: str, host: str
) -> None:
    big = wire.message(MESSAGE.envelope, b"Subject: Big\r\n\r\n" + (b"x" * 70 + b"\r\n") * 20_000)
    tls = certificate.server_context()
    async with SmtpRig(tls=tls, tls_at_once=security == "tls", users=USERS) as rig:
        smtp = connect(
            rig, host=host, security=security, ca_file=certificate.certificate_file, **LOGIN
        )
        for message in (MESSAGE, big, MESSAGE):
            await smtp.offer(message)
            await smtp.transmit()
        await smtp.close()

    assert [message.content for message in rig.accepted] == [
        MESSAGE.content,
        big.content,
        MESSAGE.content,
    ]
    assert rig.connections == 1


STRIPPED: dict[str, tuple[tuple[Script, ...], bool]] = {
    "not announced": ((), False),
    "announced and refused": ((at("STARTTLS", say(454, "4.7.0 not now")),), True),
    "accepted and cut": ((at("STARTTLS", say(220, "go", cut=True)),), True),
    "accepted and no TLS": ((at("STARTTLS", Act(reply=b"502 no\r\n")),), True),
    "answered with nonsense": ((at("STARTTLS", Act(reply=b"what?\r\n")),), True),
    "EHLO unknown": ((at("EHLO", say(502, "what")),), True),
}


@pytest.mark.parametrize(("scripts", "has_tls"), STRIPPED.values(), ids=STRIPPED.keys())
async def test_without_starttls_nothing_is_said(
    connect: Connector, certificate: Certificate, scripts: tuple[Script, ...], has_tls: bool
) -> None:
    """F18: neither the password nor an address leaves in plain text."""
    tls = certificate.server_context() if has_tls else None
    async with SmtpRig(*scripts, tls=tls, users=USERS) as rig:
        sentence = await fail(
            connect(rig, security="starttls", ca_file=certificate.certificate_file, **LOGIN)
        )

    assert "no recipient was touched" in sentence
    assert {"AUTH", "LOGIN", "MAIL"}.isdisjoint(verbs(rig))


async def test_answers_slipped_in_before_tls_are_not_believed(
    connect: Connector, certificate: Certificate
) -> None:
    """F18: what stands behind the 220 in plain text was not said by the server (RFC 3207 §5)."""
    slipped = Act(reply=b"220 go\r\n250-evil\r\n250 AUTH PLAIN\r\n")
    async with SmtpRig(at("STARTTLS", slipped), tls=certificate.server_context()) as rig:
        smtp = connect(rig, security="starttls", ca_file=certificate.certificate_file)
        await smtp.offer(MESSAGE)
        await smtp.transmit()

    assert (len(rig.accepted), rig.count("EHLO")) == (1, 2)


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize(
    "fault", ["unknown authority", "another authority", "another name", "expired", "not yet good"]
)
async def test_untrusted_certificate_stops_before_the_login(
    connect: Connector, certificate: Certificate, tmp_path: Path, security: str, fault: str
) -> None:
    """F18."""
    another = make_certificate(tmp_path).certificate_file
    ages = {"expired": 2, "not yet good": -2}
    if fault in ages:
        certificate = make_certificate(tmp_path, ages_days=ages[fault])
    ca_files = {"unknown authority": None, "another authority": another}
    ca_file = ca_files.get(fault, certificate.certificate_file)
    host = "127.0.0.2" if fault == "another name" else "127.0.0.1"
    tls = certificate.server_context()
    async with SmtpRig(tls=tls, tls_at_once=security == "tls", users=USERS, host=host) as rig:
        smtp = connect(rig, host=host, security=security, ca_file=ca_file, **LOGIN)
        sentence = await fail(smtp)

    assert "TLS failed, no recipient was touched" in sentence
    assert {"AUTH", "LOGIN", "MAIL"}.isdisjoint(verbs(rig))


async def test_verification_can_be_given_up_but_not_encryption(
    connect: Connector, certificate: Certificate
) -> None:
    async with SmtpRig(tls=certificate.server_context()) as rig:
        smtp = connect(rig, security="starttls", verify=False)
        await smtp.offer(MESSAGE)
        await smtp.transmit()

    assert (len(rig.accepted), rig.count("STARTTLS")) == (1, 1)


async def test_missing_ca_file_is_unreachable(connect: Connector, tmp_path: Path) -> None:
    async with SmtpRig() as rig:
        sentence = await fail(connect(rig, security="tls", ca_file=tmp_path / "none.pem"))

    assert "none.pem" in sentence
    assert rig.connections == 0


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize("is_one_file", [True, False])
async def test_server_that_demands_a_certificate_is_shown_ours(
    connect: Connector, certificate: Certificate, tmp_path: Path, security: str, is_one_file: bool
) -> None:
    ours = make_certificate(tmp_path)
    key_file = None if is_one_file else ours.key_file
    if is_one_file:
        both = ours.certificate_file.read_text() + ours.key_file.read_text()
        ours.certificate_file.write_text(both)
    tls = certificate.server_context(clients=ours.certificate_file)
    async with SmtpRig(tls=tls, tls_at_once=security == "tls") as rig:
        smtp = connect(
            rig,
            security=security,
            ca_file=certificate.certificate_file,
            client_cert_file=ours.certificate_file,
            client_key_file=key_file,
        )
        await smtp.offer(MESSAGE)
        await smtp.transmit()

    assert len(rig.accepted) == 1


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize("at_most", [None, ssl.TLSVersion.TLSv1_2])
@pytest.mark.parametrize("shown", ["none", "a stranger's"])
async def test_server_that_is_shown_no_certificate_that_it_trusts_is_unreachable(
    connect: Connector,
    certificate: Certificate,
    tmp_path: Path,
    security: str,
    at_most: ssl.TLSVersion | None,
    shown: str,
) -> None:
    """F18: with TLS 1.3 it says so only after the handshake."""
    tls = certificate.server_context(clients=certificate.certificate_file)
    if at_most is not None:
        tls.maximum_version = at_most
    files = {"ca_file": certificate.certificate_file}
    if shown == "a stranger's":
        stranger = make_certificate(tmp_path)
        files["client_cert_file"] = stranger.certificate_file
        files["client_key_file"] = stranger.key_file
    async with Door(tls, tls_at_once=security == "tls") as door:
        sentence = await fail(Smtp(to(door, security=security, **files, **LOGIN)))

    assert "TLS failed, no recipient was touched" in sentence
    assert sentence.endswith("; it may want another client_cert_file, or any")
    assert door.said == []


async def test_connection_that_is_closed_in_the_handshake_is_said_to_be() -> None:
    """The system has no words for it."""

    async def close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1 << 16)
        writer.close()

    async with await asyncio.start_server(close, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        sentence = await fail(Smtp(SmtpSettings(host=host, port=port, security="tls")))

    assert sentence.endswith(": no connection, no recipient was touched: the connection was cut")


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_tls_before_1_2_is_refused_even_where_the_machine_allows_it(
    connect: Connector, certificate: Certificate, monkeypatch: pytest.MonkeyPatch, security: str
) -> None:
    """F18, RFC 8996: the machine here is one whose own defaults would go that far."""

    def lax(context: ssl.SSLContext) -> ssl.SSLContext:
        context.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.warns(DeprecationWarning, match="TLSv1 is deprecated"):
            context.minimum_version = ssl.TLSVersion.TLSv1
        return context

    create = ssl.create_default_context
    monkeypatch.setattr(ssl, "create_default_context", lambda **to: lax(create(**to)))
    tls = lax(certificate.server_context())
    with pytest.warns(DeprecationWarning, match="TLSv1_1 is deprecated"):
        tls.maximum_version = ssl.TLSVersion.TLSv1_1
    ca_file = certificate.certificate_file
    async with Door(tls, tls_at_once=security == "tls") as door:
        sentence = await fail(Smtp(to(door, security=security, ca_file=ca_file)))
        if security == "tls":  # to see that it is the version, and nothing else
            other = ssl.create_default_context(cafile=ca_file)
            _, writer = await asyncio.open_connection(door.host, door.port, ssl=other)
            assert writer.get_extra_info("ssl_object").version() == "TLSv1.1"
            writer.transport.abort()

    assert "TLS failed, no recipient was touched" in sentence
    assert "it must offer TLS 1.2 or newer" in sentence
    assert door.said == []


async def test_tls_to_a_plain_server_is_unreachable(connect: Connector) -> None:
    async with SmtpRig() as rig:
        sentence = await fail(connect(rig, Timeouts(connect=5), security="tls"))

    assert "TLS failed" in sentence


# --- login ------------------------------------------------------------------------------


@pytest.mark.parametrize("mechanisms", ["PLAIN LOGIN", "PLAIN", "LOGIN"])
async def test_login_comes_before_the_first_message_and_only_once(
    connect: Connector, mechanisms: str
) -> None:
    async with SmtpRig(users=USERS, mechanisms=mechanisms) as rig:
        smtp = connect(rig, **LOGIN)
        for _ in range(2):
            await smtp.offer(MESSAGE)
            await smtp.transmit()

    assert rig.count("AUTH") == 1
    assert verbs(rig).index("AUTH") < verbs(rig).index("MAIL")
    assert len(rig.accepted) == 2


async def test_refused_login_stops_before_any_recipient(connect: Connector) -> None:
    """F19: a fault of the config; the sentence says what to check and not the password."""
    async with SmtpRig(users=USERS) as rig:
        sentence = await fail(connect(rig, username="news", password="wrong-secret"))

    assert sentence == (
        f"127.0.0.1:{rig.port}: login as 'news' failed, no recipient was touched: "
        "535 5.7.8 wrong user or password; check username and password"
    )
    assert rig.count("MAIL") == 0


async def test_login_out_of_order_is_worth_another_try(connect: Connector) -> None:
    """F19: RFC 4954 §4.7.7, 454 is temporary."""
    async with SmtpRig(at("AUTH", say(454, "4.7.0 down"), session=1), users=USERS) as rig:
        smtp = connect(rig, **LOGIN)
        sentence = await fail(smtp)
        await smtp.offer(MESSAGE)

    assert "454 4.7.0 down; try again later" in sentence


@pytest.mark.parametrize("verb", ["AUTH", "LOGIN"])
async def test_connection_that_ends_in_the_login_is_unreachable(
    connect: Connector, verb: str
) -> None:
    """F19: and is no wrong password."""
    script = at(verb, Act(cut=True), session=1)
    async with SmtpRig(script, users=USERS, mechanisms="LOGIN") as rig:
        smtp = connect(rig, **LOGIN)
        sentence = await fail(smtp)
        await smtp.offer(MESSAGE)

    assert "check username" not in sentence
    assert (rig.connections, rig.count("RCPT")) == (2, 1)


async def test_login_that_is_not_offered_is_unreachable(connect: Connector) -> None:
    async with SmtpRig() as rig:
        sentence = await fail(connect(rig, **LOGIN))

    assert "AUTH extension is not supported" in sentence
    assert "AUTH" not in verbs(rig)


async def test_password_is_in_no_repr_and_no_error(connect: Connector) -> None:
    """A30."""
    secret = "hunter2-secret"
    settings = SmtpSettings(
        host="relay", port=25, security="none", username="news", password=secret
    )
    async with SmtpRig(users=USERS) as rig:
        sentence = await fail(connect(rig, username="news", password=secret))

    assert secret not in repr(settings)
    assert secret not in sentence

"""Getting to a host by IPv6 and IPv4, and what we call ourselves there."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from publisher.errors import Unreachable
from publisher.mail import wire
from publisher.model import Envelope
from publisher.transports._reaching import literal
from publisher.transports.smtp import Smtp, SmtpSettings, Timeouts
from tests.rig.certificate import Certificate
from tests.rig.smtp import SmtpRig

Connector = Callable[..., Smtp]

MESSAGE = wire.message(
    Envelope(sender="bounce+t1@news.example", recipient="ada@reader.example"),
    b"Subject: One\r\n\r\nHello\r\n",
)
BOTH = "both.relay.example"


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    """A DNS in which one name has an IPv6 and an IPv4 address, in this order."""
    real = socket.getaddrinfo

    def found(host: Any, *more: Any, **options: Any) -> list[Any]:
        addresses = ("::1", "127.0.0.1") if host == BOTH else (host,)
        return [info for each in addresses for info in real(each, *more, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", found)


@contextmanager
def silent(host: str, port: int) -> Iterator[None]:
    """Have a port that answers nobody any more, as behind a firewall: its queue is full."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener, socket.socket(family) as first:
        listener.bind((host, port))
        listener.listen(0)
        first.connect((host, port))
        yield


async def deliver(smtp: Smtp) -> None:
    await smtp.offer(MESSAGE)
    await smtp.transmit()


async def test_message_goes_over_ipv6(connect: Connector) -> None:
    async with SmtpRig(host="::1") as rig:
        await deliver(connect(rig))

    assert len(rig.accepted) == 1


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_certificate_of_an_ipv6_address_is_checked(
    connect: Connector, certificate: Certificate, security: str
) -> None:
    tls = certificate.server_context()
    async with SmtpRig(host="::1", tls=tls, tls_at_once=security == "tls") as rig:
        await deliver(connect(rig, security=security, ca_file=certificate.certificate_file))

    assert len(rig.accepted) == 1


async def test_ipv6_address_is_in_brackets_where_its_port_follows() -> None:
    with socket.socket(socket.AF_INET6) as taken:  # bound and not listening
        taken.bind(("::1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(Unreachable) as failure:
            await Smtp(SmtpSettings(host="::1", port=port, security="none")).offer(MESSAGE)

    assert str(failure.value).startswith(f"[::1]:{port}: no connection, no recipient was touched")


async def test_host_whose_ipv6_refuses_is_reached_by_ipv4(connect: Connector, names: None) -> None:
    async with SmtpRig() as rig:
        await deliver(connect(rig, host=BOTH))

    assert len(rig.accepted) == 1


async def test_host_whose_ipv6_is_silent_is_reached_by_ipv4_without_waiting_for_it(
    connect: Connector, names: None
) -> None:
    """RFC 8305: the other one is tried beside it, not after it, which would be in two minutes."""
    async with SmtpRig() as rig:
        with silent("::1", rig.port):
            await deliver(connect(rig, host=BOTH))

    assert len(rig.accepted) == 1


async def test_host_that_is_silent_both_ways_is_given_up(names: None) -> None:
    """F13: and no socket is left open, which would be a warning, and so an error."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with silent("::1", port), silent("127.0.0.1", port):
        smtp = Smtp(SmtpSettings(host=BOTH, port=port, security="none"), Timeouts(connect=0.5))
        with pytest.raises(Unreachable, match=r"not ready in 0\.5 s, no recipient was touched"):
            await smtp.offer(MESSAGE)


@pytest.mark.parametrize(
    ("name", "host", "said"),
    [
        ("mail.news.example", "127.0.0.1", "mail.news.example"),
        ("localhost", "127.0.0.1", "[127.0.0.1]"),
        ("localhost.localdomain", "::1", "[IPv6:::1]"),
        ("1.0.0.127.in-addr.arpa", "127.0.0.1", "[127.0.0.1]"),
    ],
)
async def test_greeting_is_the_full_name_or_the_address_where_there_is_none(
    connect: Connector, monkeypatch: pytest.MonkeyPatch, name: str, host: str, said: str
) -> None:
    """RFC 5321 §4.1.4."""
    monkeypatch.setattr(socket, "getfqdn", lambda: name)
    async with SmtpRig(host=host) as rig:
        await connect(rig, client_hostname=None).offer(MESSAGE)

    assert [m.argument for m in rig.moments if m.verb == "EHLO"] == [said]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("192.0.2.1", "[192.0.2.1]"),
        ("2001:db8:0:0::25", "[IPv6:2001:db8::25]"),
        ("fe80::1%eth0", "[IPv6:fe80::1]"),
    ],
)
def test_literal_is_as_mail_commands_have_it(address: str, said: str) -> None:
    assert said == literal(address)

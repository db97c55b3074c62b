"""Where the mail of a domain goes, asked of a real name server on this machine."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import cast

import dns.asyncresolver
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from publisher.transports._mx import Providers, provider

RECORDS = {
    "firm.example.": "10 aspmx.l.google.com.",
    "shop.example.": "5 alt1.aspmx.l.google.com.",
    "bank.example.": "0 bank-example.mail.protection.outlook.com.",
    "null.example.": "0 .",
}


class NameServer(asyncio.DatagramProtocol):
    """Answers what it knows; keeps silent about mute.example."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        name = query.question[0].name.to_text()
        self.asked[name] += 1
        if name == "mute.example.":
            return
        answer = dns.message.make_response(query)
        if name in RECORDS:
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", "MX", RECORDS[name]))
        else:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        self._transport.sendto(answer.to_wire(), addr)


@pytest.fixture
async def server() -> AsyncIterator[tuple[NameServer, Providers]]:
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(NameServer, local_addr=("127.0.0.1", 0))
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers = ["127.0.0.1"]
    resolver.port = transport.get_extra_info("sockname")[1]
    yield server, Providers(resolver)
    transport.close()


async def test_domain_counts_for_itself_until_its_provider_is_known(
    server: tuple[NameServer, Providers],
) -> None:
    _, providers = server
    domains = ["firm.example", "shop.example", "bank.example"]

    at_first = [providers.of(domain) for domain in domains]
    await providers.settle()

    assert at_first == domains
    assert [providers.of(domain) for domain in domains] == [
        "google.com",
        "google.com",
        "outlook.com",
    ]


@pytest.mark.parametrize("domain", ["gone.example", "null.example", "mute.example"])
async def test_domain_whose_provider_cannot_be_known_counts_for_itself(
    server: tuple[NameServer, Providers], domain: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("publisher.transports._mx._TIMEOUT_SECONDS", 0.2)
    _, providers = server
    providers.of(domain)
    await providers.settle()

    assert providers.of(domain) == domain


async def test_each_domain_is_asked_for_once(server: tuple[NameServer, Providers]) -> None:
    names, providers = server
    for _ in range(5):
        providers.of("firm.example")
        await providers.settle()

    assert names.asked == {"firm.example.": 1}


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("gmail-smtp-in.l.google.com", "google.com"),
        ("mta5.am0.yahoodns.net", "yahoodns.net"),
        ("MX1.Example.co.uk", "example.co.uk"),
        ("mx.t-online.de", "t-online.de"),
        ("localhost", "localhost"),
    ],
)
def test_hosts_of_a_provider_have_one_name(host: str, expected: str) -> None:
    assert provider(host) == expected

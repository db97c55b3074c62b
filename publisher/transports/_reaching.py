"""A connected socket to a host name or address, and what this end of it is called."""

from __future__ import annotations

import asyncio
import ipaddress
import socket

from aiohappyeyeballs import start_connection

# RFC 8305 §8: how long an address may be silent before the next one is tried beside it.
_ATTEMPT_SECONDS = 0.25

# What resolvers make up for a machine that has no name in the DNS.
_MADE_UP = (".localdomain", ".arpa")


async def reach(host: str, port: int) -> socket.socket:
    """Connect to whichever address of a host answers first, IPv6 and IPv4 in turn (RFC 8305).

    Raises OSError, or UnicodeError for a name that IDNA cannot encode.
    """
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return await start_connection(found, happy_eyeballs_delay=_ATTEMPT_SECONDS)


async def own_name(connected: socket.socket | None) -> str:
    """Give this machine's full name, or its address on this connection if it has none.

    RFC 5321 §4.1.4: a client without a name in the DNS says an address literal. Without a
    connection over a network there is nobody to whom another name would mean more.
    """
    if connected is None:
        return "localhost"
    name = await asyncio.to_thread(socket.getfqdn)
    if "." in name and not name.endswith(_MADE_UP):
        return name
    return literal(connected.getsockname()[0])


def literal(address: str) -> str:
    """Write an address as mail commands have it (RFC 5321 §4.1.3)."""
    bare = ipaddress.ip_address(address.partition("%")[0])
    return f"[IPv6:{bare}]" if bare.version == 6 else f"[{bare}]"

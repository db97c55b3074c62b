"""Which addresses of the network may be connected to."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

# Everything that IANA has given out for global unicast (RFC 4291 §2.4); ipaddress alone calls
# site-local, IPv4-compatible and unassigned ones global.
_GLOBAL_UNICAST = IPv6Network("2000::/3")
# What a translator makes of an IPv4 address (RFC 6052 §2.1).
_TRANSLATED = IPv6Network("64:ff9b::/96")


class PrivateAddress(OSError):
    """An address that is not one of the public network.

    An OSError, since the connector tries a name's next address after no other error. Always
    with the same text, since of several errors it keeps one only if their texts are the same.
    """

    def __init__(self, address: str) -> None:
        super().__init__("not a public address")
        self.address = address


def is_public(address: str) -> bool:
    """Say whether it is a unicast address of the public network, by the one it stands for."""
    try:
        parsed = _unwrapped(ip_address(address))
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address) and parsed not in _GLOBAL_UNICAST:
        return False
    # Shared (100.64/10), reserved, Teredo and documentation addresses are not is_global.
    return parsed.is_global and not parsed.is_multicast


def _unwrapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Give the IPv4 address that an IPv6 address leads to, if it does."""
    if isinstance(address, IPv4Address):
        return address
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address

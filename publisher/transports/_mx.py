"""Where the mail of a domain goes: the provider that its MX records name (RFC 5321 §5.1).

Asked for in the background, so that nobody ever waits for the DNS.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import dns.asyncresolver
import dns.exception
import dns.rdatatype
from dns.rdtypes.ANY.MX import MX

_TIMEOUT_SECONDS = 5.0
_AT_ONCE = 20
_KEPT = 50_000
_KEPT_SECONDS = 6 * 3600.0
_FAILED_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class _Found:
    provider: str
    until: float  # by the loop's clock


class Providers:
    """Names providers, and remembers them for some hours."""

    def __init__(self, resolver: dns.asyncresolver.Resolver | None = None) -> None:
        self._resolver = resolver
        self._found: dict[str, _Found] = {}
        self._asking: dict[str, asyncio.Task[None]] = {}

    def of(self, domain: str) -> str:
        """Name the provider of a domain; the domain itself while that is not known."""
        found = self._found.get(domain)
        loop = asyncio.get_running_loop()
        is_old = found is None or found.until < loop.time()
        if is_old and domain not in self._asking and len(self._asking) < _AT_ONCE:
            self._asking[domain] = loop.create_task(self._ask(domain))
        return domain if found is None else found.provider

    async def settle(self) -> None:
        """Wait for what is being asked."""
        await asyncio.gather(*self._asking.values())

    async def _ask(self, domain: str) -> None:
        try:
            provider, seconds = await self._look_up(domain), _KEPT_SECONDS
        except (dns.exception.DNSException, OSError, ValueError):
            provider, seconds = domain, _FAILED_SECONDS
        finally:
            del self._asking[domain]
        if len(self._found) >= _KEPT:
            del self._found[next(iter(self._found))]  # the one that was asked for first
        self._found.pop(domain, None)
        until = asyncio.get_running_loop().time() + seconds
        self._found[domain] = _Found(provider, until)

    async def _look_up(self, domain: str) -> str:
        if self._resolver is None:
            self._resolver = dns.asyncresolver.Resolver()
        answer = await self._resolver.resolve(domain, dns.rdatatype.MX, lifetime=_TIMEOUT_SECONDS)
        best = min(
            (record for record in answer if isinstance(record, MX)),
            key=lambda record: (record.preference, record.exchange.to_text()),
        )
        return provider(best.exchange.to_text().strip(".")) or domain  # RFC 7505: "." is nowhere


def provider(host: str) -> str:
    """Give what the hosts of one provider have in common: google.com of aspmx.l.google.com.

    That is the last two labels; three where those look like a registry's own (co.uk, com.au).
    Where this is wrong a host counts for itself, which is no worse than not to group it.
    """
    labels = host.lower().split(".")
    is_registry = len(labels) > 2 and len(labels[-1]) == 2 and len(labels[-2]) <= 3
    return ".".join(labels[-3 if is_registry else -2 :])

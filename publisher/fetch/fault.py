"""Why a page cannot be had, in the words of the admin."""

from __future__ import annotations

import os

import aiohttp
from aiohttp.http import HttpProcessingError

from publisher.fetch.addresses import PrivateAddress

# What the client library and all below it raise for what a server or a URL does. With uvloop, a
# connection that was cut in mid-work is a RuntimeError where asyncio has an OSError.
FAILURES = (aiohttp.ClientError, HttpProcessingError, OSError, ValueError, RuntimeError)


class Fault(Exception):
    """Why an answer cannot be used: the end of a sentence that begins with its URL."""

    def __init__(self, reason: str, *, is_too_large: bool = False) -> None:
        super().__init__(reason)
        self.is_too_large = is_too_large


def cause_of(error: BaseException) -> str:
    """Tell one of FAILURES, as the end of a sentence. Nothing that a server wrote is quoted."""
    match error:
        case aiohttp.ClientConnectorCertificateError(certificate_error=cause):
            reason = getattr(cause, "verify_message", None) or cause
            return f"the TLS certificate is not valid for it ({reason})"
        case aiohttp.ClientConnectorSSLError(os_error=cause):
            return f"no TLS connection can be agreed on ({getattr(cause, 'reason', cause)})"
        case aiohttp.ClientConnectorDNSError():
            return "the name of the host is not known"
        case aiohttp.ClientConnectorError(os_error=PrivateAddress(address=address)):
            return f"the address {address} is private; set allow_private = true if that is meant"
        case aiohttp.ClientConnectorError(os_error=cause):
            reason = os.strerror(cause.errno) if cause.errno else cause
            return f"no connection can be made ({reason})"
        case aiohttp.ClientResponseError() | HttpProcessingError():
            return "the answer is not proper HTTP"
        case ValueError():
            return "this is not an address that can be asked"
        case _:
            return "the answer broke off before its end"

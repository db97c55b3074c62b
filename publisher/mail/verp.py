"""Variable envelope return paths: a bounce names its delivery by the address it comes back to.

Each message leaves with an envelope sender of its own, ``local+token@domain``, as D. J.
Bernstein described in 1997; the plus sign is the usual sub-address delimiter (RFC 5233 §1).
The token is made and read by `publisher.tokens`.
"""

from __future__ import annotations

import re

from publisher.errors import AddressError
from publisher.model import Address

_MAX_LOCAL = 64  # octets, RFC 5321 §4.5.3.1.1
_TOKEN = re.compile(r"[A-Za-z0-9]+")


def verp(bounce: Address, token: str) -> str:
    """Give the envelope sender that carries the token.

    Raises AddressError if the local part of the bounce address leaves no room for it.
    """
    local, _, domain = bounce.mailbox.rpartition("@")
    variable = f"{local}+{token}"
    if not _TOKEN.fullmatch(token):
        raise AddressError(f"{token!r} cannot stand in an envelope sender")
    if len(variable) > _MAX_LOCAL:
        raise AddressError(
            f"{bounce.mailbox}: the part before the @ leaves no room for a token of"
            f" {len(token)} characters; {_MAX_LOCAL - 1 - len(token)} would do"
        )
    return f"{variable}@{domain}"


def verp_token(recipient: str, bounce: Address) -> str | None:
    """Give the token of a bounce's recipient, in whatever case relays left it.

    None if the address is not one of ours with a token; whether the token is genuine is for
    `publisher.tokens` to say.
    """
    local, _, domain = bounce.mailbox.casefold().rpartition("@")
    found_local, _, found_domain = recipient.rpartition("@")
    found_base, _, token = found_local.rpartition("+")
    is_ours = (found_base.casefold(), found_domain.casefold()) == (local, domain)
    return token if is_ours and _TOKEN.fullmatch(token) else None

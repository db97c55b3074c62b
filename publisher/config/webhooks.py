"""Webhooks: which programs are told of what happens, and what signs the messages."""

from __future__ import annotations

import base64
import binascii
from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr

from publisher.config.site import Webhook
from publisher.config.table import Table
from publisher.config.values import Slug
from publisher.content.fields import is_web_url
from publisher.model import EventKind
from publisher.settings import Allowed

_PREFIX = "whsec_"
_LEAST_BYTES, _MOST_BYTES = 24, 64


def _callable(value: str) -> str:
    # It is in no message: its path or query may be a secret.
    if not is_web_url(value):
        raise ValueError("is not usable")
    parts = urlsplit(value)
    if parts.scheme != "https" and not _is_loopback(parts.hostname or ""):
        raise ValueError("is not encrypted, and what it is told is about people")
    return value


def _signing(value: SecretStr) -> SecretStr:
    try:
        size = len(_key(value))
    except (ValueError, binascii.Error):
        raise ValueError("is not understood") from None
    if not _LEAST_BYTES <= size <= _MOST_BYTES:
        raise ValueError(f"stands for {size} bytes")
    return value


class WebhookTable(Table):
    """A program of yours that is told of what happens, one table each."""

    name: Slug
    """Its name here and on the command line. Under another one it begins anew."""
    url: Annotated[
        str, AfterValidator(_callable), Allowed("an https URL, or an http URL of this machine")
    ]
    """Where it is told (POST)."""
    secret: Annotated[
        SecretStr,
        AfterValidator(_signing),
        Allowed("whsec_ and 24 to 64 bytes in base64, as `openssl rand -base64 32` makes them"),
    ]
    """What messages are signed with, as Standard Webhooks has it; write secret_file to name a file
    that holds it.
    """
    kinds: tuple[EventKind, ...] = ()
    """Of which kinds of event it is told; none means all."""
    allow_private: bool = False
    """Whether it may be at a private address (local network); this machine's own may be named in
    any case.
    """


def webhook(table: WebhookTable) -> Webhook:
    """Make the webhook of its table."""
    return Webhook(
        name=table.name,
        url=table.url,
        key=_key(table.secret),
        kinds=tuple(dict.fromkeys(table.kinds)),
        allow_private=table.allow_private or _is_loopback(urlsplit(table.url).hostname or ""),
    )


def _key(secret: SecretStr) -> bytes:
    """Give the bytes that a secret stands for (Standard Webhooks, "Signature scheme")."""
    return base64.b64decode(secret.get_secret_value().removeprefix(_PREFIX), validate=True)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

"""The messages of webhooks, signed as Standard Webhooks has it.

https://www.standardwebhooks.com: receivers in any language find a library there that checks them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple


class Message(NamedTuple):
    """What is sent: the body as bytes, since it is they that are signed."""

    body: bytes
    headers: Mapping[str, str]


def signed(key: bytes, id: str, shape: Mapping[str, Any], now: datetime) -> Message:
    """Make a message of plain data. ``id`` is the same however often it is sent."""
    body = json.dumps(shape, separators=(",", ":"), ensure_ascii=False).encode()
    timestamp = int(now.timestamp())
    return Message(
        body,
        {
            "Content-Type": "application/json",
            "webhook-id": id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(key, id, timestamp, body),
        },
    )


def signature(key: bytes, id: str, timestamp: int, body: bytes) -> str:
    """Sign a message, with its id and time, so that nobody else can send it later or again.

    As Standard Webhooks has it ("Signature scheme").
    """
    content = b".".join((id.encode(), str(timestamp).encode(), body))
    digest = hmac.new(key, content, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"

"""What several providers have in common: JSON, a login, and what becomes a verdict."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from publisher.mail.incoming.failures import failure
from publisher.mail.incoming.opened import line
from publisher.mail.verp import verp_token
from publisher.model import BounceKind, Verdict
from publisher.providers import Posted, Site, Unreadable, Unsigned


class ProviderSettings(BaseModel):
    """What the settings of all providers share."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class LoginSettings(ProviderSettings):
    """The login that a provider is given within the URL, as it signs nothing."""

    username: str = Field(min_length=1, description="The name that it logs in with.")
    password: SecretStr = Field(
        min_length=12,
        description="The password that it logs in with, of 12 characters or more; write"
        " password_file to read it from a file. Tell it to the provider within the URL:"
        " https://USERNAME:PASSWORD@news.example.org/hooks/bounces/NAME.",
    )


def parsed(body: bytes) -> Any:
    """Read JSON. Raises Unreadable."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable("is no JSON") from error


def log_in(posted: Posted, settings: LoginSettings) -> None:
    """Check name and password (RFC 7617 §2). Raises Unsigned."""
    scheme, _, given = posted.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        raise Unsigned("no login", status=401)
    try:
        login = base64.b64decode(given.strip(), validate=True)
    except (binascii.Error, ValueError):
        login = b""
    right = f"{settings.username}:{settings.password.get_secret_value()}".encode()
    if not hmac.compare_digest(login, right):
        raise Unsigned("wrong login", status=401)


def verdict(
    site: Site,
    kind: BounceKind,
    *known_by: object,
    address: object,
    sender: object = "",
    message_id: object = "",
    status: str = "",
    diagnostic: object = "",
) -> Verdict:
    """Make a verdict of what a provider says; ``known_by`` tells this event from all others."""
    token = verp_token(text(sender).strip("<>"), site.bounce) if site.bounce else None
    digest = hashlib.sha256("\0".join(map(text, (*known_by, kind, address))).encode())
    return Verdict(
        kind=kind,
        digest=digest.hexdigest(),
        tokens=() if token is None else (token,),
        message_id=text(message_id, 250),
        address=text(address, 320),
        status=text(status, 20),
        diagnostic=text(diagnostic, 500),
    )


def failed(status: object, diagnostic: object) -> tuple[BounceKind, str]:
    """Judge a failure by its status and what was answered, as one that comes by mail."""
    return failure(text(status, 20), text(diagnostic))


def text(value: object, limit: int = 1000) -> str:
    """Give a value that should be text as one clean line; "" if it is none."""
    return line(value, limit) if isinstance(value, str) else ""


def table(value: Any) -> dict[str, Any]:
    """Give a value that should be an object of JSON; an empty one if it is none."""
    return value if isinstance(value, dict) else {}


def rows(value: Any) -> list[dict[str, Any]]:
    """Give a value that should be a list of objects of JSON, without what is none."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []

"""Mailgun: an event a post, signed by HMAC-SHA-256 (RFC 2104) over a time and a random token."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from pydantic import Field, SecretStr

from publisher.model import BounceKind, Verdict
from publisher.providers import Posted, Provider, Site, Unsigned
from publisher.providers._reading import ProviderSettings, failed, parsed, table, text, verdict


class Settings(ProviderSettings):
    """Mailgun, for its webhooks of permanent and temporary failures, complaints and deliveries."""

    signing_key: SecretStr = Field(
        min_length=1,
        description="The HTTP webhook signing key of the account; write signing_key_file to read"
        " it from a file.",
    )


def make(settings: Settings, site: Site) -> Provider:
    """Make the provider of [bounces.webhooks.mailgun]."""
    return _Mailgun(settings, site)


class _Mailgun:
    def __init__(self, settings: Settings, site: Site) -> None:
        self._key = settings.signing_key.get_secret_value().encode()
        self._site = site

    async def events(self, posted: Posted) -> list[Verdict]:
        whole = table(parsed(posted.body))
        signature = {key: text(value) for key, value in table(whole.get("signature")).items()}
        signed = signature.get("timestamp", "") + signature.get("token", "")
        right = hmac.new(self._key, signed.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(right.encode(), signature.get("signature", "").encode()):
            raise Unsigned("wrong signature")
        told = table(whole.get("event-data"))
        found = self._event(told)
        return [] if found is None else [found]

    def _event(self, told: dict[str, Any]) -> Verdict | None:
        answer = table(told.get("delivery-status"))
        said = text(answer.get("message")) or text(answer.get("description"))
        status = ""
        match told.get("event"), told.get("severity"):
            case "failed", "permanent":
                code = text(answer.get("enhanced-code"))
                kind, status = failed(code, f"{answer.get('code', '')} {said}")
                # What it has suppressed itself it does not even try.
                if told.get("reason") == "suppress-bounce":
                    kind = BounceKind.HARD
            case "failed", _:
                kind = BounceKind.DELAYED
            case "complained", _:
                kind = BounceKind.COMPLAINT
            case "delivered", _:
                kind = BounceKind.DELIVERED
            case _:
                return None
        headers = table(table(told.get("message")).get("headers"))
        return verdict(
            self._site,
            kind,
            "mailgun",
            told.get("id"),
            address=told.get("recipient"),
            sender=table(told.get("envelope")).get("sender"),
            message_id=f"<{text(headers.get('message-id'))}>",
            status=status,
            diagnostic=said,
        )

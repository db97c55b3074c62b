"""SendGrid: several events a post, signed by ECDSA over a time and the body."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key
from pydantic import AfterValidator, Field

from publisher.model import BounceKind, Verdict
from publisher.providers import Posted, Provider, Site, Unsigned
from publisher.providers._reading import ProviderSettings, failed, parsed, rows, text, verdict

_SIGNATURE = "x-twilio-email-event-webhook-signature"
_TIMESTAMP = "x-twilio-email-event-webhook-timestamp"
_DROPPED = {"bounced address": BounceKind.HARD, "spam reporting address": BounceKind.COMPLAINT}


def _public_key(value: str) -> str:
    _loaded(value)
    return value


def _loaded(value: str) -> ec.EllipticCurvePublicKey:
    try:
        key = load_der_public_key(base64.b64decode(value, validate=True))
    except (binascii.Error, ValueError) as error:
        raise ValueError("is no public key") from error
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise ValueError("is a public key of another kind than ECDSA")
    return key


class Settings(ProviderSettings):
    """SendGrid, for its event webhook with signature verification."""

    public_key: Annotated[str, AfterValidator(_public_key)] = Field(
        description="The verification key that it shows when its signature is switched on, in"
        " base64."
    )


def make(settings: Settings, site: Site) -> Provider:
    """Make the provider of [bounces.webhooks.sendgrid]."""
    return _SendGrid(settings, site)


class _SendGrid:
    def __init__(self, settings: Settings, site: Site) -> None:
        self._key = _loaded(settings.public_key)
        self._site = site

    async def events(self, posted: Posted) -> list[Verdict]:
        signed = posted.headers.get(_TIMESTAMP, "").encode() + posted.body
        try:
            signature = base64.b64decode(posted.headers.get(_SIGNATURE, ""), validate=True)
            self._key.verify(signature, signed, ec.ECDSA(hashes.SHA256()))
        except (binascii.Error, ValueError, InvalidSignature) as error:
            raise Unsigned("wrong signature") from error
        found = (self._event(each) for each in rows(parsed(posted.body)))
        return [each for each in found if each is not None]

    def _event(self, told: dict[str, Any]) -> Verdict | None:
        status = ""
        match told.get("event"):
            case "bounce":
                kind, status = failed(told.get("status"), told.get("reason"))
                if kind is BounceKind.SOFT and told.get("type") == "blocked":
                    kind = BounceKind.POLICY
            case "dropped" if text(told.get("reason")).lower() in _DROPPED:
                kind = _DROPPED[text(told.get("reason")).lower()]
            case "deferred":
                kind = BounceKind.DELAYED
            case "delivered":
                kind = BounceKind.DELIVERED
            case "spamreport":
                kind = BounceKind.COMPLAINT
            case _:
                return None
        return verdict(
            self._site,
            kind,
            "sendgrid",
            told.get("sg_event_id"),
            address=told.get("email"),
            message_id=told.get("smtp-id"),
            status=status,
            diagnostic=told.get("reason") or told.get("response"),
        )

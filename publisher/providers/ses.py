"""Amazon SES by way of SNS: a notification a post, signed by a certificate of Amazon's.

The certificate is fetched from where the post says, so that is looked at first: at a host of SNS,
over https, and for the topic of the config alone.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Annotated, Any
from urllib.parse import urlsplit

import structlog
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from pydantic import Field

from publisher.model import BounceKind, Verdict
from publisher.providers import Posted, Provider, Site, Unreadable, Unsigned
from publisher.providers._reading import (
    ProviderSettings,
    failed,
    parsed,
    rows,
    table,
    text,
    verdict,
)
from publisher.settings import Allowed

log = structlog.get_logger()

_HOST = re.compile(r"sns\.[a-z0-9-]{3,40}\.amazonaws\.com(\.cn)?")
# Which keys are signed, in their order; Subject only where there is one.
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": (
        *("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    ),
}
_MOST_CERTIFICATES = 10
_OURS = frozenset({"MessageTooLarge", "ContentRejected", "AttachmentRejected"})


class Settings(ProviderSettings):
    """Amazon SES, for an SNS topic that it publishes bounces, complaints and deliveries to. The
    subscription of the topic is confirmed by itself.
    """

    topic: Annotated[str, Allowed("such as arn:aws:sns:eu-west-1:123456789012:bounces")] = Field(
        pattern=r"^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_.-]+$",
        description="The ARN of the SNS topic; other topics are not believed.",
    )


def make(settings: Settings, site: Site) -> Provider:
    """Make the provider of [bounces.webhooks.ses]."""
    return _Ses(settings, site)


class _Ses:
    def __init__(self, settings: Settings, site: Site) -> None:
        self._topic = settings.topic
        self._site = site
        self._keys: dict[str, rsa.RSAPublicKey] = {}

    async def events(self, posted: Posted) -> list[Verdict]:
        told = table(parsed(posted.body))
        kind = text(told.get("Type"))
        if kind not in _SIGNED:
            raise Unreadable("is nothing that SNS posts")
        await self._verify(told, _SIGNED[kind])
        if kind == "SubscriptionConfirmation":
            url = text(told.get("SubscribeURL"))
            if not _is_of_sns(url):
                raise Unsigned("asks for a confirmation elsewhere than at SNS")
            await self._site.get(url)
            log.info("subscription to the topic confirmed", topic=self._topic)
            return []
        said = told.get("Message")
        return self._notified(
            table(parsed(said.encode("utf-8", "replace") if isinstance(said, str) else b""))
        )

    async def _verify(self, told: dict[str, Any], signed: tuple[str, ...]) -> None:
        """Check the signature. Raises Unsigned, and FetchError."""
        if told.get("TopicArn") != self._topic:
            raise Unsigned("is of another topic")
        lines = [f"{key}\n{told[key]}\n" for key in signed if isinstance(told.get(key), str)]
        # A topic signs with SHA-1 (version 1) until its owner sets SignatureVersion to 2.
        method = hashes.SHA256() if told.get("SignatureVersion") == "2" else hashes.SHA1()  # noqa: S303
        try:
            signature = base64.b64decode(text(told.get("Signature"), 2000), validate=True)
            key = await self._key(text(told.get("SigningCertURL")))
            key.verify(signature, "".join(lines).encode(), padding.PKCS1v15(), method)
        except (binascii.Error, ValueError, InvalidSignature) as error:
            raise Unsigned("wrong signature") from error

    async def _key(self, url: str) -> rsa.RSAPublicKey:
        if not _is_of_sns(url) or not urlsplit(url).path.endswith(".pem"):
            raise Unsigned("names a certificate elsewhere than at SNS")
        if url not in self._keys:
            key = x509.load_pem_x509_certificate(await self._site.get(url)).public_key()
            if not isinstance(key, rsa.RSAPublicKey):
                raise Unsigned("is signed with a key of another kind")
            if len(self._keys) >= _MOST_CERTIFICATES:
                self._keys.clear()
            self._keys[url] = key
        return self._keys[url]

    def _notified(self, told: dict[str, Any]) -> list[Verdict]:
        mail = table(told.get("mail"))
        match told.get("notificationType") or told.get("eventType"):
            case "Bounce":
                bounce = table(told.get("bounce"))
                return [
                    self._verdict(mail, bounce, each, *_bounce(bounce, each))
                    for each in rows(bounce.get("bouncedRecipients"))
                ]
            case "Complaint":
                complaint = table(told.get("complaint"))
                sort = text(complaint.get("complaintFeedbackType"), 40) or "abuse"
                kind = BounceKind.COMPLAINT if sort == "abuse" else BounceKind.FEEDBACK
                return [
                    self._verdict(mail, complaint, each, kind, sort)
                    for each in rows(complaint.get("complainedRecipients"))
                ]
            case "DeliveryDelay":
                delay = table(told.get("deliveryDelay"))
                return [
                    self._verdict(mail, delay, each, BounceKind.DELAYED, "")
                    for each in rows(delay.get("delayedRecipients"))
                ]
            case "Delivery":
                delivery = table(told.get("delivery"))
                named = delivery.get("recipients")
                return [
                    self._verdict(mail, delivery, {"emailAddress": each}, BounceKind.DELIVERED, "")
                    for each in (named if isinstance(named, list) else [])
                ]
        return []

    def _verdict(
        self,
        mail: dict[str, Any],
        event: dict[str, Any],
        recipient: dict[str, Any],
        kind: BounceKind,
        status: str,
    ) -> Verdict:
        return verdict(
            self._site,
            kind,
            "ses",
            mail.get("messageId"),
            event.get("feedbackId") or event.get("timestamp"),
            address=recipient.get("emailAddress"),
            sender=mail.get("source"),
            message_id=table(mail.get("commonHeaders")).get("messageId"),
            status=status,
            diagnostic=recipient.get("diagnosticCode") or event.get("smtpResponse"),
        )


def _bounce(bounce: dict[str, Any], recipient: dict[str, Any]) -> tuple[BounceKind, str]:
    kind, status = failed(recipient.get("status"), recipient.get("diagnosticCode"))
    if bounce.get("bounceSubType") in _OURS:
        return BounceKind.POLICY, status
    if bounce.get("bounceType") == "Permanent":
        # Without a status it is by its own list that it knows.
        return (BounceKind.HARD if kind is BounceKind.SOFT and not status else kind), status
    return (BounceKind.SOFT if kind is BounceKind.HARD else kind), status


def _is_of_sns(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    return (
        parts.scheme == "https"
        and port in (None, 443)
        and "@" not in parts.netloc
        and _HOST.fullmatch(parts.hostname or "") is not None
    )

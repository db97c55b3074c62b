"""Postmark: an event a post, with a login within the URL. It signs nothing."""

from __future__ import annotations

from typing import Any

from publisher.model import BounceKind, Verdict
from publisher.providers import Posted, Provider, Site
from publisher.providers._reading import LoginSettings, failed, log_in, parsed, table, text, verdict


class Settings(LoginSettings):
    """Postmark, for its webhooks of bounces, spam complaints and deliveries."""


_KINDS = {
    "HardBounce": BounceKind.HARD,
    "BadEmailAddress": BounceKind.HARD,
    "ManuallyDeactivated": BounceKind.HARD,
    "SoftBounce": BounceKind.SOFT,
    "DnsError": BounceKind.SOFT,
    "Transient": BounceKind.DELAYED,
    "SpamComplaint": BounceKind.COMPLAINT,
    "SpamNotification": BounceKind.POLICY,
    "Blocked": BounceKind.POLICY,
    "VirusNotification": BounceKind.POLICY,
    "DMARCPolicy": BounceKind.POLICY,
    "AutoResponder": BounceKind.AUTO_REPLY,
    "AddressChange": BounceKind.AUTO_REPLY,
    "ChallengeVerification": BounceKind.CHALLENGE,
}


def make(settings: Settings, site: Site) -> Provider:
    """Make the provider of [bounces.webhooks.postmark]."""
    return _Postmark(settings, site)


class _Postmark:
    def __init__(self, settings: Settings, site: Site) -> None:
        self._settings = settings
        self._site = site

    async def events(self, posted: Posted) -> list[Verdict]:
        log_in(posted, self._settings)
        told = table(parsed(posted.body))
        match told.get("RecordType"):
            case "Bounce" | "SpamComplaint":
                return self._bounce(told)
            case "Delivery":
                return [self._verdict(told, BounceKind.DELIVERED, told.get("Recipient"))]
        return []

    def _bounce(self, told: dict[str, Any]) -> list[Verdict]:
        kind = _KINDS.get(text(told.get("Type")))
        if kind is None:
            return []
        status = ""
        if kind in (BounceKind.HARD, BounceKind.SOFT):
            # What it calls hard may be a full mailbox.
            judged, status = failed("", told.get("Details"))
            kind = judged if status and judged is not BounceKind.HARD else kind
        return [self._verdict(told, kind, told.get("Email"), status)]

    def _verdict(
        self, told: dict[str, Any], kind: BounceKind, address: object, status: str = ""
    ) -> Verdict:
        return verdict(
            self._site,
            kind,
            "postmark",
            told.get("MessageID"),
            str(told.get("ID", "")),
            address=address,
            sender=told.get("From"),
            status=status,
            diagnostic=told.get("Details"),
        )
